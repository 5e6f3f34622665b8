"""Constant Contact's and the Partner API's operations against their stand-ins: each once, over a socket.

Then what is in doubt is found again, what works in the background is followed, and tokens end while they are used.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from time import time
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

import sandbox
from sandbox.checks import Checker
from sandbox.constant_contact import contact_rules, segment_rules
from tests.unit.vendors.documented import DOCUMENTED, Documented, catalogue, example, settings_for
from tests.unit.vendors.test_inputs import ANYTHING, places
from tests.waiting import wait_until
from vendors.client import Client
from workflows.catalogue import Outcome, OutcomeKind
from workflows.errors import InputError
from workflows.settings import Secret

CATALOGUE = catalogue()
OURS = {name for name in CATALOGUE.operations if name.partition(".")[0] in ("constant_contact", "partner_api")}

ACCOUNT = "a07e1lxqqqo0"
LIST = "66d9b5f0-5a95-11eb-a9a2-fa163e5bf31a"
FAN = "5ef41618-f130-11e9-91a7-fa163e56c9b0"


class StandIn:
    """The two stand-ins, and one who calls them."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.client = Client(
            settings_for(
                url,
                constant_contact={
                    "base_url": f"{url}/constant_contact/v3",
                    "token_url": f"{url}/constant_contact/token",
                    "api_key": Secret("sandbox-cc-key"),
                    "client_id": Secret("sandbox-cc-client"),
                    "client_secret": Secret("sandbox-cc-secret"),
                },
                partner_api={
                    "base_url": f"{url}/partner_api",
                    "project_id": Secret("sandbox-project"),
                    "private_key": Secret("sandbox-private-key"),
                },
            )
        )
        self.done: set[str] = set()
        self.turn("constant_contact", requests_per_second=None)

    def turn(self, vendor: str, **knobs: Any) -> None:
        requests.post(f"{self.url}/_settings/{vendor}", json=knobs, timeout=5).raise_for_status()

    def send(self, name: str, /, **inputs: Any) -> Outcome:
        operation = CATALOGUE.operation(name)
        return self.client.send(operation, operation.prepare(inputs))

    def get(self, name: str, /, **inputs: Any) -> Any:
        """The answer to a call that must be done."""
        outcome = self.send(name, **inputs)
        assert outcome.kind is OutcomeKind.DONE, f"{name}: {outcome.reason}"
        self.done.add(name)
        return outcome.output

    def cc(self, name: str, /, **inputs: Any) -> Any:
        return self.get(f"constant_contact.{name}", **{"encoded_account_id": ACCOUNT, **inputs})

    def ended(self, name: str, inputs: dict[str, Any], answer: Any) -> Outcome:
        """How background work ended, by the operation's own look."""
        look = CATALOGUE.operation(f"constant_contact.{name}").follow
        assert look is not None
        found: list[Outcome] = []

        def has_ended() -> bool:
            outcome = look.judge(inputs, self.get(look.operation, **look.inputs(inputs, answer)))
            found.extend([outcome] if outcome is not None else [])
            return outcome is not None

        wait_until(has_ended)
        return found[-1]

    def look(self, name: str, inputs: dict[str, Any]) -> Outcome | None:
        """What the operation's own look makes of what the vendor shows now."""
        wanted = CATALOGUE.operation(name).verify
        assert wanted is not None
        return wanted.judge(inputs, self.get(wanted.operation, **wanted.inputs(inputs, None)))

    def will(self, name: str, **fault: Any) -> None:
        """Have the next call of that name end in a fault."""
        requests.post(f"{self.url}/_faults", json={"operation": name, **fault}, timeout=5).raise_for_status()

    def received(self, name: str) -> list[dict[str, Any]]:
        rows = requests.get(f"{self.url}/_journal", params={"operation": name}, timeout=5).json()
        return [dict(row) for row in rows]


@pytest.fixture(scope="module")
def stand_in() -> Iterator[StandIn]:
    with sandbox.start() as running:
        found = StandIn(running.url)
        found.turn("constant_contact", activity_seconds=0)
        yield found
        found.client.close()


def of_partner(it: StandIn) -> None:
    """Accounts, plans, users and webhooks."""
    accounts = list(it.client.pages(CATALOGUE.operation("constant_contact.list_accounts"), {"limit": 10}))
    assert [outcome.kind for outcome in accounts] == [OutcomeKind.DONE] * 2
    assert it.get("constant_contact.list_accounts")["site_owner_list"][0]["encoded_account_id"] == ACCOUNT
    new = it.get("constant_contact.create_account", **example("constant_contact.create_account").inputs)
    account = new["encoded_account_id"]
    assert it.cc("get_plan", encoded_account_id=account)["plan_type"] == "TRIAL"
    assert it.cc("change_plan", encoded_account_id=account, plan_type="GOLD")["plan_type"] == "GOLD"
    it.cc("create_sso_user", **example("constant_contact.create_sso_user").inputs)
    it.cc("cancel_account", encoded_account_id=account, reason_id=12, effective_date="2999-01-01T00:00:00Z")
    it.get("constant_contact.subscribe", topic_id=1, hook_uri=f"{it.url}/nowhere")
    assert it.get("constant_contact.list_subscriptions")["subscriptions"][0]["topic_id"] == 1
    assert it.get("constant_contact.get_subscription", topic_id=1)["hook_uri"] == f"{it.url}/nowhere"
    it.get("constant_contact.test_subscription", topic_id=1)
    it.get("constant_contact.unsubscribe", topic_id=1)
    it.get("constant_contact.unsubscribe", topic_id=1)  # there is none any more, which is as it should be


def of_contacts(it: StandIn) -> None:
    new = it.cc("create_contact", **{**example("constant_contact.create_contact").inputs, "email_address": mail("new")})
    contact = new["contact_id"]
    changed = {"contact_id": contact, "update_source": "Account", "email_address": mail("new"), "first_name": "Bo"}
    it.cc("update_contact", **changed)
    found = it.cc("get_contact", contact_id=contact, include=["list_memberships"])
    assert (found["first_name"], found["list_memberships"]) == ("Bo", [LIST])
    signed_up = it.cc("upsert_contact", email_address="yes@example.com", list_memberships=[LIST])
    assert signed_up["action"] == "created"
    assert it.cc("list_contacts", email="yes@example.com")["contacts"][0]["contact_id"] == signed_up["contact_id"]
    pages = it.client.pages(
        CATALOGUE.operation("constant_contact.list_contacts"), {"encoded_account_id": ACCOUNT, "limit": 2}
    )
    ids = [contact["contact_id"] for page in pages for contact in page.output["contacts"]]
    assert len(ids) == len(set(ids)) >= 4
    assert it.cc("unsubscribe_contacts", update_source="Contact", email_addresses=["yes@example.com"]) == {
        "unsubscribed_count": 1
    }


def of_lists(it: StandIn) -> None:
    made = it.cc("create_contact_list", name="Spring tour")["list_id"]
    assert it.cc("list_contact_lists", name="Spring tour")["lists"][0]["list_id"] == made
    tag = it.cc("create_contact_tag", name="front row")["tag_id"]
    assert tag in [one["tag_id"] for one in it.cc("list_contact_tags", limit=500)["tags"]]
    segment = it.cc("create_segment", **example("constant_contact.create_segment").inputs)
    assert segment["segment_id"] in [one["segment_id"] for one in it.cc("list_segments")["segments"]]
    chosen = {"source": {"segment_id": segment["segment_id"]}, "list_ids": [made]}
    assert it.ended("add_list_memberships", {"encoded_account_id": ACCOUNT}, it.cc("add_list_memberships", **chosen))
    tagged = {"source": {"contact_ids": [FAN]}, "tag_ids": [tag]}
    outcome = it.ended("add_contact_tags", {"encoded_account_id": ACCOUNT}, it.cc("add_contact_tags", **tagged))
    assert (outcome.kind, outcome.output["is_partial"]) == (OutcomeKind.DONE, False)


def of_imports(it: StandIn) -> None:
    rows = [
        {"email": "first@example.com", "cf:last_show": "Rome"},
        {"email": "gone@example.com"},
        {"email": "third@example.com", "cf:unheard_of": "x"},
    ]
    inputs = {"encoded_account_id": ACCOUNT, "import_data": rows, "list_ids": [LIST]}
    outcome = it.ended("import_contacts", inputs, it.cc("import_contacts", **inputs))
    assert outcome.kind is OutcomeKind.DONE
    assert outcome.output["is_partial"] is True
    assert "only in part (1 with errors, 1 not put on a list, because they unsubscribed" in outcome.reason
    envelope = example("constant_contact.sync").inputs
    assert it.cc("sync", **envelope)


def of_subscribers(it: StandIn) -> None:
    assert it.get("partner_api.login").keys() == {"result", "create_time", "expire_time"}
    assert it.get("partner_api.get_user", username="ana")["user"]["enabled"] is True
    assert it.get("partner_api.get_user", user_id=4022)["user"]["enabled"] is False
    nobody = it.send("partner_api.get_user", username="nobody")
    assert (nobody.kind, nobody.reason) == (
        OutcomeKind.REFUSED,
        "Partner API answered 200, but there is no such user",
    )


def mail(name: str) -> dict[str, str]:
    return {"address": f"{name}@example.com", "permission_to_send": "implicit"}


def test_the_stand_ins_take_what_is_documented(stand_in: StandIn) -> None:
    """Each operation at least once, in an order that makes sense; the answers read as the schemas say."""
    for part in (of_partner, of_contacts, of_lists, of_imports, of_subscribers):
        part(stand_in)

    assert stand_in.done == OURS


@pytest.mark.parametrize("name", ["constant_contact.get_contact", "constant_contact.create_segment"])
def test_the_stand_in_received_the_bytes_that_were_prepared(stand_in: StandIn, name: str) -> None:
    request = CATALOGUE.operation(name).prepare(example(name).inputs)

    stand_in.client.send(CATALOGUE.operation(name), request)

    assert stand_in.received(name)[-1]["body"] == request.body


@pytest.mark.parametrize("fault", ["drop_after", "garbage"])
@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("create_contact", {"email_address": mail("doubted")}),
        ("upsert_contact", {"email_address": "doubted-too@example.com"}),
        ("update_contact", {"contact_id": FAN, "email_address": mail("fan"), "first_name": "Zoe"}),
        ("create_contact_list", {"name": "Doubted list"}),
        ("create_contact_tag", {"name": "doubted"}),
        ("create_segment", {"name": "Doubted segment"}),
        ("change_plan", {"encoded_account_id": "a07e1my9tbw0", "plan_type": "SILVER"}),
    ],
)
def test_what_was_processed_though_its_answer_was_lost_is_found(
    stand_in: StandIn, name: str, changes: dict[str, Any], fault: str
) -> None:
    inputs = json.loads(json.dumps({**example(f"constant_contact.{name}").inputs, **changes}).replace("oubted", fault))
    before = len(stand_in.received(f"constant_contact.{name}"))
    stand_in.will(f"constant_contact.{name}", fault=fault)

    lost = stand_in.send(f"constant_contact.{name}", **inputs)
    settled = stand_in.look(f"constant_contact.{name}", inputs)

    assert lost.kind is OutcomeKind.IN_DOUBT
    assert settled is not None
    assert settled.kind is OutcomeKind.DONE
    assert len(stand_in.received(f"constant_contact.{name}")) == before + 1


def test_what_was_not_processed_is_not_found(stand_in: StandIn) -> None:
    inputs = {"encoded_account_id": ACCOUNT, "name": "Never made"}
    stand_in.will("constant_contact.create_contact_list", fault="drop_before")

    assert stand_in.send("constant_contact.create_contact_list", **inputs).kind is OutcomeKind.IN_DOUBT
    assert stand_in.look("constant_contact.create_contact_list", inputs) is None


def test_an_account_that_is_stored_for_later_is_in_doubt_and_not_made_twice(stand_in: StandIn) -> None:
    stand_in.will("constant_contact.create_account", fault="status", status=503, processed=True)
    inputs = {**example("constant_contact.create_account").inputs, "login_name": "stored.for.later"}

    assert stand_in.send("constant_contact.create_account", **inputs).kind is OutcomeKind.IN_DOUBT
    again = stand_in.send("constant_contact.create_account", **inputs)
    assert again.kind is OutcomeKind.REFUSED
    assert "choose another one" in again.reason


def test_the_stand_ins_own_words_reach_the_reason(stand_in: StandIn) -> None:
    stand_in.cc("create_contact_tag", name="twice")

    again = stand_in.send("constant_contact.create_contact_tag", encoded_account_id=ACCOUNT, name="twice")
    nobody = stand_in.send("constant_contact.get_contact", encoded_account_id=ACCOUNT, contact_id="nobody")

    assert again.reason.startswith("Constant Contact answered 409: the name twice is taken")
    assert again.reason.endswith("(a tag of this name exists already: use that one)")
    assert (nobody.kind, nobody.status) == (OutcomeKind.REFUSED, 404)


@pytest.mark.parametrize(
    ("vendor", "login", "name", "inputs", "knobs"),
    [
        ("constant_contact", "token", "get_plan", {"encoded_account_id": ACCOUNT}, {}),
        ("partner_api", "login", "get_user", {"username": "ana"}, {}),
        ("partner_api", "login", "get_user", {"username": "ana"}, {"token_error_status": 200}),
    ],
)
def test_a_token_that_ended_at_the_vendor_is_replaced_once(
    vendor: str, login: str, name: str, inputs: dict[str, Any], knobs: dict[str, Any]
) -> None:
    later = [0.0]
    with sandbox.start(settings=sandbox.Settings(clock=lambda: time() + later[0])) as running:
        caller = StandIn(running.url)
        caller.turn(vendor, **knobs)
        caller.get(f"{vendor}.{name}", **inputs)
        later[0] = 7200.0  # the vendor's clock is two hours further on, ours is not
        caller.get(f"{vendor}.{name}", **inputs)
        caller.client.close()

        assert len(caller.received(f"{vendor}.{name}")) == 3
        assert len(caller.received(f"{vendor}.{login}")) == 2


def test_over_the_limit_one_is_told_when_to_come_back(stand_in: StandIn) -> None:
    stand_in.get("constant_contact.get_plan", encoded_account_id=ACCOUNT)
    stand_in.turn("constant_contact", requests_per_day=1)
    try:
        outcome = stand_in.send("constant_contact.get_plan", encoded_account_id=ACCOUNT)
    finally:
        stand_in.turn("constant_contact", requests_per_day=None)

    assert (outcome.kind, outcome.status) == (OutcomeKind.RETRY, 429)
    assert outcome.retry_after_seconds is not None
    assert 1 < outcome.retry_after_seconds <= 86_400


BODIES = [
    documented
    for documented in DOCUMENTED
    if documented.operation.removeprefix("constant_contact.")
    in ("create_contact", "update_contact", "upsert_contact", "import_contacts", "create_segment")
]


def complaints(operation: str, payload: Any) -> list[str]:
    """What the stand-in, written from the same documents by others, finds wrong with an inner body."""
    check = Checker(payload)
    match operation.removeprefix("constant_contact."):
        case "create_contact":
            contact_rules.check_contact(check, source="create_source")
        case "update_contact":
            contact_rules.check_contact(check, source="update_source")
        case "upsert_contact":
            contact_rules.check_sign_up(check)
        case "import_contacts":
            contact_rules.check_import(check)
        case "create_segment":
            segment_rules.check_segment(check)
    return [f"{problem.path}: {problem.message}" for problem in check.problems]


@given(data=st.data(), documented=st.sampled_from(BODIES))
def test_whatever_passes_our_checks_passes_the_stand_ins(data: st.DataObject, documented: Documented) -> None:
    """Change one or two places of a documented input, to what another place of the vendor's documents has there."""
    inputs: Any = {"inputs": deepcopy(dict(documented.inputs))}
    for _ in range(data.draw(st.integers(1, 2))):
        *steps, last = data.draw(st.sampled_from(list(places(inputs))[1:]))
        parent = inputs
        for step in steps:
            parent = parent[step]
        if steps and data.draw(st.booleans()):
            del parent[last]
        else:
            parent[last] = data.draw(ANYTHING | st.sampled_from([parent[last], [parent[last]] * 2, {"key": "1"}]))

    try:
        request = CATALOGUE.operation(documented.operation).prepare(inputs["inputs"])
    except InputError:
        return
    payload = json.loads(json.loads(request.body or "")["account_operation_payload"])
    assert not complaints(documented.operation, payload)
