"""`drift list` and `drift accept`."""

from pathlib import Path

from tests.builders.rows import NOW
from tests.unit.tasks.cli.conftest import Run
from workflows.engine.shapes import Difference
from workflows.ledger import drift
from workflows.ledger.database import Database


def test_what_changed_is_listed_with_its_readers_until_it_is_accepted(folder: Path, stagedoor: Run) -> None:
    stagedoor("db", "upgrade")
    stagedoor("apply")
    assert stagedoor("drift", "list").out == "the payloads are as they were\n"
    database = Database(f"sqlite:///{folder}/var/ledger.db")
    with database.write() as connection:
        group = drift.Group("symphony", "symphony.campaign.created", "data")
        drift.note(connection, group, [Difference("type", "id", ("text",), ("number",))], "d", NOW)
    database.close()
    line = stagedoor("drift", "list").out.splitlines()[1]
    assert "is of another type" in line
    assert "raise-budget.yml:9:17 event.data.id" in line
    (row,) = stagedoor("drift", "list", "--json").json
    assert stagedoor("drift", "accept", row["id"], "--reason", "documented now").out == "accepted: 1\n"
    assert stagedoor("drift", "list", "--json").json == []
    assert len(stagedoor("drift", "list", "--all", "--json").json) == 1
    entry = stagedoor("audit", "list", "--json").json[0]
    assert (entry["action"], entry["reason"], entry["about"]) == ("drift.accept", "documented now", row["id"])
    assert stagedoor("drift", "accept", row["id"]).status == 1
