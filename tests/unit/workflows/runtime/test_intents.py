"""From a decision to the call it asks for."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from vendors.catalogue import catalogue_of
from workflows.engine.decisions import Intend
from workflows.errors import InputError
from workflows.events import Event
from workflows.ledger.runs import RunRow
from workflows.runtime.advance import intent_of_step
from workflows.runtime.rules import Rules
from workflows.values import RunId

NOW = datetime(2026, 3, 1, 15, 0, tzinfo=UTC)
EVENT = Event("e1", "symphony.campaign.created", "symphony:campaign:5017", NOW, {"id": "5017"}, "symphony", "d1")
RUN = RunRow(RunId("r1"), "raise-budget", "hash", "5017", {}, NOW + timedelta(days=1), EVENT)


def edit(**inputs: object) -> Intend:
    return Intend("raise", "symphony.edit_campaign", {"id": "5017", **inputs}, 6, timedelta(hours=6))


def test_text_is_read_as_what_the_operation_takes_there() -> None:
    intent = intent_of_step(Rules(catalogue_of({})), RUN, edit(budget="60 USD", end_date="2026-04-01T00:00:00Z"), NOW)
    assert json.loads(intent.request.body or "") == {
        "end_date": "2026-04-01T00:00:00Z",
        "budget": {"value": 60, "currency": "USD"},
    }


def test_text_that_is_no_money_makes_no_request() -> None:
    with pytest.raises(InputError, match=r"\$\.budget"):
        intent_of_step(Rules(catalogue_of({})), RUN, edit(budget="sixty"), NOW)


def test_one_step_of_one_run_is_one_call_for_ever() -> None:
    first, again = (intent_of_step(Rules(catalogue_of({})), RUN, edit(budget="60 USD"), NOW) for _ in range(2))
    assert first.key == again.key == "e1/raise-budget/raise"
    assert first.request == again.request
