"""Fields and rules the vendors' inputs share. Every message is for whoever wrote the `with:`."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from marshmallow import ValidationError, validate, validates_schema

from workflows.fields import Number, Text
from workflows.problems import nearest

LONGEST_URL = 2048

_EMAIL = re.compile(r"[^\s@<>()\[\],;:\"\\]{1,64}@[^\s@<>()\[\],;:\"\\.]+(\.[^\s@<>()\[\],;:\"\\.]+)+")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f]")


def about(description: str) -> dict[str, str]:
    """What a field is for, in one sentence: the reference of the operations is made of these."""
    return {"description": description}


def checks_whole(check: Callable[[Any, dict[str, Any], Mapping[str, Any]], None]) -> Callable[..., None]:
    """Make a schema's method `check(self, loaded, given)` one of its rules.

    It runs although single fields may be wrong, so that all problems are told at once; `loaded` then lacks those.
    """

    @wraps(check)
    def checked(self: Any, loaded: dict[str, Any], given: Any, **kwargs: Any) -> None:
        if isinstance(given, Mapping):
            check(self, loaded, given)

    rule: Callable[..., None] = validates_schema(pass_original=True, skip_on_field_errors=False)(checked)
    return rule


class Words(Text):
    """Text with something in it."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if not text.strip():
            raise ValidationError("must not be empty")
        return text


class Identifier(Words):
    """An id: opaque text without blanks. In a path it is percent-encoded; `.` and `..` would change the path."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if _UNPRINTABLE.search(text) or text in (".", ".."):
            raise ValidationError("must be an id, without blanks")
        return text


class Whole(Number):
    """A whole number; 3 and 3.0 are the same."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        number = super()._deserialize(value, attr, data, **kwargs)
        if number != number.to_integral_value():
            raise ValidationError("must be a whole number")
        return int(number)


class OneOf(validate.OneOf):
    """One of a written-out list, letter by letter; says which, and which is nearest."""

    def __init__(self, choices: Collection[str], *, because: str = "") -> None:
        super().__init__(tuple(choices))
        self._because = because

    def __call__(self, value: Any) -> Any:
        if value not in self.choices:
            same = [choice for choice in self.choices if choice.casefold() == str(value).casefold()]
            hint = nearest(str(value), same or self.choices) or self._because
            raise ValidationError(f"must be {listed(list(self.choices))}" + (f"; {hint}" if hint else ""))
        return value


def between(least: int, most: int) -> validate.Range:
    """From `least` to `most`, both allowed."""
    return validate.Range(least, most, error=f"must be from {least} to {most}")


def at_least(least: int) -> validate.Range:
    return validate.Range(least, error=f"must be {least} or more")


def characters(most: int, least: int = 1) -> validate.Length:
    """How long a text is: `characters(50)`, `characters(80, 8)`."""
    wanted = f"{least} to {most}" if least > 1 else f"at most {most}"
    return validate.Length(least, most, error=f"must have {wanted} characters")


def amount_of(things: str, least: int, most: int | None = None) -> validate.Length:
    """How many items a list has: `amount_of("market", 1, 3)`."""
    wanted = f"at least {least}" if most is None else f"{least} to {most}"
    return validate.Length(least, most, error=f"must have {wanted} {things}{'' if (most or least) == 1 else 's'}")


def web_address(value: str) -> None:
    """Check that `value` is an http or https URL that anyone could open."""
    try:
        parts = urlsplit(value)
        is_good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_good = False
    if not is_good or _UNPRINTABLE.search(value):
        raise ValidationError("must be a web address, such as https://tickets.example.com/show")
    if len(value) > LONGEST_URL:
        raise ValidationError(f"must not be longer than {LONGEST_URL} characters")


def email_address(value: str) -> None:
    if not _EMAIL.fullmatch(value) or len(value) > 254:
        raise ValidationError("must be an e-mail address, such as ana@example.com")


def international_phone(value: str) -> None:
    """Check for E.164 with its plus sign: without it nobody knows which country is called."""
    if not _E164.fullmatch(value):
        raise ValidationError("must be an international phone number: + and digits only, such as +19594746360")


def phone_digits(value: str) -> None:
    """Check for an international number, with its plus sign or without."""
    if not _E164.fullmatch(f"+{value.removeprefix('+')}"):
        raise ValidationError("must be a phone number with its country code, digits only, such as +19594746360")


def digits(value: str) -> None:
    if not (value.isascii() and value.isdigit()):
        raise ValidationError("must be digits only")


def no_repeats(values: list[Any]) -> None:
    if len(set(values)) != len(values):
        raise ValidationError("must not name the same thing twice")


def listed(names: Collection[str]) -> str:
    """`a`, `a or b`, `a, b or c`."""
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last
