"""A letter: one webhook, signed and ready to post."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from tasks.cli.letters.asked_for import headers_asked_for, path_asked_for
from tasks.cli.letters.sender import Body, Headers, Posting
from tasks.cli.letters.senders import SENDERS
from workflows.settings import SourceSettings


@dataclass(frozen=True)
class Letter:
    """One webhook, ready to post; `path` follows the base URL and may hold a secret."""

    path: str
    headers: Headers
    body: bytes


def letter(source: SourceSettings, event: str, body: Body, now: datetime) -> Letter:
    """Sign a body as the source's vendor would, and as its `verify` asks for.

    Raises ConfigurationError when a secret for it is not set.
    """
    sender = SENDERS[source.preset]
    # Decimals are not needed: what --set and --data give is read as JSON's own numbers.
    raw = written(sender.seal(source, body))
    posting = Posting(source, event, raw, now)
    headers = {"Content-Type": "application/json", **sender.prove(posting), **headers_asked_for(posting)}
    return Letter(f"/webhooks/{source.name}{sender.path(source) or path_asked_for(source)}", headers, raw)


def written(body: Body) -> bytes:
    """The bytes of a body."""
    return json.dumps(body, ensure_ascii=False).encode()
