"""Expectations: which event must follow which, by when, and how to ask the vendor where it does not come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from workflows.language.formulas import Formula
from workflows.language.trees import Tree
from workflows.problems import Place


@dataclass(frozen=True)
class Poll:
    """A safe call, made every so often while the follow-up is missing.

    inputs    of the call; formulas in it see `event`, the one that opened the expectation
    happened  by type of follow-up, whether the answer says that it happened; sees `event` and `answer`
    """

    operation: str
    inputs: Tree
    every: timedelta
    happened: Mapping[str, Formula]
    place: Place


@dataclass(frozen=True)
class Expectation:
    """After an event of type `after`, one of the types `comes` about the same subject is expected `within`."""

    after: str
    comes: tuple[str, ...]
    within: timedelta
    poll: Poll | None = None
