"""The formula language: parse, check against types, evaluate over values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from workflows.language.types import ObjectOf, Type
from workflows.problems import Place, Problem


@dataclass(frozen=True)
class Verdict:
    """Whether a condition holds; `because` is its first false part with its values, "" when it holds."""

    holds: bool
    because: str = ""


@dataclass(frozen=True)
class Formula:
    """A parsed formula. `place` is where its first character stands."""

    text: str
    place: Place

    def evaluate(self, scope: Mapping[str, object]) -> object:
        raise NotImplementedError

    def verdict(self, scope: Mapping[str, object]) -> Verdict:
        raise NotImplementedError


def parse(text: str, place: Place) -> Formula:
    raise NotImplementedError


def check(formula: Formula, scope: ObjectOf, expected: Type | None = None) -> tuple[Type, list[Problem]]:
    raise NotImplementedError
