"""Replaying: stored deliveries examined or run again, a page at a time, or only to see what would happen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import Connection

from webhooks.errors import SignatureError
from webhooks.examination import QUARANTINED, examine
from webhooks.signatures import Presented, provable_afterwards
from webhooks.sources import Greeting, Source
from workflows import typed_json
from workflows.ledger import replays
from workflows.ledger.database import Database, is_outage
from workflows.ledger.deliveries import Pending
from workflows.ledger.replays import Replay, ReplayState, Stored, Which
from workflows.ledger.vault import Tampered
from workflows.problems import Problem
from workflows.runtime.intake import Intake
from workflows.runtime.replays import Fate, replay_event
from workflows.values import DeliveryId

PAGE = 25
"""Deliveries a transaction: on SQLite nobody else writes meanwhile, not even the door."""
BACKLOG = 100
"""What is examined again is older than what just came, so intake would take it first: more than this never waits."""

log = structlog.get_logger(__name__)


@dataclass
class Tally:
    """What became, or would become, of deliveries.

    counts     `{"examined": 3, "fit": 2, "still rejected": 1, "replayed": 4, "runs": 5, "calls kept": 7, …}`
    problems   what is still in the way, in words, and how often
    workflows  what happens by workflow: `{"raise-budget": {"begins": 2, "under way": 1}}`
    """

    counts: Counter[str] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)
    workflows: dict[str, Counter[str]] = field(default_factory=dict)

    def tell(self, workflow: str, fate: Fate) -> None:
        """Count what happens to one workflow."""
        self.workflows.setdefault(workflow, Counter())[str(fate)] += 1
        self.counts["runs"] += fate in (Fate.BEGINS, Fate.AGAIN)

    def add(self, other: Tally) -> None:
        """Take another's numbers in."""
        self.counts += other.counts
        self.problems += other.problems
        for workflow, fates in other.workflows.items():
            self.workflows.setdefault(workflow, Counter()).update(fates)


@dataclass(frozen=True)
class Examined:
    """What a delivery says by the sources of now: its drafts, or the state it stays in and what is in the way."""

    shard: int
    drafts: str | None
    problems: str | None
    state: str
    reason: str | None = None

    def carries(self, event_type: str) -> bool:
        """Whether one of its events is of that type."""
        return any(draft["type"] == event_type for draft in _loaded(self.drafts))

    def sentences(self) -> list[str]:
        """What is in the way, for people."""
        if self.problems is None:
            return [self.reason] if self.reason else []
        return [f"{item.get('path') or ''} {item.get('message')}".strip() for item in _loaded(self.problems)]


class Replayer:
    """Replays deliveries with the sources and rules of now; one object a command."""

    def __init__(self, database: Database, sources: Mapping[str, Source], intake: Intake) -> None:
        self._database = database
        self._sources = sources
        self._intake = intake

    def preview(self, which: Which, again: Sequence[str]) -> Iterator[Tally]:
        """What a replay would do, page by page: it is done, down to the runs it begins, and undone."""
        after = ""
        while True:
            with self._database.write() as connection:
                undo = connection.begin_nested()
                stored = replays.page(connection, which, after, PAGE)
                turn = _Turn(connection, self._database.now(connection), which, again, is_preview=True)
                tally = self._replay(turn, stored)
                undo.rollback()
            if not stored:
                return
            after = stored[-1].id
            yield tally

    def proceed(self, replay: Replay) -> tuple[Replay, Tally] | None:
        """Replay the next page and write down how far it came; None when another process is at it."""
        with self._database.write() as connection:
            if not replays.lock(connection, replay):
                return None
            now = self._database.now(connection)
            stored = replays.page(connection, replay.which, replay.cursor, PAGE)
            tally = self._replay(_Turn(connection, now, replay.which, replay.again), stored)
            state = ReplayState.RUNNING if len(stored) == PAGE else ReplayState.DONE
            cursor = stored[-1].id if stored else replay.cursor
            return replays.move(connection, replay, cursor=cursor, state=state, counts=tally.counts, now=now), tally

    def is_behind(self) -> bool:
        """Whether intake has so much to take in that a replay should wait."""
        with self._database.read() as connection:
            return replays.backlog(connection, BACKLOG) >= BACKLOG

    def _replay(self, turn: _Turn, page: Sequence[Stored]) -> Tally:
        tally = Tally()
        for stored in page:
            match stored.state:
                case "pending":
                    tally.counts["not taken in yet"] += 1
                case "superseded":
                    tally.counts["superseded by a later one"] += 1
                case "taken":
                    self._run_again(turn, stored, tally)
                case _:
                    self._examine_again(turn, stored, tally)
        return tally

    def _run_again(self, turn: _Turn, stored: Stored, tally: Tally) -> None:
        tally.counts["replayed"] += 1
        for event in replays.events_of(turn.connection, stored.id, turn.which.event_type):
            for item in replay_event(turn.connection, self._intake.rules, event, turn.again, turn.now):
                tally.tell(item.workflow, item.fate)
                tally.counts["calls kept"] += item.kept
                tally.counts["calls made again"] += item.repeated

    def _examine_again(self, turn: _Turn, stored: Stored, tally: Tally) -> None:
        found = self._examined(turn.connection, stored)
        wanted = turn.which.event_type
        if wanted is not None and not found.carries(wanted):
            return
        tally.counts["examined"] += 1
        if found.drafts is None:
            tally.counts[f"still {found.state}"] += 1
            tally.problems.update(found.sentences())
            replays.keep(turn.connection, stored, state=found.state, problems=found.problems, reason=found.reason)
        elif replays.readmit(turn.connection, stored, drafts=found.drafts, shard=found.shard, reason=found.reason):
            tally.counts["fit"] += 1
            if turn.is_preview:
                self._take_in(turn, stored, found.drafts, tally)

    def _take_in(self, turn: _Turn, stored: Stored, drafts: str, tally: Tally) -> None:
        """Take one in as intake will, to see what that leads to."""
        pending = Pending(DeliveryId(stored.id), stored.source, stored.received_at, drafts)
        try:
            with turn.connection.begin_nested():
                taken = self._intake.record(
                    turn.connection, self._intake.rules.in_force(turn.connection), pending, turn.now
                )
        except Exception as error:
            if is_outage(error):
                raise
            log.exception("preview_failed", delivery_id=stored.id)
            tally.counts["cannot be taken in"] += 1
            return
        for workflow in replays.begun_by(turn.connection, [event.id for event in taken.events]):
            tally.tell(workflow, Fate.BEGINS)

    def _examined(self, connection: Connection, stored: Stored) -> Examined:
        source = self._sources.get(stored.source)
        if source is None:
            gone = Problem("no_source", f"there is no source {stored.source!r} in stagedoor.yml any more", path="$")
            return _kept(stored.state, gone)
        try:
            opened = replays.opened(connection, stored)
        except Tampered as error:
            return _kept(stored.state, Problem("tampered", str(error), path="$"))
        presented = Presented(opened.body, opened.headers)
        arrival = examine(source, presented)
        if isinstance(arrival, Greeting):
            return Examined(0, "[]", None, "pending")
        is_doubted = stored.state == QUARANTINED and arrival.problems is None
        doubt = _doubt(source, stored, presented) if is_doubted else ""
        if doubt:
            return _kept(QUARANTINED, Problem(QUARANTINED, doubt))
        return Examined(arrival.shard, arrival.drafts, arrival.problems, arrival.state, arrival.reason)


def _doubt(source: Source, stored: Stored, presented: Presented) -> str:
    """Why a delivery from the quarantine cannot be believed now; "" where it can."""
    if source.scheme is None:
        return "its source is not configured: its secret is not set"
    proofs = provable_afterwards(source.scheme)
    if not proofs:
        return "nothing of what was kept proves where it came from"
    try:
        for proof in proofs:
            proof.verify(presented, stored.received_at.timestamp())
    except SignatureError as error:
        return str(error)
    return ""


def _kept(state: str, problem: Problem) -> Examined:
    return Examined(0, None, typed_json.dump([problem.as_dict()]), state)


@dataclass(frozen=True)
class _Turn:
    """One transaction of a replay."""

    connection: Connection
    now: datetime
    which: Which
    again: Sequence[str]
    is_preview: bool = False


def _loaded(text: str | None) -> list[dict[str, Any]]:
    loaded = typed_json.load(text or "[]")
    assert isinstance(loaded, list)
    return loaded
