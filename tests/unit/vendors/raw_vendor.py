"""A vendor on a real socket that answers whatever bytes a test wants, in whatever way, and keeps what it received."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from queue import Queue
from threading import Event, Thread
from types import TracebackType
from typing import Self

Answering = Callable[[socket.socket], None]
"""Answers one request on an open connection; returning leaves the connection open, raising OSError closes it."""

TRICKLE_SECONDS = 0.02

TOKENS = {
    "/partner/login": (
        b'{"result": "OK", "access_token": "partner-token-123", "create_time": 1700000000, "expire_time": 1700003600}'
    ),
    "/token": b'{"access_token": "cc-token-123", "expires_in": 3600, "token_type": "Bearer"}',
}
"""What is answered to those who log in, by path."""


@dataclass(frozen=True)
class Received:
    """One request as it came over the wire; `connection` counts the connections from 1."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    connection: int


class RawVendor:
    """Listens on a free port of this machine until its `with` ends; with `tls`, behind a handshake.

    It gives a token to whoever logs in, and keeps that request apart; with `gives_tokens=False` a login is a request
    like any other.
    """

    def __init__(self, answering: Answering, *, tls: ssl.SSLContext | None = None, gives_tokens: bool = True) -> None:
        self.answering = answering
        self.logins: Queue[Received] = Queue()
        self._gives_tokens = gives_tokens
        self._tls = tls
        self.received: Queue[Received] = Queue()
        self.over = Event()
        self.hung_up = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self._listener.getsockname()[1]}"
        self._open: list[socket.socket] = []
        self._threads = [Thread(target=self._listen, daemon=True)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.over.set()
        # close() alone would leave accept() waiting for ever.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            _end(connection)
        for thread in self._threads:
            thread.join(10)

    def _listen(self) -> None:
        while not self.over.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            self._threads.append(Thread(target=self._serve, args=(connection, len(self._open)), daemon=True))
            self._threads[-1].start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        try:
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
                self._open[number - 1] = connection
            for request in _requests(connection, number):
                token = TOKENS.get(request.target.partition("?")[0]) if self._gives_tokens else None
                (self.received if token is None else self.logins).put(request)
                (self.answering if token is None else answers(200, token))(connection)
        except OSError:
            pass
        finally:
            _end(connection)
            self.hung_up += 1


def says(raw: bytes) -> Answering:
    """Answer with exactly these bytes."""
    return lambda connection: connection.sendall(raw)


def answers(status: int, body: bytes = b"", **headers: str) -> Answering:
    """Answer properly; `Retry_After="7"` becomes the header Retry-After."""
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return says("\r\n".join([*lines, "", ""]).encode("latin-1") + body)


def hangs_up(connection: socket.socket) -> None:
    """Close the connection without a word."""
    raise ConnectionResetError


def then_hangs_up(raw: bytes) -> Answering:
    """Answer with these bytes and close the connection."""

    def answering(connection: socket.socket) -> None:
        connection.sendall(raw)
        raise ConnectionResetError

    return answering


def stays_silent(connection: socket.socket) -> None:
    """Say nothing and keep the connection open; the next request never comes."""


def trickles(start: bytes, drop: bytes) -> Answering:
    """Answer with `start`, then with `drop` again and again, until nobody listens any more."""

    def answering(connection: socket.socket) -> None:
        connection.sendall(start)
        connection.settimeout(TRICKLE_SECONDS)
        while True:
            connection.sendall(drop)
            try:
                if not connection.recv(1):
                    return
            except TimeoutError:
                continue

    return answering


def _requests(connection: socket.socket, number: int) -> Iterator[Received]:
    stream = connection.makefile("rb")
    with stream:
        while line := stream.readline():
            words = line.decode("latin-1").split()
            if len(words) != 3:
                return  # not HTTP: a TLS handshake, say
            method, target, _ = words
            headers = {}
            while (header := stream.readline().strip()) != b"":
                name, _, value = header.decode("latin-1").partition(":")
                headers[name.lower()] = value.strip()
            yield Received(method, target, headers, stream.read(int(headers.get("content-length", 0))), number)


def _end(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
