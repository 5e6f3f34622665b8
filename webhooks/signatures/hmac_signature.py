"""An HMAC over the raw body, with or without a timestamp, wherever a vendor puts it."""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass
from typing import Literal, get_args

from webhooks.signatures.keys import Key, prove
from webhooks.signatures.layouts import Elements, Plain, SignedText, expect_near
from webhooks.signatures.scheme import Presented

TOLERANCE_SECONDS = 300
"""How far a timestamp may be from our clock, both ways: Stripe's default, and what Ticket Tailor recommends."""

Digest = Literal["sha1", "sha256", "sha384", "sha512"]
Encoding = Literal["hex", "base64"]
DIGESTS: tuple[Digest, ...] = get_args(Digest)
ENCODINGS: tuple[Encoding, ...] = get_args(Encoding)

_BODY = SignedText("{body}")


@dataclass(frozen=True)
class Hmac:
    """One of the signatures the layout finds is the HMAC of `signed` under one of the keys.

    What was sent is compared as text: a digit in another case, or spare bits of base64, is another signature.
    """

    layout: Plain | Elements
    keys: tuple[Key, ...]
    signed: SignedText = _BODY
    digest: Digest = "sha256"
    encoding: Encoding = "hex"
    tolerance_seconds: int = TOLERANCE_SECONDS
    secret_headers: frozenset[str] = frozenset()

    def verify(self, presented: Presented, now: float) -> str:
        """Raises SignatureError unless a signature matches, made near `now` where the sender says when."""
        claim = self.layout.read(presented)
        signed = self.signed.fill(claim.timestamp, presented.body)
        given = [signature.encode("utf-8", "surrogatepass") for signature in claim.signatures]
        tried = [(key, _any_is(given, sign(key.value, signed, self.digest, self.encoding))) for key in self.keys]
        key_id = prove(tried, now, "the signature does not match the body")
        if claim.timestamp:
            expect_near(claim.timestamp, now, self.tolerance_seconds)
        return key_id


def sign(key: bytes, signed: bytes, digest: Digest = "sha256", encoding: Encoding = "hex") -> bytes:
    """The signature as it is written."""
    proof = hmac.digest(key, signed, digest)
    return proof.hex().encode() if encoding == "hex" else base64.b64encode(proof)


def _any_is(given: list[bytes], expected: bytes) -> bool:
    """All are compared before any is looked at."""
    found = [hmac.compare_digest(one, expected) for one in given]
    return any(found)
