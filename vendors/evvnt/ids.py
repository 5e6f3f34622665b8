"""What evvnt's things are called by: numbers, uuids, countries.

`/events/mine`, `/events/ours` and `/packages/mine` stand where an id could: no word may pass for one.
"""

from __future__ import annotations

import re
from typing import Any

from marshmallow import ValidationError

from vendors.fields import digits
from workflows.fields import MOST_DIGITS, Text

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_DISCOVERY_ID = re.compile(r"[0-9]+[A-Za-z]?")
_CATEGORIES = re.compile(r"[0-9]+(,[0-9]+)*")
_COUNTRY_CODE = re.compile(r"[A-Z]{2}")
_NO_COUNTRIES = ("EU", "EZ", "QO", "UN", "XA", "XB", "ZZ")
"""What CLDR lists beside countries."""


class Digits(Text):
    """The number of an event, a category, a publisher or a package option; `as_number`: so it is written in JSON."""

    def __init__(self, *, as_number: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.as_number = as_number

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        digits(text)
        if len(text) > MOST_DIGITS:
            raise ValidationError("is too long for an id")
        return text

    def _serialize(self, value: str | None, attr: str | None, obj: Any, **kwargs: Any) -> str | int | None:
        return int(value) if value is not None and self.as_number else value


class Uuid(Text):
    """The uuid of a user or of a package."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if not _UUID.fullmatch(text):
            raise ValidationError("must be a uuid, such as 550e8400-e29b-41d4-a716-446655440000")
        return text


class Country(Text):
    """A country's ISO code of two capital letters."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if not _COUNTRY_CODE.fullmatch(text) or text not in _countries():
            hint = _country_hint(text)
            raise ValidationError("must be a country's two-letter code, such as GB" + (f"; {hint}" if hint else ""))
        return text


def discovery_id(value: str) -> None:
    """Check for the id under which events are read: digits, perhaps with a letter behind."""
    if not _DISCOVERY_ID.fullmatch(value) or len(value) > MOST_DIGITS:
        raise ValidationError("must be an event's id: digits, perhaps with one letter behind, such as 12345 or 67890x")


def category_ids(value: str) -> None:
    if not _CATEGORIES.fullmatch(value):
        raise ValidationError("must be numbers of categories with commas between, such as 17 or 17,22")


def _country_hint(text: str) -> str:
    code = "GB" if text.upper() == "UK" else text.upper()
    if code in _countries():
        return f"did you mean {code!r}?"
    meant = [code for code, name in _countries().items() if name.casefold() == text.strip().casefold()]
    return f"did you mean {meant[0]!r}?" if meant else ""


def _countries() -> dict[str, str]:
    """The name of every country by its code."""
    from babel import Locale  # slow to import, rarely needed

    names = {str(code): str(name) for code, name in Locale("en").territories.items()}
    return {code: names[code] for code in names if _COUNTRY_CODE.fullmatch(code) and code not in _NO_COUNTRIES}
