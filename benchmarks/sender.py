"""The sender of the follow-up workload: completed campaigns, 1 KB each, and when each was acknowledged.

Run as `python -m benchmarks.sender …` in a process of its own. Without `--rate` every connection sends its next webhook
as soon as the last one is answered; with it they leave at that pace. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import selectors
import socket
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from benchmarks.load import read_answer

REPEAT_EVERY = 10
"""Every tenth webhook is a repeat, byte for byte, of one sent shortly before."""
REPEAT_BEHIND = 5


def campaign_body(number: int, size: int) -> bytes:
    """News of a completed campaign as Symphony sends it, of exactly `size` bytes (Symphony, Webhooks, "Payload")."""
    body = {
        "event": "campaign.completed",
        "id": number,
        "provider": "facebook",
        "type": "link_clicks",
        "status": "ACTIVE",
        "note": "",
    }
    body["note"] = "x" * (size - len(json.dumps(body)))
    return json.dumps(body).encode()


def numbers(first: int, count: int, *, with_repeats: bool) -> list[int]:
    """The campaigns of `count` webhooks, in the order they are sent."""
    if not with_repeats:
        return list(range(first, first + count))
    sent: list[int] = []
    for place in range(count):
        is_repeat = place % REPEAT_EVERY == REPEAT_EVERY - 1
        sent.append(sent[place - REPEAT_BEHIND] if is_repeat else first + place)
    return sent


@dataclass
class Sender:
    """Sends webhooks to one address; `acknowledged` has when each campaign was first, on the monotonic clock."""

    port: int
    path: str
    size: int
    statuses: Counter[int] = field(default_factory=Counter)
    acknowledged: dict[int, float] = field(default_factory=dict)

    def send(self, campaigns: list[int], connections: int, rate: float | None) -> tuple[float, float]:
        """Send them all; when the first left and when the last was answered."""
        requests = [(number, self._request(number)) for number in campaigns]
        selector = selectors.DefaultSelector()
        idle = [self._connected() for _ in range(connections)]
        for connection in idle:
            selector.register(connection, selectors.EVENT_READ)
        busy: dict[socket.socket, int] = {}
        begun = time.monotonic()
        due = _times(begun, rate)
        waiting = iter(requests)
        upcoming = next(waiting, None)
        due_at = next(due)
        while upcoming is not None or busy:
            while upcoming is not None and idle and due_at <= time.monotonic():
                number, request = upcoming
                connection = idle.pop(0)
                busy[connection] = number
                connection.sendall(request)
                upcoming, due_at = next(waiting, None), next(due)
            pause = None if upcoming is None or not idle else max(0.0, due_at - time.monotonic())
            for key, _events in selector.select(pause):
                self._take_answer(key.fileobj, busy)
                idle.append(key.fileobj)
        ended = time.monotonic()
        for connection in idle:
            connection.close()
        return begun, ended

    def _take_answer(self, connection: socket.socket, busy: dict[socket.socket, int]) -> None:
        status = int(read_answer(connection)[9:12])
        now = time.monotonic()
        number = busy.pop(connection)
        self.statuses[status] += 1
        if 200 <= status < 300:
            self.acknowledged.setdefault(number, now)

    def _connected(self) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def _request(self, number: int) -> bytes:
        body = campaign_body(number, self.size)
        head = (
            f"POST {self.path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


def _times(begun: float, rate: float | None) -> Iterator[float]:
    """When each webhook is due to leave."""
    place = 0
    while True:
        yield begun + (place / rate if rate else 0)
        place += 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--path", required=True)
    parser.add_argument("--first", type=int, required=True, help="the number of the first campaign")
    parser.add_argument("--count", type=int, required=True, help="webhooks, repeats included")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--rate", type=float, help="webhooks a second; then without repeats")
    parser.add_argument("--bytes", type=int, default=1024)
    given = parser.parse_args()
    sender = Sender(given.port, given.path, given.bytes)
    campaigns = numbers(given.first, given.count, with_repeats=given.rate is None)
    begun, ended = sender.send(campaigns, given.connections, given.rate)
    found = {
        "begun": begun,
        "ended": ended,
        "statuses": dict(sender.statuses),
        "acknowledged": sender.acknowledged,
        "campaigns": sorted(set(campaigns)),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
