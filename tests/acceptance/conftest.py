"""What acceptance tests share: stacks with databases and brokers of their own, and their logs when a test fails."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import pytest

from tasks.supervisor.guard import Guard
from tests.acceptance import stack as stacks
from tests.acceptance.stack import Stack
from tests.servers.postgresql import PostgreSQL
from tests.servers.valkey import Valkey

MakeStack = Callable[..., Stack]


@pytest.fixture(scope="module")
def make_stack(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, server_guard: Guard
) -> Iterator[MakeStack]:
    """Make stacks, not yet started, on "sqlite" or "postgresql"; they end with the module's tests."""
    with ExitStack() as ends:

        def make(engine: str, workflows: Mapping[str, str], **options: Any) -> Stack:
            folder = tmp_path_factory.mktemp(f"stack-{engine}")
            if engine == "sqlite":
                database_url = f"sqlite:///{folder}/var/ledger.db"
            else:
                server: PostgreSQL = request.getfixturevalue("postgres_server")
                database_url = server.create_database()
                ends.callback(server.drop_database, database_url)
            broker = options.pop("broker", None)
            if broker is None:
                request.getfixturevalue("valkey_server")  # where there can be none, this says so and skips
                broker = Valkey(server_guard)
                ends.callback(broker.remove)
                broker.start()
            return ends.enter_context(
                Stack(folder, database_url=database_url, broker=broker, workflows=workflows, **options)
            )

        yield make


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    """Show the end of every service's log beside a failure."""
    report = yield
    if report.failed:
        for stack in stacks.started:
            report.sections += [(f"the log of {name}", lines) for name, lines in stack.last_lines()]
    return report
