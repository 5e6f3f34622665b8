"""Expectations: what a step read must still be so when it matters. Pure; who reads again is the runtime's business."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from workflows.engine.paths import value_at
from workflows.language.formulas import ABSENT, shown
from workflows.values import Money, Percent

Expectation = tuple[str, str, Sequence[str | int], Any]
"""Its name, the step that read it, the path in what that read, and what it was."""


def changed(expected: Sequence[Expectation], outputs: Mapping[str, Any]) -> str:
    """What is not as it was, in words; "" where all is. `outputs` has by step what was read just now."""
    return "; ".join(_changes(expected, outputs))


def moved_beyond(before: Mapping[str, Any], after: Mapping[str, Any], tolerance: Percent) -> str:
    """Which number of a picture differs by more than `tolerance` of what it was, in words; "" where none does.

    What is no amount must be the same.
    """
    found = (
        f"{name} was {shown(before[name])} and is {shown(after.get(name))}"
        for name in before
        if _is_beyond(before[name], after.get(name), tolerance)
    )
    return "; ".join(found)


def _changes(expected: Sequence[Expectation], outputs: Mapping[str, Any]) -> Iterator[str]:
    for name, step, path, value in expected:
        now = value_at(outputs.get(step), path)
        if now != value:
            told = "is gone" if now is ABSENT else f"is {shown(now)}"
            yield f"{name} was {shown(value)} and {told}"


def _is_beyond(before: object, after: object, tolerance: Percent) -> bool:
    one, other = _amount(before), _amount(after)
    if one is None or other is None or _unit(before) != _unit(after):
        return before != after
    return abs(other - one) > abs(one) * tolerance.ratio


def _amount(value: object) -> Decimal | None:
    match value:
        case bool():
            return None
        case int() | Decimal():
            return Decimal(value)
        case Money():
            return value.amount
        case Percent():
            return value.ratio
    return None


def _unit(value: object) -> str:
    return value.currency if isinstance(value, Money) else type(value).__name__ if isinstance(value, Percent) else ""
