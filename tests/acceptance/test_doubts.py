"""A call that spends money and whose answer was lost after the vendor had processed it, a hundred times over:
exactly one purchase at the vendor each time, and no doubt that stays unsettled.
"""

from typing import Any

import pytest
import requests

from tests.acceptance.desk import Desk
from workflows.catalogue import Repeat
from workflows.values import new_id

TIMES = 100

EVENT = {
    "category_id": 17,
    "end_time": "2026-12-20T23:00:00+0000",
    "summary": "One night only.",
    "description": "Full text.",
    "contact": {"name": "Jo Field", "email": "jo@example.com", "tel": "020 1111 2222"},
    "venue": {
        "name": "The Hall",
        "address_1": "1 High Street",
        "town": "London",
        "country": "GB",
        "postcode": "W1T 1PD",
    },
    "prices": {"General": "GBP 20"},
    "start_time": "2026-12-20T20:00:00+0000",
}
CAMPAIGN = {
    "provider": "symphony",
    "campaign_type": "get_playlisted",
    "metadata": {"spotify_id": "3rmGAbshQvQHhy3sgHidNT", "tier": "30000_followers", "pitch_notes": "notes"},
}
ACCOUNT = {"contact_email": "jo@example.com", "country_code": "US", "state_code": "MA"}


def inputs_for(desk: Desk, operation: str, number: int) -> dict[str, Any]:
    """What one needs to spend money by `operation`, a little different each time."""
    match operation:
        case "symphony.create_campaign":
            return {**CAMPAIGN, "campaign_name": f"Song {number}"}
        case "constant_contact.create_account":
            return {**ACCOUNT, "login_name": f"client-{new_id()}"}
        case "constant_contact.change_plan":
            return {"encoded_account_id": _account(desk, number), "plan_type": "GOLD"}
        case "constant_contact.cancel_account":
            return {"encoded_account_id": _account(desk, number)}
        case "evvnt.buy_package":
            return {"id": 50, "event_quantity": 5}
        case "evvnt.buy_package_for_user":
            return {"id": 50, "event_quantity": 5, "user_id": _user(desk, number)}
        case "evvnt.create_event":
            return {**EVENT, "title": f"Show {number}", "package_id": _package(desk)}
        case "evvnt.create_event_for_user":
            user = _user(desk, number)
            return {**EVENT, "title": f"Show {number}", "user_id": user, "package_id": _package(desk, user)}
    raise AssertionError(f"{operation} spends money: say here how it is called")


def _account(desk: Desk, number: int) -> str:
    made = desk.call("constant_contact.create_account", **ACCOUNT, login_name=f"client-{new_id()}")
    return str(made["encoded_account_id"])


def _user(desk: Desk, number: int) -> str:
    return str(desk.call("evvnt.create_user", name="Richard Green", email=f"{new_id()}@example.com")["id"])


def _package(desk: Desk, user: str | None = None) -> str:
    if user is None:
        return str(desk.call("evvnt.buy_package", id=50, event_quantity=1)["id"])
    return str(desk.call("evvnt.buy_package_for_user", id=50, event_quantity=1, user_id=user)["id"])


SPENDING = (
    "constant_contact.cancel_account",
    "constant_contact.change_plan",
    "constant_contact.create_account",
    "evvnt.buy_package",
    "evvnt.buy_package_for_user",
    "evvnt.create_event",
    "evvnt.create_event_for_user",
    "symphony.create_campaign",
)


@pytest.mark.parametrize("times", [5, pytest.param(TIMES, marks=pytest.mark.acceptance_long)])
@pytest.mark.parametrize("operation", SPENDING)
def test_a_lost_answer_never_spends_twice(desk: Desk, operation: str, times: int) -> None:
    for number in range(times):
        inputs = inputs_for(desk, operation, number)
        before = desk.processed(operation)[True]
        effect = desk.lose_the_answer(operation, **inputs)
        is_safe = desk.crew.catalogue.operation(operation).repeat is Repeat.SAFE
        if not is_safe:
            assert desk.crew.effect(effect).state == "in_doubt"
        assert desk.settle(effect) == "done"
        if not is_safe:
            assert desk.processed(operation)[True] == before + 1, "exactly one purchase at the vendor"


def test_every_operation_that_costs_something_is_among_them(desk: Desk) -> None:
    costing = {item.name for item in desk.crew.catalogue.operations.values() if item.spends}
    reached_by_state = {"symphony.edit_campaign", "symphony.resume_campaign", "symphony.resume_location"}
    assert costing - reached_by_state <= set(SPENDING)


def test_a_repeated_budget_change_ends_in_the_same_budget(desk: Desk) -> None:
    raise_to = {"budget": {"value": 60, "currency": "USD"}}
    created = requests.post(
        f"{desk.url}/_scenarios", json={"match": "", "events": ["completed"], "delays": [0]}, timeout=10
    )
    created.raise_for_status()
    campaign = desk.call("symphony.create_campaign", **_link_clicks())["data"]["id"]
    desk.crew.happen("symphony.campaign.completed", f"symphony:campaign:{campaign}")
    effect = desk.lose_the_answer("symphony.edit_campaign", id=campaign, **raise_to)
    desk.crew.database.pass_time(minutes=5)
    desk.crew.work()
    assert desk.crew.effect(effect).state == "done"
    rows = requests.get(f"{desk.url}/_journal", params={"operation": "symphony.edit_campaign"}, timeout=10).json()
    assert len(rows) == 2
    assert len({row["body"] for row in rows}) == 1, "identical bytes"


def _link_clicks() -> dict[str, Any]:
    return {
        "provider": "facebook",
        "campaign_type": "link_clicks",
        "campaign_name": "Spring tour tickets",
        "metadata": {
            "budget": {"value": 40, "currency": "USD"},
            "start_date": "2026-12-01T05:00:00.000Z",
            "end_date": "2026-12-05T05:00:00.000Z",
            "instagram_post_id": "17921761666746619",
            "link_to_boost": "https://tickets.example.com/show",
        },
    }
