"""The examination of an authentic request: what it says, what makes it itself, and where it queues.

The result is an arrival, whether the body fits or not: what does not is kept with its problems.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from webhooks.errors import PayloadError
from webhooks.signatures import Headers
from webhooks.sources import EventDraft, Source
from webhooks.sources.payload import UNREADABLE, read_json
from workflows import typed_json
from workflows.ledger.arrivals import Arrival, Receipt, shard_of
from workflows.problems import Problem
from workflows.values import DeliveryId, new_id

NEVER_KEPT = frozenset({"authorization", "proxy-authorization", "cookie", "proxy", "x-api-key"})
"""Headers that hold somebody's credentials (`proxy` is not a header at all: servers that take it for one give us the
environment's HTTP_PROXY, password included)."""
MOST_PROBLEMS = 100
MOST_HEADERS = 64
LONGEST_HEADER = 1000
LONGEST_ID = 200


def examine(source: Source, body: bytes, headers: Headers) -> Arrival:
    """Read the body as the source's preset says and make the arrival to store."""
    payload: Any = None
    drafts: Sequence[EventDraft] = ()
    problems = None
    try:
        payload = read_json(body)
        drafts = source.preset.read(payload, source.name)
    except PayloadError as error:
        problems = _bounded(error.problems)
    key, window = _key(source, payload, body)
    return Arrival(
        id=DeliveryId(new_id()),
        source=source.name,
        key=key,
        window=window,
        shard=_shard(source, drafts),
        headers=typed_json.dump(_kept(source, headers)),
        body=body,
        drafts=typed_json.dump([_as_kept(draft, source) for draft in drafts]) if problems is None else None,
        problems=typed_json.dump(problems) if problems is not None else None,
    )


def status_of(receipt: Receipt) -> int:
    """The answer to a stored delivery: 202 new, 200 known; 400 not readable, 422 does not fit, known or not."""
    if not receipt.problems:
        return 200 if receipt.is_repeat else 202
    return 400 if any(problem["code"] == UNREADABLE for problem in receipt.problems) else 422


def _bounded(problems: Sequence[Problem]) -> list[dict[str, object]]:
    """The problems as they are kept and answered; of very many only the first, and their number."""
    rest = len(problems) - MOST_PROBLEMS
    more = [Problem("more", f"and {rest} further problems", path="$")] if rest > 0 else []
    return [problem.as_dict() for problem in [*problems[:MOST_PROBLEMS], *more]]


def _key(source: Source, payload: Any, body: bytes) -> tuple[str, timedelta | None]:
    """What makes two deliveries the same, and for how long: the sender's id, else the bytes."""
    identity = source.preset.delivery_id(payload)
    if identity is None:
        return f"sha256:{hashlib.sha256(body).hexdigest()}", source.preset.window
    if len(identity) > LONGEST_ID or not identity.isprintable():  # longer than an index takes, or no text for one
        identity = hashlib.sha256(identity.encode()).hexdigest()
    return f"id:{identity}", None


def _shard(source: Source, drafts: Sequence[EventDraft]) -> int:
    """By subject, so that what concerns one subject stays in order; by source where deliveries mix subjects."""
    mixes = source.preset.carries_many or not drafts
    return shard_of(source.name, "" if mixes else drafts[0].subject)


def _kept(source: Source, headers: Headers) -> dict[str, str]:
    secret = source.scheme.secret_headers if source.scheme else frozenset()
    names = [name for name in headers if name not in NEVER_KEPT and name not in secret]
    return {name: headers[name][:LONGEST_HEADER] for name in names[:MOST_HEADERS]}


def _as_kept(draft: EventDraft, source: Source) -> dict[str, Any]:
    return {
        "type": draft.type,
        "subject": draft.subject,
        "occurred_at": draft.occurred_at,
        "brand": source.brand,
        "data": draft.data,
    }
