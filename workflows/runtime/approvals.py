"""Approvals: people answer what a run asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection

from workflows.engine.approvals import Person, Vote, answer, objection, question_of
from workflows.engine.decisions import Question
from workflows.engine.states import WaitKind, WaitState
from workflows.errors import NotFound, StagedoorError
from workflows.ledger import audit, configuration, runs, waits
from workflows.ledger.database import Database
from workflows.ledger.runs import RunRow
from workflows.ledger.waits import WaitRow
from workflows.runtime.rules import Rules
from workflows.runtime.taking_on import take_on
from workflows.values import Money, Percent


class CannotDecide(StagedoorError):
    """A question cannot be answered (any more), or not by this person; the message says why."""


class AlreadyDecided(CannotDecide):
    """This person has answered this question before."""


@dataclass(frozen=True)
class Round:
    """The same question as it was asked before, and what came of it."""

    show: Mapping[str, Any]
    asked_at: datetime
    output: Mapping[str, Any] | None


@dataclass(frozen=True)
class Asked:
    """A question as whoever is to answer it sees it.

    earlier  the rounds before this one, the first first: it is asked again because numbers moved
    closed   why nobody can answer it any more; "" while people can
    """

    wait: WaitRow
    question: Question
    workflow: str
    run_key: str
    requester: str | None
    authors: tuple[str, ...]
    votes: tuple[Vote, ...]
    earlier: tuple[Round, ...]
    closed: str

    @property
    def missing(self) -> int:
        """How many more must agree."""
        return max(self.question.count - len(self.votes), 0)

    def objection(self, person: Person) -> str:
        """Why this person cannot answer it; "" when they can."""
        if self.closed:
            return self.closed
        said = next((vote for vote in self.votes if vote.person == person.name), None)
        if said is not None:
            return _has_said(said)
        return objection(self.question, person, requester=self.requester, authors=self.authors)


@dataclass(frozen=True)
class Decided:
    """What came of a vote: the answer it completed (None: more must agree), and how many are missing."""

    output: Mapping[str, Any] | None
    missing: int


def asked(connection: Connection, wait_id: str, now: datetime) -> Asked:
    """A question as it stands. Raises NotFound."""
    wait = waits.find(connection, wait_id)
    if wait is None or wait.kind is not WaitKind.APPROVAL:
        raise NotFound(f"there is no approval {wait_id}")
    run = runs.find(connection, wait.run_id)
    assert run is not None, "a wait has a run"
    return _asked(connection, wait, run, now)


def questions(connection: Connection, now: datetime, limit: int) -> list[Asked]:
    """What people are asked now, the longest asked first."""
    found = [(wait, runs.find(connection, wait.run_id)) for wait in waits.questions(connection, limit)]
    return [_asked(connection, wait, run, now) for wait, run in found if run is not None]


def decide_by_hand(
    database: Database, rules: Rules, wait_id: str, person: Person, *, approves: bool, reason: str, via: str
) -> Decided:
    """Write down what a person says to a question; what enough of them say is its answer, and the run goes on.

    Raises NotFound, CannotDecide and AlreadyDecided.
    """
    if not reason.strip():
        raise CannotDecide("a reason is needed: whoever looks at this later will ask for it")
    with database.write() as connection:
        found = asked(connection, wait_id, database.now(connection))
        run = runs.lock_any(connection, found.wait.run_id)
        assert run is not None
        now = database.now(connection)
        found = asked(connection, wait_id, now)
        _let(found, person)
        vote = Vote(person.name, approves, reason.strip(), now, via)
        waits.vote(connection, wait_id, vote)
        output = answer(found.question, (*found.votes, vote))
        if output is not None:
            waits.release(connection, wait_id, output, now)
            take_on(connection, rules, run.id, now, wait_id=wait_id)
        missing = 0 if output is not None else found.missing - 1
        _record(connection, found, vote, missing)
    return Decided(output, missing)


def _let(found: Asked, person: Person) -> None:
    if not found.closed and any(vote.person == person.name for vote in found.votes):
        raise AlreadyDecided(found.objection(person))
    why_not = found.objection(person)
    if why_not:
        raise CannotDecide(why_not)


def _asked(connection: Connection, wait: WaitRow, run: RunRow, now: datetime) -> Asked:
    earlier = waits.rounds_before(connection, wait)
    return Asked(
        wait=wait,
        question=question_of(wait.details),
        workflow=run.workflow,
        run_key=run.key,
        requester=run.started_by,
        authors=configuration.authors_of(connection, run.workflow, run.definition_hash),
        votes=tuple(waits.votes_of(connection, wait.id)),
        earlier=tuple(Round(item.details["show"], item.created_at, item.output) for item in earlier),
        closed=_closed(wait, run, now),
    )


def _closed(wait: WaitRow, run: RunRow, now: datetime) -> str:
    match wait.state:
        case WaitState.DONE:
            verdict = "approved" if wait.output["approved"] else "denied"
            return f"it was {verdict} by {', '.join(wait.output['by'])} already"
        case WaitState.EXPIRED:
            return "nobody decided in time: it has expired"
        case WaitState.CANCELLED:
            return f"nobody has to decide any more: the run is {run.state}"
    if wait.due_at <= now:
        return "nobody decided in time: it has expired"
    if run.cancelling is not None:
        return "nobody has to decide any more: the run is being cancelled"
    return ""


def _has_said(vote: Vote) -> str:
    verdict = "approved" if vote.is_approval else "denied"
    return f"{vote.person} has {verdict} it already, at {vote.voted_at:%Y-%m-%d %H:%M} UTC: one person speaks once"


def _is_number(value: object) -> bool:
    return isinstance(value, (int, Decimal, Money, Percent))


def _record(connection: Connection, found: Asked, vote: Vote, missing: int) -> None:
    audit.record(
        connection,
        by=vote.person,
        action="approval.approve" if vote.is_approval else "approval.deny",
        about=found.wait.id,
        reason=vote.reason,
        details={
            "run": found.wait.run_id,
            "step": found.wait.at.step,
            "round": found.wait.round,
            "via": vote.via,
            "missing": missing,
            # The numbers alone: a text may be about a person, and what stands here can never be erased.
            "shown": {name: str(value) for name, value in found.question.show.items() if _is_number(value)},
        },
        now=vote.voted_at,
    )
