"""Many deliveries at full speed, some twice, some forged, some malformed, while the web process is killed three times.

Nothing is unaccounted for: what was accepted, what was known and what was refused are together what was sent, and the
ledger holds each accepted body once, byte for byte.
"""

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests
import sqlalchemy as sa

from tests.acceptance.test_door import Door, running, signed
from tests.unit.webhooks.payloads import encoded, ticket_event
from tests.waiting import wait_until
from workflows.ledger.tables import deliveries

THREADS = 24
KILLS = 3
ANSWER_SECONDS = 5.0
REPEAT_SECONDS = 0.2
EVERY_TENTH, EVERY_FIFTIETH = 10, 50


def kind_of(number: int) -> str:
    """What the delivery of this number is: one in ten repeats the one before it, which may still be under way."""
    if number % EVERY_TENTH == 1:
        return "repeat"
    return {3: "forged", 7: "malformed"}.get(number % EVERY_FIFTIETH, "good")


def body_of(number: int) -> bytes:
    kind = kind_of(number)
    if kind == "repeat":
        return body_of(number - 1)
    body = encoded(ticket_event(id=f"wh_{number}"))
    return body[:-7] if kind == "malformed" else body


@dataclass
class Volume:
    """`count` deliveries on their way, each sent until it is answered by something other than "come again"."""

    door: Door
    count: int
    answers: dict[int, int] = field(default_factory=dict)
    told: dict[int, str] = field(default_factory=dict)
    unanswered: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._local = threading.local()
        self._done = threading.Event()

    def send_all(self) -> None:
        """Send, and kill the web process three times meanwhile."""
        with ThreadPoolExecutor(THREADS) as pool:
            sent = pool.map(self._insist, range(self.count), chunksize=1)
            for kill in range(1, KILLS + 1):
                wait_until(
                    lambda kill=kill: len(self.answers) >= self.count * kill // (KILLS + 1),  # type: ignore[misc]
                    within_seconds=600,
                )
                self.door.web.kill9()
                self.door.web.restart()
            list(sent)

    def _insist(self, number: int) -> None:
        while True:
            status = self._send(number)
            if status not in (0, 503):
                self.answers[number] = status
                return
            self.unanswered[str(status)] += 1
            self._done.wait(REPEAT_SECONDS)

    def _send(self, number: int) -> int:
        body = body_of(number)
        headers = signed(body, "guess") if kind_of(number) == "forged" else signed(body)
        try:
            answer = self._session().post(
                f"{self.door.url}/webhooks/tickettailor", data=body, headers=headers, timeout=ANSWER_SECONDS
            )
        except requests.RequestException:
            return 0
        if answer.ok:
            self.told[number] = answer.json()["delivery"]
        return answer.status_code

    def _session(self) -> requests.Session:
        if not hasattr(self._local, "session"):
            self._local.session = requests.Session()
            self._local.session.trust_env = False
        return self._local.session


@pytest.fixture(params=["sqlite", "postgresql"])
def door(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Door]:
    url = request.getfixturevalue("postgres_database") if request.param == "postgresql" else ""
    with running(Door(tmp_path, database_url=url)) as door:
        yield door


@pytest.mark.parametrize(
    "count",
    [1_500, pytest.param(50_000, marks=[pytest.mark.acceptance_long, pytest.mark.timeout(1800)])],
)
def test_everything_that_was_sent_is_accounted_for(door: Door, count: int) -> None:
    volume = Volume(door, count)
    volume.send_all()

    kinds = {number: kind_of(number) for number in range(count)}
    by_status = Counter(volume.answers.values())
    accepted, known, refused = by_status[202], by_status[200], by_status[400] + by_status[401]
    assert accepted + known + refused == count, by_status
    assert volume.unanswered["0"], "the kills came in the middle"
    assert by_status[401] == sum(kind == "forged" for kind in kinds.values())

    with door.database.read() as connection:
        stored = {
            row.id: row for row in connection.execute(sa.select(deliveries.c.id, deliveries.c.state, deliveries.c.body))
        }
    good = {number: body_of(number) for number, kind in kinds.items() if kind in ("good", "repeat")}
    for number, body in good.items():
        assert stored[volume.told[number]].body == body
    bodies = Counter(row.body for row in stored.values() if row.state == "pending")
    assert bodies == Counter(set(good.values())), "each once, and nothing else"
    malformed = Counter(body_of(number) for number, kind in kinds.items() if kind == "malformed")
    assert Counter(row.body for row in stored.values() if row.state == "rejected") == malformed
    firsts = Counter(volume.told[number] for number in good if volume.answers[number] == 202)
    assert max(firsts.values()) == 1, "nothing is accepted twice"
