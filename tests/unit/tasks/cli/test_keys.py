"""`keys new` and `keys rotate`."""

from pathlib import Path

import pytest

from tests.builders.rows import Rows
from tests.unit.tasks.cli.conftest import Run
from workflows.ledger import schema
from workflows.ledger.database import Database

BODY = b'{"event": "campaign.created", "contact": "ana"}'


@pytest.fixture
def rows(folder: Path):
    database = Database(f"sqlite:///{folder}/var/ledger.db")
    schema.upgrade(database)
    yield Rows(database)
    database.close()


def test_a_key_is_made_with_the_name_asked_for(stagedoor: Run) -> None:
    made = stagedoor("keys", "new", "summer").out
    assert made.startswith("summer:")
    assert len(made.strip()) == len("summer:") + 44
    assert stagedoor("keys", "new").out[4] == "-"
    assert stagedoor("keys", "new", "no good").status == 2


def test_keys_are_replaced_one_after_another(rows: Rows, stagedoor: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    delivery = rows.delivery(body=BODY)
    assert stagedoor("keys", "rotate").err.startswith("STAGEDOOR_KEYS is not set")
    first, second = (stagedoor("keys", "new", name).out.strip() for name in ("one", "two"))
    monkeypatch.setenv("STAGEDOOR_KEYS", first)
    assert stagedoor("keys", "rotate").out == "1 sealed\n"
    monkeypatch.setenv("STAGEDOOR_KEYS", second)
    assert stagedoor("deliveries", "show", delivery).status == 1
    assert "sealed with the key 'one'" in stagedoor("deliveries", "show", delivery).err
    assert stagedoor("keys", "rotate").status == 1
    monkeypatch.setenv("STAGEDOOR_KEYS", f"{second},{first}")
    assert stagedoor("keys", "rotate", "--json").json == {"wrapped": 1}
    assert stagedoor("keys", "rotate").out == "everything was as it should be\n"
    monkeypatch.setenv("STAGEDOOR_KEYS", second)
    assert "campaign.created" in stagedoor("deliveries", "show", delivery).out
    entries = stagedoor("audit", "list", "--json").json
    assert {entry["action"] for entry in entries} == {"keys.rotate"}


def test_the_doctor_names_a_source_whose_bodies_must_be_sealed(
    folder: Path, stagedoor: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CC_SECRET", "s")
    path = folder / "config" / "stagedoor.yml"
    entry = '  partner: {preset: constant-contact, secrets: ["${CC_SECRET}"], api_key: ["${CC_SECRET}"], brand: main}\n'
    path.write_text(path.read_text().replace("vendors:\n", f"{entry}vendors:\n", 1))

    def verdicts() -> list[str]:
        return [sign["verdict"] for sign in stagedoor("doctor", "--json").json if sign["about"] == "sealing"]

    assert verdicts() == ["fail"]
    monkeypatch.setenv("STAGEDOOR_KEYS", stagedoor("keys", "new").out.strip())
    assert verdicts() == ["ok"]
