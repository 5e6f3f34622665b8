"""The picture of a run: its steps, waits and attempts over time, as places to draw at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from webhooks.console.words import exact_span, relative, span, tone, word
from workflows.engine.states import EffectState, WaitState
from workflows.ledger.details import AttemptDetail, EffectDetail
from workflows.ledger.explanation import Explanation
from workflows.ledger.stories import AHEAD, StepStory
from workflows.ledger.waiting import clock

WIDTH = 1000
LEFT = 180
RIGHT = 24
TOP = 12
ROW = 36
BAR = 14
FOOT = 30
NARROWEST = 4
"""An attempt of milliseconds in a run of days must still be seen."""

MOST_TICKS = 7
STEPS = tuple(
    timedelta(seconds=seconds)
    for seconds in (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800)
)


@dataclass(frozen=True)
class Bar:
    """A stretch of time; `kind` is its look, `title` what it says when pointed at, `label` what stands on it."""

    x: float
    width: float
    kind: str
    title: str
    label: str = ""


@dataclass(frozen=True)
class Row:
    """One step."""

    y: int
    name: str
    tone: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class Tick:
    """A mark on the axis."""

    x: float
    label: str


@dataclass(frozen=True)
class Timeline:
    """Everything to draw. `now_x` is None once the run is over."""

    width: int
    height: int
    rows: tuple[Row, ...]
    ticks: tuple[Tick, ...]
    now_x: float | None


def draw(told: Explanation) -> Timeline:
    """The picture of an explained run."""
    return _Drawing(told).timeline()


class _Drawing:
    def __init__(self, told: Explanation) -> None:
        self._told = told
        self._line = told.run.line
        self._start = self._line.created_at
        self._end = self._line.ended_at or told.now
        self._length = max(self._end - self._start, timedelta(seconds=1))

    def timeline(self) -> Timeline:
        rows = tuple(self._row(index, step) for index, step in enumerate(self._told.steps))
        is_open = self._line.ended_at is None
        return Timeline(
            width=WIDTH,
            height=TOP + ROW * len(rows) + FOOT,
            rows=rows,
            ticks=tuple(self._ticks()),
            now_x=self._x(self._end) if is_open else None,
        )

    def _row(self, index: int, step: StepStory) -> Row:
        return Row(TOP + index * ROW, step.step, tone(step.state), tuple(self._bars(step)))

    def _bars(self, step: StepStory) -> Iterator[Bar]:
        if step.state == AHEAD or step.started_at is None:
            return
        if step.effect is not None:
            yield from self._effect_bars(step.effect)
        elif step.wait is not None:
            is_open = step.wait.state == WaitState.OPEN
            until = clock(step.wait.due_at, step.wait.zone, self._told.now)
            label = f"until {until}" if is_open else ""
            yield self._bar(step.started_at, step.wait.ended_at, "timer", f"timer until {until}", label)
        else:
            yield self._bar(step.started_at, step.ended_at, tone(step.state), word(step.state))

    def _effect_bars(self, effect: EffectDetail) -> Iterator[Bar]:
        """The stretches before, between and after the attempts, then the attempts on top of them."""
        begins = [effect.line.created_at, *(attempt.ended_at for attempt in effect.attempts)]
        ends = [*(attempt.started_at for attempt in effect.attempts), None]
        for index, (begin, end) in enumerate(zip(begins, ends, strict=True)):
            if begin is not None and (end is not None or effect.line.ended_at is None):
                yield self._gap(effect, begin, end, is_first=index == 0)
        yield from (self._attempt(attempt) for attempt in effect.attempts)

    def _gap(self, effect: EffectDetail, begin: datetime, end: datetime | None, *, is_first: bool) -> Bar:
        is_doubt = end is None and effect.line.state == EffectState.IN_DOUBT
        is_held = end is None and effect.line.state == EffectState.HELD
        title = (
            "in doubt"
            if is_doubt
            else "held at a gate"
            if is_held
            else "until it was called"
            if is_first
            else "until the next attempt"
        )
        return self._bar(begin, end, "doubt" if is_doubt else "gap", title, title if end is None else "")

    def _attempt(self, attempt: AttemptDetail) -> Bar:
        outcome = attempt.outcome or "claimed"
        status = f", {attempt.status}" if attempt.status else ""
        took = f" after {span(attempt.ended_at - attempt.started_at)}" if attempt.ended_at else ""
        title = (
            f"attempt {attempt.number}: {word(outcome)}{status}{took}, {relative(attempt.started_at, self._told.now)}"
        )
        return self._bar(attempt.started_at, attempt.ended_at, tone(outcome), title)

    def _bar(self, begin: datetime, end: datetime | None, kind: str, title: str, label: str = "") -> Bar:
        left, right = self._x(begin), self._x(end or self._end)
        width = max(right - left, NARROWEST)
        return Bar(round(min(left, WIDTH - RIGHT - width), 1), round(width, 1), kind, title, label)

    def _ticks(self) -> Iterator[Tick]:
        step = next((step for step in STEPS if self._length / step <= MOST_TICKS), None)
        step = step or timedelta(days=-(-self._length.days // MOST_TICKS))
        for count in range(int(self._length / step) + 1):
            yield Tick(self._x(self._start + count * step), exact_span(count * step) if count else "start")

    def _x(self, moment: datetime) -> float:
        share = (moment - self._start) / self._length
        return round(LEFT + min(max(share, 0.0), 1.0) * (WIDTH - LEFT - RIGHT), 1)
