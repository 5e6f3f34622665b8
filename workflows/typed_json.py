"""JSON text that gives back what went in: money, percentages, instants, durations and exact decimals.

A value JSON has no form for is written as an object with one key that begins with `$`:
`{"$money": ["12.34", "USD"]}`, `{"$percent": "0.1"}`, `{"$instant": "2026-03-01T15:00:00+00:00"}`,
`{"$duration": 90.5}` (seconds), `{"$time": "09:00:00"}`, `{"$number": "1.50"}`. Vendors' own keys that begin with `$`
are kept by doubling the sign.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from workflows.values import Money, Percent

_FORM: Any = {"sort_keys": True, "separators": (",", ":"), "ensure_ascii": False, "allow_nan": False}
# Python reads no whole number with more; a fraction of a million digits would be work wherever it is looked at.
_MAX_DIGITS = 4300
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]|[\ud800-\udfff]")


def dump(value: object) -> str:
    """Write `value` as compact JSON with sorted keys, so that equal values have equal text.

    The encoder, which is C, asks only about values JSON has no form for. What it wrote stands if every `"$` in it is a
    tag of ours; else somebody's own text begins with `$`, and all of it is packed first.
    """
    tags = 0

    def tag(item: object) -> object:
        nonlocal tags
        tags += 1
        return _pack(item)

    try:
        text = json.JSONEncoder(default=tag, **_FORM).encode(value)
    except (TypeError, ValueError):
        return _dump_packed(value)
    return text if text.count('"$') == tags else _dump_packed(value)


def _dump_packed(value: object) -> str:
    return json.dumps(_pack(value), **_FORM)


def load(text: str) -> object:
    """Read what `dump` wrote."""
    return _unpack(json.loads(text, parse_float=Decimal))


def load_foreign(text: str | bytes) -> object:
    """Read JSON that others wrote: fractions become exact decimals, `$` keys stay what they are.

    Raises ValueError for anything that is not JSON in UTF-8, for NaN and Infinity, which JSON has not, for nesting,
    digits and exponents beyond what can be handled, and for escaped halves of characters, which nothing can store.
    """
    if isinstance(text, bytes):
        text = text.decode("utf-8-sig")
    try:
        value: object = json.loads(text, parse_float=_decimal, parse_constant=_refuse_constant)
        if ("\\u" in text or not text.isascii()) and _SURROGATE.search(text):
            json.dumps(value, ensure_ascii=False, default=str).encode()
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    except InvalidOperation as error:
        raise ValueError("a number is out of range") from error
    return value


def _decimal(text: str) -> Decimal:
    if len(text) > _MAX_DIGITS:
        raise ValueError("a number has too many digits")
    return Decimal(text)


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def _pack(value: object) -> object:
    match value:
        case None | bool() | int() | str():
            return value
        case Decimal():
            return {"$number": str(value)}
        case float():
            return {"$number": repr(value)}
        case Money():
            return {"$money": [f"{value.amount:f}", value.currency]}
        case Percent():
            return {"$percent": str(value.ratio)}
        case datetime():
            return {"$instant": value.isoformat()}
        case time():
            return {"$time": value.isoformat()}
        case timedelta():
            return {"$duration": value.total_seconds()}
        case Mapping():
            return {_pack_key(key): _pack(item) for key, item in value.items()}
        case list() | tuple():
            return [_pack(item) for item in value]
        case _:
            raise TypeError(f"a {type(value).__name__} has no place in the ledger")


def _pack_key(key: object) -> str:
    text = str(key)
    return f"${text}" if text[:1] == "$" else text


def _unpack(value: object) -> object:
    if isinstance(value, list):
        return [_unpack(item) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((key, inner),) = value.items()
        if key.startswith("$") and not key.startswith("$$"):
            return _unpack_tag(key, inner)
    return {key.removeprefix("$"): _unpack(item) for key, item in value.items()}


def _unpack_tag(tag: str, inner: object) -> object:
    match tag, inner:
        case "$number", str():
            return Decimal(inner)
        case "$money", [str() as amount, str() as currency]:
            return Money(Decimal(amount), currency)
        case "$percent", str():
            return Percent(Decimal(inner))
        case "$instant", str():
            return datetime.fromisoformat(inner)
        case "$time", str():
            return time.fromisoformat(inner)
        case "$duration", int() | Decimal():
            return timedelta(seconds=float(inner))
        case _:
            raise ValueError(f"unknown tag {tag!r} in stored JSON")
