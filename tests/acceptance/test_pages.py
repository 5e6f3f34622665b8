"""`stagedoor call --pages` reads a list to its end at the stand-ins."""

import json
from pathlib import Path

import pytest

from tasks.cli.entry import run
from tasks.up.sandbox import sandbox_environment
from tests.acceptance.desk import CONFIG, Desk
from workflows.ledger import schema
from workflows.ledger.database import Database
from workflows.values import new_id


@pytest.fixture(autouse=True)
def environment(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = {"STAGEDOOR_DATA": str(tmp_path / "own"), "STAGEDOOR_CONFIG": str(CONFIG)}
    for name, value in {**sandbox_environment(tmp_path, desk.url), **own}.items():
        monkeypatch.setenv(name, value)
    database = Database(f"sqlite:///{tmp_path}/own/ledger.db")
    schema.upgrade(database)
    database.close()


def test_every_account_of_every_page_is_read(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(12):
        desk.call(
            "constant_contact.create_account",
            contact_email="jo@example.com",
            country_code="US",
            state_code="MA",
            login_name=f"client-{new_id()}",
        )
    assert run(["call", "constant_contact.list_accounts", "--with", '{"limit": 10}', "--pages"]) == 0
    pages = json.loads(capsys.readouterr().out)
    assert len(pages) >= 2
    accounts = [account["encoded_account_id"] for page in pages for account in page["site_owner_list"]]
    assert len(accounts) == len(set(accounts)) >= 12


def test_what_has_no_pages_says_so(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["call", "evvnt.get_contract", "--pages"]) == 1
    assert "does not read a list that comes in pages" in capsys.readouterr().err
