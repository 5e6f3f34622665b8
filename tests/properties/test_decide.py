"""Laws of `decide`, over generated workflows and everything that can happen to them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders.stage import make_stage
from vendors.catalogue import catalogue_of
from workflows.catalogue import Outcome, OutcomeKind
from workflows.engine.decide import decide
from workflows.engine.decisions import Decision, EndRun, EndStep, Intend, StartTimer
from workflows.engine.rehearsal import Ending
from workflows.engine.snapshot import At, EffectView, Snapshot, StepView, WaitView
from workflows.engine.states import EFFECT_MOVES, RUN_MOVES, STEP_MOVES, EffectState, RunState, StepState, WaitState
from workflows.events import Event
from workflows.language.definition import Definition
from workflows.language.reader import read_definition

START = datetime(2026, 3, 1, 15, 0, tzinfo=UTC)
EVENT = Event("e", "symphony.campaign.created", "symphony:campaign:1", START, {"id": "1", "n": 3}, "symphony", "d")
CATALOGUE = catalogue_of({})

CONDITIONS = [
    "event.data.n == 3",
    "event.data.n == 4",
    "event.data.n > 2",
    "event.data.n > 3",
    "event.data.missing == 1",
    "has(event.data.missing)",
]
VERBS = [
    "call: symphony.edit_campaign\n    with: {id: =event.data.id}",
    "call: symphony.edit_campaign\n    with: {id: =event.data.id, budget: 60 USD}",
    "call: symphony.edit_campaign\n    with: {id: =event.data.missing}",
    "set: {a: =event.data.n * 2, b: text}",
    "set: {a: =event.data.n / 0}",
    "wait: {for: 10m}",
    "wait: {for: 1s}",
    'wait: {until: "09:00", zone: Europe/London}',
    "stop_unless: event.data.n == 3",
    "stop_unless: event.data.n == 4",
]


@st.composite
def definitions(draw: st.DrawFn) -> Definition:
    steps = []
    for number in range(draw(st.integers(1, 6))):
        lines = [f"  - id: step{number}"]
        if draw(st.booleans()):
            lines.append(f"    if: {draw(st.sampled_from(CONDITIONS))}")
        verb = draw(st.sampled_from(VERBS))
        lines.append(f"    {verb}")
        if verb.startswith("call"):
            lines.append(f"    on_error: {draw(st.sampled_from(['stop', 'fail', 'continue']))}")
        steps.append("\n".join(lines))
    head = (
        "workflow: w\ndescription: d\nowner: o\nwhen: {event: symphony.campaign.created}\nrun: {expires: 2d}\nsteps:\n"
    )
    return read_definition(head + "\n".join(steps), "w.yml")


@dataclass
class World:
    """A run and what happens to it, applied as the runtime does, with every move held against the tables."""

    definition: Definition
    now: datetime = START
    state: RunState = RunState.RUNNING
    steps: dict[At, StepView] = field(default_factory=dict)
    effects: dict[At, EffectView] = field(default_factory=dict)
    waits: dict[At, WaitView] = field(default_factory=dict)

    def snapshot(self) -> Snapshot:
        expires_at = START + self.definition.expires
        return Snapshot("r", "1", EVENT, {}, expires_at, dict(self.steps), dict(self.effects), dict(self.waits))

    def advance(self) -> list[Decision]:
        snapshot = self.snapshot()
        decisions = decide(self.definition, snapshot, self.now)
        assert decide(self.definition, snapshot, self.now) == decisions, "the same values give the same decisions"
        for decision in decisions:
            self.apply(decision)
        return decisions

    def apply(self, decision: Decision) -> None:
        assert self.state is RunState.RUNNING, "nothing follows the end of a run"
        match decision:
            case EndStep():
                self.move_step(decision.at, decision.state)
                self.steps[decision.at] = StepView(decision.state, decision.output, decision.reason)
            case StartTimer():
                self.move_step(decision.at, StepState.WAITING)
                self.waits[decision.at] = WaitView(WaitState.OPEN, decision.due_at)
            case Intend():
                assert decision.at not in self.effects, "one effect a step"
                self.move_step(decision.at, StepState.CALLING)
                self.effects[decision.at] = EffectView(EffectState.INTENDED)
            case EndRun():
                assert decision.state in RUN_MOVES[self.state]
                assert not any(e.state in (EffectState.CLAIMED, EffectState.IN_DOUBT) for e in self.effects.values())
                self.state = decision.state

    def move_step(self, step: At, state: StepState) -> None:
        before = self.steps.get(step)
        assert before is None or state in STEP_MOVES[before.state]
        self.steps[step] = StepView(state)

    def happen(self, choice: int) -> None:
        """Let time pass or an effect take one of its legal moves."""
        moves = [(step, after) for step, view in self.effects.items() for after in sorted(EFFECT_MOVES[view.state])]
        if choice % 3 == 0 or not moves:
            self.now += timedelta(minutes=[1, 10, 600, 3000][choice % 4])
            return
        step, after = moves[choice % len(moves)]
        output: Mapping[str, object] | None = {"ok": True} if after is EffectState.DONE else None
        self.effects[step] = EffectView(after, output, f"it was {after}")


@settings(max_examples=150)
@given(definitions(), st.lists(st.integers(0, 1000), max_size=30))
def test_whatever_happens_every_move_is_legal_and_the_run_ends_or_waits(definition: Definition, story: list[int]):
    world = World(definition)
    for choice in [*story, 1]:
        decisions = world.advance()
        assert len(decisions) <= 2 * len(definition.steps) + 1
        if world.state is not RunState.RUNNING:
            return
        blocked = [view for view in world.steps.values() if view.state in (StepState.WAITING, StepState.CALLING)]
        assert len(blocked) == 1, "a run that goes on is blocked on exactly one step"
        assert world.advance() == [], "deciding again without news decides nothing"
        world.happen(choice)


@settings(max_examples=100)
@given(definitions())
def test_every_run_ends_when_its_vendors_answer_and_time_passes(definition: Definition):
    world = World(definition)
    for _ in range(3 * len(definition.steps) + 1):
        world.advance()
        if world.state is not RunState.RUNNING:
            return
        for step, view in world.effects.items():
            if view.state is EffectState.INTENDED:
                world.effects[step] = replace(view, state=EffectState.DONE, output={})
        world.now += timedelta(hours=25)
    raise AssertionError("the run never ended")


@given(definitions(), st.integers(0, 10_000))
def test_an_expired_run_ends_unless_a_vendor_may_have_acted(definition: Definition, minutes: int):
    world = World(definition)
    world.advance()
    if world.state is RunState.RUNNING:
        world.now = START + definition.expires + timedelta(minutes=minutes)
        world.advance()
    assert world.state is not RunState.RUNNING


@given(definitions(), st.sampled_from(list(OutcomeKind)))
def test_every_rehearsal_ends_and_waits_for_good_on_nothing_but_a_doubt(definition: Definition, kind: OutcomeKind):
    outcome = Outcome(kind, f"it was {kind}", output={} if kind is OutcomeKind.DONE else None)
    answers = {step.id: outcome for step in definition.steps}
    stage = make_stage(definition, now=START, catalogue=CATALOGUE, answers=answers)
    stage.bring(EVENT, START)
    (played,) = stage.play().runs
    is_in_doubt = bool(played.calls) and kind is OutcomeKind.IN_DOUBT
    assert (played.status is Ending.WAITING) == is_in_doubt
    assert played.elapsed <= definition.expires
    assert played.status is not Ending.DONE or played.steps.keys() == {At(step.id) for step in definition.steps}
