"""What a vendor says went wrong, as one readable line without secrets and personal data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from workflows.redaction import redact_text
from workflows.typed_json import load_foreign

LONGEST = 300
MOST_PARTS = 8
DEEPEST = 6

_READ_AT_MOST = 20_000
_SPEAKING = ("message", "error_message", "error_description", "error", "detail", "description", "title", "reason")
"""Names under which vendors write sentences, what says most first."""
_PROBLEMS = ("errors", "problems", "messages", "details", "validation_errors")
"""Names under which they write sentences by field: `{"errors": {"email": ["is taken"]}}`."""
_SILENT = ("status", "code", "statusCode", "timestamp", "path", "field")
"""Names whose values add nothing to the status, or stand before a sentence already."""


def told_by(body: bytes | None, secrets: Iterable[str] = ()) -> str:
    """The vendor's words in an error body of any shape: object, list, text; "" where it has none."""
    if not body or len(body) > _READ_AT_MOST:
        return ""
    try:
        said = list(islice(_sentences(load_foreign(body)), MOST_PARTS))
    except ValueError:
        text = body.decode("utf-8", "replace")
        said = [] if text.lstrip().startswith("<") else [("", text)]  # a page comes from something in between
    return one_line("; ".join(dict.fromkeys(_redacted(name, text, secrets) for name, text in said)))


def one_line(text: str) -> str:
    """The text without line breaks, cut to a length one can read."""
    plain = re.sub(r"[\x00-\x20\x7f]+", " ", text).strip()
    return plain if len(plain) <= LONGEST else f"{plain[: LONGEST - 1]}…"


def _redacted(name: str, text: str, secrets: Iterable[str]) -> str:
    """A sentence keeps its words even under a personal name; a value that echoes what was sent may not."""
    if name.endswith(":"):
        return redact_text(f"{name} {text}", secrets)
    return f"{name}: {redact_text(text, secrets)}" if name else redact_text(text, secrets)


def _sentences(value: Any, name: str = "", depth: int = 0, *, speaks: bool = False) -> Iterator[tuple[str, str]]:
    """Every text in `value` with the name it stands under, which ends in a colon where the text is no sentence."""
    if isinstance(value, str):
        yield name if speaks or not name else f"{name}:", value
    elif isinstance(value, list) and depth < DEEPEST:
        for item in value:
            yield from _sentences(item, name, depth + 1, speaks=speaks)
    elif isinstance(value, Mapping) and depth < DEEPEST:
        place = next((value[key] for key in ("path", "field") if isinstance(value.get(key), str)), name)
        for key in _SPEAKING:
            yield from _sentences(value.get(key), place, depth + 1, speaks=True)
        for key in _PROBLEMS:
            yield from _sentences(value.get(key), "", depth + 1, speaks=True)
        for key, item in value.items():
            if key not in (*_SPEAKING, *_PROBLEMS, *_SILENT):
                yield from _sentences(item, str(key), depth + 1, speaks=speaks)
