"""Knobs: numbers of a vendor, such as limits and lifetimes, that may be turned while it runs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any, Protocol, runtime_checkable

from sandbox.checks import Checker

LARGEST = 1_000_000_000


class Knobs:
    """Numbers by name. Those in `limits` may be null, which lifts the limit. A restart turns all of them back."""

    def __init__(self, values: Mapping[str, float | None], limits: Collection[str] = ()) -> None:
        self._values = dict(values)
        self._limits = limits

    def __getitem__(self, name: str) -> float:
        """Read a number that is not a limit."""
        value = self._values[name]
        assert value is not None
        return value

    def limit(self, name: str) -> float | None:
        return self._values[name]

    def view(self) -> dict[str, Any]:
        return dict(self._values)

    def turn(self, body: object) -> None:
        """Take new values for some of them; raises Refusal with every problem."""
        check = Checker(body)
        check.known(*self._values)
        given: dict[str, float | None] = {}
        for name in set(check.value) & set(self._values):
            is_lifted = name in self._limits and check.value[name] is None
            number = Decimal() if is_lifted else check.number(name, at_least=0, at_most=LARGEST)
            given[name] = None if is_lifted or number is None else float(number)
        check.refuse_problems("the settings cannot be read")
        self._values.update(given)


@runtime_checkable
class AdjustableVendor(Protocol):
    """A vendor that has knobs."""

    name: str
    knobs: Knobs
