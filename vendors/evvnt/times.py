"""evvnt's times: local ones, each with the offset valid on its date (evvnt API, Create event)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from marshmallow import ValidationError

from workflows.fields import Instant, Text
from workflows.zones import is_zone, nearest_zone

_MINUTE = timedelta(minutes=1)


class LocalMoment(Instant):
    """A time that keeps its offset, written without a colon in it: `2018-06-23T22:00:00+0100`."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        super()._deserialize(value, attr, data, **kwargs)  # says what is wrong; what is right it gives in UTC
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        _check_offset(moment)
        return moment

    def _serialize(self, value: datetime | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else f"{value.replace(tzinfo=None).isoformat(timespec='seconds')}{value:%z}"


class ZoneName(Text):
    """The name of a time zone in the IANA database."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        name = super()._deserialize(value, attr, data, **kwargs)
        if not is_zone(name):
            hint = nearest_zone(name)
            raise ValidationError("must be a time zone such as Europe/London" + (f"; {hint}" if hint else ""))
        return name


def in_zone(moment: datetime, zone: str) -> datetime:
    """The same instant by the clocks of the zone, summer time included. Raises ValidationError."""
    try:
        local = moment.astimezone(ZoneInfo(zone))
    except OverflowError as error:
        raise ValidationError("is before the first or after the last year there is") from error
    _check_offset(local)
    return local


def _check_offset(moment: datetime) -> None:
    if (moment.utcoffset() or timedelta()) % _MINUTE:
        raise ValidationError("must have an offset of whole minutes, such as 2026-06-20T20:00:00+01:00")
