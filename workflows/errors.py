"""Every error of ours, so that a reader picks what to catch at a glance.

StagedoorError
├── ProblemsError            a document is wrong; carries every Problem at once
│   ├── ConfigurationError   stagedoor.yml or the environment: the operator or engineer acts
│   ├── DefinitionError      a workflow file: its author acts
│   └── InputError           an operation's inputs: whoever wrote the `with:` acts
├── FormulaError             a formula met values it cannot work with (missing, two currencies, zero)
├── LedgerUnavailable        the database cannot be written now; nothing was acknowledged
├── IllegalMove              a state was asked to go where the table does not let it: a bug of ours
└── NotFound                 no such row; the caller named it
"""

from __future__ import annotations

from collections.abc import Sequence

from workflows.problems import Problem


class StagedoorError(Exception):
    """Something Stagedoor can explain went wrong."""


class ProblemsError(StagedoorError):
    """A document has problems; all of them are carried, in document order."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


class ConfigurationError(ProblemsError):
    """The configuration or the environment cannot be used as it is."""


class DefinitionError(ProblemsError):
    """A workflow file cannot be used as it is."""


class InputError(ProblemsError):
    """The inputs of an operation would not make a request the vendor accepts."""


class FormulaError(StagedoorError):
    """A formula met values it cannot work with."""


class LedgerUnavailable(StagedoorError):
    """The ledger cannot be written now; whatever was being stored has not been stored."""


class NotFound(StagedoorError):
    """There is no such row in the ledger."""
