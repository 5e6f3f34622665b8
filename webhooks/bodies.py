"""The body of a request: read once, whole, never more of it than is allowed, and for no longer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from typing import Any, Protocol

from granian.rsgi import ProtocolClosed, ProtocolError  # type: ignore[attr-defined]

from webhooks.errors import BodyError


class Sender(Protocol):
    """Of an RSGI protocol, what a body comes by: whole, or in pieces."""

    def __call__(self) -> Awaitable[bytes]: ...

    def __aiter__(self) -> AsyncIterator[bytes]: ...


def read_body(environ: dict[str, Any], most_bytes: int) -> bytes:
    """The raw bytes of a WSGI request's body.

    Raises BodyError when it is longer than `most_bytes`, whatever Content-Length says, or shorter than it says: half a
    body whose sender vanished is no delivery.
    """
    declared = _declared(environ, most_bytes)
    if declared is not None:
        body: bytes = environ["wsgi.input"].read(declared)
        if len(body) != declared:
            raise _incomplete()
        return body
    if not environ.get("wsgi.input_terminated"):
        return b""
    # Chunked: its length is known only at its end, so one byte more than allowed is asked for.
    body = environ["wsgi.input"].read(most_bytes + 1)
    if len(body) > most_bytes:
        raise _too_large(most_bytes)
    return body


async def await_body(environ: dict[str, Any], sender: Sender, most_bytes: int, seconds: float) -> bytes:
    """The same of an RSGI request, which `environ` describes, and within `seconds`: BodyError when they are over."""
    declared = _declared(environ, most_bytes)
    if declared is None and "HTTP_TRANSFER_ENCODING" not in environ:
        return b""
    try:
        async with asyncio.timeout(seconds):
            # The server sees to it that a body is as long as was declared.
            return await (_pieces(sender, most_bytes) if declared is None else sender())
    except TimeoutError:
        raise BodyError(408, "slow", f"the body took longer than {seconds:g} s") from None
    except (ProtocolClosed, ProtocolError):
        raise _incomplete() from None


async def _pieces(sender: Sender, most_bytes: int) -> bytes:
    body = bytearray()
    ends = 0
    async for piece in sender:
        body += piece
        if len(body) > most_bytes:
            raise _too_large(most_bytes)
        ends += not piece
    # granian 2.8 gives an empty piece at the end, and another before it for an error (or trailers, which nobody sends).
    if ends > 1:
        raise _incomplete()
    return bytes(body)


def _declared(environ: dict[str, Any], most_bytes: int) -> int | None:
    """What Content-Length says. Raises BodyError where that is more than is taken."""
    declared = environ.get("CONTENT_LENGTH") or ""
    if not declared.isdecimal():
        return None
    if int(declared) > most_bytes:
        raise _too_large(most_bytes)
    return int(declared)


def _too_large(most_bytes: int) -> BodyError:
    return BodyError(413, "too_large", f"the body is larger than {most_bytes} bytes")


def _incomplete() -> BodyError:
    return BodyError(400, "incomplete", "the body ended before its end")
