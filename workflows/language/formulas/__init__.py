"""The formula language: read, checked against types, worked out over values. See docs/formulas.md."""

from workflows.language.formulas.checking import check, check_entry
from workflows.language.formulas.evaluation import ABSENT, Budget
from workflows.language.formulas.formula import Formula, Verdict
from workflows.language.formulas.functions import FUNCTIONS
from workflows.language.formulas.kinds import shown
from workflows.language.formulas.parsing import parse

__all__ = ["ABSENT", "FUNCTIONS", "Budget", "Formula", "Verdict", "check", "check_entry", "parse", "shown"]
