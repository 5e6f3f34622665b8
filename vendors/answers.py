"""What a vendor's answer, or its silence, means for the effect: the five outcomes, decided from plain values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from marshmallow import ValidationError

from vendors.entry import Entry
from vendors.reasons import told_by
from workflows.catalogue import Operation, Outcome, OutcomeKind, Repeat, made, problems_of
from workflows.typed_json import load_foreign

CREDENTIALS = (401, 403)


@dataclass(frozen=True)
class Answer:
    """A status with whatever came after it. `body` is None where it could not be read, for the reason in `unread`."""

    status: int
    body: bytes | None
    retry_after: str | None = None
    unread: str = ""


@dataclass(frozen=True)
class Silence:
    """No status came; `has_left` says whether any byte of the request may have gone out.

    `is_ours`: it was held back on this side, which says nothing about the vendor.
    """

    has_left: bool
    reason: str
    is_ours: bool = False


class _Unreadable(Exception):
    """A 2xx whose body does not say what its vendor documents."""


def classify(
    operation: Operation, entry: Entry, reply: Answer | Silence, *, now: datetime, secrets: Iterable[str] = ()
) -> Outcome:
    """How the attempt ended."""
    if isinstance(reply, Silence):
        reason = f"{entry.title}: {reply.reason}"
        kind = _unsettled(operation) if reply.has_left else OutcomeKind.NOT_SENT
        return Outcome(kind, reason, is_ours=reply.is_ours)
    wait = retry_after_seconds(reply.retry_after, now)
    if wait is None and reply.status == 429:
        wait = entry.wait_hint(json_of(reply), now)
    if reply.status in operation.not_processed:
        reason = _reason(operation, entry, reply, secrets)
        return Outcome(OutcomeKind.RETRY, reason, reply.status, retry_after_seconds=wait)
    if 200 <= reply.status < 300:
        return _confirmed(operation, entry, reply, secrets)
    reason = _reason(operation, entry, reply, secrets)
    if reply.status in operation.confirmed_by:
        return Outcome(OutcomeKind.DONE, reason, reply.status, {})
    if doubts_credentials(operation, reply.status):
        return Outcome(OutcomeKind.REFUSED, f"Our credentials were refused: {reason}", reply.status)
    if 400 <= reply.status < 500 and reply.status not in (408, 429):
        return Outcome(OutcomeKind.REFUSED, reason, reply.status)
    kind = _unsettled(operation)
    return Outcome(kind, reason, reply.status, retry_after_seconds=wait if kind is OutcomeKind.RETRY else None)


def doubts_credentials(operation: Operation, status: int | None) -> bool:
    """Whether a refusal is one of our credentials, and not of what the operation knows this status to mean."""
    return status in CREDENTIALS and status not in operation.advice


def json_of(reply: Answer | Silence) -> Any:
    """The JSON an answer has; None where it has none that can be read."""
    try:
        return None if isinstance(reply, Silence) else load_foreign(reply.body or b"null")
    except ValueError:
        return None


def _reason(operation: Operation, entry: Entry, answer: Answer, secrets: Iterable[str]) -> str:
    """What the vendor said, in its words, and what one should do about it, in the operation's."""
    told = told_by(answer.body, secrets)
    reason = f"{entry.title} answered {answer.status}" + (f": {told}" if told else "")
    advice = operation.advice.get(answer.status)
    return f"{reason} ({advice})" if advice else reason


def retry_after_seconds(header: str | None, now: datetime) -> float | None:
    """The seconds a Retry-After asks for, as a number or as an HTTP date; None where it says neither."""
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max(0.0, (aware - now).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None


def _unsettled(operation: Operation) -> OutcomeKind:
    """What becomes of a request nobody can tell the fate of."""
    return OutcomeKind.RETRY if operation.repeat is Repeat.SAFE else OutcomeKind.IN_DOUBT


def _confirmed(operation: Operation, entry: Entry, answer: Answer, secrets: Iterable[str]) -> Outcome:
    try:
        body = _read(answer)
        if wrong := entry.hidden_error(body):
            reason = f"{entry.title} answered {answer.status}, but {told_by(wrong.encode(), secrets)}"
            return Outcome(OutcomeKind.REFUSED, reason, answer.status)
        output = _load(operation, body)
    except _Unreadable as error:
        reason = f"{entry.title} answered {answer.status}, but {error}"
        return Outcome(_unsettled(operation), reason, answer.status)
    return Outcome(OutcomeKind.DONE, f"{entry.title} answered {answer.status}", answer.status, output)


def _read(answer: Answer) -> Any:
    """The JSON of a body; an empty one is None."""
    if answer.body is None:
        raise _Unreadable(answer.unread)
    if not answer.body.strip():
        return None
    try:
        return load_foreign(answer.body)
    except ValueError as error:
        raise _Unreadable("its body is not JSON") from error


def _load(operation: Operation, body: Any) -> Any:
    """The body as the operation's output schema reads it; as it is, where no document describes one."""
    if operation.output is None:
        return body if isinstance(body, dict) else {}
    try:
        return made(operation.output).load(body)
    except ValidationError as error:
        found = "; ".join(f"{problem.path} {problem.message}" for problem in problems_of(error, operation.output))
        raise _Unreadable(f"its body is not as expected: {found[:300]}") from error
