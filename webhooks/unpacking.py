"""Unpacking: what a body is before its Content-Encoding, and never more of it than is allowed.

Signatures are over the bytes as they were sent, and those are what the ledger keeps; only reading needs them unpacked.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from typing import NoReturn

import brotli

from webhooks.errors import PayloadError
from webhooks.sources.payload import UNREADABLE
from workflows.problems import Problem

TOO_LARGE = "too_large"
"""The code of a problem with a body that unpacks to more than is allowed."""
GZIP = 16 + zlib.MAX_WBITS
MOST_MEMBERS = 16
"""Senders write one. Each costs a copy of all that follows it, so that thousands of empty ones would take minutes."""


def unpack(body: bytes, encoding: str, most_bytes: int) -> bytes:
    """`body` without its Content-Encoding: gzip, br, or "" for none.

    Raises PayloadError for any other encoding, for what is not packed as it says, and before more than `most_bytes`
    are unpacked.
    """
    if not encoding:
        return body
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return body
    if name not in UNPACKERS:
        _refuse(UNREADABLE, f"is packed in a way that is not read here; {' and '.join(UNPACKERS)} are")
    try:
        return UNPACKERS[name](body, most_bytes)
    except (zlib.error, brotli.error):
        _refuse(UNREADABLE, f"is not packed as {name}, which its Content-Encoding says")


def _gunzip(body: bytes, most_bytes: int) -> bytes:
    """All members one after another (RFC 1952, 2.2)."""
    unpacked = bytearray()
    members = 0
    while body:
        members += 1
        if members > MOST_MEMBERS:
            _refuse(UNREADABLE, f"is gzip of more than {MOST_MEMBERS} members")
        member = zlib.decompressobj(GZIP)
        unpacked += member.decompress(body, most_bytes + 1 - len(unpacked))
        if len(unpacked) > most_bytes:
            _refuse_large(most_bytes)
        if not member.eof:
            _refuse(UNREADABLE, "is gzip that ends too early")
        body = member.unused_data
    return bytes(unpacked)


def _unbrotli(body: bytes, most_bytes: int) -> bytes:
    stream = brotli.Decompressor()
    unpacked = bytearray(stream.process(body, output_buffer_limit=most_bytes + 1))
    while not stream.is_finished() and len(unpacked) <= most_bytes:
        more = stream.process(b"", output_buffer_limit=most_bytes + 1)
        if not more:
            _refuse(UNREADABLE, "is br that ends too early")
        unpacked += more
    if len(unpacked) > most_bytes:
        _refuse_large(most_bytes)
    return bytes(unpacked)


UNPACKERS: Mapping[str, Callable[[bytes, int], bytes]] = {"gzip": _gunzip, "br": _unbrotli}


def _refuse_large(most_bytes: int) -> NoReturn:
    _refuse(TOO_LARGE, f"unpacks to more than {most_bytes} bytes")


def _refuse(code: str, message: str) -> NoReturn:
    raise PayloadError([Problem(code, message, path="$")]) from None
