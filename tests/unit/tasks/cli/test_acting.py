"""What people do by commands: who may, under whose name it is kept, what is said, and what a program reads."""

import sqlite3
from pathlib import Path

import pytest

from tests.builders.rows import NOW
from tests.unit.tasks.cli.conftest import CONFIGURATION, Run
from workflows.engine.shapes import Difference
from workflows.ledger import drift
from workflows.ledger.database import Database

PEOPLE = """\
people:
  ann: {token: "${ANN_TOKEN}", roles: [approvers]}
  bob: {token: "${BOB_TOKEN}", roles: [approvers]}
  cat: {roles: [painters]}
"""
ASKS = """\
workflow: asks
description: Asks before it does anything.
owner: tests
when:
  manual:
    inputs: {campaign: text}
steps:
  - id: sign_off
    approve:
      title: "Go on with {{ event.data.campaign }}?"
      from: approvers
      exclude: [requester]
      expires: 24h
"""

RAISES = """\
workflow: raises
description: Raises a campaign.
owner: tests
when:
  manual:
    inputs: {campaign: text}
steps:
  - id: raise
    call: symphony.edit_campaign
    with: {id: =event.data.campaign, budget: 60 USD}
"""


@pytest.fixture
def asking(folder: Path, stagedoor: Run, monkeypatch: pytest.MonkeyPatch) -> str:
    """A run that ann started and that waits for an answer; the question's id."""
    (folder / "config" / "stagedoor.yml").write_text(CONFIGURATION + PEOPLE)
    (folder / "config" / "workflows" / "raise-budget.yml").unlink()
    (folder / "config" / "workflows" / "asks.yml").write_text(ASKS)
    monkeypatch.setenv("ANN_TOKEN", "token-of-ann")
    monkeypatch.setenv("BOB_TOKEN", "token-of-bob")
    monkeypatch.setenv("STAGEDOOR_TOKEN", "token-of-ann")
    stagedoor("db", "upgrade")
    assert stagedoor("apply").status == 0
    started = stagedoor("start", "asks", "--with", '{"campaign": "5017"}', "--as", "ann", "--json")
    assert (started.status, started.json["state"]) == (0, "running")
    (wait,) = stagedoor("waits", "list", "--json").json
    return str(wait["id"])


def test_whoever_started_it_is_left_out_and_another_approves(
    asking: str, stagedoor: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = stagedoor("approve", asking, "--reason", "go", "--as", "ann")
    assert refused.status == 1
    assert "ann started this run, and whoever did may not approve it" in refused.err
    monkeypatch.setenv("STAGEDOOR_TOKEN", "token-of-bob")
    assert stagedoor("approve", asking, "--reason", "go", "--as", "bob").out == "approved: the run goes on\n"
    (run,) = stagedoor("runs", "list", "--json").json
    assert run["state"] == "done"
    by = {entry["action"]: entry["by"] for entry in stagedoor("audit", "list", "--json").json}
    assert (by["run.start"], by["approval.approve"]) == ("ann", "bob")


def test_what_waits_now_is_told_with_what_releases_it(asking: str, stagedoor: Run) -> None:
    (row,) = stagedoor("waits", "now", "--json").json
    assert (row["kind"], row["why"]) == ("approval", "Go on with 5017? 1 of approvers must agree")
    assert f"approvers (stagedoor approve {asking})" in stagedoor("waits", "now").out


def test_a_name_needs_its_token(asking: str, stagedoor: Run) -> None:
    refused = stagedoor("deny", asking, "--reason", "no", "--as", "bob")
    assert (refused.status, refused.err) == (1, "this is not the token of bob\n")
    assert "cat has no token yet" in stagedoor("deny", asking, "--reason", "no", "--as", "cat").err
    assert (
        "among the people of stagedoor.yml: ann, bob, cat"
        in stagedoor("deny", asking, "--reason", "no", "--as", "dan").err
    )


def test_without_a_name_one_has_no_role(asking: str, stagedoor: Run) -> None:
    assert "does not have the role approvers" in stagedoor("deny", asking, "--reason", "no").err


def test_a_denial_ends_it(asking: str, stagedoor: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGEDOOR_TOKEN", "token-of-bob")
    said = stagedoor("deny", asking, "--reason", "too dear", "--as", "bob", "--json").json
    assert (said["output"]["approved"], said["output"]["by"]) == (False, ["bob"])
    (run,) = stagedoor("runs", "list", "--json").json
    assert (run["state"], run["reason"]) == ("stopped", "bob denied it: too dear")


def test_a_link_is_made_for_who_may_answer_and_needs_a_key(
    asking: str, stagedoor: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (
        "STAGEDOOR_SIGNING_KEY: not_configured is not set" in stagedoor("approve", asking, "--link", "--for", "bob").err
    )
    monkeypatch.setenv("STAGEDOOR_SIGNING_KEY", "short")
    assert "must have 32 characters or more" in stagedoor("approve", asking, "--link", "--for", "bob").err
    monkeypatch.setenv("STAGEDOOR_SIGNING_KEY", "k" * 40)
    monkeypatch.setenv("STAGEDOOR_URL", "https://stagedoor.example.com/")
    assert stagedoor("approve", asking, "--link", "--for", "bob").out.startswith(
        "https://stagedoor.example.com/decide/"
    )
    assert "whoever did may not" in stagedoor("approve", asking, "--link", "--for", "ann").err
    assert stagedoor("approve", asking, "--link").status == 2


@pytest.mark.parametrize(
    ("action", "command"),
    [
        ("approval.invite", ("approve", "WAIT", "--link", "--for", "bob")),
        ("delivery.replay", ("replay", "--rejected", "--yes")),
        ("drift.accept", ("drift", "accept", "DRIFT")),
        ("keys.rotate", ("keys", "rotate")),
        ("person.erase", ("erase", "ana@example.com", "--yes")),
    ],
)
def test_what_is_kept_in_the_audit_is_kept_under_the_name_of_who_did_it(
    action: str,
    command: tuple[str, ...],
    asking: str,
    folder: Path,
    stagedoor: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STAGEDOOR_SIGNING_KEY", "k" * 40)
    monkeypatch.setenv("STAGEDOOR_KEYS", stagedoor("keys", "new").out.strip())
    ids = {"WAIT": asking, "DRIFT": drifted(folder, stagedoor)}
    command = tuple(ids.get(word, word) for word in command)

    def kept() -> list[str]:
        return [entry["by"] for entry in stagedoor("audit", "list", "--json").json if entry["action"] == action]

    refused = stagedoor(*command, "--as", "bob")
    assert (refused.status, refused.err) == (1, "this is not the token of bob\n")
    assert kept() == []
    assert stagedoor(*command, "--as", "ann").status == 0
    assert kept() == ["ann"]


def drifted(folder: Path, stagedoor: Run) -> str:
    """A drift that was noticed; its id."""
    database = Database(f"sqlite:///{folder}/var/ledger.db")
    with database.write() as connection:
        group = drift.Group("symphony", "symphony.campaign.created", "data")
        drift.note(connection, group, [Difference("type", "id", ("text",), ("number",))], "d", NOW)
    database.close()
    (row,) = stagedoor("drift", "list", "--json").json
    return str(row["id"])


def test_runs_are_cancelled_one_by_one_and_what_was_not_is_said(asking: str, stagedoor: Run) -> None:
    (run,) = stagedoor("runs", "list", "--json").json
    first = stagedoor("cancel", run["id"], "nothing", "--reason", "wrong show")
    assert first.status == 1
    assert first.out == f"run {run['id']}: cancelled\n"
    assert first.err == "run nothing: there is no run nothing\n"
    assert "only a run that has failed or is parked can be retried" in stagedoor("retry", run["id"]).err


def test_inputs_that_do_not_fit_are_told(asking: str, stagedoor: Run) -> None:
    refused = stagedoor("start", "asks", "--with", '{"campagn": "1"}')
    assert refused.status == 1
    assert "did you mean 'campaign'?" in refused.err
    assert "is not JSON" in stagedoor("start", "asks", "--with", "{").err


def test_who_settled_a_doubt_is_told_by_name(asking: str, folder: Path, stagedoor: Run) -> None:
    (folder / "config" / "workflows" / "raises.yml").write_text(RAISES)
    assert stagedoor("apply").status == 0
    assert stagedoor("start", "raises", "--with", '{"campaign": "5017"}', "--as", "ann").status == 0
    (effect,) = stagedoor("effects", "list", "--json").json
    with sqlite3.connect(folder / "var" / "ledger.db") as connection:  # as if its worker had been killed
        connection.execute("UPDATE effects SET state = 'in_doubt', gate = NULL")
    connection.close()
    settle = ("settle", effect["id"], "--as", "refused", "--reason", "it is not in the manager")
    assert "this is not the token of bob" in stagedoor(*settle, "--by", "bob").err
    assert stagedoor(*settle, "--by", "ann", "--json").json == {"id": effect["id"], "state": "refused"}
    (entry,) = stagedoor("audit", "list", "--about", effect["id"], "--json").json
    assert (entry["action"], entry["by"]) == ("effect.settle", "ann")
    (settled,) = stagedoor("effects", "list", "--json").json
    assert "by ann: it is not in the manager" in settled["reason"]
