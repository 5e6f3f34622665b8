"""The vendor of the follow-up workload: takes two calls for each campaign, answers in a millisecond, remembers all.

Run as `python -m benchmarks.vendor --port …` in a process of its own. It speaks HTTP/1.1 by hand, so that what calls
it is measured and not this server. `GET /_counts` tells how many campaigns have had their first and their second call,
`GET /_calls` every call with the time it arrived, `POST /_forget` begins anew.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time

ANSWER_SECONDS = 0.001
HEAD_END = b"\r\n\r\n"
DONE = b'{"data": {}, "status": 200}'

FIRST, SECOND = "edit", "add"


class Calls:
    """What has been asked of this vendor: (which call, campaign, when on the monotonic clock)."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self.all: list[tuple[str, str, float]] = []
        self.seen: dict[str, set[str]] = {FIRST: set(), SECOND: set()}

    def note(self, path: str, at: float) -> None:
        """`/…/v1/campaign/{id}` is the first call, and with anything behind it the second."""
        campaign, _, rest = path.partition("/v1/campaign/")[2].partition("/")
        which = SECOND if rest else FIRST
        self.all.append((which, campaign, at))
        self.seen[which].add(campaign)

    def looked_at(self, path: str) -> bytes:
        if path == "/_counts":
            return json.dumps({which: len(campaigns) for which, campaigns in self.seen.items()}).encode()
        return json.dumps(self.all).encode()


class Connection(asyncio.Protocol):
    """One connection; requests on it come one after the other."""

    def __init__(self, calls: Calls, loop: asyncio.AbstractEventLoop) -> None:
        self._calls = calls
        self._loop = loop
        self._data = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._data += data
        head, found, rest = self._data.partition(HEAD_END)
        if not found or len(rest) < _length(head):
            return
        self._data = b""
        method, path, _ = head.split(b" ", 2)
        self._serve(method, path.decode())

    def _serve(self, method: bytes, path: str) -> None:
        if path == "/_forget":
            self._calls.forget()
            self._answer(DONE)
        elif method == b"GET":
            self._answer(self._calls.looked_at(path))
        else:
            self._calls.note(path, time.monotonic())
            self._loop.call_later(ANSWER_SECONDS, self._answer, DONE)

    def _answer(self, body: bytes) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
        if not self._transport.is_closing():
            self._transport.write(head + body)


def _length(head: bytes) -> int:
    return int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)


async def serve(port: int) -> None:
    """Serve until the process ends."""
    loop = asyncio.get_running_loop()
    calls = Calls()
    server = await loop.create_server(lambda: Connection(calls, loop), "127.0.0.1", port, backlog=512)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    asyncio.run(serve(parser.parse_args().port))
