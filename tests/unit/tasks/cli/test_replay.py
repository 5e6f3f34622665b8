"""`replay`: what it asks, previews, does and keeps in the audit."""

import io
import re
from pathlib import Path

import pytest

from tests.builders.rows import Rows, ago
from tests.unit.tasks.cli.conftest import Run
from webhooks import replaying
from workflows.ledger import schema
from workflows.ledger.database import Database

PROBLEMS = [{"code": "missing", "message": "is required", "path": "$.id"}]
FITS = b'{"event": "campaign.created", "id": 5017}'


@pytest.fixture
def rows(folder: Path, stagedoor: Run):
    database = Database(f"sqlite:///{folder}/var/ledger.db")
    schema.upgrade(database)
    stagedoor("apply")
    yield Rows(database)
    database.close()


def rejected(rows: Rows, body: bytes = FITS, **changes) -> str:
    return rows.delivery(state="rejected", problems=PROBLEMS, taken_at=None, body=body, **changes)


def test_it_wants_to_know_which(stagedoor: Run) -> None:
    assert stagedoor("replay").status == 2
    assert "DELIVERY..., --rejected or --state" in stagedoor("replay").err
    assert "neither an instant" in stagedoor("replay", "--rejected", "--since", "soon").err


@pytest.mark.parametrize(
    "more", [("--rejected",), ("--again", "raise"), ("--reason", "again"), ("--dry-run",), ("--as", "ann")]
)
def test_what_is_continued_takes_nothing_that_it_would_not_heed(stagedoor: Run, more: tuple[str, ...]) -> None:
    refused = stagedoor("replay", "--continue", "x", *more)
    assert refused.status == 2
    assert "takes nothing else" in refused.err


def test_what_is_not_there_is_named(rows: Rows, stagedoor: Run) -> None:
    assert stagedoor("replay", "nosuch").err.strip() == "there is no delivery nosuch"
    assert stagedoor("replay", "--continue", "nosuch").err.strip() == "there is no replay nosuch"
    assert stagedoor("replay", "--rejected", "--yes").out.startswith("there is nothing to replay")


def test_a_dry_run_says_what_would_happen_and_changes_nothing(rows: Rows, stagedoor: Run) -> None:
    rejected(rows)
    rejected(rows, b'{"event": "campaign.created"}')
    told = stagedoor("replay", "--rejected", "--dry-run").out.splitlines()
    assert told == [
        "examined: 2",
        "fit: 1",
        "runs: 1",
        "still rejected: 1",
        "  1 x $.id is required: the campaign's id, here or in campaign_id",
        "raise-budget: 1 begins",
    ]
    found = stagedoor("replay", "--rejected", "--dry-run", "--json").json
    assert found["counts"] == {"examined": 2, "fit": 1, "runs": 1, "still rejected": 1}
    assert len(stagedoor("deliveries", "list", "--state", "rejected", "--json").json) == 2
    assert len(stagedoor("audit", "list", "--json").json) == 1


def test_many_are_replayed_after_a_look_and_the_audit_knows(
    rows: Rows, stagedoor: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery = rejected(rows)
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert stagedoor("replay", "--rejected").status == 130, "nobody said yes"
    done = stagedoor("replay", "--rejected", "--yes", "--reason", "the preset was mended")
    assert done.out.splitlines()[:2] == ["examined: 1", "fit: 1"]
    assert stagedoor("deliveries", "show", delivery, "--json").json["state"] == "pending"
    entry = stagedoor("audit", "list", "--json").json[0]
    assert (entry["action"], entry["reason"]) == ("delivery.replay", "the preset was mended")
    assert entry["details"]["state"] == "rejected"
    assert entry["about"] in done.out


def test_one_is_replayed_at_once(rows: Rows, stagedoor: Run) -> None:
    delivery = rejected(rows)
    done = stagedoor("replay", delivery, "--json").json
    assert (done["state"], done["counts"]) == ("done", {"examined": 1, "fit": 1})
    assert stagedoor("audit", "list", "--json").json[0]["about"] == delivery


def test_since_and_until_narrow(rows: Rows, stagedoor: Run) -> None:
    rejected(rows, at=ago(days=10))
    rejected(rows, at=ago(days=1))
    both = ("replay", "--rejected", "--dry-run", "--json", "--since")
    assert stagedoor(*both, ago(days=20).isoformat()).json["counts"]["fit"] == 2
    assert stagedoor(*both, ago(days=2).isoformat()).json["counts"]["fit"] == 1
    assert stagedoor(*both, "2026-02-18", "--until", "2026-02-25").json["counts"]["fit"] == 1


def test_an_interruption_leaves_a_state_to_go_on_from(
    rows: Rows, stagedoor: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(replaying.PAGE + 2):
        rejected(rows)
    proceed = replaying.Replayer.proceed
    pages = []

    def interrupted(self, replay):
        if pages:
            raise KeyboardInterrupt
        pages.append(replay)
        return proceed(self, replay)

    monkeypatch.setattr(replaying.Replayer, "proceed", interrupted)
    stopped = stagedoor("replay", "--rejected", "--yes")
    assert stopped.status == 130
    found = re.search(r"`stagedoor replay --continue (\S+)`", stopped.err)
    assert found is not None
    assert len(stagedoor("deliveries", "list", "--state", "rejected", "--json").json) == 2
    monkeypatch.setattr(replaying.Replayer, "proceed", proceed)
    done = stagedoor("replay", "--continue", found[1], "--json").json
    assert (done["state"], done["counts"]["fit"]) == ("done", replaying.PAGE + 2)
