"""A vendor that sends: many deliveries at a time, each repeated until it is acknowledged."""

import json
import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any

import requests

REPEAT_SECONDS = 0.2
"""How long a vendor waits before it repeats; real ones are more patient."""
ANSWER_SECONDS = 5.0
"""Symphony gives up on an answer after 5 s ("Webhooks", delivery)."""
KEY_HEADER = "X-Api-Key"


@dataclass(frozen=True)
class Delivery:
    """One webhook. `name` is what it is about: an order's or a campaign's id."""

    name: str
    path: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


def order(name: str, key: str, *, show: str = "ev_1") -> Delivery:
    """An order of the box office, by a buyer with an address of their own (Cymbal Partners API, Create orders)."""
    body = {
        "orders": [
            {
                "id": name,
                "event_id": show,
                "customer": {"email": address(name), "first_name": "Ana", "last_name": "Example"},
                "marketing_opt_ins": {"email": True, "sms": False},
                "items": [{"ticket_type_name": "Standing", "quantity": 2, "total_price": 43.0}],
            }
        ]
    }
    return Delivery(name, "/webhooks/box-office", _json(body), ((KEY_HEADER, key),))


def address(name: str) -> str:
    """The e-mail address of the buyer of that order."""
    return f"{name}@example.com"


def news(campaign: str, event: str, token: str) -> Delivery:
    """A campaign event of Symphony's."""
    body = {"event": f"campaign.{event}", "id": int(campaign), "provider": "facebook", "type": "link_clicks"}
    return Delivery(campaign, f"/webhooks/symphony/{token}", _json(body))


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


@dataclass
class Sender:
    """Sends deliveries to `url` from many threads.

    acknowledged  the ids it was told, by delivery name; several answers to repeats of one give the same id
    answers       how often it was answered what; 0 stands for no answer
    """

    url: str
    threads: int = 16
    acknowledged: dict[str, set[str]] = field(default_factory=dict)
    answers: Counter[int] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._stopping = threading.Event()
        self._local = threading.local()
        self._pool = ThreadPoolExecutor(self.threads, thread_name_prefix="sender")
        self._sent: list[Future[None]] = []

    def send(self, deliveries: Iterable[Delivery]) -> None:
        """Begin to send these; each is repeated until it is acknowledged."""
        self._sent += [self._pool.submit(self._insist, delivery) for delivery in deliveries]

    def await_acknowledged(self, count: int, within_seconds: float = 30.0) -> None:
        """Return once `count` deliveries are acknowledged."""
        with self._changed:
            arrived = self._changed.wait_for(lambda: len(self.acknowledged) >= count, within_seconds)
            assert arrived, f"{len(self.acknowledged)} of {count} acknowledged within {within_seconds:g} s"

    def finish(self, within_seconds: float = 60.0) -> None:
        """Return once everything is acknowledged."""
        late = wait(self._sent, within_seconds).not_done
        self.stop()
        assert not late, f"{len(late)} deliveries not acknowledged within {within_seconds:g} s: {self.answers}"
        for sent in self._sent:
            sent.result()

    def stop(self) -> None:
        """Give up what is not acknowledged."""
        self._stopping.set()
        self._pool.shutdown(cancel_futures=True)

    def _insist(self, delivery: Delivery) -> None:
        while not self._stopping.is_set():
            status, told = post(self._session(), self.url, delivery)
            with self._changed:
                self.answers[status] += 1
                if 200 <= status < 300:
                    self.acknowledged.setdefault(delivery.name, set()).add(told)
                    self._changed.notify_all()
                    return
            self._stopping.wait(REPEAT_SECONDS)

    def _session(self) -> requests.Session:
        if not hasattr(self._local, "session"):
            self._local.session = requests.Session()
            self._local.session.trust_env = False
        return self._local.session


def post(session: requests.Session, url: str, delivery: Delivery) -> tuple[int, str]:
    """Send once: the status and the delivery id of the answer, or 0 and "" where none came."""
    headers = {"Content-Type": "application/json", **dict(delivery.headers)}
    try:
        answer = session.post(url + delivery.path, data=delivery.body, headers=headers, timeout=ANSWER_SECONDS)
    except requests.RequestException:
        return 0, ""
    return answer.status_code, answer.json()["delivery"] if answer.ok else ""


def deliver(url: str, deliveries: Sequence[Delivery]) -> list[str]:
    """Send these in order, each once; their delivery ids. Fails unless each is acknowledged."""
    with requests.Session() as session:
        session.trust_env = False
        told = [post(session, url, delivery) for delivery in deliveries]
    assert all(200 <= status < 300 for status, _ in told), told
    return [delivery_id for _, delivery_id in told]
