"""Faults on demand: which of the next calls are to go wrong, and how."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from threading import Lock
from typing import Any, Final

from sandbox.calls import Answer, Refusal, Vendor
from sandbox.checks import LONGEST_SECONDS, Checker

KINDS: Final = {
    "slow": "processes the call, then waits `seconds` before it answers",
    "status": "answers `status` (with `retry_after` as Retry-After) and, unless `processed`, does nothing else",
    "drop_before": "closes the connection without an answer, having done nothing",
    "drop_after": "processes the call, then closes the connection without an answer",
    "garbage": "processes the call, then answers 200 with bytes that are neither text nor JSON",
    "trickle": "processes the call, then sends its answer byte by byte, `seconds` apart",
}


@dataclass(frozen=True)
class Fault:
    """One way to fail, for the next `times` calls of the operations its pattern matches (`symphony.*`)."""

    operation: str
    fault: str
    seconds: float
    status: int
    retry_after: int | str | None
    processed: bool
    times: int

    @property
    def is_processed(self) -> bool:
        """Whether the vendor does its work before the fault shows."""
        return self.processed if self.fault == "status" else self.fault != "drop_before"

    @property
    def is_drop(self) -> bool:
        return self.fault in ("drop_before", "drop_after")

    @property
    def has_own_status(self) -> bool:
        return self.fault in ("status", "garbage")

    def answer(self, vendor: Vendor) -> Answer:
        """Say what a caller is told instead of the vendor's answer, in the shape of the vendor's errors."""
        status = 200 if self.fault == "garbage" else self.status
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        error = vendor.refuse(Refusal(status, "a fault the sandbox was asked for"))
        return Answer(status, error.body, headers)


def read_fault(body: object) -> Fault:
    """Read what `POST /_faults` was given; raises Refusal with every problem."""
    check = Checker(body)
    check.known("operation", "fault", "seconds", "status", "retry_after", "processed", "times")
    operation = check.text("operation", required=True)
    kind = check.choice("fault", tuple(KINDS), required=True)
    seconds = check.number("seconds", at_least=0, at_most=LONGEST_SECONDS)
    status = check.integer("status", at_least=200, at_most=599)
    times = check.integer("times", at_least=1)
    processed = check.boolean("processed")
    retry_after = check.value.get("retry_after")
    if retry_after is not None and (isinstance(retry_after, bool) or not isinstance(retry_after, int | str)):
        check.problem("retry_after", "must be seconds or an HTTP date")
    check.refuse_problems("the fault cannot be read")
    return Fault(
        operation=operation or "",
        fault=kind or "",
        seconds=float(_default_seconds(kind) if seconds is None else seconds),
        status=status or 500,
        retry_after=retry_after,
        processed=bool(processed),
        times=times or 1,
    )


def _default_seconds(kind: str | None) -> float:
    return 0.05 if kind == "trickle" else 5.0


class Faults:
    """The faults still to happen, oldest first."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._waiting: list[tuple[Fault, int]] = []

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._waiting.append((fault, fault.times))

    def take(self, operation: str) -> Fault | None:
        """Use up one turn of the oldest fault for this operation."""
        with self._lock:
            for place, (fault, left) in enumerate(self._waiting):
                if fnmatchcase(operation, fault.operation):
                    self._waiting[place : place + 1] = [(fault, left - 1)] if left > 1 else []
                    return fault
        return None

    def listing(self) -> list[dict[str, Any]]:
        with self._lock:
            return [{**asdict(fault), "left": left} for fault, left in self._waiting]

    def clear(self) -> int:
        with self._lock:
            cleared = len(self._waiting)
            self._waiting.clear()
            return cleared
