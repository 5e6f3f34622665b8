"""The console: what it shows, what it hides, and to whom it shows anything at all."""

import gzip
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import TimestampSigner
from werkzeug.test import TestResponse

from tests.builders.evening import busy_evening
from tests.builders.ledger import ClockedDatabase
from tests.builders.rows import NOW, Rows, ago, ahead, request
from tests.unit.webhooks.documented import hold_to_its_document
from webhooks.console import access, blueprint
from webhooks.console.timeline import LEFT, RIGHT, WIDTH, draw
from webhooks.console.words import BODY_LIMIT, exact_span, pretty, relative, span, tone
from workflows.catalogue import Catalogue
from workflows.engine.shapes import Difference
from workflows.engine.states import EffectState, RunState, StepState, WaitState
from workflows.errors import LedgerUnavailable
from workflows.ledger import drift
from workflows.ledger.explanation import explain_run
from workflows.ledger.tables import metadata
from workflows.runtime.rules import Rules
from workflows.settings import PersonSettings, Secret
from workflows.values import new_id

TOKEN = "let-me-in-9c41"


@dataclass(frozen=True)
class Locked:
    console_token: Secret | None = None
    people: Mapping[str, PersonSettings] = field(default_factory=dict)
    signing_key: Secret | None = None


@dataclass(frozen=True)
class Services:
    """As much of the application's services as the console needs."""

    database: Any
    settings: Locked
    rules: Rules = field(default_factory=lambda: Rules(Catalogue()))


class GoneDatabase:
    def read(self) -> Any:
        raise LedgerUnavailable("the ledger is not available now (OperationalError)")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[ClockedDatabase]:
    found = ClockedDatabase(f"sqlite:///{tmp_path}/ledger.db")
    with found.write() as connection:
        metadata.create_all(connection)
    yield found
    found.close()


@pytest.fixture
def rows(database: ClockedDatabase) -> Rows:
    return Rows(database)


@pytest.fixture
def here(database: ClockedDatabase) -> FlaskClient:
    """A browser on this machine, and no token configured."""
    return browser(database)


def browser(database: Any, token: str | None = None) -> FlaskClient:
    app = Flask("test", static_folder=None)
    app.extensions["stagedoor"] = Services(database, Locked(Secret(token) if token else None))
    app.register_blueprint(blueprint)
    hold_to_its_document(app)
    return app.test_client()


def seen(client: FlaskClient, path: str = "/", status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status
    return answer.text


# --- what it shows


def test_an_empty_ledger_makes_a_calm_page(here: FlaskClient) -> None:
    assert "Nothing waits." in seen(here)


def test_the_first_page_says_first_what_waits_and_why(here: FlaskClient, rows: Rows) -> None:
    busy_evening(rows)
    page = seen(here)
    in_order = [
        "in doubt: a person must decide whether symphony acted",
        "campaign 5017 has not completed yet: waits for symphony.campaign.completed about symphony:campaign:5017",
        "next attempt (3 of 6) at 15:01:35 Europe/London after 429: Cymbal asks for patience",
        "timer until 09:00 on Mon 2 Mar, Europe/London",
        "<h2>Effects</h2>",
        "<h2>Runs</h2>",
        "<h2>Deliveries</h2>",
        "wrong signature",
    ]
    assert all(page.index(first) < page.index(second) for first, second in pairwise(in_order))


def test_the_first_page_looks_again_by_itself(here: FlaskClient) -> None:
    assert '<meta http-equiv="refresh" content="5">' in seen(here)


def test_every_link_of_the_first_page_leads_somewhere(here: FlaskClient, rows: Rows) -> None:
    busy_evening(rows)
    links = {part.partition('"')[0] for part in seen(here).split('href="')[1:]}
    assert len(links) > 20
    assert {link: here.get(link, buffered=True).status_code for link in links} == dict.fromkeys(links, 200)


@pytest.mark.parametrize("state", ["rejected", "quarantined"])
def test_what_was_rejected_is_listed_with_why_and_how_to_examine_it_again(
    here: FlaskClient, rows: Rows, state: str
) -> None:
    assert seen(here, "/rejected").count("None.") == 2
    problems = [{"code": "missing", "message": "is required", "path": "$.id"}]
    delivery = rows.delivery(state=state, problems=problems)
    for path in ("/rejected", f"/deliveries/{delivery}"):
        page = seen(here, path)
        assert "<code>$.id</code>" in page
        assert f"stagedoor replay {delivery}" in page


def test_what_in_the_payloads_has_changed_is_listed(here: FlaskClient, rows: Rows) -> None:
    assert "The payloads are as they were." in seen(here, "/drift")
    group = drift.Group("symphony", "symphony.campaign.created", "data")
    with rows.database.write() as connection:
        differences = [Difference("type", "budget.value", ("number",), ("text",))]
        drift.note(connection, group, differences, rows.id_at(NOW), NOW)
    page = seen(here, "/drift")
    assert "event.data.budget.value" in page
    assert "<td>number</td>" in page


def test_a_replay_is_marked_as_one(here: FlaskClient, rows: Rows) -> None:
    event = rows.event()
    delivery = rows.delivery()
    rows.event(delivery_id=delivery, replay_of=event)
    assert f"a replay of …{event[-8:]}" in seen(here, f"/deliveries/{delivery}")


def test_a_run_is_shown_with_what_would_release_it_and_as_a_picture(here: FlaskClient, rows: Rows) -> None:
    page = seen(here, f"/runs/{busy_evening(rows)['held_run']}")
    assert "Released by symphony.campaign.completed about symphony:campaign:5017." in page
    assert "<svg class=" in page
    assert "attempt 1: retry, 429 after 420 ms" in page
    assert "tell_team" in page
    assert "1.8% &gt;= 1.2% is true" in page


def test_a_run_shows_its_workflow_with_the_states_of_its_steps(here: FlaskClient, rows: Rows, graphviz: Path) -> None:
    page = seen(here, f"/runs/{busy_evening(rows)['held_run']}")
    assert '<div class="graph"><svg' in page
    assert re.search(r'class="node is_\w+ good"', page)
    assert re.search(r'class="node is_\w+ (busy|wait)"', page)


def test_without_graphviz_the_workflow_is_text_for_mermaid(
    here: FlaskClient, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    page = seen(here, f"/runs/{rows.run(workflow='without-graphviz')}")
    assert "<details>" in page
    assert "flowchart TB" in page


def test_a_run_that_is_over_does_not_look_again(here: FlaskClient, rows: Rows) -> None:
    page = seen(here, f"/runs/{busy_evening(rows)['stopped']}")
    assert 'http-equiv="refresh"' not in page
    assert "0.9% &gt;= 1.2% is false" in page


def test_an_effect_shows_its_request_without_personal_data(here: FlaskClient, rows: Rows) -> None:
    page = seen(here, f"/effects/{busy_evening(rows)['retry']}")
    assert "<b>POST</b> /contacts" in page
    assert "jane" not in page.lower()
    assert "&#34;email&#34;: &#34;***&#34;" in page
    assert "&#34;email&#34;: true" in page


def test_an_effect_hides_personal_data_and_secrets_in_path_and_query(here: FlaskClient, rows: Rows) -> None:
    sent = request("GET", "/contacts/jane%40example.com")
    effect = rows.effect(
        request={**sent, "query": [["page", "2"], ["access_token", "tok-1"], ["email", "j@example.com"]]}
    )
    page = seen(here, f"/effects/{effect}")
    assert "page=2&amp;access_token=***&amp;email=***" in page
    assert "example.com" not in page


def test_a_delivery_shows_why_it_was_rejected_and_its_body_as_text(here: FlaskClient, rows: Rows) -> None:
    page = seen(here, f"/deliveries/{busy_evening(rows)['rejected']}")
    assert "$.buyer_details.email" in page
    assert "must be a whole number" in page
    assert "&lt;script&gt;alert(1)" in page
    assert "<script" not in page


def test_a_delivery_hides_credentials_and_whose_it_was(here: FlaskClient, rows: Rows) -> None:
    page = seen(here, f"/deliveries/{busy_evening(rows)['bought']}")
    assert "BoxOffice/3.1" in page
    assert all(unseen not in page for unseen in ("box-key-1", "jane", "Jane", "5557654321"))
    assert "General admission" in page


@pytest.mark.parametrize("body", [b"\xff\xfe\x00", b"", b"[" * 100_000, b'{"a": ' * 5000, b"<b>" * 50_000])
def test_any_body_can_be_shown(here: FlaskClient, rows: Rows, body: bytes) -> None:
    page = seen(here, f"/deliveries/{rows.delivery(body=body)}")
    assert "<b>" not in page.partition("<h2>Body</h2>")[2]
    assert len(page) < 6 * BODY_LIMIT + 10_000


def test_everything_others_wrote_is_escaped(here: FlaskClient, rows: Rows) -> None:
    evil = "<img src=x onerror=alert(1)>"
    delivery = rows.delivery(
        source=evil, headers={evil: evil}, problems=[{"code": evil, "path": evil, "message": evil}]
    )
    event = rows.event(delivery_id=delivery, type=evil, subject=evil, source=evil)
    run = rows.run(event_id=event, workflow="evil", key=evil, reason=evil, at_step=evil, source="x")
    rows.step(run, evil, "calling", reason=evil, output={evil: evil})
    effect = rows.effect(run, step=evil, operation=evil, reason=evil, attempts=1, request=request(evil, evil, evil))
    rows.attempt(effect, 1, NOW, evil, reason=evil)
    rows.refusal(evil, 1)
    for path in ("/", f"/runs/{run}", f"/effects/{effect}", f"/deliveries/{delivery}"):
        assert "<img" not in seen(here, path)


@pytest.mark.parametrize("path", ["/runs/{}", "/effects/{}", "/deliveries/{}"])
def test_what_is_not_there_is_said_kindly(here: FlaskClient, path: str) -> None:
    assert "There is no " in seen(here, path.format(new_id()), 404)


def test_without_a_ledger_the_page_says_so_and_looks_again() -> None:
    page = seen(browser(GoneDatabase()), "/", 503)
    assert "No ledger" in page
    assert 'http-equiv="refresh"' in page


# --- to whom


def test_every_page_forbids_frames_scripts_and_keeping_it(here: FlaskClient) -> None:
    answers = [
        here.get("/"),
        here.get(f"/runs/{new_id()}"),
        browser(None, TOKEN).get("/login"),
        browser(None, TOKEN).get("/"),
    ]
    for answer in answers:
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "script-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_pages_need_nothing_the_policy_forbids(here: FlaskClient, rows: Rows) -> None:
    ids = busy_evening(rows)
    for path in ("/", f"/runs/{ids['held_run']}", f"/effects/{ids['doubt']}", f"/deliveries/{ids['bought']}"):
        page = seen(here, path)
        assert all(word not in page for word in ("<script", " style=", "<style", " onclick", "http://", "https://"))


@pytest.mark.parametrize(
    ("address", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("127.8.0.9", {"Host": "127.8.0.9:8000"}, 200),
        ("::1", {"Host": "[::1]:8000"}, 200),
        ("::ffff:127.0.0.1", {"Host": "localhost:8000"}, 200),
        ("192.0.2.7", {}, 403),
        ("", {}, 403),
        ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, 403),
        ("127.0.0.1", {"X-Real-IP": "203.0.113.9"}, 403),
        ("127.0.0.1", {"Forwarded": "for=203.0.113.9"}, 403),
        ("127.0.0.1", {"Via": "1.1 proxy"}, 403),
        ("127.0.0.1", {"Host": "stagedoor.example.com"}, 403),
        ("127.0.0.1", {"Host": "localhost.example.com"}, 403),
        ("127.0.0.1", {"Host": "["}, 403),
    ],
)
def test_without_a_token_only_this_machine_itself_may_look(
    here: FlaskClient, address: str, headers: Mapping[str, str], status: int
) -> None:
    answer = here.get("/", environ_base={"REMOTE_ADDR": address}, headers=headers)
    assert answer.status_code == status
    assert ("Waiting" in answer.text) == (status == 200)


def test_with_a_token_this_machine_needs_it_too(database: ClockedDatabase) -> None:
    answer = browser(database, TOKEN).get("/")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/login")


@pytest.mark.parametrize(
    ("shown", "status"),
    [
        (f"Bearer {TOKEN}", 200),
        (f"bearer {TOKEN}", 200),
        ("Bearer wrong", 401),
        ("Bearer", 401),
        ("Bearer é", 401),
        (f"Basic {TOKEN}", 401),
        (f"Token {TOKEN}", 401),
    ],
)
def test_the_token_can_be_shown_as_bearer(database: ClockedDatabase, shown: str, status: int) -> None:
    answer = browser(database, TOKEN).get(
        "/", headers={"Authorization": shown}, environ_base={"REMOTE_ADDR": "192.0.2.7"}
    )
    assert answer.status_code == status


def test_a_token_in_the_address_opens_nothing(database: ClockedDatabase) -> None:
    assert browser(database, TOKEN).get(f"/?token={TOKEN}").status_code == 303


def test_the_right_token_signs_in_until_signed_out(database: ClockedDatabase) -> None:
    client = browser(database, TOKEN)
    answer = client.post("/login", data={"token": f" {TOKEN} "})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert "Waiting" in seen(client)
    assert client.get("/login").status_code == 303
    client.post("/logout")
    assert client.get("/").status_code == 303


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites_and_is_not_the_token(database: ClockedDatabase) -> None:
    cookie = _login(browser(database, TOKEN)).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert TOKEN not in cookie


def test_behind_tls_the_cookie_never_leaves_without_it(database: ClockedDatabase) -> None:
    answer = _login(browser(database, TOKEN), headers={"X-Forwarded-Proto": "https"})
    assert "Secure" in answer.headers["Set-Cookie"]


@pytest.mark.parametrize("given", ["", "wrong", TOKEN[:-1], "é" * 100])
def test_a_wrong_token_signs_nobody_in(database: ClockedDatabase, given: str) -> None:
    client = browser(database, TOKEN)
    answer = client.post("/login", data={"token": given})
    assert answer.status_code == 401
    assert "Set-Cookie" not in answer.headers
    assert "This is not the token." in answer.text
    assert client.get("/").status_code == 303


def test_a_login_too_large_to_be_one_is_not_read(database: ClockedDatabase) -> None:
    assert browser(database, TOKEN).post("/login", data={"token": "x" * 100_000}).status_code == 413


class LongAgo(TimestampSigner):
    def get_timestamp(self) -> int:
        return super().get_timestamp() - access.SIGNED_IN_SECONDS - 60


@pytest.mark.parametrize(
    "cookie",
    [
        "",
        "signed in",
        "signed in.x.y",
        TimestampSigner("another token", salt="stagedoor.console", digest_method=access.sha256)
        .sign("signed in")
        .decode(),
        TimestampSigner(TOKEN, salt="another use", digest_method=access.sha256).sign("signed in").decode(),
        TimestampSigner(TOKEN, salt="stagedoor.console", digest_method=access.sha256).sign("another word").decode(),
        LongAgo(TOKEN, salt="stagedoor.console", digest_method=access.sha256).sign("signed in").decode(),
    ],
    ids=["empty", "bare", "garbage", "other token", "other salt", "other word", "too old"],
)
def test_a_cookie_that_was_not_made_here_lately_opens_nothing(database: ClockedDatabase, cookie: str) -> None:
    client = browser(database, TOKEN)
    client.set_cookie(access.COOKIE, cookie)
    assert client.get("/").status_code == 303


def test_without_a_token_there_is_nothing_to_sign_in_to(here: FlaskClient) -> None:
    assert here.get("/login").headers["Location"] == "/"


@pytest.mark.parametrize("path", ["/", "/runs/x", "/effects/x", "/deliveries/x"])
def test_nothing_can_be_changed(here: FlaskClient, path: str) -> None:
    assert here.post(path).status_code == 405


# --- how it is said


def test_every_state_has_a_colour_or_is_meant_to_be_quiet() -> None:
    quiet = {
        str(state) for kind in (RunState, StepState, WaitState, EffectState) for state in kind if tone(state) == "quiet"
    }
    assert quiet == {"stopped", "skipped", "cancelled", "expired"}


@pytest.mark.parametrize(
    ("duration", "said"),
    [
        (timedelta(milliseconds=40), "40 ms"),
        (timedelta(seconds=59), "59 s"),
        (timedelta(seconds=95), "1 min"),
        (timedelta(minutes=119), "1 h 59 min"),
        (timedelta(hours=2), "2 h"),
        (timedelta(days=13, hours=23), "13 d 23 h"),
    ],
)
def test_durations_are_said_in_their_largest_units(duration: timedelta, said: str) -> None:
    assert span(duration) == said
    assert relative(NOW - duration, NOW) in (f"{said} ago", "now")
    assert relative(NOW + duration, NOW) in (f"in {said}", "now")


def test_ticks_leave_nothing_out() -> None:
    assert [exact_span(timedelta(minutes=minutes)) for minutes in (30, 60, 90)] == ["30 min", "1 h", "1 h 30 min"]


def test_long_values_are_cut() -> None:
    assert pretty("x y " * BODY_LIMIT).endswith(f"\n… {3 * BODY_LIMIT} more characters")


@pytest.mark.parametrize("length", [timedelta(0), timedelta(milliseconds=3), timedelta(hours=3), timedelta(days=400)])
def test_a_timeline_stays_inside_its_picture(database: ClockedDatabase, rows: Rows, length: timedelta) -> None:
    run = rows.run(NOW - length, steps=("a", "raise", "morning", "later"), expires_at=ahead(days=1))
    rows.step(run, "a", at=NOW - length)
    rows.step(run, "raise", "calling", NOW - length)
    rows.step(run, "morning", "waiting", NOW - length / 2)
    effect = rows.effect(run, "claimed", NOW - length, attempts=2)
    rows.attempt(effect, 1, NOW - length / 2, "retry")
    rows.attempt(effect, 2, NOW - length / 3, None)
    rows.wait(run, ahead(hours=1), NOW - length / 2)
    with database.read() as connection:
        picture = draw(explain_run(connection, run, NOW))
    bars = [bar for row in picture.rows for bar in row.bars]
    assert all(bar.x >= 0 and bar.x + bar.width <= WIDTH - RIGHT + 0.1 for bar in bars)
    assert all(LEFT <= tick.x <= WIDTH - RIGHT for tick in picture.ticks)
    assert 1 <= len(picture.ticks) <= 9
    assert [row.name for row in picture.rows] == ["a", "raise", "morning", "later"]
    assert [len(row.bars) for row in picture.rows] == [1, 4, 1, 0]


def test_a_timeline_says_what_is_held_and_what_is_in_doubt(database: ClockedDatabase, rows: Rows) -> None:
    run = rows.run(ago(minutes=5), steps=("raise",))
    rows.step(run, "raise", "calling", ago(minutes=5))
    effect = rows.effect(run, "in_doubt", ago(minutes=5), attempts=1)
    rows.attempt(effect, 1, ago(minutes=4), "in_doubt")
    with database.read() as connection:
        (row,) = draw(explain_run(connection, run, NOW)).rows
    assert [bar.kind for bar in row.bars] == ["gap", "doubt", "alert"]


def _login(client: FlaskClient, **options: Any) -> TestResponse:
    return client.post("/login", data={"token": TOKEN}, **options)


def test_a_delivery_tells_how_often_it_came_again_and_why_it_was_filtered(here: FlaskClient, rows: Rows) -> None:
    delivery = rows.delivery(state="filtered", reason="nobody wants it", taken_at=None)
    rows.repeats(delivery, 3)
    page = seen(here, f"/deliveries/{delivery}")
    assert "came 3 more times" in page
    assert "nobody wants it" in page


def test_a_packed_body_is_shown_unpacked(here: FlaskClient, rows: Rows) -> None:
    delivery = rows.delivery(body=gzip.compress(b'{"venue": "Belly Up"}'), headers={"content-encoding": "gzip"})
    assert "Belly Up" in seen(here, f"/deliveries/{delivery}")
