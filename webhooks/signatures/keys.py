"""Keys: what a sender and we both know, several at once while one is being replaced."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from webhooks.errors import SignatureError
from workflows.settings import Key as ConfiguredKey


@dataclass(frozen=True, slots=True)
class Key:
    """One key. `id` is how the operator calls it; from `until` on (seconds since 1970) it proves nothing any more."""

    value: bytes = field(repr=False)
    id: str = ""
    until: float | None = None


def keys_of(configured: Iterable[ConfiguredKey]) -> tuple[Key, ...]:
    """The keys of a configuration, in its order: the first is the one `send` signs with."""
    return tuple(
        Key(encoded(key.secret.reveal()), key.id, key.until.timestamp() if key.until else None) for key in configured
    )


def prove(tried: Sequence[tuple[Key, bool]], now: float, otherwise: str) -> str:
    """The id of a live key that matched; `tried` says of every key whether it did, so that the time tells nothing.

    Raises SignatureError: `wrong`, with the words `otherwise`, if none matched; `expired` if only a key that has ended
    did: whoever holds one may know that it has.
    """
    found = [key for key, matches in tried if matches]
    for key in found:
        if key.until is None or now < key.until:
            return key.id
    if found:
        raise SignatureError("expired", "the secret this was proven with has been replaced and is no longer in use")
    raise SignatureError("wrong", otherwise)


def same(given: str, expected: bytes) -> bool:
    """Whether a text of the sender's is these bytes, in a time that says nothing about how near it is."""
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), expected)


def encoded(secret: str) -> bytes:
    """A secret's bytes, also where the environment held some that are not UTF-8."""
    return secret.encode("utf-8", "surrogateescape")
