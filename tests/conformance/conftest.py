"""Each test of the ledger runs on both engines."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders.ledger import ClockedDatabase
from workflows.ledger import schema
from workflows.ledger.database import Database


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database of the engine at hand."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/ledger.db"
    url: str = request.getfixturevalue("postgres_database")
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A migrated ledger."""
    found = Database(database_url)
    schema.upgrade(found)
    yield found
    found.close()


@pytest.fixture
def clocked(database_url: str) -> Iterator[ClockedDatabase]:
    """The same with a clock that the test sets."""
    found = ClockedDatabase(database_url)
    schema.upgrade(found)
    yield found
    found.close()
