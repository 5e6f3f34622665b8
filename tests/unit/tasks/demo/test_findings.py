"""The comparison says no to everything that differs from what had to be received."""

import json
from typing import Any

import pytest

from tasks.demo.findings import compare_calls, compare_deliveries, compare_repeat
from tasks.demo.story import Expected

EDIT = Expected("symphony.edit_campaign", "/v1/campaign/1", {"budget": {"value": 60, "currency": "USD"}}, "why")
READ = Expected("symphony.get_campaign", "/v1/campaign/1", None, "why")


def row(expected: Expected, **changes: Any) -> dict[str, Any]:
    body = None if expected.body is None else json.dumps(expected.body)
    usual = {"operation": expected.operation, "path": expected.path, "body": body, "method": "PUT", "status": 200}
    return {**usual, "processed": True, **changes}


def agree(calls: list[dict[str, Any]]) -> bool:
    return all(finding.agrees for finding in compare_calls([EDIT, READ], calls))


def test_each_call_exactly_once_agrees_in_any_order() -> None:
    assert agree([row(READ), row(EDIT)])


@pytest.mark.parametrize(
    "calls",
    [
        [],
        [row(EDIT)],
        [row(EDIT), row(READ), row(READ)],
        [row(EDIT, processed=False), row(READ)],
        [row(EDIT, path="/v1/campaign/2"), row(READ)],
        [row(EDIT, body='{"budget": {"value": 61, "currency": "USD"}}'), row(READ)],
        [row(EDIT), row(READ), row(EDIT, operation="symphony.add_locations")],
    ],
    ids=["nothing", "one missing", "one twice", "not processed", "another path", "another body", "one too many"],
)
def test_anything_else_does_not(calls: list[dict[str, Any]]) -> None:
    assert not agree(calls)


def test_a_call_too_many_is_named() -> None:
    *_, others = compare_calls([READ], [row(READ), row(EDIT)])
    assert others.found == "symphony.edit_campaign PUT /v1/campaign/1 (200)"


def test_deliveries_must_come_in_their_order_with_their_answers() -> None:
    wanted = [("campaign.created", 202), ("campaign.completed", 202)]
    rows = [{"event": event, "status": status} for event, status in wanted]
    assert compare_deliveries("it", wanted, rows).agrees
    assert not compare_deliveries("it", wanted, rows[::-1]).agrees
    assert not compare_deliveries("it", wanted, rows[:1]).agrees
    assert not compare_deliveries("it", wanted, [{**item, "status": 503} for item in rows]).agrees


def test_a_repeat_must_be_known_by_the_same_id() -> None:
    first, again = {"status": 202, "answer": '{"delivery": "1"}'}, {"status": 200, "answer": '{"delivery": "1"}'}
    assert compare_repeat("it", [first, again]).agrees
    assert not compare_repeat("it", [first, {**again, "answer": '{"delivery": "2"}'}]).agrees
    assert not compare_repeat("it", [first, {**again, "status": 202}]).agrees
    assert not compare_repeat("it", [first, {**again, "answer": None}]).agrees
    assert not compare_repeat("it", [first]).agrees
