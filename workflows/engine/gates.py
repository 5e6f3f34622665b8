"""Gates: what must hold before an effect leaves. Pure; the claim asks again in its transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple


class Precondition(NamedTuple):
    """A vendor's requirement with its subject filled in; the form kept with an effect."""

    event: str
    subject: str
    never_after: str | None
    why: str


class Milestone(NamedTuple):
    """An event type that has been seen for a subject."""

    subject: str
    type: str


class Gate(StrEnum):
    """Every kind of gate. Calls that are claimed together pass the same ones as one by itself (`test_groups`)."""

    VENDOR = "vendor"
    OPERATION = "operation"
    SUBJECT = "subject"
    RATE = "rate"
    ONCE = "once"
    RUN = "run"
    EXPECTS = "expects"


@dataclass(frozen=True)
class Closed:
    """A gate that holds an effect.

    `gate` is its kind; `key` what is awaited (a subject: news about it opens the gate); `reason` is for people.
    `for_good` says it can never open; `opens_at` when it does by itself, where that is known.
    """

    gate: Gate
    key: str
    reason: str
    for_good: bool = False
    opens_at: datetime | None = None


def closed_precondition(required: Sequence[Precondition], seen: Collection[Milestone]) -> Closed | None:
    """The first vendor precondition that does not hold, None when all do."""
    for need in required:
        if Milestone(need.subject, need.event) in seen:
            continue
        if need.never_after and Milestone(need.subject, need.never_after) in seen:
            reason = f"{need.never_after} came for {need.subject}, so {need.event} can never come. {need.why}"
            return Closed(Gate.VENDOR, need.subject, reason.strip(), for_good=True)
        reason = f"waits for {need.event} about {need.subject}. {need.why}"
        return Closed(Gate.VENDOR, need.subject, reason.strip())
    return None


def unknown_operation(name: str) -> Closed:
    """The gate of a call whose operation this release does not have; another one, before or after it, may."""
    return Closed(Gate.OPERATION, name, f"there is no operation {name!r} in this release of Stagedoor")


def occupied(subject: str, by_effect: str) -> Closed:
    """The gate of a subject that another effect is changing, or may have changed."""
    reason = f"{subject} is being changed by effect {by_effect}; waits until that is settled"
    return Closed(Gate.SUBJECT, subject, reason)


def limited(vendor: str, opens_at: datetime) -> Closed:
    """The gate of a vendor's limit that is used up for now."""
    reason = f"the limit of calls to {vendor} is used up until {opens_at:%Y-%m-%d %H:%M:%S} UTC"
    return Closed(Gate.RATE, f"rate:{vendor}", reason, opens_at=opens_at)


def taken_once(key: str, by_effect: str, *, is_done: bool) -> Closed:
    """The gate of `once`: another effect has the key, and has done it or may yet."""
    if is_done:
        reason = f"effect {by_effect} has done it already, and it is to be done once"
        return Closed(Gate.ONCE, key, reason, for_good=True)
    return Closed(Gate.ONCE, key, f"effect {by_effect} is at it, and it is to be done once; waits for how that ends")


def cancelled_run() -> Closed:
    """The gate of a run that is to be cancelled."""
    return Closed(Gate.RUN, "", "the run is being cancelled", for_good=True)
