"""The examiner: checks formulas and values where they stand, and gathers what is wrong."""

from __future__ import annotations

from typing import Literal

from workflows.language.formulas import Formula, check, check_entry
from workflows.language.names import formulas_of, roots_of
from workflows.language.trees import FormulaLeaf, Tree, check_tree
from workflows.language.types import Mistaken, ObjectOf, Type
from workflows.problems import Place, Problem


class Examiner:
    """Checks one workflow.

    unreadable  the steps of which nothing can be read where the check stands: by id the code and why
    """

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.unreadable: dict[str, tuple[str, str]] = {}

    def formula(self, formula: Formula, scope: ObjectOf, expected: Type | None = None) -> Type:
        """The type of `formula`; Mistaken where something is wrong with it."""
        self._names(formula)
        found, problems = check(formula, scope, expected)
        self.problems.extend(problems)
        return Mistaken() if problems else found

    def path(self, formula: Formula, scope: ObjectOf) -> Type:
        """The type of a path that may lead nowhere."""
        found, problems = check_entry(formula, scope)
        self.problems.extend(problems)
        return Mistaken() if problems else found.type

    def tree(self, tree: Tree, scope: ObjectOf, goes_to: Type | None = None) -> Type:
        """The type of `tree`, and whether it fits where it goes."""
        for formula in formulas_of(tree):
            self._names(formula)
        found, problems = check_tree(tree, scope, goes_to)
        self.problems.extend(problems)
        return found

    def add(
        self,
        code: str,
        place: Place | None,
        message: str,
        hint: str = "",
        severity: Literal["error", "warning"] = "error",
    ) -> None:
        self.problems.append(Problem(code, message, place=place, hint=hint, severity=severity))

    def _names(self, formula: Formula) -> None:
        """Steps named where there is nothing to read of them."""
        for name, place in dict(roots_of(formula)).items():
            if name in self.unreadable:
                self.add(self.unreadable[name][0], place, self.unreadable[name][1])


def place_of(tree: Tree) -> Place:
    """Where a value stands."""
    return tree.formula.place if isinstance(tree, FormulaLeaf) else tree.place
