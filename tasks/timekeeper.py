"""The timekeeper of every worker keeps time and sweeps. No beat, and no worker is special."""

from __future__ import annotations

from tasks.context import Context

SWEEP_SECONDS = 1.0
SHORTEST_SECONDS = 0.02
"""Between two sweeps: waits that end within it are woken together."""


def sweep(context: Context) -> float:
    """Sweep once; in how many seconds the next sweep is due.

    That is a second, less where a wait is due before, and none while much is due.
    """
    swept = context.sweep.once()
    if swept.pending:
        context.ring_intake()  # perhaps their ring was lost; one too many only finds nothing to do
    if swept.is_busy:
        return 0
    if swept.next_due_seconds is None:
        return SWEEP_SECONDS
    return min(max(swept.next_due_seconds, SHORTEST_SECONDS), SWEEP_SECONDS)
