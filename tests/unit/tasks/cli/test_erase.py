"""`erase`: previewed, asked for, audited without naming anybody."""

import io
from pathlib import Path

import pytest

from tests.builders.rows import Rows
from tests.unit.tasks.cli.conftest import Run
from workflows.ledger import schema
from workflows.ledger.database import Database

EMAIL = "ana@example.com"


@pytest.fixture
def rows(folder: Path):
    database = Database(f"sqlite:///{folder}/var/ledger.db")
    schema.upgrade(database)
    yield Rows(database)
    database.close()


def test_a_person_is_erased_after_a_look(rows: Rows, stagedoor: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    event = rows.event(data={"buyer": {"email": EMAIL}, "id": "1"})
    seen = stagedoor("erase", EMAIL, "--dry-run", "--json").json
    assert seen["changed"] == {"events": 1, "deliveries": 1}
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert stagedoor("erase", EMAIL).status == 130
    assert stagedoor("audit", "list", "--json").json == []
    done = stagedoor("erase", EMAIL, "--yes", "--reason", f"{EMAIL} asked")
    assert done.status == 0
    assert done.out.splitlines()[1:] == ["events: 1", "deliveries: 1"]
    assert EMAIL not in done.out
    (entry,) = stagedoor("audit", "list", "--json").json
    assert entry["action"] == "person.erase"
    assert entry["details"] == {"changed": {"events": 1, "deliveries": 1}, "runs_under_way": 0, "deliveries_needed": 0}
    assert EMAIL not in str(entry)
    assert stagedoor("audit", "verify").status == 0
    assert "nothing we hold names them" in stagedoor("erase", EMAIL, "--yes").out
    with rows.database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM events").scalar() == 1
    assert event


def test_a_name_may_come_from_standard_input(rows: Rows, stagedoor: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    rows.event(data={"email": EMAIL})
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{EMAIL}\n"))
    assert stagedoor("erase", "-", "--yes", "--json").json["changed"]["events"] == 1


def test_what_is_under_way_is_named_and_the_exit_says_so(rows: Rows, stagedoor: Run) -> None:
    run = rows.run(event_id=rows.event(data={"email": EMAIL}))
    told = stagedoor("erase", EMAIL, "--yes")
    assert told.status == 1
    assert f"  {run}" in told.out


def test_what_means_nobody_is_refused(rows: Rows, stagedoor: Run) -> None:
    refused = stagedoor("erase", "somebody", "--yes")
    assert refused.status == 1
    assert "is neither an e-mail address" in refused.err
