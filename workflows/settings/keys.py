"""The keys that seal what deliveries hold: `STAGEDOOR_KEYS`, `<id>:<32 bytes in base64>`, separated by commas."""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from workflows.problems import Problem

VARIABLE = "STAGEDOOR_KEYS"
KEY_BYTES = 32
_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")


@dataclass(frozen=True)
class SealingKey:
    """One key. The first of several seals, the others only open."""

    id: str
    value: bytes = field(repr=False)


def new_key(key_id: str) -> str:
    """A fresh key, as it is written into the variable."""
    return f"{key_id}:{base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()}"


def is_id(text: str) -> bool:
    """Whether a key may be called so."""
    return _ID.fullmatch(text) is not None


def read_keys(environ: Mapping[str, str], problems: list[Problem]) -> tuple[SealingKey, ...]:
    """The keys of the environment. A problem says which is wrong, and never what it is."""
    written = [part.strip() for part in (environ.get(VARIABLE) or "").split(",") if part.strip()]
    keys: list[SealingKey] = []
    for at, part in enumerate(written, 1):
        key_id, _, text = part.partition(":")
        value = _decoded(text)
        if not is_id(key_id) or value is None or len(value) != KEY_BYTES:
            hint = "`stagedoor keys new` makes one: <id>:<32 bytes in base64>"
            problems.append(Problem("E402", f"key {at} of {len(written)} is not a key", path=VARIABLE, hint=hint))
        elif key_id in {key.id for key in keys}:
            problems.append(Problem("E402", f"two keys are called {key_id!r}", path=VARIABLE))
        else:
            keys.append(SealingKey(key_id, value))
    return tuple(keys)


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return None
