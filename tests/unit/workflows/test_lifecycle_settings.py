"""The sections `expected` and `retention`: read whole, and every mistake told with its place."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.builders.settings import make_settings
from vendors.catalogue import build_catalogue
from workflows.language.check import check_configuration
from workflows.settings.document import parse_document

BRANDS = "brands: {main: {zone: Europe/London}}\n"
OPERATIONS = """\
vendors:
  symphony:
    advertising_api: https://advertising.example.com
    api_key: ${SYMPHONY_API_KEY}
    operations:
      get_campaign: {path: "/v1/campaign/{id}", fields: {done: {from: data.is_completed, type: boolean}}}
"""
ENTRY = "{after: symphony.campaign.created, comes: [symphony.campaign.completed], within: 14d%s}"
POLL = ", poll: {call: %s, with: {id: %s}, every: %s, happened: {symphony.campaign.%s: %s}}"


def told(text: str) -> list[str]:
    _, problems = parse_document(BRANDS + text, "stagedoor.yml", {})
    return [str(problem) for problem in problems]


def checked(tmp_path: Path, poll: str) -> list[str]:
    (tmp_path / "stagedoor.yml").write_text(BRANDS + OPERATIONS + f"expected: [{ENTRY % poll}]\n")
    problems = check_configuration({}, tmp_path, build_catalogue)
    return [f"{problem.code} {problem.message}" for problem in problems]


def test_it_is_read(tmp_path: Path) -> None:
    entry = {"after": "order.placed", "comes": ["order.updated", "order.cancelled"], "within": "36h"}
    (found,) = make_settings(tmp_path, expected=[entry]).expected
    assert (found.after, found.comes) == ("order.placed", ("order.updated", "order.cancelled"))
    assert (found.within, found.poll) == (timedelta(hours=36), None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("expected: {}", "E122 expected must be a list, not a map of keys"),
        ("expected: [{after: order.placed, within: 2d}]", "E121 expected.0 needs the key 'comes'"),
        ("expected: [{after: order.placed, comes: [], within: 2d}]", "E122 expected.0.comes must not be empty"),
        ("expected: [{after: 'no type', comes: [a.b], within: 2d}]", "E124 'no type' cannot be a type of event"),
        ("expected: [{after: a.b, comes: [a.c], within: soon}]", "E126"),
        (
            "expected: [{after: a.b, comes: [a.c], within: 1d}, {after: a.b, comes: [a.d], within: 1d}]",
            "E125 what follows a.b is there already (name all that may come in one entry)",
        ),
    ],
)
def test_what_is_wrong_is_told(text: str, expected: str) -> None:
    assert any(expected in line for line in told(text)), told(text)


@pytest.mark.parametrize(
    ("poll", "expected"),
    [
        (("symphony.get_campaign", "=event.data.id", "1h", "completed", "answer.done"), []),
        (
            ("symphony.get_campaing", "=event.data.id", "1h", "completed", "answer.done"),
            ["E123 there is no operation 'symphony.get_campaing'"],
        ),
        (
            ("symphony.pause_campaign", "=event.data.id", "1h", "completed", "1 == 1"),
            ["E123 symphony.pause_campaign changes something: a poll may only read"],
        ),
        (
            ("symphony.get_campaign", "=event.data.idd", "1m", "failed", "answer.done"),
            [
                "E213 'idd' is not a field of event.data",
                "E123 expected.0.poll.every must be 5m or longer",
                "E120 'symphony.campaign.failed' is not a key of expected.0.poll.happened",
            ],
        ),
        (
            ("symphony.get_campaign", "=event.data.id", "1h", "completed", "answer.don"),
            ["E213 'don' is not a field of symphony.get_campaign"],
        ),
    ],
)
def test_a_poll_is_checked_against_the_event_and_the_operation(
    tmp_path: Path, poll: tuple[str, ...], expected: list[str]
) -> None:
    assert sorted(checked(tmp_path, POLL % poll)) == sorted(expected)


def test_retention_is_read_and_what_is_wrong_told() -> None:
    values, problems = parse_document(BRANDS + "retention: {deliveries: 90d, runs: 400d}", "stagedoor.yml", {})
    assert problems == []
    kept = values["retention"]
    assert (kept.deliveries, kept.events, kept.runs) == (timedelta(days=90), None, timedelta(days=400))
    assert "E126" in told("retention: {deliveries: long}")[0]
    assert "(did you mean 'runs'?)" in told("retention: {run: 1d}")[0]
