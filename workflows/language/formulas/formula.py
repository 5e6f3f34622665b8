"""A formula: its text, where it stands, and what it comes to over values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from workflows.errors import FormulaError
from workflows.language.formulas import evaluation, reasons
from workflows.language.formulas.evaluation import Budget
from workflows.language.formulas.nodes import Node, Path
from workflows.problems import Place


@dataclass(frozen=True)
class Verdict:
    """Whether a condition holds; `because` is its first false part with its values, "" when it holds.

    `because` is for operators: it shows values, cut after 80 characters each.
    """

    holds: bool
    because: str = ""


@dataclass(frozen=True)
class Formula:
    """A parsed formula; `place` is where its first character stands. Equal texts at equal places are equal."""

    text: str
    place: Place
    root: Node = field(repr=False, compare=False)

    def evaluate(self, scope: Mapping[str, object], budget: Budget | None = None) -> object:
        """Work the formula out over the names in `scope`, at the expense of `budget` where others share it.

        Raises FormulaError, whose message has the place, paths and kinds, but no values.
        """
        try:
            return evaluation.evaluate(self.root, scope, budget or Budget())
        except FormulaError as error:
            raise FormulaError(f"{self.place}: {error}") from error

    def find(self, scope: Mapping[str, object], budget: Budget | None = None) -> object:
        """As `evaluate`, but ABSENT for a formula that is just a path and leads nowhere."""
        if isinstance(self.root, Path):
            return evaluation.look_up(self.root, scope)
        return self.evaluate(scope, budget)

    def verdict(self, scope: Mapping[str, object]) -> Verdict:
        """Work out a condition, and say why it does not hold. Raises FormulaError, also for what is no condition."""
        return Verdict(True) if self.holds(scope) else Verdict(False, reasons.why_not(self.root, scope))

    def holds(self, scope: Mapping[str, object]) -> bool:
        """As `verdict`, for those who do not ask why. Raises FormulaError, also for what is no condition."""
        value = self.evaluate(scope)
        if value is True or value is False:
            return value
        raise FormulaError(f"{self.place}: a condition is true or false, this is neither")

    def place_of(self, at: int) -> Place:
        """Where the character at offset `at` stands; the formula's own place once it has run over a line's end."""
        if "\n" in self.text[:at]:
            return self.place
        return Place(self.place.file, self.place.line, self.place.column + at)
