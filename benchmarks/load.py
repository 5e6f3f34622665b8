"""A load of signed webhooks: as many as one process can send over some connections, and how long each took.

Run as `python -m benchmarks.load` by a benchmark, in a process of its own, so that the server's interpreter is not
shared. Prints one JSON object.
"""

import argparse
import hmac
import json
import selectors
import socket
import time
from collections import Counter
from dataclasses import dataclass, field

PATH = "/webhooks/tickettailor"
HEAD_END = b"\r\n\r\n"


def order_body(number: int, size: int) -> bytes:
    """An order as Ticket Tailor sends it, of exactly `size` bytes, unlike every other."""
    order = {
        "object": "order",
        "id": f"or_{number}",
        "status": "completed",
        "buyer_details": {
            "name": "Ana Costa",
            "first_name": "Ana",
            "last_name": "Costa",
            "email": f"fan{number}@example.com",
            "phone": None,
            "address": {"address_1": "1 Main Street", "postal_code": "N1 1AA"},
        },
        "created_at": 1735689600,
        "event_summary": {"event_id": "ev_1001", "name": "The Head & The Heart", "venue": {"name": "Belly Up"}},
        "line_items": [
            {
                "id": f"li_{number}",
                "type": "ticket",
                "description": "General Admission",
                "quantity": 2,
                "value": 1500,
                "booking_fee": 100,
                "total": 3100,
            }
        ],
        "marketing_opt_in": True,
        "currency": {"base_multiplier": 100, "code": "gbp"},
        "total": 3100,
        "refund_amount": 0,
        "meta_data": "",
    }
    envelope = {"id": f"wh_{number}", "created_at": "2025-01-01 10:00:00", "event": "ORDER.CREATED", "payload": order}
    short = size - len(json.dumps(envelope))
    assert short >= 0, "an order does not fit into so few bytes"
    order["meta_data"] = "x" * short
    return json.dumps(envelope).encode()


def request(number: int, size: int, secret: str, path: str = PATH) -> bytes:
    """A whole signed request."""
    body = order_body(number, size)
    timestamp = str(int(time.time()))
    signature = hmac.digest(secret.encode(), timestamp.encode() + body, "sha256").hex()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Tickettailor-Webhook-Signature: t={timestamp},v1={signature}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


@dataclass
class Load:
    """Every connection sends its next request as soon as the last one is answered, or with a `rate` when it is due.

    How long an answer took is counted from when its request was due, not from when a connection was free for it.
    """

    port: int
    requests: list[bytes]
    seconds: float
    rate: float | None = None
    statuses: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)

    def run(self, connections: int) -> float:
        """Send until the time or the requests run out; how long it took, in seconds."""
        if self.rate is not None:
            return self._run_paced(connections, self.rate)
        selector = selectors.DefaultSelector()
        open_ones = [socket.create_connection(("127.0.0.1", self.port)) for _ in range(connections)]
        begun = time.perf_counter()
        end = begun + self.seconds
        sent_at: dict[int, float] = {}
        for connection in open_ones:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(connection, selectors.EVENT_READ)
            sent_at[connection.fileno()] = time.perf_counter()
            connection.sendall(self.requests.pop())
        waiting = connections
        while waiting:
            for key, _events in selector.select():
                connection = key.fileobj
                status = int(read_answer(connection)[9:12])
                now = time.perf_counter()
                self.statuses[status] += 1
                self.latencies.append(now - sent_at[key.fd])
                if now < end and self.requests:
                    sent_at[key.fd] = now
                    connection.sendall(self.requests.pop())
                else:
                    waiting -= 1
                    selector.unregister(connection)
        took = time.perf_counter() - begun
        for connection in open_ones:
            connection.close()
        return took

    def _run_paced(self, connections: int, rate: float) -> float:
        selector = selectors.DefaultSelector()
        idle = [socket.create_connection(("127.0.0.1", self.port)) for _ in range(connections)]
        for connection in idle:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        begun = time.perf_counter()
        total = min(int(self.seconds * rate), len(self.requests))
        due_at: dict[int, float] = {}
        sent = 0
        while sent < total or due_at:
            now = time.perf_counter()
            while idle and sent < total and begun + sent / rate <= now:
                connection = idle.pop()
                due_at[connection.fileno()] = begun + sent / rate
                selector.register(connection, selectors.EVENT_READ)
                connection.sendall(self.requests.pop())
                sent += 1
            wait = begun + sent / rate - now if idle and sent < total else 1.0
            for key, _events in selector.select(max(0.0, wait)):
                connection = key.fileobj
                self.statuses[int(read_answer(connection)[9:12])] += 1
                self.latencies.append(time.perf_counter() - due_at.pop(key.fd))
                selector.unregister(connection)
                idle.append(connection)
        took = time.perf_counter() - begun
        for connection in idle:
            connection.close()
        return took


def read_answer(connection: socket.socket) -> bytes:
    """One whole answer; small ones come in one piece."""
    data = connection.recv(65536)
    while True:
        head, found, rest = data.partition(HEAD_END)
        if found:
            length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
            if len(rest) >= int(length or 0):
                return data
        more = connection.recv(65536)
        if not more:
            raise ConnectionError("the server closed the connection")
        data += more


def percentile(sorted_values: list[float], share: float) -> float:
    return sorted_values[min(int(len(sorted_values) * share), len(sorted_values) - 1)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--secret", required=True)
    parser.add_argument("--first", type=int, default=0, help="number of the first order")
    parser.add_argument("--count", type=int, default=60_000, help="at most so many")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--bytes", type=int, default=1024)
    parser.add_argument("--path", default=PATH)
    parser.add_argument("--rate", type=float, help="so many a second, instead of as many as can be")
    given = parser.parse_args()
    numbers = range(given.first, given.first + given.count)
    requests = [request(number, given.bytes, given.secret, given.path) for number in numbers]
    load = Load(given.port, requests, given.seconds, given.rate)
    took = load.run(given.connections)
    latencies = sorted(load.latencies)
    found = {
        "statuses": dict(load.statuses),
        "per_second": len(latencies) / took,
        "p50_ms": percentile(latencies, 0.5) * 1000,
        "p99_ms": percentile(latencies, 0.99) * 1000,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
