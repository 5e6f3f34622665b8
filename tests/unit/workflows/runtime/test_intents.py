"""From a decision to the call it asks for."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from vendors.catalogue import catalogue_of
from workflows.catalogue import Inputs
from workflows.engine.decisions import Intend
from workflows.engine.snapshot import At
from workflows.errors import InputError
from workflows.events import Event
from workflows.ledger.effects import Intent
from workflows.ledger.runs import RunRow
from workflows.runtime.intents import intent_of_step
from workflows.runtime.rules import Rules
from workflows.values import RunId

NOW = datetime(2026, 3, 1, 15, 0, tzinfo=UTC)
EVENT = Event("e1", "symphony.campaign.created", "symphony:campaign:5017", NOW, {"id": "5017"}, "symphony", "d1")
RUN = RunRow(RunId("r1"), "raise-budget", "hash", "5017", {}, NOW + timedelta(days=1), EVENT)


def edit(**inputs: object) -> Intend:
    return Intend(At("raise"), "symphony.edit_campaign", {"id": "5017", **inputs}, 6, timedelta(hours=6))


def intent_of(decision: Intend) -> Intent:
    def call_of(at: At) -> tuple[str, Inputs]:
        raise AssertionError("no other step is asked for")

    return intent_of_step(Rules(catalogue_of({})), RUN, decision, NOW, call_of)


def test_text_is_read_as_what_the_operation_takes_there() -> None:
    intent = intent_of(edit(budget="60 USD", end_date="2026-04-01T00:00:00Z"))
    assert json.loads(intent.request.body or "") == {
        "end_date": "2026-04-01T00:00:00Z",
        "budget": {"value": 60, "currency": "USD"},
    }


def test_text_that_is_no_money_makes_no_request() -> None:
    with pytest.raises(InputError, match=r"\$\.budget"):
        intent_of(edit(budget="sixty"))


def test_one_step_of_one_run_is_one_call_for_ever() -> None:
    first, again = (intent_of(edit(budget="60 USD")) for _ in range(2))
    assert first.key == again.key == "e1/raise-budget/raise"
    assert first.request == again.request


def test_a_call_in_a_loop_and_a_call_made_anew_are_calls_of_their_own() -> None:
    third = replace(edit(budget="60 USD"), at=At("raise", "2"))
    assert intent_of(third).key == "e1/raise-budget/raise/2"
    assert intent_of(replace(third, round=1)).key == "e1/raise-budget/raise/2~1"
