"""Dry runs: the exact request, or every problem; no credentials, no database, no network."""

from decimal import Decimal
from pathlib import Path

import pytest
import simplejson

from tests.unit.tasks.cli.conftest import Run

EDIT = '{"id": "5017", "budget": {"value": 12.50, "currency": "USD"}}'


def test_a_dry_run_is_the_request_as_on_the_wire(folder: Path, stagedoor: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYMPHONY_ADVERTISING_API", "https://vendor.example/advertising")
    result = stagedoor("call", "symphony.edit_campaign", "--with", EDIT, "--dry-run", "--json")
    assert result.status == 0
    request = simplejson.loads(result.out, use_decimal=True)
    assert set(request) == {"method", "url", "headers", "body"}
    assert request["method"] == "PUT"
    assert request["url"] == "https://vendor.example/advertising/v1/campaign/5017"
    assert request["headers"]["x-api-key"] == "***"
    assert request["body"] == {"budget": {"value": Decimal("12.5"), "currency": "USD"}}
    assert not (folder / "var").exists()


def test_a_key_is_never_shown(stagedoor: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYMPHONY_API_KEY", "live-key-of-symphony")
    for form in ([], ["--json"]):
        result = stagedoor("call", "symphony.edit_campaign", "--with", EDIT, "--dry-run", *form)
        assert "live-key-of-symphony" not in result.out + result.err


def test_every_problem_of_the_inputs_is_told_with_its_path(stagedoor: Run) -> None:
    wrong = '{"budget": {"value": -1, "currency": "USD"}, "end_dat": "2026-01-01T00:00:00Z"}'
    result = stagedoor("call", "symphony.edit_campaign", "--with", wrong, "--dry-run", "--json")
    assert result.status == 1
    assert {problem["path"] for problem in result.json["problems"]} >= {"$.id", "$.budget.value", "$.end_dat"}
    assert all({"path", "code", "message"} <= set(problem) for problem in result.json["problems"])


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("symphony.edit_campain",), "unknown_operation"),
        (("symphony.edit_campaign", "--with", "{'id': 1}"), "invalid_json"),
        (("symphony.edit_campaign", "--with", "[1]"), "invalid"),
        (("symphony.get_campaign", "--with", '{"id": 1}'), "not_configured"),
    ],
)
def test_what_makes_no_request_is_a_problem(arguments: tuple[str, ...], code: str, stagedoor: Run) -> None:
    result = stagedoor("call", *arguments, "--dry-run", "--json")
    assert result.status == 1
    assert [problem["code"] for problem in result.json["problems"]] == [code]


def test_without_json_problems_go_to_standard_error(stagedoor: Run) -> None:
    result = stagedoor("call", "symphony.edit_campain", "--dry-run")
    assert (result.status, result.out) == (1, "")
    assert "did you mean 'symphony.edit_campaign'?" in result.err


def test_a_call_without_credentials_sends_nothing_and_says_what_to_set(stagedoor: Run) -> None:
    stagedoor("db", "upgrade")
    result = stagedoor("call", "symphony.pause_campaign", "--with", '{"id": 1}', "--json")
    assert result.status == 1
    assert result.json["state"] == "refused"
    assert "vendors.symphony.api_key" in result.json["reason"]


def test_a_closed_gate_cancels_the_call_and_says_what_it_waits_for(stagedoor: Run) -> None:
    stagedoor("db", "upgrade")
    result = stagedoor("call", "symphony.edit_campaign", "--with", EDIT)
    assert result.status == 1
    assert result.out.startswith("cancelled: waits for symphony.campaign.completed about symphony:campaign:5017")
    (effect,) = stagedoor("effects", "list", "--json").json
    assert (effect["state"], effect["attempts"], effect["run_id"]) == ("cancelled", 0, None)
