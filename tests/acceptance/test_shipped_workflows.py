"""Every workflow we ship, run against the stand-ins: what the vendors received of it, exactly once."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.acceptance.desk import CONFIG, Desk
from tests.builders.ledger import store_delivery
from workflows.events import EVENT_TYPES
from workflows.language.reader import read_definition
from workflows.ledger import configuration
from workflows.ledger.tables import runs
from workflows.runtime.intake import Intake
from workflows.runtime.sweep import Sweep
from workflows.typed_json import load_foreign
from workflows.values import Money, new_id

WORKFLOWS = CONFIG / "workflows"
MEMBER = "dee@example.com"


def fixture(name: str, **changes: Any) -> dict[str, Any]:
    """An event of the workflows' own fixtures, its data as the type's schema loads them."""
    event: Any = load_foreign((WORKFLOWS / "fixtures" / name).read_text())
    data = EVENT_TYPES[event["type"]]().load({**event["data"], **changes})
    return {**event, "data": data, "brand": "main", "occurred_at": datetime.fromisoformat(event["occurred_at"])}


def campaign(desk: Desk, kind: str, fixture_name: str, **metadata: Any) -> dict[str, Any]:
    """A campaign at Symphony that is set up, and the event that says so."""
    made = desk.call("symphony.create_campaign", **new_campaign(kind, **metadata))
    number = made["data"]["id"]
    event = fixture(fixture_name, id=number)
    desk.wait_until_completed(number)
    return {**event, "subject": f"symphony:campaign:{number}"}


def new_campaign(kind: str, **metadata: Any) -> dict[str, Any]:
    return {
        "provider": "facebook",
        "campaign_type": kind,
        "campaign_name": f"A {kind}",
        "metadata": {
            "budget": {"value": 40, "currency": "USD"},
            "start_date": "2026-12-01T05:00:00.000Z",
            "end_date": "2026-12-05T05:00:00.000Z",
            "instagram_post_id": "17921761666746619",
            **metadata,
        },
    }


def run(desk: Desk, workflow: str, *events: dict[str, Any], lasts: timedelta = timedelta(0), **changes: str) -> Any:
    """Put one shipped workflow into force, let these events come in, and work until nothing is due; its run's row.

    `changes`: what stands for the ids of a real account in the file, and what they are here.
    """
    text = (WORKFLOWS / f"{workflow}.yml").read_text().partition("\ntests:")[0] + "\n"
    for old, new in changes.items():
        assert VARIABLES[old] in text
        text = text.replace(VARIABLES[old], new)
    crew = desk.crew
    with crew.database.write() as connection:
        brands = {"main": {"zone": "Europe/London", "currency": "USD", "budget_cap": Money(500, "USD")}}
        definition = read_definition(text, f"{workflow}.yml")
        configuration.apply(connection, [definition], brands, by="a test", now=crew.database.time)
        for event in events:
            store_delivery(connection, new_id(), drafts=[event])
    while Intake(crew.database, crew.rules).take_batch():
        pass
    sweep = Sweep(crew.database, crew.rules, crew.performer, crew.releaser, crew.looker)
    for _ in range(8):
        sweep.once()
        crew.work()
        desk.look_until_settled()
        crew.database.pass_time(seconds=max(lasts.total_seconds(), 2.0))
    with crew.database.read() as connection:
        return connection.execute(runs.select().where(runs.c.workflow == workflow)).one()


VARIABLES = {
    "account": "a07e1lxqqqo0",
    "package": "6f1c1a52-0000-4000-8000-000000000001",
    "list": "66d9b5f0-5a95-11eb-a9a2-fa163e5bf31a",
}


def test_raise_budget(desk: Desk) -> None:
    event = campaign(desk, "link_clicks", "campaign-created.json", link_to_boost="https://tickets.example.com/show")
    desk.crew.happen("symphony.campaign.completed", event["subject"])
    assert run(desk, "raise-budget", event).state == "done"
    assert desk.received("symphony.edit_campaign") == [{"budget": {"value": 60, "currency": "USD"}}]


def test_pause_location(desk: Desk) -> None:
    event = campaign(desk, "record_streams", "release-completed.json", spotify_id="2M4ujJtsYiiUISmuntBJn7")
    assert run(desk, "pause-location", event).state == "done"
    assert len(desk.received("symphony.pause_location")) == 1


def test_opt_in_buyer(desk: Desk) -> None:
    assert run(desk, "opt-in-buyer", fixture("order-placed.json")).state == "done"
    assert len(desk.received("cymbal.create_contact")) == 1


def test_follow_up_budget(desk: Desk) -> None:
    desk.control(
        "_scenarios", match="", events=["completed"], delays=[0], analytics={"ctr": 0.021, "impressions": 20000}
    )
    event = campaign(desk, "boost_instagram", "post-completed.json")
    assert run(desk, "follow-up-budget", event, lasts=timedelta(days=1)).state == "done"
    assert desk.received("symphony.edit_campaign") == [{"budget": {"value": 44, "currency": "USD"}}]


def test_add_location(desk: Desk) -> None:
    home = {
        "value": "US",
        "label": "United States of America",
        "type": "country",
        "region_id": None,
        "country_code": None,
    }
    market = {"name": "Home", "budget": 1, "locations": [home]}
    event = campaign(desk, "boost_instagram", "post-completed.json", targeting_countries=[market])
    row = run(desk, "add-location", event)
    assert row.state == "done", row.reason
    (sent,) = desk.received("symphony.add_locations")
    assert [place["name"] for place in sent["locations"]] == ["Madrid"]


def test_order_history(desk: Desk) -> None:
    desk.call("cymbal.create_events", events=[SHOW])
    assert run(desk, "order-history", fixture("web-order.json")).state == "done"
    (sent,) = desk.received("cymbal.create_orders")
    assert sent["orders"][0]["items"] == [
        {
            "ticket_type_name": "Standing, Balcony",
            "quantity": 3,
            "prefee_price": 85,
            "total_price": 91.5,
            "currency_code": "GBP",
        }
    ]


SHOW = {
    "id": "12345",
    "url": "https://tickets.example.com/12345",
    "name": "Example Band",
    "image_url": "https://tickets.example.com/12345.jpg",
    "start_datetime": "2026-06-20T19:00:00Z",
    "location": {"name": "The Hall", "address": "1 High Street, London"},
}


def test_import_buyers(desk: Desk) -> None:
    account = desk.call(
        "constant_contact.create_account",
        contact_email="jo@example.com",
        country_code="US",
        state_code="MA",
        login_name=f"client-{new_id()}",
    )["encoded_account_id"]
    made = desk.call("constant_contact.create_contact_list", encoded_account_id=account, name="Buyers")
    row = run(desk, "import-buyers", fixture("web-order.json"), account=account, list=made["list_id"])
    assert row.state == "done", row.reason
    assert len(desk.received("constant_contact.import_contacts")) == 1
    assert len(desk.received("constant_contact.create_segment")) == 1
    found = desk.call("constant_contact.list_contacts", encoded_account_id=account)
    assert [contact["email_address"]["address"] for contact in found["contacts"]] == [MEMBER]


def test_list_show(desk: Desk) -> None:
    bought = desk.call("evvnt.buy_package", id=50, event_quantity=100)
    row = run(desk, "list-show", fixture("show-published.json"), package=bought["id"])
    assert row.state == "done", row.reason
    (sent,) = desk.received("evvnt.create_event")
    assert sent["start_time"] == "2026-06-20T20:00:00+0100", "by the clocks in London, summer time included"


@pytest.mark.parametrize(("buyer", "tagged"), [(MEMBER, 1), ("somebody.else@example.com", 0)])
def test_greet_subscriber(desk: Desk, buyer: str, tagged: int) -> None:
    order = fixture("web-order.json")
    order["data"]["buyer"]["email"] = buyer
    assert run(desk, "greet-subscriber", order).state == ("done" if tagged else "stopped")
    assert len(desk.received("cymbal.create_contact")) == tagged


def test_every_shipped_workflow_is_among_them() -> None:
    shipped = {path.stem.replace("-", "_") for path in WORKFLOWS.glob("*.yml")}
    assert shipped == {name.removeprefix("test_") for name in globals() if f"{name.removeprefix('test_')}" in shipped}
