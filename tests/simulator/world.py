"""The world of a story: processes that live and die, vendors that answer as told, and what must always hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

import sqlalchemy as sa
from marshmallow import Schema, fields

from tests.builders.ledger import COMPLETED, Crew, Inputs, ScriptedVendor, catalogue, operation, store_delivery
from tests.simulator.memory import Death, Die, Killed, memory, never
from tests.simulator.stories import KEYS, Happening, Story
from workflows.catalogue import Catalogue, Operation, Outcome, OutcomeKind, Repeat, Request
from workflows.engine.decisions import EndRun
from workflows.engine.snapshot import Cancelling
from workflows.engine.states import EffectState, RunState, WaitState
from workflows.language.reader import read_definition
from workflows.ledger import configuration, nudges, runs, tables, waits
from workflows.runtime.effects import Performer
from workflows.runtime.intake import Intake
from workflows.runtime.settlement import Verdict, settle_by_hand
from workflows.runtime.sweep import Sweep
from workflows.values import new_id

OVER = ("done", "refused", "cancelled", "skipped")
"""The states of an effect that is over."""
MOST_ROUNDS = 400
"""Of three hours each, until everything must have ended: runs of a crowd wait for one another to expire."""
LANES = 2
"""Calls of the vendor at a time."""


class Numbers(Schema):
    """What the read gives."""

    n = fields.Integer(required=True)


OPERATIONS = (
    operation("symphony.edit"),
    operation("symphony.pay", repeat=Repeat.ASK, method="POST", path="/v1/pay/{id}", subjects=("symphony:pay:{id}",)),
    operation("symphony.ready", repeat=Repeat.ASK, method="POST", path="/v1/ready/{id}", requires=(COMPLETED,)),
    operation("symphony.read", method="GET", path="/v1/read/{id}", subjects=(), output=Numbers, inputs=Inputs),
)


def make_catalogue() -> Catalogue:
    """The one vendor of the stories."""
    return catalogue(*OPERATIONS, concurrency=LANES)


@dataclass
class Vendor(ScriptedVendor):
    """Answers as the next number says; remembers what it has really done."""

    script: list[int] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    has_completed: Callable[[str], bool] = lambda key: False
    number: int = 1
    die: Die = never

    def send(self, operation: Operation, request: Request) -> Outcome:
        self.die("before a call")
        choice = self.script.pop() if self.script else 0
        if operation.name == "symphony.ready":
            assert self.has_completed(request.path.rpartition("/")[2]), "a gate was open that is closed"
        outcome, acts = self._answer(operation, choice)
        if acts and operation.name != "symphony.read":
            self.done[f"{operation.name} {request.path} {request.body}"] += 1
        self.die("after a call")
        return outcome

    def _answer(self, operation: Operation, choice: int) -> tuple[Outcome, bool]:
        is_safe = operation.repeat is Repeat.SAFE
        done = Outcome(OutcomeKind.DONE, "ok", status=200, output={"n": self.number})
        answers = [
            (done, True),
            (done, True),
            (Outcome(OutcomeKind.REFUSED, "no", status=400), False),
            (Outcome(OutcomeKind.RETRY, "slow down", status=429, retry_after_seconds=30), False),
            (Outcome(OutcomeKind.NOT_SENT, "no connection"), False),
            (Outcome(OutcomeKind.RETRY if is_safe else OutcomeKind.IN_DOUBT, "timeout"), True),
            (Outcome(OutcomeKind.RETRY if is_safe else OutcomeKind.IN_DOUBT, "timeout"), False),
        ]
        return answers[choice % len(answers)]


class World:
    """One ledger, one living process at a time, and everything that may happen to them."""

    def __init__(self, story: Story) -> None:
        self.database = memory()
        self.database.begin_again()
        self.vendor = Vendor(has_completed=self._has_completed)
        self._catalogue = make_catalogue()
        self._lives = 0
        definitions = [read_definition(text, f"{name}.yml") for name, text in story.workflows.items()]
        self._limits = {item.name: item.concurrency.limit for item in definitions if item.concurrency is not None}
        with self.database.write() as connection:
            configuration.apply(connection, definitions, {}, by="a story", now=self.database.time)
        self._begin_life()

    def _has_completed(self, key: str) -> bool:
        """Whether what the vendor asks for before it is made ready is in the ledger."""
        table = tables.milestones
        this = (table.c.subject == f"symphony:campaign:{key}") & (table.c.type == COMPLETED.event)
        with self.database.read() as connection:
            return connection.scalar(sa.select(sa.literal(1)).where(this)) is not None

    def _begin_life(self) -> None:
        self._lives += 1
        self.crew = Crew(self.database, self._catalogue, vendor=self.vendor)  # type: ignore[arg-type]
        self.crew.performer = _held_by(self.crew.performer, f"life:{self._lives}")
        self.intake = Intake(self.database, self.crew.rules)
        self.sweep = Sweep(self.database, self.crew.rules, self.crew.performer, self.crew.releaser, self.crew.looker)

    def happen(self, happening: Happening) -> None:
        """Let one thing happen, and the process die of it if it is so."""
        action: Callable[[int], None] = getattr(self, f"_{happening.what}")
        self.database.die = self.vendor.die = Death(happening.death)
        try:
            action(happening.choice)
        except Killed:
            self._begin_life()
        finally:
            self.database.die = self.vendor.die = never
        self.check()

    # What may happen.

    def _deliver(self, choice: int) -> None:
        kinds = ("created", "created", "updated", "processing", "completed", "failed")
        key, kind = KEYS[choice % len(KEYS)], kinds[(choice // 2) % len(kinds)]
        ago = timedelta(hours=3 if choice % 13 == 0 else 0)
        draft = {
            "type": f"symphony.campaign.{kind}",
            "subject": f"symphony:campaign:{key}",
            "occurred_at": self.database.time - ago,
            "brand": "",
            "data": {"id": key, "n": choice % 4},
        }
        with self.database.write() as connection:
            store_delivery(connection, new_id(), drafts=[draft, draft] if choice % 5 == 0 else [draft])

    def _take_in(self, choice: int) -> None:
        self.intake.take_batch()
        self.crew.releaser.release_due()

    def _sweep(self, choice: int) -> None:
        self.sweep.once()

    def _perform(self, choice: int) -> None:
        if not self.crew.told:
            self.crew.releaser.release_due()
        if self.crew.told:
            self.vendor.script = [choice, choice // 7]
            self.vendor.number = 1 + (choice % 10 == 0)
            item = self.crew.told.pop(choice % len(self.crew.told))
            self.crew.performer.perform(item.effect_id)

    def _lose(self, choice: int) -> None:
        if self.crew.told:
            self.crew.told.pop(choice % len(self.crew.told))

    def _pass_time(self, choice: int) -> None:
        minutes = (0.1, 1, 11, 70, 400, 2000)[choice % 6]
        self.database.pass_time(minutes=minutes)
        self.crew.monotonic += minutes * 60

    def _decide(self, choice: int) -> None:
        """A person answers a question."""
        table = tables.waits
        with self.database.read() as connection:
            asked = sa.select(table.c.id, table.c.run_id).where(
                table.c.state == WaitState.OPEN, table.c.kind == "approval"
            )
            rows = connection.execute(asked.order_by(table.c.id)).all()
        if not rows:
            return
        row = rows[choice % len(rows)]
        with self.database.write() as connection:
            now = self.database.time
            run = runs.lock(connection, row.run_id)
            assert run is not None
            said = {"approved": choice % 4 != 0, "by": ["ann"], "at": now, "reason": "so"}
            waits.release(connection, row.id, said, now)
            runs.wake(connection, [row.run_id], now)

    def _cancel(self, choice: int) -> None:
        open_ = (RunState.RUNNING, RunState.QUEUED, RunState.PARKED)
        with self.database.read() as connection:
            found = sa.select(tables.runs.c.id).where(tables.runs.c.state.in_(open_)).order_by(tables.runs.c.id)
            ids = list(connection.scalars(found))
        if not ids:
            return
        with self.database.write() as connection:
            run = runs.lock_open(connection, ids[choice % len(ids)])
            assert run is not None
            if run.state is RunState.RUNNING:
                runs.request_cancel(
                    connection, run, Cancelling("enough", cleans_up=choice % 8 == 0), by="ann", now=self.database.time
                )
            else:
                runs.end(connection, run, EndRun(RunState.CANCELLED, None, "enough"), self.database.time)

    def _settle(self, choice: int) -> None:
        """A person who has looked at the vendor says what became of a call in doubt."""
        table = tables.effects
        with self.database.read() as connection:
            doubts = connection.execute(
                sa.select(table).where(table.c.state == EffectState.IN_DOUBT).order_by(table.c.id)
            ).all()
        if not doubts:
            return
        row = doubts[choice % len(doubts)]
        request = Request.from_dict(row.request)
        has_acted = self.vendor.done[f"{row.operation} {request.path} {request.body}"] > 0
        verdict = Verdict.DONE if has_acted else (Verdict.AGAIN, Verdict.REFUSED)[choice % 2]
        settle_by_hand(self.crew.performer, row.id, verdict, by="ann", reason="looked")

    def come_to_an_end(self) -> None:
        """Everybody works, every vendor answers, people settle what is in doubt, and time passes: it must all end."""
        self.vendor.script = []
        for _ in range(MOST_ROUNDS):
            while self.intake.take_batch():
                pass
            self.sweep.once()
            self.crew.work()
            for _ in range(20):
                self._settle(1)
            if self._is_over():
                break
            self.database.pass_time(hours=3)
            self.crew.monotonic += 10800
        self.check()
        self._check_end()

    # What must hold.

    def check(self) -> None:
        """What must hold at every moment."""
        for call, times in self.vendor.done.items():
            assert times <= 1 or not call.startswith(("symphony.pay", "symphony.ready")), f"made twice: {call}"
        with self.database.read() as connection:
            self._check_once(connection)
            self._check_attempts(connection)
            self._check_crowds(connection)
            self._check_waiting(connection)

    def _check_once(self, connection: sa.Connection) -> None:
        effect = tables.effects
        keys = sa.select(effect.c.once_key, effect.c.operation, effect.c.request).where(effect.c.once_key.is_not(None))
        acted: Counter[str] = Counter()
        for row in connection.execute(keys):
            request = Request.from_dict(row.request)
            acted[row.once_key] += self.vendor.done[f"{row.operation} {request.path} {request.body}"]
        assert all(times <= 1 for times in acted.values()), "a once-key was used twice"

    def _check_attempts(self, connection: sa.Connection) -> None:
        effect = tables.effects
        beyond = sa.select(sa.func.count()).where(effect.c.attempts > effect.c.max_attempts + 12)
        assert connection.scalar(beyond) == 0
        out = sa.select(sa.func.count()).where(effect.c.state.in_(("released", "claimed")))
        assert (connection.scalar(out) or 0) <= LANES, "more calls are out than the vendor has lanes"

    def _check_crowds(self, connection: sa.Connection) -> None:
        run = tables.runs
        crowded = (
            sa.select(run.c.workflow, run.c.crowd, sa.func.count())
            .where(run.c.state == RunState.RUNNING, run.c.crowd.is_not(None))
            .group_by(run.c.workflow, run.c.crowd)
        )
        for workflow, _, count in connection.execute(crowded):
            assert count <= self._limits[workflow], "more runs of a crowd than its limit"

    def _check_waiting(self, connection: sa.Connection) -> None:
        """Every run that has not ended is moved by something that is in the ledger."""
        run, wait, effect, nudge = tables.runs, tables.waits, tables.effects, tables.nudges
        other = run.alias()
        still = run.c.state == RunState.RUNNING
        moved = [
            run.c.wake_at.is_not(None),
            sa.exists().where(wait.c.run_id == run.c.id, wait.c.state == WaitState.OPEN),
            sa.exists().where(
                effect.c.run_id == run.c.id, effect.c.state.notin_(("done", "refused", "cancelled", "skipped"))
            ),
            sa.exists().where(nudge.c.run_id == run.c.id),
            sa.exists().where(other.c.parent_id == run.c.id, other.c.state.in_(("running", "queued", "parked"))),
        ]
        stuck = connection.execute(sa.select(run.c.id, run.c.workflow).where(still, ~sa.or_(*moved))).all()
        assert stuck == [], "a run that nothing moves"

    def _is_over(self) -> bool:
        with self.database.read() as connection:
            run = tables.runs
            open_ = sa.select(sa.func.count()).where(run.c.state.in_((RunState.RUNNING, RunState.QUEUED)))
            gathered = sa.select(sa.func.count()).where(tables.gathered.c.look_at.is_not(None))
            return (
                not connection.scalar(open_) and not connection.scalar(gathered) and not nudges.waiting(connection, 1)
            )

    def _check_end(self) -> None:
        run, effect, wait = tables.runs, tables.effects, tables.waits
        with self.database.read() as connection:
            counts = {
                "runs": sa.select(sa.func.count()).where(run.c.state.in_((RunState.RUNNING, RunState.QUEUED))),
                "effects": sa.select(sa.func.count()).where(effect.c.state.notin_(OVER)),
                "waits": sa.select(sa.func.count()).where(wait.c.state == WaitState.OPEN),
                "awaited": sa.select(sa.func.count()).where(tables.awaited.c.is_open == 1, _of_ended(tables.awaited)),
                "gathered": sa.select(sa.func.count()).where(tables.gathered.c.look_at.is_not(None)),
                "occupied": sa.select(sa.func.count()).where(tables.effect_subjects.c.occupied == 1),
                "deliveries": sa.select(sa.func.count()).where(tables.deliveries.c.state != "taken"),
            }
            left = {name: connection.scalar(statement) for name, statement in counts.items()}
        assert not any(left.values()), left


def _of_ended(table: sa.Table) -> sa.ColumnElement[bool]:
    run = tables.runs
    return sa.exists().where(run.c.id == table.c.run_id, run.c.state.notin_(("parked",)))


def _held_by(performer: Performer, holder: str) -> Performer:
    return replace(performer, holder=holder)


def play(story: Story) -> None:
    """Play a story to its end; raises AssertionError with what did not hold."""
    world = World(story)
    for happening in story.happenings:
        world.happen(happening)
    world.come_to_an_end()
