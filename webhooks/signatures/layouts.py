"""Where in a request a signature and its timestamp stand, and what of it is signed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from webhooks.errors import SignatureError
from webhooks.signatures.scheme import Presented

LONGEST_HEADER = 4096
MOST_SIGNATURES = 16
"""A sender that is changing its secret sends two."""


@dataclass(frozen=True)
class Claim:
    """What a request says of itself: its signatures, any of which may be right, and the time it was signed."""

    signatures: Sequence[str]
    timestamp: str = ""


@dataclass(frozen=True)
class Plain:
    """The signature is a header's whole value, after `prefix`; the time, where there is one, a header of its own.

    With `is_prefix_optional` the value may come with or without it.
    """

    header: str
    prefix: str = ""
    is_prefix_optional: bool = False
    timestamp_header: str | None = None

    def read(self, presented: Presented) -> Claim:
        """Raises SignatureError."""
        given = header_of(presented, self.header)
        if given.startswith(self.prefix):
            given = given[len(self.prefix) :]
        elif not self.is_prefix_optional:
            raise SignatureError("malformed", f"the header {self.header} must begin with {self.prefix!r}")
        if self.timestamp_header is None:
            return Claim((given,))
        return Claim((given,), timestamp_of(header_of(presented, self.timestamp_header), self.timestamp_header))


@dataclass(frozen=True)
class Elements:
    """One header has both: `t=<unix seconds>,v1=<signature>[,v1=<signature>]`.

    With `name` None whatever follows `t` is a signature, as for senders that are read by position.
    """

    header: str
    name: str | None = None

    def read(self, presented: Presented) -> Claim:
        """Raises SignatureError."""
        first, *rest = header_of(presented, self.header).split(",", MOST_SIGNATURES)
        label, _, timestamp = first.strip().partition("=")
        pairs = [element.strip().partition("=") for element in rest]
        signatures = [value for name, _, value in pairs if self.name in (None, name)]
        if label != "t" or not signatures:
            wanted = f"t=<unix seconds>,{self.name or 'v1'}=<signature>"
            raise SignatureError("malformed", f"the header {self.header} must be {wanted}")
        return Claim(signatures, timestamp_of(timestamp, self.header))


@dataclass(frozen=True)
class SignedText:
    """What is signed, written as it stands: `{timestamp}.{body}`, `{body}`, `v0:{timestamp}:{body}`."""

    pattern: str

    def fill(self, timestamp: str, body: bytes) -> bytes:
        """The bytes that are signed."""
        before, _, after = self.pattern.partition("{body}")
        return _with(before, timestamp) + body + _with(after, timestamp)


def _with(text: str, timestamp: str) -> bytes:
    return text.replace("{timestamp}", timestamp).encode()


def header_of(presented: Presented, name: str) -> str:
    """A header's value. Raises SignatureError."""
    given = presented.headers.get(name.lower())
    if given is None:
        raise SignatureError("missing", f"the header {name} is missing")
    if len(given) > LONGEST_HEADER:
        raise SignatureError("malformed", f"the header {name} is longer than {LONGEST_HEADER} characters")
    return given


def timestamp_of(text: str, header: str) -> str:
    """The timestamp as it stands there, which is what was signed, once it is known to be a number. Raises
    SignatureError."""
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise SignatureError("malformed", f"the header {header} must have the time in seconds since 1970")
    return text


def expect_near(timestamp: str, now: float, tolerance_seconds: int) -> None:
    """Raises SignatureError unless the time is near ours, both ways.

    To be asked last: whoever cannot sign learns nothing about our clock.
    """
    if abs(now - int(timestamp)) > tolerance_seconds:
        raise SignatureError("stale", f"the timestamp is more than {tolerance_seconds} seconds from our clock")
