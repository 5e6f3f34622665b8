"""The world of a story: processes that live and die, vendors that answer as told, and what must always hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from random import Random

from marshmallow import Schema, fields

from tests.builders.ledger import COMPLETED, Crew, Inputs, ScriptedVendor, catalogue, operation, store_delivery
from tests.simulator.memory import Death, Die, Killed, memory, never
from tests.simulator.stories import KEYS, Happening, Story
from workflows import typed_json
from workflows.catalogue import Catalogue, Operation, Outcome, OutcomeKind, Repeat, Request, Undo
from workflows.engine.approvals import Person
from workflows.engine.repetition import CannotRetry
from workflows.language.reader import read_definition
from workflows.ledger import configuration
from workflows.runtime.approvals import CannotDecide, decide_by_hand
from workflows.runtime.cancelling import CannotCancel, cancel_by_hand
from workflows.runtime.effects import Claim
from workflows.runtime.groups import Hands
from workflows.runtime.intake import Intake
from workflows.runtime.retrying import retry_by_hand
from workflows.runtime.settlement import Verdict, settle_by_hand
from workflows.runtime.sweep import Sweep
from workflows.runtime.undoing import CannotUndo, undo_by_hand, undo_plan
from workflows.values import new_id

OVER = "('done', 'refused', 'cancelled', 'skipped')"
"""The states of an effect that is over."""
MOST_ROUNDS = 100
LONGEST_ROUND_HOURS = 30
"""Until everything must have ended: runs of a crowd wait for one another to expire."""
MADE_ONCE = ("symphony.pay", "symphony.ready", "symphony.refund")
"""The calls that may not be repeated."""
BUYERS = frozenset({"buyers"})
PEOPLE = (Person("bob", BUYERS), Person("cora", BUYERS), Person("dan", frozenset()))
"""Who answers questions; the last may not."""
STUCK = f"""
SELECT id, workflow FROM runs WHERE state = 'running' AND wake_at IS NULL
AND NOT EXISTS (SELECT 1 FROM waits WHERE run_id = runs.id AND state = 'open')
AND NOT EXISTS (SELECT 1 FROM effects WHERE run_id = runs.id AND state NOT IN {OVER})
AND NOT EXISTS (SELECT 1 FROM nudges WHERE run_id = runs.id)
AND NOT EXISTS (SELECT 1 FROM runs AS other WHERE parent_id = runs.id AND state IN ('running', 'queued', 'parked'))
"""
"""Runs that have not ended and are moved by nothing that is in the ledger."""
GIVEN_UP = """
SELECT effects.id FROM effects JOIN steps USING (run_id, step, iteration)
WHERE effects.state IN ('intended', 'held', 'released') AND steps.ended_at IS NOT NULL
"""
"""Calls that would still be made though their step is over."""
GOING = f"""
SELECT EXISTS (SELECT 1 FROM runs WHERE state IN ('running', 'queued'))
OR EXISTS (SELECT 1 FROM effects WHERE run_id IS NULL AND state NOT IN {OVER})
OR EXISTS (SELECT 1 FROM gathered WHERE look_at IS NOT NULL) OR EXISTS (SELECT 1 FROM nudges)
"""
"""Whether something goes on: runs, and calls that people make by hand."""
LEFT = {
    "runs": "SELECT count(*) FROM runs WHERE state IN ('running', 'queued')",
    "effects": f"SELECT count(*) FROM effects WHERE state NOT IN {OVER}",
    "waits": "SELECT count(*) FROM waits WHERE state = 'open'",
    "awaited": "SELECT count(*) FROM awaited JOIN runs ON runs.id = run_id WHERE is_open = 1 AND state <> 'parked'",
    "gathered": "SELECT count(*) FROM gathered WHERE look_at IS NOT NULL",
    "occupied": "SELECT count(*) FROM effect_subjects WHERE occupied = 1",
    "deliveries": "SELECT count(*) FROM deliveries WHERE state <> 'taken'",
}
"""What there must be none of at the end."""


class Numbers(Schema):
    """What the read gives."""

    n = fields.Integer(required=True)


PAID = ("symphony:pay:{id}",)
BACK = Undo("symphony.refund", lambda inputs, reads: inputs)
FORMER = Undo(
    "symphony.edit", lambda inputs, reads: {**inputs, "note": f"back to {reads[0].output}"} if reads else None
)
OPERATIONS = (
    operation("symphony.edit", undo=FORMER),
    operation("symphony.pay", repeat=Repeat.ASK, method="POST", path="/v1/pay/{id}", subjects=PAID, undo=BACK),
    operation("symphony.refund", repeat=Repeat.ASK, method="POST", path="/v1/refund/{id}", subjects=PAID),
    operation("symphony.ready", repeat=Repeat.ASK, method="POST", path="/v1/ready/{id}", requires=(COMPLETED,)),
    operation("symphony.read", method="GET", path="/v1/read/{id}", subjects=(), output=Numbers, inputs=Inputs),
)


@cache
def make_catalogue(lanes: int) -> Catalogue:
    """The one vendor of the stories."""
    return catalogue(*OPERATIONS, concurrency=lanes)


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
            *[(done, True)] * 4,
            (Outcome(OutcomeKind.REFUSED, "no", status=400), False),
            (Outcome(OutcomeKind.RETRY, "slow down", status=429, retry_after_seconds=30), False),
            (Outcome(OutcomeKind.NOT_SENT, "no connection"), False),
            (Outcome(OutcomeKind.RETRY if is_safe else OutcomeKind.IN_DOUBT, "timeout"), True),
            (Outcome(OutcomeKind.RETRY if is_safe else OutcomeKind.IN_DOUBT, "timeout"), False),
        ]
        return answers[choice % len(answers)]


@dataclass
class _Here:
    """Hands of the process that takes deliveries in."""

    crew: Crew
    room: int
    claims: list[Claim] = field(default_factory=list)

    def free(self) -> Hands | None:
        return self.crew.performer.hands(self.room)

    def take_on(self, claims: Sequence[Claim]) -> None:
        self.claims += claims


class World:
    """One ledger, one living process at a time, and everything that may happen to them."""

    def __init__(self, story: Story) -> None:
        self.database = memory()
        self.vendor = Vendor(has_completed=self._has_completed)
        self._story = story
        self._lives = 0
        self._once: dict[str, tuple[str, str]] = {}
        self._done: set[str] = set()
        self._answered: set[str] = set()
        definitions = [read_definition(text, f"{name}.yml") for name, text in story.workflows.items()]
        self._definitions = {item.hash: item for item in definitions}
        self._limits = {item.name: item.concurrency.limit for item in definitions if item.concurrency is not None}
        with self.database.write() as connection:
            configuration.apply(connection, definitions, {}, by="a story", now=self.database.time)
        self._begin_life()

    def _has_completed(self, key: str) -> bool:
        """Whether what the vendor asks for before it is made ready is in the ledger."""
        this = (f"symphony:campaign:{key}", COMPLETED.event)
        return bool(self.database.rows("SELECT 1 FROM milestones WHERE subject = ? AND type = ?", *this))

    def _begin_life(self) -> None:
        self._lives += 1
        self.crew = Crew(
            self.database,  # type: ignore[arg-type]
            make_catalogue(self._story.lanes),
            vendor=self.vendor,
            holder=f"life:{self._lives}",
            random=Random(self._lives),
        )
        self.crew.rules._definitions.update(self._definitions)  # to read them anew in every life would only take time
        releaser = self.crew.releaser if self._story.seed % 2 else None
        self.crew.performer = replace(self.crew.performer, releaser=releaser)
        self.intake = Intake(self.database, self.crew.rules, releaser, monotonic=lambda: self.crew.monotonic)
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
        kinds = ("created", "created", "created", "updated", "updated", "failed", "failed", "processing", "completed")
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
        """As intake does that makes first calls itself, if it has hands free."""
        here = _Here(self.crew, choice % 4)
        self.intake.take_batch(here)
        self._answer_with(choice)
        self._go_on(here.claims, choice % 3)
        self.crew.releaser.release_due()

    def _sweep(self, choice: int) -> None:
        self.sweep.once()

    def _perform(self, choice: int) -> None:
        if not self.crew.told:
            self.crew.releaser.release_due()
        if self.crew.told:
            self._answer_with(choice)
            item = self.crew.told.pop(choice % len(self.crew.told))
            self.crew.performer.perform(item.effect_id)

    def _perform_together(self, choice: int) -> None:
        """As a worker does that is told of several at once."""
        self.crew.releaser.release_due()
        told = [self.crew.told.pop().effect_id for _ in range(min(2 + choice % 3, len(self.crew.told)))]
        self._answer_with(choice)
        claims = self.crew.performer.claim_together(told)
        self._go_on(list(claims.values()), choice % 3)
        for effect_id in told:
            if effect_id not in claims:
                self.crew.performer.perform(effect_id)

    def _go_on(self, claims: Sequence[Claim], room: int) -> None:
        """Make these calls, and as many as there is room for of those that follow or are due next."""
        while claims:
            outcomes = [(claim, self.crew.performer.call(claim)) for claim in claims]
            claims = self.crew.performer.record_together(outcomes, room)

    def _answer_with(self, choice: int) -> None:
        self.vendor.script = [choice, choice // 9]
        self.vendor.number = 1 + (choice % 10 == 0)

    def _lose(self, choice: int) -> None:
        """A message is lost."""
        if self.crew.told:
            self.crew.told.pop(choice % len(self.crew.told))

    def _repeat(self, choice: int) -> None:
        """A message comes twice."""
        if self.crew.told:
            self.crew.told.append(self.crew.told[choice % len(self.crew.told)])

    def _pass_time(self, choice: int) -> None:
        minutes = (0.1, 0.1, 1, 1, 11, 11, 11, 70, 400, 2000)[choice % 10]
        self.database.pass_time(minutes=minutes)
        self.crew.monotonic += minutes * 60

    def _vote(self, choice: int) -> None:
        """A person, perhaps one who may not, answers a question, perhaps one that is over."""
        asked = "SELECT id FROM waits WHERE kind = 'approval' AND (state = 'open' OR ?) ORDER BY id"
        rows = self.database.rows(asked, choice % 10 == 0)
        if not rows:
            return
        person = PEOPLE[choice // 7 % len(PEOPLE)]
        with suppress(CannotDecide):
            decide_by_hand(
                self.database,
                self.crew.rules,
                rows[choice % len(rows)][0],
                person,
                approves=choice % 4 != 0,
                reason="so",
                via="a story",
            )

    def _cancel(self, choice: int) -> None:
        run_id = self._run(choice, "state IN ('running', 'queued', 'parked')")
        if run_id is not None:
            with suppress(CannotCancel):
                cancel_by_hand(self.database, self.crew.rules, run_id, by="ann", cleans_up=choice % 8 == 0)

    def _retry(self, choice: int) -> None:
        """A person has a run that failed, or is parked, go on, perhaps from an earlier step."""
        run_id = self._run(choice, "state IN ('failed', 'parked')")
        if run_id is not None:
            start = None if choice % 2 else f"s{choice // 2 % 4 + 1}"
            with suppress(CannotRetry):
                retry_by_hand(self.database, self.crew.rules, run_id, by="ann", start=start)

    def _undo(self, choice: int) -> None:
        """A person takes back what a run did, as far as that can be."""
        acted = "SELECT run_id FROM effects WHERE state = 'done' AND operation <> 'symphony.read'"
        run_id = self._run(choice, f"id IN ({acted})")
        if run_id is None:
            return
        self._answer_with(choice)
        with self.database.read() as connection:
            plan = undo_plan(connection, self.crew.catalogue, run_id)
        with suppress(CannotUndo):
            list(undo_by_hand(self.crew.performer, plan, run_id, by="ann", reason="a mistake"))

    def _run(self, choice: int, which: str) -> str | None:
        rows = self.database.rows(f"SELECT id FROM runs WHERE {which} ORDER BY id")
        return str(rows[choice % len(rows)][0]) if rows else None

    def _settle(self, choice: int) -> None:
        """A person who has looked at the vendor says what became of a call in doubt."""
        doubts = self.database.rows("SELECT id, operation, request FROM effects WHERE state = 'in_doubt' ORDER BY id")
        if not doubts:
            return
        effect_id, operation, request = doubts[choice % len(doubts)]
        has_acted = self.vendor.done[_call(operation, request)] > 0
        verdict = Verdict.DONE if has_acted else (Verdict.AGAIN, Verdict.REFUSED)[choice % 2]
        settle_by_hand(self.crew.performer, effect_id, verdict, by="ann", reason="looked")

    def come_to_an_end(self) -> None:
        """Everybody works, every vendor answers, people settle what is in doubt, and time passes: it must all end."""
        self.vendor.script = []
        for number in range(MOST_ROUNDS):
            while self.intake.take_batch():
                pass
            self.sweep.once()
            self.crew.work()
            while self.database.rows("SELECT 1 FROM effects WHERE state = 'in_doubt'"):
                self._settle(1)
            if not self.database.rows(GOING)[0][0]:
                break
            hours = min(6 * 5**number, LONGEST_ROUND_HOURS)
            self.database.pass_time(hours=hours)
            self.crew.monotonic += hours * 3600
        self.check()
        self._check_end()

    # What must hold.

    def check(self) -> None:
        """What must hold at every moment."""
        for call, times in self.vendor.done.items():
            assert times <= 1 or not call.startswith(MADE_ONCE), f"made twice: {call}"
            if call.startswith("symphony.refund"):
                assert self.vendor.done[call.replace("refund", "pay")], f"never paid, and taken back: {call}"
        self._check_once()
        self._check_calls()
        self._check_done()
        self._check_votes()
        self._check_crowds()
        assert self.database.rows(STUCK) == [], "a run that nothing moves"
        assert self.database.rows(GIVEN_UP) == [], "a call that nobody wants any more may still be made"

    def _check_once(self) -> None:
        for effect_id, key, *call in self.database.rows(
            "SELECT id, once_key, operation, request FROM effects WHERE once_key IS NOT NULL"
        ):
            if effect_id not in self._once:
                self._once[effect_id] = (key, _call(*call))
        acted: Counter[str] = Counter()
        for key, made in set(self._once.values()):  # a call that is tried once more by a person is the same one
            acted[key] += self.vendor.done[made]
        assert all(times <= 1 for times in acted.values()), "a once-key was used twice"

    def _check_calls(self) -> None:
        beyond = "SELECT count(*) FILTER (WHERE attempts > max_attempts + 12)"
        # A call made by hand waits for no lane.
        out = "count(*) FILTER (WHERE state IN ('released', 'claimed') AND run_id IS NOT NULL)"
        ((too_often, at_a_time),) = self.database.rows(f"{beyond}, {out} FROM effects")
        assert too_often == 0, "a call was tried too often"
        assert at_a_time <= self._story.lanes, "more calls are out than the vendor has lanes"

    def _check_done(self) -> None:
        """What is written down as done was done."""
        for (effect_id,) in self.database.rows("SELECT id FROM effects WHERE state = 'done'"):
            if effect_id not in self._done:
                self._done.add(effect_id)
                (call,) = self.database.rows("SELECT operation, request FROM effects WHERE id = ?", effect_id)
                assert call[0] == "symphony.read" or self.vendor.done[_call(*call)], "what is done was never done"

    def _check_votes(self) -> None:
        """What was answered is what people said who may, and as many of them as were asked."""
        for wait_id, output, details in self.database.rows(
            "SELECT id, output, details FROM waits WHERE kind = 'approval' AND state = 'done'"
        ):
            if wait_id in self._answered:
                continue
            self._answered.add(wait_id)
            said = self.database.rows("SELECT person, verdict FROM votes WHERE wait_id = ?", wait_id)
            assert {person for person, _ in said} <= {"bob", "cora"}, "somebody answered who may not"
            agree = [person for person, verdict in said if verdict == "approved"]
            if typed_json.load(output)["approved"]:
                assert len(agree) == len(said) == typed_json.load(details)["count"], "too few agreed, or not all"
            else:
                assert len(agree) == len(said) - 1, "nobody denied it"

    def _check_crowds(self) -> None:
        crowded = "SELECT workflow, count(*) FROM runs WHERE state = 'running' AND crowd IS NOT NULL"
        for workflow, count in self.database.rows(f"{crowded} GROUP BY workflow, crowd"):
            assert count <= self._limits[workflow], "more runs of a crowd than its limit"

    def _check_end(self) -> None:
        left = {name: self.database.rows(count)[0][0] for name, count in LEFT.items()}
        assert not any(left.values()), left


def _call(operation: str, request: str) -> str:
    """What tells a call from others, of the request as the ledger keeps it."""
    found = Request.from_dict(typed_json.load(request))
    return f"{operation} {found.path} {found.body}"


def play(story: Story) -> None:
    """Play a story to its end; raises AssertionError with what did not hold."""
    with memory().begun_again(story.seed):
        world = World(story)
        for happening in story.happenings:
            world.happen(happening)
        world.come_to_an_end()
