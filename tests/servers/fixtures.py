"""The servers as fixtures: started when the first test asks, shared by the session.

A test that needs a server that is not here and cannot be installed is skipped, and the last lines of the run say so;
with CI=true it fails instead, because there nobody reads the last lines.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from tasks.supervisor.guard import Guard
from tests.servers.chromium import Chromium
from tests.servers.graphviz import install_graphviz
from tests.servers.installation import ServerMissing
from tests.servers.postgresql import PostgreSQL
from tests.servers.rabbitmq import RabbitMQ
from tests.servers.server import Server
from tests.servers.valkey import Valkey

WANTING = "needs a server that is missing: "

T = TypeVar("T")
S = TypeVar("S", bound=Server)


@pytest.fixture(scope="session")
def server_guard() -> Iterator[Guard]:
    """The guard that ends the servers even where the tests are killed."""
    guard = Guard()
    yield guard
    guard.end()


@pytest.fixture(scope="session")
def postgres_server(server_guard: Guard) -> Iterator[PostgreSQL]:
    """The PostgreSQL itself, for tests that stop or kill it; they leave it running."""
    yield from _running("PostgreSQL", lambda: PostgreSQL(server_guard))


@pytest.fixture(scope="session")
def postgres_url(postgres_server: PostgreSQL) -> str:
    """The address of its maintenance database."""
    return postgres_server.url


@pytest.fixture
def postgres_database(postgres_server: PostgreSQL) -> Iterator[str]:
    """The address of an empty database of this test's own."""
    url = postgres_server.create_database()
    yield url
    postgres_server.drop_database(url)


@pytest.fixture(scope="session")
def rabbitmq_server(server_guard: Guard) -> Iterator[RabbitMQ]:
    """The RabbitMQ itself, for tests that stop or kill it; they leave it running."""
    yield from _running("RabbitMQ", lambda: RabbitMQ(server_guard))


@pytest.fixture(scope="session")
def rabbitmq_url(rabbitmq_server: RabbitMQ) -> str:
    """Its address as BROKER_URL takes it."""
    return rabbitmq_server.url


@pytest.fixture(scope="session")
def valkey_server(server_guard: Guard) -> Iterator[Valkey]:
    """The Valkey itself, for tests that stop or kill it; they leave it running."""
    yield from _running("Valkey", lambda: Valkey(server_guard))


@pytest.fixture(scope="session")
def valkey_url(valkey_server: Valkey) -> str:
    """Its address as BROKER_URL takes it."""
    return valkey_server.url


@pytest.fixture(scope="session")
def chromium() -> Chromium:
    """A browser."""
    return _found("Chromium", Chromium)


@pytest.fixture(scope="session")
def graphviz() -> Path:
    """Graphviz' program dot."""
    return _found("Graphviz", install_graphviz)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Iterator[None]:
    """Say in the last lines which suites did not run, and why."""
    yield
    skipped = [report.longrepr for report in terminalreporter.stats.get("skipped", [])]
    wanting = Counter(
        (reason.partition(WANTING)[2], os.path.relpath(path)) for path, _line, reason in skipped if WANTING in reason
    )
    if not wanting:
        return
    terminalreporter.section("DID NOT RUN for want of a server", red=True, bold=True)
    for (server, path), count in sorted(wanting.items()):
        terminalreporter.line(f"{path} ({count}): {server}")


def _running(name: str, make: Callable[[], S]) -> Iterator[S]:
    server = _found(name, make)
    try:
        server.start()
        yield server
    finally:
        server.remove()


def _found(name: str, make: Callable[[], T]) -> T:
    try:
        return make()
    except ServerMissing as missing:
        message = f"{WANTING}{name} ({missing})"
    if os.environ.get("CI") == "true":
        pytest.fail(message, pytrace=False)
    pytest.skip(message)
