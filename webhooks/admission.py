"""Admission: what makes an authentic delivery itself, which events of it are wanted, where it stands in a sequence.

Pure decisions by what the source's configuration says (`workflows.settings.admission`) and its preset declares.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from webhooks.sources import Content, EventDraft, Source
from workflows import typed_json
from workflows.errors import FormulaError
from workflows.language.formulas import Formula
from workflows.ledger.arrivals import Position
from workflows.ledger.tables import micros
from workflows.redaction import redact_text
from workflows.settings.admission import Dedup

LONGEST_ID = 200
LONGEST_REASON = 1000
HIGHEST = (1 << 63) - 1
ABSENT = object()


@dataclass(frozen=True)
class Key:
    """What makes two deliveries of one source the same, and for how long; None: as long as the first is kept."""

    text: str
    window: timedelta | None


def key_of(source: Source, content: Content, body: bytes, drafts: Sequence[EventDraft]) -> Key:
    """The key by the sender's id, by fields, or by the bytes: where one is not there, by the next of these.

    Fields tell events of one type apart, so the types are part of the key.
    """
    rule = _dedup(source, drafts)
    if isinstance(rule.by, tuple):
        values = [find(content.payload, way) for way in rule.by]
        if ABSENT not in values:
            about = [sorted({draft.type for draft in drafts}), list(rule.by), values]
            return Key(f"fields:{_digest(typed_json.dump(about).encode())}", _window(rule, None))
    elif rule.by != "body":
        identity = source.preset.delivery_id(content)
        if identity is not None:
            # Longer than an index takes, or no text for one.
            fits = len(identity) <= LONGEST_ID and identity.isprintable()
            return Key(f"id:{identity if fits else _digest(identity.encode())}", _window(rule, None))
    apart = source.preset.apart(content)
    told = body if apart is None else apart.encode("utf-8", "surrogatepass") + b"\n" + body
    return Key(f"sha256:{_digest(told)}", _window(rule, source.preset.window))


def wanted(source: Source, drafts: Sequence[EventDraft], now: datetime) -> tuple[list[EventDraft], str | None]:
    """Those of the events that the source's filters let pass, and why the others are not among them.

    An event whose filter cannot be worked out passes: it is not for a mistake in a filter to keep news from anybody.
    """
    admission = source.admission
    if admission.where is None and not admission.by_event:
        return list(drafts), None
    passed: list[EventDraft] = []
    reasons: dict[str, None] = {}
    for draft in drafts:
        rule = admission.by_event.get(draft.type)
        where = rule.where if rule is not None and rule.where is not None else admission.where
        try:
            because = _unwanted(where, draft, now)
        except FormulaError as error:
            because = None
            reasons[f"the filter of {draft.type} could not be worked out, so it passed: {error}"] = None
        if because is None:
            passed.append(draft)
        else:
            reasons[f"{draft.type} filtered: {because}"] = None
    return passed, _shown("; ".join(reasons)) or None


def position_of(source: Source, content: Content, drafts: Sequence[EventDraft]) -> Position | None:
    """Where the delivery stands among those about its subject; None where nothing says so, or it has several."""
    way = source.admission.sequence or source.preset.sequence
    if way is None or len({draft.subject for draft in drafts}) != 1:
        return None
    number = _number(find(content.payload, way))
    return None if number is None else Position(drafts[0].subject, number)


def find(payload: Any, way: str) -> Any:
    """What stands in a body at `way`, names with dots between them, numbers in lists counted from 0; else ABSENT."""
    here = payload
    for name in way.split("."):
        if isinstance(here, Mapping) and name in here:
            here = here[name]
        elif isinstance(here, list) and name.isdecimal() and int(name) < len(here):
            here = here[int(name)]
        else:
            return ABSENT
    return here


def _dedup(source: Source, drafts: Sequence[EventDraft]) -> Dedup:
    """The rule for the type of the events, where they are of one, else for the source."""
    admission = source.admission
    if not admission.by_event or len({draft.type for draft in drafts}) != 1:
        return admission.dedup
    rule = admission.by_event.get(drafts[0].type)
    if rule is None or rule.dedup is None:
        return admission.dedup
    return Dedup(rule.dedup.by or admission.dedup.by, rule.dedup.window or admission.dedup.window)


def _window(rule: Dedup, usual: timedelta | None) -> timedelta | None:
    if rule.window is None:
        return usual
    return None if rule.window == "kept" else rule.window


def _unwanted(where: Formula | None, draft: EventDraft, now: datetime) -> str | None:
    """Why the filter does not hold, None where it does. Raises FormulaError."""
    if where is None:
        return None
    event = {
        "type": draft.type,
        "subject": draft.subject,
        "occurred_at": draft.occurred_at or now,
        "data": draft.data,
    }
    verdict = where.verdict({"event": event, "now": now})
    return None if verdict.holds else verdict.because


def _shown(reason: str) -> str:
    """A reason as it is kept: it quotes the event, which may be sealed, and a NUL has no place in PostgreSQL's text."""
    return redact_text(reason).replace("\x00", "\ufffd")[:LONGEST_REASON]


def _number(value: Any) -> int | None:
    """A number or an instant as a number that grows with it; None for what is neither."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value if abs(value) <= HIGHEST else None
    if not isinstance(value, str):
        return None
    if value.isascii() and value.isdecimal() and len(value) <= 18:
        return int(value)
    try:
        moment = datetime.fromisoformat(value)
        return micros(moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment)
    except (ValueError, OverflowError):
        return None


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
