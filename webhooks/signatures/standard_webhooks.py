"""Standard Webhooks: `webhook-id`, `webhook-timestamp` and `webhook-signature` (Standard Webhooks, "Specification").

Symmetric signatures (v1) are HMAC-SHA256 with the bytes behind `whsec_`; asymmetric ones (v1a) are Ed25519, and what we
hold is only the public key, `whpk_…`. Signed is `id.timestamp.body`.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from webhooks.errors import SignatureError
from webhooks.signatures.hmac_signature import TOLERANCE_SECONDS, sign
from webhooks.signatures.keys import Key, prove, same
from webhooks.signatures.layouts import MOST_SIGNATURES, expect_near, header_of, timestamp_of
from webhooks.signatures.scheme import Presented

SYMMETRIC, ASYMMETRIC = b"whsec_", b"whpk_"

Signatures = Sequence[tuple[str, str]]
"""Version and proof."""


@dataclass(frozen=True)
class StandardWebhooks:
    """`secrets` are the bytes of shared secrets, `public_keys` those of Ed25519 public keys; see `of_keys`."""

    secrets: tuple[Key, ...] = ()
    public_keys: tuple[Key, ...] = ()
    tolerance_seconds: int = TOLERANCE_SECONDS
    secret_headers: frozenset[str] = frozenset()

    @classmethod
    def of_keys(cls, keys: Iterable[Key], tolerance_seconds: int = TOLERANCE_SECONDS) -> StandardWebhooks:
        """Of keys as they are written, `whsec_<base64>` and `whpk_<base64>`."""
        kinds = [
            tuple(
                replace(key, value=_padded(key.value.removeprefix(prefix)))
                for key in keys
                if key.value.startswith(prefix)
            )
            for prefix in (SYMMETRIC, ASYMMETRIC)
        ]
        return cls(kinds[0], kinds[1], tolerance_seconds)

    def verify(self, presented: Presented, now: float) -> str:
        """Raises SignatureError unless a signature of a kind we hold a key for matches, made near `now`."""
        identity = header_of(presented, "webhook-id")
        timestamp = timestamp_of(header_of(presented, "webhook-timestamp"), "webhook-timestamp")
        signatures = _signatures(header_of(presented, "webhook-signature"))
        signed = f"{identity}.{timestamp}.".encode("utf-8", "surrogatepass") + presented.body
        tried = [(key, _any_is_hmac(key.value, signatures, signed)) for key in self.secrets]
        tried += [(key, _any_is_ed25519(key.value, signatures, signed)) for key in self.public_keys]
        key_id = prove(tried, now, "the signature does not match")
        expect_near(timestamp, now, self.tolerance_seconds)
        return key_id


def _padded(text: bytes) -> bytes:
    """The bytes of base64 that may lack its padding, as the secrets some senders give out do."""
    return base64.b64decode(text + b"=" * (-len(text) % 4))


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _signatures(given: str) -> Signatures:
    """`v1,<base64> v1a,<base64>` taken apart. Of versions nobody knows nothing is asked."""
    parts = [part.partition(",") for part in given.split(" ", MOST_SIGNATURES)]
    found = [(version, proof) for version, comma, proof in parts if comma]
    if not found:
        raise SignatureError("malformed", "the header webhook-signature must be v1,<base64> or v1a,<base64>")
    return found


def _any_is_hmac(key: bytes, signatures: Signatures, signed: bytes) -> bool:
    expected = sign(key, signed, "sha256", "base64")
    found = [same(proof, expected) for version, proof in signatures if version == "v1"]
    return any(found)


def _any_is_ed25519(key: bytes, signatures: Signatures, signed: bytes) -> bool:
    return any(_is_ed25519(key, proof, signed) for version, proof in signatures if version == "v1a")


def _is_ed25519(key: bytes, given: str, signed: bytes) -> bool:
    proof = _decoded(given)
    # Spare bits of base64 would be another text for the same signature.
    if proof is None or base64.b64encode(proof).decode() != given:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(proof, signed)
    except (InvalidSignature, ValueError):
        return False
    return True
