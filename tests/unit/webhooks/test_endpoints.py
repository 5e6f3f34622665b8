"""The endpoints answer every request clearly, in JSON, and store what they acknowledge."""

import base64
import gzip
import hashlib
import hmac
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import brotli
import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tasks.cli.letters.bodies import website
from tests.builders.settings import make_settings
from tests.unit.webhooks.payloads import (
    BOX_OFFICE_KEY,
    CONFIGURED,
    SYMPHONY_TOKEN,
    TICKETTAILOR_SECRET,
    box_office_order,
    campaign_event,
    encoded,
    ticket_event,
)
from tests.waiting import wait_until
from webhooks.app import create_app
from webhooks.inbox import Inbox
from webhooks.places import Places
from webhooks.rates import Rates
from webhooks.refusals import RefusalCounter
from webhooks.services import Services, open_services
from webhooks.sources import build_sources
from workflows.errors import LedgerUnavailable
from workflows.ledger import schema
from workflows.ledger.tables import deliveries, refusals
from workflows.ledger.vault import Vault
from workflows.settings import Settings
from workflows.settings.admission import Admission, Rate
from workflows.settings.keys import SealingKey

SYMPHONY = f"/webhooks/symphony/{SYMPHONY_TOKEN}"


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    unset = make_settings(tmp_path, sources={"unset": {"preset": "symphony", "token": None, "brand": "main"}}).sources
    settings = Settings(
        data_dir=tmp_path,
        config_dir=tmp_path,
        database_url=f"sqlite:///{tmp_path}/ledger.db",
        broker_url="memory://",
        log_format="json",
        sources={**CONFIGURED, **unset},
    )
    services = open_services(settings)
    schema.upgrade(services.database)
    yield services
    services.close()


@pytest.fixture
def app(services: Services) -> Flask:
    return create_app(services)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def rows(services: Services, table: sa.Table) -> Sequence[Any]:
    with services.database.read() as connection:
        return connection.execute(sa.select(table)).all()


def signed(body: bytes, secret: str = TICKETTAILOR_SECRET) -> dict[str, str]:
    timestamp = str(int(time.time()))
    signature = hmac.new(secret.encode(), timestamp.encode() + body, hashlib.sha256).hexdigest()
    return {"Tickettailor-Webhook-Signature": f"t={timestamp},v1={signature}"}


def problems(answer: TestResponse) -> list[dict[str, Any]]:
    assert answer.content_type == "application/json"
    found: list[dict[str, Any]] = json.loads(answer.data)["problems"]
    return found


def test_a_new_webhook_is_stored_and_acknowledged(client: FlaskClient, services: Services) -> None:
    body = encoded(campaign_event())
    answer = client.post(SYMPHONY, data=body, content_type="application/json")
    assert answer.status_code == 202
    (row,) = rows(services, deliveries)
    assert answer.get_json() == {"delivery": row.id}
    assert (row.body, row.state, row.source) == (body, "pending", "symphony")
    assert row.drafts[0]["type"] == "symphony.campaign.completed"


def test_what_cannot_be_verified_yet_is_kept_and_acknowledged(client: FlaskClient, services: Services) -> None:
    body = encoded(website("published")(1))
    first, second = (client.post("/webhooks/symphony-site/site-token", data=body) for _ in range(2))
    (row,) = rows(services, deliveries)
    assert (row.state, row.body, row.drafts) == ("quarantined", body, None)
    assert [problem["code"] for problem in row.problems] == ["quarantined"]
    assert (first.status_code, second.status_code) == (202, 200)
    assert first.get_json() == second.get_json() == {"delivery": row.id}
    assert client.post("/webhooks/symphony-site/wrong", data=body).status_code == 401


def test_nobody_sends_us_what_only_we_say(client: FlaskClient, services: Services) -> None:
    order = encoded({"id": "1", "email": "a@example.com", "costs": None})
    headers = {"Stagedoor-Fetched": "eventbrite.order.placed"}
    answer = client.post("/webhooks/eventbrite/eventbrite-token", data=order, headers=headers)
    assert answer.status_code == 422
    (row,) = rows(services, deliveries)
    assert "stagedoor-fetched" not in row.headers


def test_a_test_call_is_answered_and_not_stored(client: FlaskClient, services: Services) -> None:
    body = encoded({"config": {"action": "test"}, "api_url": "{api-endpoint-to-fetch-object-details}"})
    answer = client.post("/webhooks/eventbrite/eventbrite-token", data=body)
    assert (answer.status_code, answer.get_json()) == (200, {"answer": "here"})
    assert rows(services, deliveries) == []


def test_the_key_that_proved_a_delivery_is_kept_with_it_and_an_ended_one_refused(
    tmp_path: Path, services: Services
) -> None:
    old = {"secret": "old", "id": "spring", "until": "2026-01-01T00:00:00Z"}
    keys = [old, {"secret": "new", "id": "summer", "until": "9999-01-01T00:00:00Z"}]
    shop = {"preset": "cymbal", "header": "X-Key", "keys": keys, "brand": "main"}
    sources = build_sources(make_settings(tmp_path, sources={"shop": shop}).sources)
    client = create_app(replace(services, sources=sources)).test_client()
    body = encoded({"orders": [box_office_order()]})
    headers = {"X-Key": "new", "Stagedoor-Key": "made up"}
    assert client.post("/webhooks/shop", data=body, headers=headers).status_code == 202
    (row,) = rows(services, deliveries)
    assert row.headers["stagedoor-key"] == "summer"
    refused = client.post("/webhooks/shop", data=body, headers={"X-Key": "old"})
    assert refused.status_code == 401
    assert problems(refused)[0]["message"] == (
        "the secret this was proven with has been replaced and is no longer in use"
    )


def test_a_source_may_be_let_in_from_its_networks_only(tmp_path: Path, services: Services) -> None:
    verify = {"networks": {"allow": ["203.0.113.0/24"], "proxies": 1}}
    shop = {"preset": "cymbal", "header": "X-Key", "keys": ["k"], "verify": verify, "brand": "main"}
    sources = build_sources(make_settings(tmp_path, sources={"shop": shop}).sources)
    client = create_app(replace(services, sources=sources)).test_client()
    body = encoded({"orders": [box_office_order()]})
    for forwarded, status in (("203.0.113.7", 202), ("203.0.113.7, 198.51.100.1", 401)):
        headers = {"X-Key": "k", "X-Forwarded-For": forwarded}
        assert client.post("/webhooks/shop", data=body, headers=headers).status_code == status


def test_bodies_that_carry_a_secret_are_stored_sealed_or_not_at_all(client: FlaskClient, services: Services) -> None:
    body = encoded({"url": "https://api.example.com/partner/accounts/a1/plan", "event_type": "tier.increase"})
    secret = CONFIGURED["constant-contact"].options["secrets"][0].secret.reveal()
    proof = base64.b64encode(hmac.digest(secret.encode(), body, "sha256")).decode()
    headers = {"x-ctct-hmac-sha256": proof, "Content-Type": "application/json"}
    refused = client.post("/webhooks/constant-contact", data=body, headers=headers)
    assert refused.status_code == 503
    assert "must be sealed" in refused.text
    services.database.vault = Vault([SealingKey("k", b"k" * 32)])
    assert client.post("/webhooks/constant-contact", data=body, headers=headers).status_code == 202
    with services.database.read() as connection:
        (stored,) = connection.scalars(sa.select(deliveries.c.body))
    assert b"accounts" not in stored


def test_a_repeat_is_told_the_first_id(client: FlaskClient, services: Services) -> None:
    first, second = (client.post(SYMPHONY, data=encoded(campaign_event())) for _ in range(2))
    assert (second.status_code, second.get_json()) == (200, first.get_json())
    assert len(rows(services, deliveries)) == 1


def test_every_source_lets_its_sender_in(client: FlaskClient, services: Services) -> None:
    order = encoded(ticket_event())
    assert client.post("/webhooks/tickettailor", data=order, headers=signed(order)).status_code == 202
    orders = encoded({"orders": [box_office_order()]})
    headers = {"X-Api-Key": BOX_OFFICE_KEY}
    assert client.post("/webhooks/box-office", data=orders, headers=headers).status_code == 202
    assert all(BOX_OFFICE_KEY not in json.dumps(row.headers) for row in rows(services, deliveries))


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"", 400), (b"{", 400), (b"\xff", 400), (b"[" * 900, 400), (b"[]", 422), (b'{"event": "campaign.failed"}', 422)],
)
def test_an_authentic_body_that_does_not_fit_is_kept_and_answered(
    client: FlaskClient, services: Services, body: bytes, status: int
) -> None:
    first, second = (client.post(SYMPHONY, data=body) for _ in range(2))
    assert first.status_code == second.status_code == status
    assert first.data == second.data
    (row,) = rows(services, deliveries)
    assert (row.state, row.body, row.drafts) == ("rejected", body, None)
    assert row.problems == problems(first)
    assert first.get_json()["delivery"] == row.id
    assert all({"path", "code", "message"} <= set(problem) for problem in row.problems)


@pytest.mark.parametrize(
    ("path", "headers", "reason"),
    [
        ("/webhooks/symphony", {}, "missing"),
        ("/webhooks/symphony/guess", {}, "wrong"),
        ("/webhooks/tickettailor", {}, "missing"),
        ("/webhooks/tickettailor", {"Tickettailor-Webhook-Signature": "t=1,v1=00"}, "wrong"),
        ("/webhooks/tickettailor", {"Tickettailor-Webhook-Signature": "nonsense"}, "malformed"),
        ("/webhooks/tickettailor", signed(b"another body"), "wrong"),
        ("/webhooks/tickettailor", signed(b"{}", "guess"), "wrong"),
        ("/webhooks/box-office", {"X-Api-Key": "guess"}, "wrong"),
    ],
)
def test_what_is_not_authentic_is_counted_and_not_stored(
    client: FlaskClient, services: Services, path: str, headers: dict[str, str], reason: str
) -> None:
    for _ in range(3):
        answer = client.post(path, data=b"{}", headers=headers)
        assert answer.status_code == 401
        assert "WWW-Authenticate" in answer.headers
        assert [problem["code"] for problem in problems(answer)] == ["not_authentic"]
    services.refusals.write()
    (row,) = rows(services, refusals)
    assert (row.source, row.reason, row.count) == (path.split("/")[2], f"signature_{reason}", 3)
    assert row.sample["bytes"] == 2
    assert rows(services, deliveries) == []


def test_an_unknown_source_is_not_found_and_strangers_names_are_not_kept(
    client: FlaskClient, services: Services
) -> None:
    for name in ("nobody", "a" * 5000, "%00", "..%2f"):
        assert client.post(f"/webhooks/{name}", data=b"{}").status_code == 404
    services.refusals.write()
    assert {row.source for row in rows(services, refusals)} <= {"(unknown)"}


def test_a_source_without_its_secret_asks_to_come_again(client: FlaskClient, services: Services) -> None:
    answer = client.post("/webhooks/unset/anything", data=b"{}")
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert rows(services, deliveries) == []


def test_a_ledger_that_cannot_be_written_asks_to_come_again(services: Services) -> None:
    class Unavailable:
        def store(self, arrival: object) -> object:
            raise LedgerUnavailable("disk full")

    client = create_app(replace(services, inbox=cast(Inbox, Unavailable()))).test_client()
    answer = client.post(SYMPHONY, data=encoded(campaign_event()))
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert "disk" not in answer.text


def test_a_body_that_is_too_large_is_refused(client: FlaskClient, services: Services) -> None:
    assert client.post(SYMPHONY, data=b"x" * ((1 << 20) + 1)).status_code == 413
    services.refusals.write()
    assert [row.reason for row in rows(services, refusals)] == ["too_large"]


def limited(services: Services, **admission: Any) -> FlaskClient:
    """A door whose Symphony source has these limits."""
    source = replace(services.sources["symphony"], admission=Admission(**admission))
    rates = Rates(services.database, {"symphony": source.admission.rate} if source.admission.rate else {})
    places = Places(256, {} if source.admission.concurrent is None else {"symphony": source.admission.concurrent})
    sources = {**services.sources, "symphony": source}
    return create_app(replace(services, sources=sources, rates=rates, places=places)).test_client()


def test_a_source_sends_no_more_than_its_rate(services: Services) -> None:
    client = limited(services, rate=Rate(2, 3600, 2))
    assert client.post("/webhooks/symphony/guess", data=b"{}").status_code == 401, "a stranger uses up nothing"
    statuses = [client.post(SYMPHONY, data=encoded(campaign_event(id=number))).status_code for number in range(4)]
    assert statuses == [202, 202, 429, 429]
    answer = client.post(SYMPHONY, data=b"x" * 5000)
    assert 1 <= int(answer.headers["Retry-After"]) <= 1800
    (problem,) = problems(answer)
    assert (problem["code"], problem["message"]) == ("rate", "more than this source may send: 2 in 3600 s")
    order = encoded(ticket_event())
    assert client.post("/webhooks/tickettailor", data=order, headers=signed(order)).status_code == 202
    services.refusals.write()
    assert {(row.reason, row.count) for row in rows(services, refusals)} == {("signature_wrong", 1), ("rate", 3)}


def test_a_source_takes_no_more_places_than_it_has(services: Services) -> None:
    client = limited(services, concurrent=0)
    answer = client.post(SYMPHONY, data=encoded(campaign_event()))
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
    assert [problem["code"] for problem in problems(answer)] == ["crowded"]


def test_a_place_is_given_back_whatever_happens(services: Services) -> None:
    client = limited(services, concurrent=1, body_bytes=1000)
    bodies = [encoded(campaign_event()), b"{", b"x" * 1001, encoded(campaign_event(id=2))]
    assert [client.post(SYMPHONY, data=body).status_code for body in bodies] == [202, 400, 413, 202]


def test_headers_that_are_too_large_are_refused(client: FlaskClient) -> None:
    answer = client.post(SYMPHONY, data=b"{}", headers={f"x-{number}": "y" * 4000 for number in range(20)})
    assert answer.status_code == 431
    assert [problem["code"] for problem in problems(answer)] == ["headers_too_large"]


def test_a_packed_body_is_verified_as_sent_and_read_unpacked(client: FlaskClient, services: Services) -> None:
    for pack, encoding in ((gzip.compress, "gzip"), (brotli.compress, "br")):
        body = pack(encoded(ticket_event(id=f"wh_{encoding}")))
        headers = {**signed(body), "Content-Encoding": encoding}
        assert client.post("/webhooks/tickettailor", data=body, headers=headers).status_code == 202
    bomb = gzip.compress(bytes(64 << 20))
    answer = client.post("/webhooks/tickettailor", data=bomb, headers={**signed(bomb), "Content-Encoding": "gzip"})
    assert answer.status_code == 413
    assert [row.state for row in rows(services, deliveries)] == ["pending", "pending", "rejected"]


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_only_post_is_a_webhook(client: FlaskClient, method: str) -> None:
    answer = client.open(SYMPHONY, method=method)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


@pytest.mark.parametrize(
    "path", ["/webhooks", "/webhooks/", "/webhooks//symphony", f"{SYMPHONY}/", f"{SYMPHONY}/more", "//", "/nothing"]
)
def test_near_misses_are_not_found_and_never_redirected(client: FlaskClient, path: str) -> None:
    answer = client.post(path, data=b"{}")
    assert answer.status_code == 404
    assert problems(answer)


def test_a_bug_of_ours_answers_without_a_trace(services: Services) -> None:
    class Broken:
        def store(self, arrival: object) -> object:
            raise ZeroDivisionError("a secret of the code")

    app = create_app(replace(services, inbox=cast(Inbox, Broken())))
    answer = app.test_client().post(SYMPHONY, data=encoded(campaign_event()))
    assert answer.status_code == 500
    assert [problem["code"] for problem in problems(answer)] == ["internal_server_error"]
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text


def test_it_is_alive_and_ready(client: FlaskClient) -> None:
    assert client.get("/live").get_json() == {"status": "live"}
    assert client.get("/ready").get_json() == {"status": "ready"}


def test_without_a_migrated_ledger_it_is_alive_and_not_ready(client: FlaskClient, services: Services) -> None:
    with services.database.write() as connection:
        connection.execute(sa.text("DROP TABLE dedup_keys"))
        connection.execute(sa.text("DROP TABLE events"))
        connection.execute(sa.text("PRAGMA defer_foreign_keys = ON"))
        connection.execute(sa.text("ALTER TABLE deliveries RENAME TO gone"))
    assert client.get("/live").status_code == 200
    answer = client.get("/ready")
    assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)


def test_the_access_log_tells_of_a_request_without_its_token(
    client: FlaskClient, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = client.post(f"{SYMPHONY}?key=in-the-query", data=encoded(campaign_event()))
    client.post(f"/webhook/symphony/{SYMPHONY_TOKEN}")
    client.post(f"/webhooks/{SYMPHONY_TOKEN}")
    written = capsys.readouterr().err
    lines = [json.loads(line) for line in written.splitlines()]
    seen = [(line["path"], line["status"], line.get("delivery_id")) for line in lines]
    assert seen == [
        ("/webhooks/symphony/***", 202, answer.get_json()["delivery"]),
        ("(unknown)", 404, None),
        ("/webhooks/(unknown)", 404, None),
    ]
    assert all({"timestamp", "level", "logger", "event"} <= set(line) for line in lines)
    assert SYMPHONY_TOKEN not in written
    assert "in-the-query" not in written


def test_refusals_are_written_by_themselves(services: Services) -> None:
    counter = RefusalCounter(services.database, interval_seconds=0.01)
    counter.count("symphony", "signature_wrong", {"bytes": 2})
    wait_until(lambda: rows(services, refusals))
    counter.count("symphony", "signature_wrong", {"bytes": 3})
    counter.close()
    (row,) = rows(services, refusals)
    assert (row.count, row.sample) == (2, {"bytes": 3})
    assert row.first_at <= row.last_at


def test_a_sample_of_a_refusal_names_nobody(services: Services) -> None:
    sample = {"user_agent": "ticketbot/1.0 (+mailto:ana@example.com)", "bytes": 2}
    services.refusals.count("symphony", "signature_wrong", sample)
    services.refusals.write()
    (row,) = rows(services, refusals)
    assert row.sample == {"user_agent": "ticketbot/1.0 (+mailto:***)", "bytes": 2}


def test_refusals_that_cannot_be_written_stay_counted(services: Services) -> None:
    class Down:
        def write(self) -> None:
            raise LedgerUnavailable("down")

    counter = RefusalCounter(cast(Any, Down()), interval_seconds=60)
    counter.count("symphony", "too_large", {})
    counter.write()
    counter.count("symphony", "too_large", {})
    counter._database = services.database
    counter.write()
    (row,) = rows(services, refusals)
    assert row.count == 2
    counter.close()
