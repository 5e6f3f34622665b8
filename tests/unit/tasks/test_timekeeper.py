"""When the timekeeper of a worker sweeps next, and what it rings for."""

from types import SimpleNamespace

import pytest

from tasks.timekeeper import SHORTEST_SECONDS, SWEEP_SECONDS, sweep
from workflows.runtime.sweep import BATCH, Swept


def context_of(swept: Swept, rings: list[str]) -> SimpleNamespace:
    return SimpleNamespace(sweep=SimpleNamespace(once=lambda: swept), ring_intake=lambda: rings.append("intake"))


@pytest.mark.parametrize(
    ("swept", "seconds"),
    [
        (Swept(), SWEEP_SECONDS),
        (Swept(runs=3), SWEEP_SECONDS),
        (Swept(runs=BATCH), 0),
        (Swept(timers=BATCH, next_due_seconds=0.5), 0),
        (Swept(next_due_seconds=0.2), 0.2),
        (Swept(next_due_seconds=-3.0), SHORTEST_SECONDS),
        (Swept(next_due_seconds=900.0), SWEEP_SECONDS),
    ],
)
def test_it_sweeps_each_second_earlier_for_a_wait_and_at_once_while_much_is_due(swept, seconds):
    assert sweep(context_of(swept, [])) == seconds


@pytest.mark.parametrize(("pending", "rung"), [(True, ["intake"]), (False, [])])
def test_it_rings_for_deliveries_that_nobody_was_told_of(pending, rung):
    rings: list[str] = []
    sweep(context_of(Swept(pending=pending), rings))
    assert rings == rung
