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
_SILENT = ("status", "code", "statusCode", "timestamp", "path")
"""Names whose values add nothing to the status that is told anyway."""


def told_by(body: bytes | None, secrets: Iterable[str] = ()) -> str:
    """The vendor's words in an error body of any shape: object, list, text; "" where it has none."""
    if not body or len(body) > _READ_AT_MOST:
        return ""
    try:
        said = "; ".join(islice(dict.fromkeys(_sentences(load_foreign(body))), MOST_PARTS))
    except ValueError:
        said = body.decode("utf-8", "replace")
        if said.lstrip().startswith("<"):
            return ""  # a page for browsers, from something in between
    plain = re.sub(r"[\x00-\x20\x7f]+", " ", redact_text(said, secrets)).strip()
    return plain if len(plain) <= LONGEST else f"{plain[: LONGEST - 1]}…"


def _sentences(value: Any, name: str = "", depth: int = 0) -> Iterator[str]:
    """Every text in `value`, what speaks for itself first, the rest after the name it stands under."""
    if isinstance(value, str):
        yield f"{name}: {value}" if name else value
    elif isinstance(value, list) and depth < DEEPEST:
        for item in value:
            yield from _sentences(item, name, depth + 1)
    elif isinstance(value, Mapping) and depth < DEEPEST:
        place = str(value.get("path") or value.get("field") or name)
        for key in _SPEAKING:
            yield from _sentences(value.get(key), place, depth + 1)
        for key, item in value.items():
            if key not in (*_SPEAKING, *_SILENT, "field"):
                yield from _sentences(item, str(key), depth + 1)
