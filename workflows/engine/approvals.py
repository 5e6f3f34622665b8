"""Approvals: who may answer a question, and when it is answered. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from workflows.engine.decisions import Question
from workflows.engine.snapshot import READING
from workflows.values import Percent


@dataclass(frozen=True)
class Person:
    """Somebody who acts. `roles` None: no people are configured, and whoever gets this far may do everything."""

    name: str
    roles: frozenset[str] | None = None


@dataclass(frozen=True)
class Vote:
    """What one person said to one question."""

    person: str
    is_approval: bool
    reason: str
    voted_at: datetime
    via: str = ""


def details_of(question: Question) -> dict[str, Any]:
    """A question in the form that is kept with its wait; the picture's values stay what they are."""
    return {
        "title": question.title,
        "roles": list(question.roles),
        "count": question.count,
        "exclude": list(question.exclude),
        "show": dict(question.show),
        "tolerance": question.tolerance,
        **({} if question.reading is None else {READING: question.reading}),
    }


def question_of(details: Mapping[str, Any]) -> Question:
    """A question as it is kept with its wait."""
    tolerance: Percent = details["tolerance"]
    return Question(
        details["title"],
        tuple(details["roles"]),
        details["count"],
        tuple(details["exclude"]),
        details["show"],
        tolerance,
        details.get(READING),
    )


def objection(question: Question, person: Person, *, requester: str | None, authors: Sequence[str]) -> str:
    """Why this person may not answer; "" when they may."""
    if person.roles is not None and not person.roles & set(question.roles):
        has = f"has {', '.join(sorted(person.roles))}" if person.roles else "has none"
        return f"{person.name} does not have the role {' or '.join(question.roles)}, and {has}"
    if "requester" in question.exclude and person.name == requester:
        return f"{person.name} started this run, and whoever did may not approve it"
    if "author" in question.exclude and person.name in authors:
        return f"{person.name} put this workflow into force, and whoever did may not approve what it does"
    return ""


def answer(question: Question, votes: Sequence[Vote]) -> dict[str, Any] | None:
    """The answer these votes come to, as later steps see it; None: not enough have agreed yet. One denial ends it."""
    denial = next((vote for vote in votes if not vote.is_approval), None)
    if denial is not None:
        return {"approved": False, "by": [denial.person], "at": denial.voted_at, "reason": denial.reason}
    if len(votes) < question.count:
        return None
    reasons = [vote.reason if len(votes) == 1 else f"{vote.person}: {vote.reason}" for vote in votes if vote.reason]
    last = max(vote.voted_at for vote in votes)
    return {"approved": True, "by": [vote.person for vote in votes], "at": last, "reason": "; ".join(reasons)}
