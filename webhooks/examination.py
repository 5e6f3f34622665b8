"""The examination of an authentic request: what it says, what makes it itself, and where it queues.

The result is an arrival, whether the body fits or not: what does not is kept with its problems. Only a greeting, a
request that tells of nothing, is answered and forgotten.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from webhooks.admission import key_of, position_of, wanted
from webhooks.errors import PayloadError
from webhooks.headers import KEY_ID
from webhooks.signatures import Headers, Presented
from webhooks.sources import Content, EventDraft, Greeting, Source
from webhooks.sources.payload import UNREADABLE, read_json
from webhooks.unpacking import TOO_LARGE, unpack
from workflows import typed_json
from workflows.ledger.arrivals import Arrival, Receipt, shard_of
from workflows.problems import Problem
from workflows.values import DeliveryId, new_id, utc_now

NEVER_KEPT = frozenset({"authorization", "proxy-authorization", "cookie", "proxy", "x-api-key"})
"""Headers that hold somebody's credentials (`proxy` is not a header at all: servers that take it for one give us the
environment's HTTP_PROXY, password included)."""
MOST_PROBLEMS = 100
MOST_HEADERS = 64
LONGEST_HEADER = 1000
LONGEST_SUBJECT = 500
"""No index of PostgreSQL takes 2,700 bytes, of which a character may be four, and there are other columns in it."""
QUARANTINED = "quarantined"
"""The code of the one problem of a delivery that is well and cannot be believed yet."""
STATUSES = {UNREADABLE: 400, TOO_LARGE: 413}
"""The answer by the code of a problem; any other is 422."""


def examine(source: Source, presented: Presented, key_id: str = "") -> Arrival | Greeting:
    """Read the body as the source's preset says and make the arrival to store, or the answer to a greeting."""
    admission, body = source.admission, presented.body
    content = Content(None, presented.headers, source.name, source.options)
    drafts: Sequence[EventDraft] = ()
    problems = None
    try:
        body = unpack(body, presented.headers.get("content-encoding", ""), admission.unpacked_bytes)
        payload = read_json(body, admission.depth, admission.items)
        content = Content(payload, presented.headers, source.name, source.options)
        greeting = source.preset.greet(content)
        if greeting is not None:
            return greeting
        drafts = _storable(source.preset.read(content))
    except PayloadError as error:
        problems = _bounded(error.problems)
    is_quarantined = problems is None and bool(source.quarantine)
    if is_quarantined:
        problems = [Problem(QUARANTINED, source.quarantine, path="$").as_dict()]
    key = key_of(source, content, body, drafts)
    passed, reason = wanted(source, drafts, utc_now())
    return Arrival(
        id=DeliveryId(new_id()),
        source=source.name,
        key=key.text,
        window=key.window,
        shard=_shard(source, drafts),
        headers=typed_json.dump(_kept(source, presented.headers, key_id)),
        body=presented.body,
        drafts=_written(source, passed) if problems is None and (passed or not drafts) else None,
        problems=typed_json.dump(problems) if problems is not None else None,
        is_quarantined=is_quarantined,
        reason=reason,
        position=position_of(source, content, drafts) if problems is None else None,
    )


def status_of(receipt: Receipt) -> int:
    """The answer to a stored delivery: 202 new, 200 known; if it was rejected the same, known or not.

    400 not readable, 413 unpacks to too much, 422 does not fit. What is quarantined is no fault of the sender's.
    """
    if not receipt.problems or is_quarantined(receipt):
        return 200 if receipt.is_repeat else 202
    return next((STATUSES[code] for problem in receipt.problems if (code := problem["code"]) in STATUSES), 422)


def is_quarantined(receipt: Receipt) -> bool:
    """Whether the delivery is kept until it can be believed."""
    return any(problem["code"] == QUARANTINED for problem in receipt.problems)


def _storable(drafts: Sequence[EventDraft]) -> Sequence[EventDraft]:
    """The events, if they can be found by what they are called and about, whatever their preset asks of an id.

    PostgreSQL has no place for a NUL, and an index none for a text of any length. Raises PayloadError.
    """
    for draft in drafts:
        for what, text in (("type", draft.type), ("subject", draft.subject)):
            if len(text) > LONGEST_SUBJECT or not text.isprintable():
                message = f"the {what} of its event must be at most {LONGEST_SUBJECT} printable characters"
                raise PayloadError([Problem("invalid", message, path="$")])
    return drafts


def _bounded(problems: Sequence[Problem]) -> list[dict[str, object]]:
    """The problems as they are kept and answered; of very many only the first, and their number."""
    rest = len(problems) - MOST_PROBLEMS
    more = [Problem("more", f"and {rest} further problems", path="$")] if rest > 0 else []
    return [problem.as_dict() for problem in [*problems[:MOST_PROBLEMS], *more]]


def _shard(source: Source, drafts: Sequence[EventDraft]) -> int:
    """By subject, so that what concerns one subject stays in order; by source where deliveries mix subjects."""
    mixes = source.preset.carries_many or not drafts
    return shard_of(source.name, "" if mixes else drafts[0].subject)


def _kept(source: Source, headers: Headers, key_id: str) -> dict[str, str]:
    secret = source.scheme.secret_headers if source.scheme else frozenset()
    names = [name for name in headers if name not in NEVER_KEPT and name not in secret]
    kept = {name: headers[name][:LONGEST_HEADER] for name in names[:MOST_HEADERS]}
    return {**kept, KEY_ID: key_id} if key_id else kept


def _written(source: Source, drafts: Sequence[EventDraft]) -> str:
    return typed_json.dump([_as_kept(draft, source) for draft in drafts])


def _as_kept(draft: EventDraft, source: Source) -> dict[str, Any]:
    kept = {
        "type": draft.type,
        "subject": draft.subject,
        "occurred_at": draft.occurred_at,
        "brand": source.brand,
        "data": draft.data,
    }
    if draft.fetch is not None:
        kept["fetch"] = {"operation": draft.fetch.operation, "inputs": draft.fetch.inputs}
    return kept
