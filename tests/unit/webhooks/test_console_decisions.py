"""People answer in the console: who they are, what they see, and what is not theirs to send."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.builders.ledger import ClockedDatabase, Crew, catalogue, operation
from tests.builders.playhouse import Stage
from tests.unit.webhooks.documented import hold_to_its_document
from webhooks.console import access, blueprint
from workflows.catalogue import Outcome, OutcomeKind, Repeat
from workflows.ledger import audit, schema
from workflows.runtime.links import Link, written
from workflows.runtime.rules import Rules
from workflows.settings import PersonSettings, Secret
from workflows.values import Money

KEY = Secret("k" * 40)
ASKS = """
workflow: asks
description: Asks first.
owner: tests
when: {event: symphony.campaign.created}
steps:
  - id: stats
    call: symphony.get_campaign
    with: {id: =event.data.id}
  - id: sign_off
    approve:
      title: "Raise campaign {{ event.data.id }}?"
      from: approvers
      show: {budget: =stats.budget, mail: ann@example.com}
      expires: 24h
    expects: [stats.budget]
"""
OURS = {"Sec-Fetch-Site": "same-origin"}
PEOPLE = {
    name: PersonSettings(name, Secret(f"token-of-{name}"), roles)
    for name, roles in {"ann": ("approvers",), "bob": ("approvers",), "cat": ("painters",)}.items()
}


@dataclass(frozen=True)
class Locked:
    console_token: Secret | None = field(default_factory=lambda: Secret("shared-token"))
    people: Any = field(default_factory=lambda: PEOPLE)
    signing_key: Secret | None = field(default_factory=lambda: KEY)


@dataclass(frozen=True)
class Services:
    database: ClockedDatabase
    rules: Rules
    settings: Locked


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    database = ClockedDatabase(f"sqlite:///{tmp_path}/ledger.db")
    schema.upgrade(database)
    read = operation("symphony.get_campaign", method="GET", subjects=(), body=None)
    made = Stage(Crew(database, catalogue(read, operation(repeat=Repeat.ASK))))
    made.apply(ASKS)
    made.happen()
    made.play(budget(100))
    yield made
    database.close()


def budget(amount: int) -> Outcome:
    return Outcome(OutcomeKind.DONE, "ok", status=200, output={"budget": Money(Decimal(amount), "USD")})


def browser(stage: Stage, lock: Locked | None = None) -> FlaskClient:
    app = Flask("test", static_folder=None)
    app.extensions["stagedoor"] = Services(stage.database, stage.crew.rules, lock or Locked())
    app.register_blueprint(blueprint)
    hold_to_its_document(app)
    return app.test_client()


def signed_in(stage: Stage, token: str) -> FlaskClient:
    client = browser(stage)
    assert client.post("/login", data={"token": token}).status_code == 303
    return client


def answer(client: FlaskClient, path: str, verdict: str = "approve", headers: Any = OURS) -> Any:
    return client.post(path, data={"verdict": verdict, "reason": "fine"}, headers=headers)


def address(stage: Stage) -> str:
    return f"/approvals/{stage.question().id}"


def link(stage: Stage, name: str = "ann") -> str:
    return f"/decide/{written(Link(stage.question().id, name), KEY)}"


def test_the_first_page_begins_with_what_is_to_be_decided(stage: Stage) -> None:
    page = signed_in(stage, "token-of-ann").get("/").text
    assert page.index("Raise campaign 5017?") < page.index("<h1>Waiting</h1>")
    assert "100 USD" in page
    assert "ann@example.com" not in page
    assert f'{address(stage)}?answer=approve">Approve</a>' in page
    assert f'{address(stage)}?answer=deny">Deny</a>' in page
    assert "Nothing else waits." in page


def test_a_person_approves_under_their_own_name(stage: Stage) -> None:
    client = signed_in(stage, "token-of-ann")
    assert answer(client, address(stage)).status_code == 303
    stage.play(budget(100))
    assert stage.run().state == "done"
    page = client.get(address(stage)).text
    assert "<b>ann</b> approved" in page
    assert "It was approved by ann already." in page
    with stage.database.read() as connection:
        (entry,) = audit.entries(connection, about=stage.question().id)
    assert (entry.by, entry.reason, entry.details["via"]) == ("ann", "fine", "console")


def test_numbers_that_moved_are_shown_beside_what_was_approved(stage: Stage) -> None:
    client = signed_in(stage, "token-of-ann")
    answer(client, address(stage))
    stage.play(budget(150))
    page = client.get(address(stage)).text
    assert "The numbers, which have moved since they were approved" in page
    assert page.index("100 USD") < page.index("150 USD")
    assert "ann approved the earlier numbers" in page


@pytest.mark.parametrize(
    ("token", "why"),
    [
        ("token-of-cat", "Cat does not have the role approvers, and has painters."),
        ("shared-token", "Sign in with your own token to decide."),
    ],
)
def test_who_may_not_decide_is_told_why_and_has_no_buttons(stage: Stage, token: str, why: str) -> None:
    client = signed_in(stage, token)
    page = client.get(address(stage)).text
    assert why in page
    assert "<button" not in page.partition("<main>")[2]
    assert answer(client, address(stage)).status_code in (403, 409)
    assert stage.question().state == "open"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (OURS, 303),
        ({"Origin": "http://localhost"}, 303),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({"Origin": "https://evil.example.com"}, 403),
        ({"Origin": "null"}, 403),
        ({}, 403),
        ({"Authorization": "Bearer token-of-ann"}, 303),
    ],
)
def test_a_page_of_another_site_decides_nothing(stage: Stage, headers: Any, status: int) -> None:
    client = signed_in(stage, "token-of-ann")
    assert answer(client, address(stage), headers=headers).status_code == status
    assert (stage.question().state == "open") == (status == 403)


@pytest.mark.parametrize("form", [{"reason": "fine"}, {"verdict": "approve"}, {"verdict": "x", "reason": "fine"}])
def test_half_an_answer_is_none(stage: Stage, form: dict[str, str]) -> None:
    client = signed_in(stage, "token-of-ann")
    assert client.post(address(stage), data=form, headers=OURS).status_code == 409
    assert stage.question().state == "open"


def test_a_new_token_signs_a_person_out(stage: Stage) -> None:
    cookie = signed_in(stage, "token-of-ann").get_cookie(access.COOKIE)
    assert cookie is not None
    people = {"ann": PersonSettings("ann", Secret("another token"), ("approvers",))}
    client = browser(stage, Locked(people=people))
    client.set_cookie(access.COOKIE, cookie.value)
    assert client.get("/").status_code == 303


def test_a_cookie_of_one_person_is_none_of_another(stage: Stage) -> None:
    cookie = signed_in(stage, "token-of-cat").get_cookie(access.COOKIE)
    assert cookie is not None
    client = browser(stage)
    client.set_cookie(access.COOKIE, cookie.value.replace("person:cat", "person:ann"))
    assert client.get("/").status_code == 303


def test_where_no_people_are_configured_whoever_may_look_decides(stage: Stage) -> None:
    client = browser(stage, Locked(console_token=None, people={}))
    assert answer(client, address(stage)).status_code == 303
    assert stage.question().output["by"] == ["console"]


# --- links


def test_a_link_shows_the_question_to_its_person_without_signing_in(stage: Stage) -> None:
    page = browser(stage).get(link(stage)).text
    assert "Raise campaign 5017?" in page
    assert "Why, ann?" in page
    assert "/runs/" not in page


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_what_only_looks_at_a_link_decides_nothing(stage: Stage, method: str) -> None:
    for _ in range(3):
        browser(stage).open(link(stage), method=method)
    assert stage.question().state == "open"


def test_a_link_decides_once_and_says_afterwards_that_it_was_used(stage: Stage) -> None:
    client = browser(stage)
    assert answer(client, link(stage), "deny", headers={}).status_code == 303
    assert stage.question().output["by"] == ["ann"]
    again = answer(client, link(stage), headers={})
    assert again.status_code == 409
    assert "It was denied by ann already." in again.text
    assert stage.run().state == "stopped"


def test_a_link_ends_with_its_question(stage: Stage) -> None:
    stage.database.pass_time(hours=25)
    assert "It has expired" in browser(stage).get(link(stage)).text.replace("it has", "It has")
    assert answer(browser(stage), link(stage), headers={}).status_code == 409


def test_a_link_we_did_not_sign_or_for_nobody_shows_nothing(stage: Stage) -> None:
    for path in (link(stage)[:-2], "/decide/x", link(stage, "zoe")):
        answered = browser(stage).get(path)
        assert answered.status_code == 404
        assert "Raise campaign" not in answered.text
    assert browser(stage, Locked(signing_key=None)).get(link(stage)).status_code == 404


# --- what else is shown


def test_events_and_subjects_are_explained(stage: Stage) -> None:
    client = signed_in(stage, "shared-token")
    run = stage.run()
    assert "asks" in client.get(f"/events/{run.event_id}").text
    page = client.get("/subjects?about=campaign+5017").text
    assert "symphony.get_campaign for asks, step stats done" in page
    assert client.get("/subjects?about=campaign+1").status_code == 404
    assert "What was asked, and who said what" in client.get(f"/runs/{run.id}").text
