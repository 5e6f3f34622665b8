"""`audit list` and `audit verify`."""

import sqlite3
from pathlib import Path

from tests.unit.tasks.cli.conftest import Run


def test_applying_a_configuration_stands_in_the_audit(stagedoor: Run) -> None:
    stagedoor("db", "upgrade")
    assert stagedoor("audit", "list").out == "no entries\n"
    stagedoor("apply")
    stagedoor("apply")  # changes nothing, so there is nothing to tell
    (entry,) = stagedoor("audit", "list", "--json").json
    assert (entry["number"], entry["action"], entry["about"]) == (1, "configuration.apply", "configuration 1")
    assert entry["details"]["workflows"]["added"] == ["raise-budget"]
    assert "configuration.apply" in stagedoor("audit", "list", "--about", "configuration 1").out
    verdict = stagedoor("audit", "verify")
    assert verdict.status == 0
    assert verdict.out == f"the audit is whole: the last entry is number 1, with hash {entry['hash']}\n"


def test_a_changed_entry_is_found(folder: Path, stagedoor: Run) -> None:
    stagedoor("db", "upgrade")
    stagedoor("apply")
    with sqlite3.connect(folder / "var" / "ledger.db") as connection:
        connection.execute("DROP TRIGGER audit_UPDATE")
        connection.execute("UPDATE audit SET by = 'somebody else'")
    connection.close()
    verdict = stagedoor("audit", "verify")
    assert verdict.status == 1
    assert "entry 1 is not what was written" in verdict.out
    assert stagedoor("audit", "verify", "--json").json["breaks"]
