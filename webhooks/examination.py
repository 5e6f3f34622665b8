"""The examination of an authentic request: what it says, what makes it itself, and where it queues.

The result is an arrival, whether the body fits or not: what does not is kept with its problems. Only a greeting, a
request that tells of nothing, is answered and forgotten.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from webhooks.errors import PayloadError
from webhooks.signatures import Headers, Presented
from webhooks.sources import Content, EventDraft, Greeting, Source
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
QUARANTINED = "quarantined"
"""The code of the one problem of a delivery that is well and cannot be believed yet."""
KEY_ID = "stagedoor-key"
"""Among the headers kept, the id of the key that proved the request, where its keys have ids."""


def examine(source: Source, presented: Presented, key_id: str = "") -> Arrival | Greeting:
    """Read the body as the source's preset says and make the arrival to store, or the answer to a greeting."""
    content = Content(None, presented.headers, source.name, source.options)
    drafts: Sequence[EventDraft] = ()
    problems = None
    try:
        content = replace(content, payload=read_json(presented.body))
        greeting = source.preset.greet(content)
        if greeting is not None:
            return greeting
        drafts = source.preset.read(content)
    except PayloadError as error:
        problems = _bounded(error.problems)
    is_quarantined = problems is None and bool(source.quarantine)
    if is_quarantined:
        problems = [Problem(QUARANTINED, source.quarantine).as_dict()]
    key, window = _key(source, content, presented.body)
    return Arrival(
        id=DeliveryId(new_id()),
        source=source.name,
        key=key,
        window=window,
        shard=_shard(source, drafts),
        headers=typed_json.dump(_kept(source, presented.headers, key_id)),
        body=presented.body,
        drafts=typed_json.dump([_as_kept(draft, source) for draft in drafts]) if problems is None else None,
        problems=typed_json.dump(problems) if problems is not None else None,
        is_quarantined=is_quarantined,
    )


def status_of(receipt: Receipt) -> int:
    """The answer to a stored delivery: 202 new, 200 known; 400 not readable, 422 does not fit, known or not.

    What is quarantined is no fault of the sender's.
    """
    if not receipt.problems or is_quarantined(receipt):
        return 200 if receipt.is_repeat else 202
    return 400 if any(problem["code"] == UNREADABLE for problem in receipt.problems) else 422


def is_quarantined(receipt: Receipt) -> bool:
    """Whether the delivery is kept until it can be believed."""
    return any(problem["code"] == QUARANTINED for problem in receipt.problems)


def _bounded(problems: Sequence[Problem]) -> list[dict[str, object]]:
    """The problems as they are kept and answered; of very many only the first, and their number."""
    rest = len(problems) - MOST_PROBLEMS
    more = [Problem("more", f"and {rest} further problems", path="$")] if rest > 0 else []
    return [problem.as_dict() for problem in [*problems[:MOST_PROBLEMS], *more]]


def _key(source: Source, content: Content, body: bytes) -> tuple[str, timedelta | None]:
    """What makes two deliveries the same, and for how long: the sender's id, else the bytes."""
    identity = source.preset.delivery_id(content)
    if identity is None:
        return f"sha256:{hashlib.sha256(body).hexdigest()}", source.preset.window
    if len(identity) > LONGEST_ID or not identity.isprintable():  # longer than an index takes, or no text for one
        identity = hashlib.sha256(identity.encode()).hexdigest()
    return f"id:{identity}", None


def _shard(source: Source, drafts: Sequence[EventDraft]) -> int:
    """By subject, so that what concerns one subject stays in order; by source where deliveries mix subjects."""
    mixes = source.preset.carries_many or not drafts
    return shard_of(source.name, "" if mixes else drafts[0].subject)


def _kept(source: Source, headers: Headers, key_id: str) -> dict[str, str]:
    secret = source.scheme.secret_headers if source.scheme else frozenset()
    names = [name for name in headers if name not in NEVER_KEPT and name not in secret and name != KEY_ID]
    kept = {name: headers[name][:LONGEST_HEADER] for name in names[:MOST_HEADERS]}
    return {**kept, KEY_ID: key_id} if key_id else kept


def _as_kept(draft: EventDraft, source: Source) -> dict[str, Any]:
    return {
        "type": draft.type,
        "subject": draft.subject,
        "occurred_at": draft.occurred_at,
        "brand": source.brand,
        "data": draft.data,
    }
