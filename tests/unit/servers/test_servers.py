"""The real servers the other tests stand on: start, restart, kill, and nothing left behind."""

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.request import pathname2url

import kombu
import psycopg
import pytest

from tasks.supervisor.guard import Guard
from tests.processes import in_group
from tests.servers.chromium import Chromium
from tests.servers.postgresql import PostgreSQL
from tests.servers.server import Server


def put(url: str, queue: str, text: str) -> None:
    confirmed = {"confirm_publish": True}
    with kombu.Connection(url, transport_options=confirmed) as connection, connection.SimpleQueue(queue) as opened:
        opened.put(text)


def take(url: str, queue: str) -> object:
    with kombu.Connection(url) as connection, connection.SimpleQueue(queue) as opened:
        message = opened.get(timeout=10)
        message.ack()
        return message.payload


@pytest.fixture
def broker(request: pytest.FixtureRequest) -> Server:
    server: Server = request.getfixturevalue(request.param)
    return server


both_brokers = pytest.mark.parametrize("broker", ["rabbitmq_server", "valkey_server"], indirect=True)


@both_brokers
def test_a_broker_keeps_messages_and_address_over_a_restart(broker: Server) -> None:
    url = broker.url
    put(url, "restarted", "before")
    broker.restart()
    assert broker.url == url
    assert take(url, "restarted") == "before"


@both_brokers
def test_a_killed_broker_comes_back_and_serves(broker: Server) -> None:
    broker.kill9()
    assert not broker.is_ready()
    broker.start()
    put(broker.url, "killed", "after")
    assert take(broker.url, "killed") == "after"


def test_postgresql_keeps_what_was_committed_when_it_is_killed(
    postgres_server: PostgreSQL, postgres_database: str
) -> None:
    with psycopg.connect(postgres_database) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
    idle = psycopg.connect(postgres_database)
    postgres_server.kill9()
    assert not postgres_server.is_ready()
    postgres_server.start()
    with psycopg.connect(postgres_database) as connection:
        assert connection.execute("SELECT number FROM kept").fetchone() == (7,)
    idle.close()


def test_postgresql_restarts_on_its_address_with_clients_connected(
    postgres_server: PostgreSQL, postgres_database: str
) -> None:
    with psycopg.connect(postgres_database):
        postgres_server.restart()
    psycopg.connect(postgres_database).close()


def test_each_test_has_an_empty_database(postgres_server: PostgreSQL, postgres_database: str) -> None:
    other = postgres_server.create_database()
    assert other != postgres_database
    with psycopg.connect(other) as connection:
        connection.execute("CREATE TABLE made (id int)")
    copy = postgres_server.create_database(template=other.rpartition("/")[2])
    with psycopg.connect(copy) as connection:
        assert connection.execute("SELECT count(*) FROM made").fetchone() == (0,)
    postgres_server.drop_database(copy)
    postgres_server.drop_database(other)


@pytest.fixture
def own_guard() -> Iterator[Guard]:
    guard = Guard()
    yield guard
    guard.end()


@pytest.mark.parametrize("running", ["postgres_server", "rabbitmq_server", "valkey_server"])
def test_nothing_is_left_of_a_removed_server(request: pytest.FixtureRequest, running: str, own_guard: Guard) -> None:
    kind: Callable[[Guard], Server] = type(request.getfixturevalue(running))
    server = kind(own_guard)
    server.start()
    server.remove()
    assert in_group(own_guard.group) == [own_guard.group]
    assert not server.folder.exists()


def test_chromium_runs_a_page_and_takes_its_picture(chromium: Chromium, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("<p id=told></p><script>document.getElementById('told').textContent = 6 * 7</script>")
    url = "file://" + pathname2url(str(page))
    assert '<p id="told">42</p>' in chromium.page(url)
    picture = tmp_path / "page.png"
    chromium.screenshot(url, picture)
    assert picture.read_bytes().startswith(b"\x89PNG")
