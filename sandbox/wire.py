"""How an answer leaves: whole, not at all, or byte by byte."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from threading import Event

from flask import Response, request

from sandbox.calls import Answer

# No text encoding and no JSON parser takes these: an invalid UTF-8 start, an unclosed brace, a NUL.
GARBAGE = b'\xff\xfe{"data":\x00\x80<html>'


def whole(answer: Answer) -> Response:
    return Response(answer.encoded(), status=answer.status, headers=dict(answer.headers), mimetype="application/json")


def garbage() -> Response:
    return Response(GARBAGE, status=200, mimetype="application/json")


def nothing() -> Response:
    """Close the connection without a byte: the server takes this error for a peer that is gone."""
    return Response(_Silence(), status=200)


def trickle(answer: Answer, *, seconds: float, stopping: Event) -> Response:
    """Send status line, headers and body one byte at a time, `seconds` apart."""
    connection: socket.socket = request.environ["werkzeug.socket"]
    return Response(_trickling(connection, _on_the_wire(answer), seconds, stopping), status=answer.status)


class _Silence(Iterator[bytes]):
    """An answer that fails before its first byte."""

    def __next__(self) -> bytes:
        raise ConnectionAbortedError("the sandbox was asked to drop this connection")


def _trickling(connection: socket.socket, content: bytes, seconds: float, stopping: Event) -> Iterator[bytes]:
    for place in range(len(content)):
        connection.sendall(content[place : place + 1])
        if stopping.wait(seconds):
            break
    yield from _Silence()


def _on_the_wire(answer: Answer) -> bytes:
    body = answer.encoded()
    headers: Iterable[tuple[str, str]] = (
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(body))),
        ("Connection", "close"),
        *answer.headers.items(),
    )
    status = f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}\r\n"
    return (status + "".join(f"{name}: {value}\r\n" for name, value in headers) + "\r\n").encode() + body
