"""The front answers as Flask would, reads bodies within their time, and lets nobody wait for those who dribble."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote

import pytest
import sqlalchemy as sa

from tests.unit.webhooks.payloads import BOX_OFFICE_KEY, CONFIGURED, SYMPHONY_TOKEN, campaign_event, encoded
from webhooks import front as module
from webhooks.app import create_app
from webhooks.front import Front
from webhooks.inbox import Inbox
from webhooks.places import Places
from webhooks.services import Services, open_services
from workflows.ledger import schema
from workflows.ledger.tables import deliveries, refusals
from workflows.settings import Settings
from workflows.settings.admission import Admission, DoorSettings, Rate

SYMPHONY = f"/webhooks/symphony/{SYMPHONY_TOKEN}"


@dataclass
class Headers:
    given: Mapping[str, str]

    def items(self) -> list[tuple[str, str]]:
        return [(name.lower(), value) for name, value in self.given.items()]


@dataclass
class Request:
    """A request as granian hands it over: both its scope and its protocol."""

    method: str
    path: str
    body: bytes = b""
    given: Mapping[str, str] = field(default_factory=dict)
    ends: bool = True
    answered: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    server = "127.0.0.1:80"
    client = "127.0.0.1:1234"
    scheme = "http"
    http_version = "1.1"
    query_string = ""

    def __post_init__(self) -> None:
        self.path = unquote(self.path, errors="replace")
        self.headers = Headers({"Host": "localhost", "Content-Length": str(len(self.body)), **self.given})

    async def __call__(self) -> bytes:
        if not self.ends:
            await asyncio.Event().wait()
        return self.body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        raise AssertionError("a body of known length is read as one")
        yield

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        assert not self.answered, "answered twice"
        self.answered.append((status, dict(headers), body))


def answer(front: Front, *asked: Request) -> list[int]:
    """The statuses of requests that come at the same time."""

    async def all_of_them() -> None:
        await asyncio.gather(*(front.__rsgi__(request, request) for request in asked))  # type: ignore[arg-type]

    asyncio.run(all_of_them())
    return [request.answered[0][0] for request in asked]


def news(number: int) -> Request:
    return Request("POST", SYMPHONY, encoded(campaign_event(id=number)))


def dribbled(path: str = SYMPHONY) -> Request:
    return Request("POST", path, b"{}", ends=False)


@contextmanager
def opened(folder: Path) -> Iterator[Services]:
    settings = Settings(
        data_dir=folder,
        config_dir=folder,
        database_url=f"sqlite:///{folder}/ledger.db",
        broker_url="memory://",
        log_format="json",
        sources=CONFIGURED,
        door=DoorSettings(body_seconds=1),
    )
    services = open_services(settings)
    schema.upgrade(services.database)
    yield services
    services.close()


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    with opened(tmp_path) as services:
        yield services


@pytest.fixture
def front(services: Services) -> Front:
    return Front(services)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    with opened(tmp_path_factory.mktemp("front")) as services:
        yield services


def counted(services: Services) -> dict[tuple[str, str], int]:
    services.refusals.write()
    with services.database.read() as connection:
        return {(row.source, row.reason): row.count for row in connection.execute(sa.select(refusals))}


@pytest.mark.parametrize("method", ["POST", "GET", "HEAD", "OPTIONS", "PUT"])
@pytest.mark.parametrize(
    "path",
    [
        SYMPHONY,
        "/webhooks/symphony/guess",
        "/webhooks/symphony",
        "/webhooks/symphony/",
        "/webhooks/symphony/a/b",
        "/webhooks/box-office",
        "/webhooks/nobody",
        "/webhooks/",
        "/webhooks//",
        "/webhooks//symphony",
        "/webhooks/%D0%BA%D0%BB/%D1%8E%D1%87",
        "/webhooks/symphony/%ff",
        "/webhooks/symphony/a%2Fb",
        "/webhooks/symphony/%00",
        "/webhooks",
        "/live",
        "/login",
        "/openapi.json",
    ],
)
def test_the_front_answers_as_flask_does(shared: Services, method: str, path: str) -> None:
    front, flask = Front(shared), create_app(shared).test_client()
    body = encoded(campaign_event())
    headers = {"X-Api-Key": BOX_OFFICE_KEY}
    first = Request(method, path, body, headers)
    answer(front, first)
    status, found, content = first.answered[0]
    second = flask.open(path, method=method, data=body, headers=headers)
    # What the first has stored, the second repeats.
    assert second.status_code == (200 if status == 202 else status)
    assert content == second.data
    assert found == dict(second.headers)


def test_a_sender_who_takes_too_long_is_cut_off_and_counted(front: Front, services: Services) -> None:
    slow = dribbled()
    assert answer(front, slow, news(1)) == [408, 202]
    assert b'"slow"' in slow.answered[0][2]
    assert counted(services) == {("symphony", "slow"): 1}


def test_one_who_dribbles_a_form_is_cut_off_as_well(front: Front, services: Services) -> None:
    assert answer(front, dribbled("/login"), dribbled("/nowhere")) == [408, 408]
    assert counted(services) == {("(unknown)", "slow"): 2}


def test_those_who_dribble_take_up_no_place_and_no_thread(services: Services) -> None:
    front = Front(replace(services, places=Places(1, {})))
    slow = [dribbled() for _ in range(2 * module.THREADS)]
    honest = news(1)

    async def both() -> None:
        waiting = [asyncio.create_task(front.__rsgi__(each, each)) for each in slow]  # type: ignore[arg-type]
        await asyncio.sleep(0)
        await front.__rsgi__(honest, honest)  # type: ignore[arg-type]
        assert not any(each.answered for each in slow), "it was answered before them"
        await asyncio.gather(*waiting)

    asyncio.run(both())
    assert honest.answered[0][0] == 202
    assert {each.answered[0][0] for each in slow} == {408}


def test_many_at_the_same_time_are_all_stored(front: Front, services: Services) -> None:
    assert set(answer(front, *map(news, range(100)))) == {202}
    with services.database.read() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(deliveries)) == 100


def test_what_takes_long_to_examine_or_waits_for_its_rate_has_a_thread(services: Services) -> None:
    judged: list[str] = []
    symphony = services.sources["symphony"]

    class Preset:
        def __getattr__(self, name: str) -> Any:
            judged.append(threading.current_thread().name.partition("_")[0])
            return getattr(symphony.preset, name)

    def thread_of(request: Request, **admission: Any) -> str:
        judged.clear()
        source = replace(symphony, preset=cast(Any, Preset()), admission=Admission(**admission))
        assert answer(Front(replace(services, sources={"symphony": source})), request) == [202]
        return judged[-1]

    assert thread_of(news(1)) == "MainThread"
    assert thread_of(Request("POST", SYMPHONY, encoded(campaign_event(id=2, filler="x" * 100_000)))) == "front"
    assert thread_of(news(3), rate=Rate(10, 1, 10)) == "front"


def test_a_ledger_that_does_not_answer_in_time_is_a_503(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    class Silent(Inbox):
        def _run(self) -> None:
            pass

    monkeypatch.setattr(module, "WAIT_SECONDS", 0.05)
    inbox = Silent(cast(Any, None), lambda: None)
    assert answer(Front(replace(services, inbox=inbox)), news(1)) == [503]
    assert not inbox._queue, "nobody waits for it any more"
    assert counted(services) == {("symphony", "not_stored"): 1}


def test_a_bug_of_ours_is_a_500_without_a_trace(services: Services) -> None:
    class Broken:
        def hand_over(self, *_: object) -> object:
            raise ZeroDivisionError("a secret of the code")

    request = news(1)
    assert answer(Front(replace(services, inbox=cast(Inbox, Broken()))), request) == [500]
    assert b"secret" not in request.answered[0][2]


def test_a_commit_that_comes_too_late_is_told_to_nobody(front: Front) -> None:
    async def given_up() -> None:
        future = asyncio.get_running_loop().create_future()
        future.cancel()
        front._results.tell(future, cast(Any, None))
        await asyncio.sleep(0)

    asyncio.run(given_up())
