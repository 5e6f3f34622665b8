"""One thing that waits, and the words all of them share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from workflows.engine.states import EffectState

LIMIT = 200

LATE = timedelta(seconds=10)
"""What is due moves within a second or two; after this long something is missing, mostly a running worker."""

LIVE = (
    EffectState.INTENDED,
    EffectState.HELD,
    EffectState.RELEASED,
    EffectState.CLAIMED,
    EffectState.ACCEPTED,
    EffectState.IN_DOUBT,
)

Kind = Literal[
    "approval",
    "person",
    "parked",
    "gate",
    "vendor",
    "retry",
    "event",
    "queue",
    "run",
    "gathering",
    "timer",
    "worker",
    "intake",
    "moving",
]
ORDER: tuple[Kind, ...] = get_args(Kind)
"""What needs a person first. `moving` waits for nothing but its turn."""


@dataclass(frozen=True)
class Waiting:
    """One thing that waits.

    what     the operation, the step or the table that waits
    why      one sentence for people, without personal data
    opens    what would let it go on
    until    when it is looked at again or goes on by itself; None: only what `opens` says helps
    held_by_run, held_by_effect  who has what it waits for
    """

    kind: Kind
    what: str
    why: str
    opens: str
    since: datetime
    until: datetime | None = None
    run_id: str | None = None
    workflow: str | None = None
    run_key: str | None = None
    step: str | None = None
    effect_id: str | None = None
    wait_id: str | None = None
    held_by_run: str | None = None
    held_by_effect: str | None = None


def clock(moment: datetime, zone: str, now: datetime) -> str:
    """An instant as people in `zone` say it: "09:00 Europe/London", with the day where it is not today."""
    try:
        rules = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        zone, rules = "UTC", ZoneInfo("UTC")
    local, today = moment.astimezone(rules), now.astimezone(rules)
    time_of_day = f"{local:%H:%M:%S}".removesuffix(":00")
    if local.date() == today.date():
        return f"{time_of_day} {zone}"
    year = "" if local.year == today.year else f" {local.year}"
    return f"{time_of_day} on {local:%a} {local.day} {local:%b}{year}, {zone}"


def where(step: str, iteration: str) -> str:
    """A step and where in loops it stands: `raise`, or `raise (2)` of the second item."""
    numbers = ".".join(str(int(part) + 1) if part.isdigit() else part for part in iteration.split(".") if part)
    return f"{step} ({numbers})" if numbers else step
