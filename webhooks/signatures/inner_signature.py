"""A signature that travels inside the body it signs, so that the signed bytes cannot be the body as it came.

Which bytes they are instead is the sender's to say: one of FORMS, by configuration. All of them are cut out of the body
as it came; nothing is written anew, because two writers of JSON rarely agree on a number.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from webhooks.errors import SignatureError
from webhooks.signatures.hmac_signature import sign
from webhooks.signatures.keys import Key, prove, same
from webhooks.signatures.scheme import Presented

SIGNATURE, TIMESTAMP, DATA = "signature", "timestamp", "data"
PREFIX = "sha256="

_SPACE = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder()


class Member(NamedTuple):
    """Where in the text of an object a member stands, and its value."""

    begin: int
    value_begin: int
    end: int
    value: object


@dataclass(frozen=True)
class InnerSignature:
    """The member `signature` is `sha256=` and the HMAC-SHA256, in hex, of what `form` cuts out of the body."""

    keys: tuple[Key, ...]
    form: str
    secret_headers: frozenset[str] = frozenset()

    def verify(self, presented: Presented, now: float) -> str:
        """Raises SignatureError unless the signature in the body is that of the rest."""
        text, members = _members(presented.body)
        given = members[SIGNATURE].value if SIGNATURE in members else None
        if given is None:
            raise SignatureError("missing", "the body has no field 'signature'")
        if not isinstance(given, str) or not given.startswith(PREFIX):
            raise SignatureError("malformed", f"the field 'signature' must begin with {PREFIX!r}")
        signed = FORMS[self.form](text, members).encode("utf-8")
        proof = given.removeprefix(PREFIX)
        tried = [(key, same(proof, sign(key.value, signed))) for key in self.keys]
        return prove(tried, now, "the signature does not match the body")


def _rest(text: str, members: Mapping[str, Member]) -> str:
    """The body without the member `signature` and the comma that goes with it."""
    own = members[SIGNATURE]
    before = max((member.end for member in members.values() if member.end < own.begin), default=None)
    if before is not None:
        return text[:before] + text[own.end :]
    after = min((member.begin for member in members.values() if member.begin > own.end), default=own.end)
    return text[: own.begin] + text[after:]


def _data(text: str, members: Mapping[str, Member]) -> str:
    """The value of `data`."""
    if DATA not in members:
        raise SignatureError("malformed", f"the body has no field {DATA!r}")
    return text[members[DATA].value_begin : members[DATA].end]


def _timestamp_and_data(text: str, members: Mapping[str, Member]) -> str:
    """The timestamp, a dot, and the value of `data`."""
    timestamp = members[TIMESTAMP].value if TIMESTAMP in members else None
    if not isinstance(timestamp, str):
        raise SignatureError("malformed", f"the body has no text in the field {TIMESTAMP!r}")
    return f"{timestamp}.{_data(text, members)}"


FORMS: Mapping[str, Callable[[str, Mapping[str, Member]], str]] = {
    "rest": _rest,
    "data": _data,
    "timestamp.data": _timestamp_and_data,
}


def _members(body: bytes) -> tuple[str, dict[str, Member]]:
    """The body as text and the members of the object it is. Raises SignatureError."""
    try:
        text = body.decode("utf-8")
        json.dumps(_DECODER.decode(text), ensure_ascii=False).encode("utf-8")  # has no halves of characters
        return text, _walked(text)
    except (ValueError, RecursionError) as error:
        raise SignatureError("malformed", "the body is not a JSON object with a signature in it") from error


def _walked(text: str) -> dict[str, Member]:
    """The members of an object that is known to be JSON. Raises ValueError for another value and for a name that is
    there twice: which of the two was signed is anybody's guess."""
    at = _skip(text, 0)
    if text[at] != "{":
        raise ValueError("not an object")
    found: dict[str, Member] = {}
    at = _skip(text, at + 1)
    while text[at] != "}":
        begin = at
        name, at = _DECODER.raw_decode(text, at)
        value_begin = _skip(text, _skip(text, at) + 1)
        value, end = _DECODER.raw_decode(text, value_begin)
        if name in found:
            raise ValueError("a name is there twice")
        found[name] = Member(begin, value_begin, end, value)
        at = _skip(text, end)
        if text[at] == ",":
            at = _skip(text, at + 1)
    return found


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return at if found is None else found.end()
