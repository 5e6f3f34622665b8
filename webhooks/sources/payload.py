"""A payload: the JSON of an authentic body, read strictly, and the shapes several senders share."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from decimal import Decimal
from typing import Any, NoReturn

from marshmallow import ValidationError, validate

from webhooks.errors import PayloadError
from workflows.fields import MoneyField, Text
from workflows.problems import Problem
from workflows.typed_json import load_foreign
from workflows.values import Money, currency_exponent

MAX_DEPTH = 64
MOST_ITEMS = 10_000
"""Objects and lists in one body: more would take a second and more to check, while others wait."""
UNREADABLE = "unreadable"
"""The code of a problem with the whole body: it is not JSON as we take it. Any other code says that it does not fit."""

EVENT_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,99}")
IS_EVENT_NAME = validate.Regexp(rf"{EVENT_NAME.pattern}\Z", error="must be the name of an event")
IN_RANGE = validate.Range(-(10**12), 10**12)
"""No amount and no count is larger: one that is, is a mistake."""
_MONEY = MoneyField()


def read_json(body: bytes, depth: int = MAX_DEPTH, items: int = MOST_ITEMS) -> Any:
    """Read a body as JSON (RFC 8259): UTF-8 only, no NaN, no half characters, no more nesting and items than given.

    Raises PayloadError with one problem of code `unreadable`, which says where and quotes nothing.
    """
    try:
        value = load_foreign(body)
        if body.count(b"[") + body.count(b"{") > min(depth, items):
            _check_shape(value, depth, items)
    except UnicodeDecodeError as error:
        _refuse(f"is not UTF-8 at byte {error.start}")
    except UnicodeEncodeError:
        _refuse("has an escape such as \\ud800 that is half a character")
    except json.JSONDecodeError as error:
        _refuse(
            f"is not JSON: {error.msg.lower()} at line {error.lineno}, column {error.colno}" if body else "is empty"
        )
    except ValueError:
        _refuse("has a number that is none (NaN), is too long, or nesting that is too deep")
    return value


def money(amount: Decimal, currency: str, path: str, problems: list[Problem]) -> Money:
    """An amount in major units as Money; what is wrong with it is added to `problems`."""
    value = Money(amount, currency)
    try:
        if int(amount.as_tuple().exponent) >= -currency_exponent(currency):
            return value  # as nearly always: nothing finer than the currency has
    except ValueError:
        pass  # no such currency, or no number: said below
    try:
        _MONEY.deserialize(value)
    except ValidationError as error:
        problems.extend(Problem("invalid", str(message), path=path) for message in error.messages)
    return value


def require_object(value: Any, path: str = "$") -> dict[str, Any]:
    """`value`, if it is an object. Raises PayloadError."""
    if not isinstance(value, dict):
        raise PayloadError([Problem("invalid", "must be an object with named fields", path=path)])
    return value


def event_name(payload: dict[str, Any]) -> str:
    """The sender's name of the event, in the field `event`. Raises PayloadError."""
    name = payload.get("event")
    if name is None:
        raise PayloadError([Problem("missing", "is required", path="$.event")])
    if not isinstance(name, str) or not EVENT_NAME.fullmatch(name):
        message = "must be the name of an event: at most 100 letters, digits and ._-"
        raise PayloadError([Problem("invalid", message, path="$.event")])
    return name


def without_nulls(value: dict[str, Any], names: Collection[str]) -> dict[str, Any]:
    """The object without those of its optional fields that are null, empty text or an empty object."""
    return {key: item for key, item in value.items() if key not in names or item not in (None, "", {})}


def _fits_subjects(text: str) -> None:
    if not 1 <= len(text) <= 200 or not text.isprintable():
        raise ValidationError("must be 1 to 200 printable characters")


class Identifier(Text):
    """An id of the sender's: it becomes part of subjects and keys, so it is short and has no control characters."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(validate=_fits_subjects, **kwargs)


def _refuse(message: str) -> NoReturn:
    raise PayloadError([Problem(UNREADABLE, message, path="$")]) from None


def _check_shape(value: Any, depth: int, items: int) -> None:
    """Raises PayloadError. Level by level, not by recursion: the depth is what is in question."""
    level, count = [value], 0
    for _ in range(depth + 1):
        level = [item for item in level if isinstance(item, dict | list)]
        count += len(level)
        if count > items:
            _refuse(f"has more than {items} objects and lists")
        if not level:
            return
        level = [inner for item in level for inner in (item.values() if isinstance(item, dict) else item)]
    _refuse(f"is nested deeper than {depth} levels")
