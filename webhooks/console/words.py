"""Words: how instants, states, ids and values are written on a page."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from workflows.language.formulas import shown
from workflows.redaction import redact, redact_text

BODY_LIMIT = 20_000
"""Characters of a body or answer that are shown."""

TONES = {
    "good": ("done", "taken"),
    "busy": ("running", "calling", "claimed", "released", "intended", "moving", "started"),
    "wait": (
        "held",
        "waiting",
        "queued",
        "open",
        "retry",
        "pending",
        "gate",
        "timer",
        "not_sent",
        "accepted",
        "vendor",
        "event",
        "queue",
        "run",
        "gathering",
        "gathered",
    ),
    "alert": ("in_doubt", "person", "approval", "parked", "worker", "intake"),
    "bad": ("failed", "refused", "rejected", "unreadable"),
}
"""The colour of a state, an outcome or a kind of waiting; whatever is not named is quiet."""

WORDS = {
    "in_doubt": "in doubt",
    "not_sent": "not sent",
    "person": "needs a person",
    "gate": "held",
    "vendor": "at the vendor",
    "retry": "retry",
    "worker": "no worker",
    "intake": "no intake",
    "intended": "due",
    "claimed": "calling",
    "approval": "to be decided",
    "event": "an event",
    "queue": "queued",
    "run": "another run",
    "gathering": "gathered",
    "not_meant": "not meant",
    "not_yet": "nothing",
}

UNITS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))


def tone(state: str) -> str:
    """The colour a state is shown in."""
    return next((name for name, states in TONES.items() if state in states), "quiet")


def word(state: str) -> str:
    """A state in a word or two."""
    return WORDS.get(state, state)


def span(duration: timedelta) -> str:
    """A duration for reading: "40 ms", "12 s", "3 min", "1 h 59 min", "13 d 2 h"."""
    if duration < timedelta(seconds=1):
        return f"{duration / timedelta(milliseconds=1):.0f} ms"
    return " ".join(_parts(duration)[: 2 if duration >= timedelta(hours=1) else 1])


def exact_span(duration: timedelta) -> str:
    """A duration of whole seconds, nothing left out: "1 min 30 s"."""
    return " ".join(_parts(duration)) or "0 s"


def relative(moment: datetime, now: datetime) -> str:
    """An instant as seen from now: "3 min ago", "in 2 h"."""
    apart = now - moment
    if abs(apart) < timedelta(seconds=1):
        return "now"
    return f"{span(apart)} ago" if apart > timedelta(0) else f"in {span(-apart)}"


def exact(moment: datetime) -> str:
    """An instant to the millisecond, in UTC."""
    utc = moment.astimezone(UTC)
    return f"{utc:%Y-%m-%d %H:%M:%S}.{utc.microsecond // 1000:03d} UTC"


def short(id_: str) -> str:
    """The end of an id, the part in which ids made together differ."""
    return f"…{id_[-8:]}"


def clean(text: Any) -> str:
    """Text without secrets and personal data; nothing for None."""
    return "" if text is None else redact_text(str(text))


def value(found: Any) -> str:
    """A value of a picture: a number as it is, text without secrets and personal data."""
    return clean(found) if isinstance(found, str) else clean(shown(found)) if isinstance(found, list) else shown(found)


def pretty(value: Any) -> str:
    """A value, or the JSON in a text, laid out for reading: cut, redacted, and never more than BODY_LIMIT."""
    if isinstance(value, bytes):
        value = value.decode(errors="replace")
    if isinstance(value, str):
        value = _parsed(value)
    text = clean(value) if isinstance(value, str) else _laid_out(value)
    return text if len(text) <= BODY_LIMIT else f"{text[:BODY_LIMIT]}\n… {len(text) - BODY_LIMIT} more characters"


def _parts(duration: timedelta) -> list[str]:
    """The duration by units from the largest down, without those there are none of."""
    left, parts = int(duration.total_seconds()), []
    for unit, size in UNITS:
        count, left = divmod(left, size)
        parts.append((count, unit))
    first = next((index for index, (count, _) in enumerate(parts) if count), len(parts))
    return [f"{count} {unit}" for count, unit in parts[first : first + 2] if count]


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _laid_out(value: Any) -> str:
    return json.dumps(redact(value), indent=2, ensure_ascii=False, default=str)
