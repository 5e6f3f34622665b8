"""Instants on the wire: UTC with a literal Z, as all the vendors' examples are."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from workflows.fields import Instant


class Moment(Instant):
    """An instant, written in UTC without fractions of a second: `2024-03-02T15:30:00Z`."""

    timespec = "seconds"

    def _serialize(self, value: datetime | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else f"{value.replace(tzinfo=None).isoformat(timespec=self.timespec)}Z"


class PreciseMoment(Moment):
    """An instant written with milliseconds: `2024-08-20T05:00:00.000Z`."""

    timespec = "milliseconds"
