"""Ticket shops send what they are known for, signed or keyed, genuine or forged."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from time import time
from typing import Any

import pytest

from sandbox.shops.tickettailor import signature

BOX_OFFICE = "/_shops/box-office/send"
TICKET_TAILOR = "/_shops/tickettailor/send"


def sent(client: Any, path: str, **request: Any) -> Any:
    return client.control("POST", path, json=request)["answers"]


def test_the_ticket_tailor_signature_agrees_with_a_known_one() -> None:
    body = b'{"id":"wh_15","event":"ORDER.CREATED"}'
    proof = "e292d17fc187e80f914205b45d548eb218d346d1c472041aaf2209cb02ac85c1"
    assert signature("ABCD123", 1735689600, body) == f"t=1735689600,v1={proof}"


def test_a_box_office_sends_orders_as_given_with_its_key(client: Any, receiver: Any) -> None:
    orders = [{"id": "1", "customer": {"first_name": "Zoë"}}]
    assert sent(client, BOX_OFFICE, url=receiver.url, key="k-1", orders=orders) == [
        {"status": 202, "answer": "", "error": None}
    ]
    headers, body = receiver.received[0]
    assert (headers["x-api-key"], json.loads(body)) == ("k-1", {"orders": orders})
    (row,) = client.delivered(source="box-office")
    assert (row["event"], row["body"], row["status"]) == ("orders", body.decode(), 202)
    assert "k-1" not in json.dumps(row)


def test_the_key_may_travel_in_another_header(client: Any, receiver: Any) -> None:
    sent(client, BOX_OFFICE, url=receiver.url, key="k-1", header="X-Shop-Token", orders=[])
    assert receiver.received[0][0]["x-shop-token"] == "k-1"


def test_repeats_are_the_same_bytes(client: Any, receiver: Any) -> None:
    receiver.answers = [202, 200, 401]
    answers = sent(client, TICKET_TAILOR, url=receiver.url, secret="s", repeat=3)
    assert [answer["status"] for answer in answers] == [202, 200, 401]
    assert len({body for _, body in receiver.received}) == 1


def test_ticket_tailor_sends_a_signed_envelope(client: Any, receiver: Any) -> None:
    sent(client, TICKET_TAILOR, url=receiver.url, secret="s3cret", payload={"object": "order", "id": "or_9"})
    headers, body = receiver.received[0]
    time_part, proof_part = headers["tickettailor-webhook-signature"].split(",")
    stamp = time_part.removeprefix("t=")
    assert proof_part == "v1=" + hmac.new(b"s3cret", stamp.encode() + body, hashlib.sha256).hexdigest()
    assert abs(int(stamp) - time()) < 60
    envelope = json.loads(body)
    assert list(envelope) == ["id", "created_at", "event", "resource_url", "payload"]
    assert (envelope["event"], envelope["payload"]) == ("ORDER.CREATED", {"object": "order", "id": "or_9"})
    assert envelope["id"].startswith("wh_")
    assert envelope["resource_url"].endswith("/or_9")


def test_a_delivery_can_be_signed_for_another_time_and_named(client: Any, receiver: Any) -> None:
    sent(client, TICKET_TAILOR, url=receiver.url, secret="s", timestamp=1735689600, id="wh_15", event="ORDER.UPDATED")
    headers, body = receiver.received[0]
    assert headers["tickettailor-webhook-signature"] == signature("s", 1735689600, body)
    assert (json.loads(body)["id"], json.loads(body)["event"]) == ("wh_15", "ORDER.UPDATED")


def test_a_box_office_sends_shows_too(client: Any, receiver: Any) -> None:
    sent(client, BOX_OFFICE, url=receiver.url, key="k-1", events=[{"id": "1"}])
    assert json.loads(receiver.received[0][1]) == {"events": [{"id": "1"}]}


def test_shopify_signs_the_bytes_of_the_digest(client: Any, receiver: Any) -> None:
    order = {"id": 1001, "email": "fan@example.com"}
    sent(client, "/_shops/shopify/send", url=receiver.url, secret="shop-secret", payload=order, id="w-1")
    headers, body = receiver.received[0]
    proof = base64.b64encode(hmac.new(b"shop-secret", body, hashlib.sha256).digest()).decode()
    assert headers["x-shopify-hmac-sha256"] == proof
    assert (headers["x-shopify-topic"], headers["x-shopify-webhook-id"]) == ("orders/create", "w-1")
    assert json.loads(body) == order


def test_stripe_signs_the_time_a_dot_and_the_body(client: Any, receiver: Any) -> None:
    sent(client, "/_shops/stripe/send", url=receiver.url, secret="whsec_example", timestamp=1735689600)
    headers, body = receiver.received[0]
    proof = hmac.new(b"whsec_example", b"1735689600." + body, hashlib.sha256).hexdigest()
    assert headers["stripe-signature"] == f"t=1735689600,v1={proof}"
    assert json.loads(body)["type"] == "checkout.session.completed"


@pytest.mark.parametrize("digest", ["sha1", "sha256"])
def test_universe_signs_with_the_digest_it_is_told(client: Any, receiver: Any, digest: str) -> None:
    sent(client, "/_shops/universe/send", url=receiver.url, secret="uni-secret", digest=digest)
    headers, body = receiver.received[0]
    assert headers["x-uniiverse-signature"] == hmac.new(b"uni-secret", body, digest).hexdigest()
    assert headers["x-uniiverse-event"] == "ticket_purchase"


def test_eventbrite_points_at_an_order_and_signs_nothing(client: Any, receiver: Any) -> None:
    sent(client, "/_shops/eventbrite/send", url=receiver.url, order=5)
    sent(client, "/_shops/eventbrite/send", url=receiver.url, action="test")
    (headers, order), (_, test) = receiver.received
    assert json.loads(order)["api_url"] == "https://www.eventbriteapi.com/v3/orders/5/"
    assert not [name for name in headers if "signature" in name]
    assert json.loads(test)["config"]["action"] == "test"


def test_a_forger_does_not_know_the_secret(client: Any, receiver: Any) -> None:
    sent(client, TICKET_TAILOR, url=receiver.url, secret="s", forge=True)
    sent(client, BOX_OFFICE, url=receiver.url, key="k-1", orders=[], forge=True)
    (signed, body), (keyed, _) = receiver.received
    stamp = int(signed["tickettailor-webhook-signature"].split(",")[0].removeprefix("t="))
    assert signed["tickettailor-webhook-signature"] != signature("s", stamp, body)
    assert keyed["x-api-key"] != "k-1"


@pytest.mark.parametrize(("path", "secret"), [(BOX_OFFICE, {"key": "k"}), (TICKET_TAILOR, {"secret": "k"})])
def test_any_text_can_be_sent_as_a_malformed_body(
    client: Any, receiver: Any, path: str, secret: dict[str, str]
) -> None:
    sent(client, path, url=receiver.url, raw='{"orders": [', **secret)
    assert receiver.received[0][1] == b'{"orders": ['


def test_a_receiver_that_is_not_there_is_an_answer_too(client: Any) -> None:
    assert sent(client, BOX_OFFICE, url="http://127.0.0.1:1/", key="k", orders=[]) == [
        {"status": None, "answer": None, "error": "NewConnectionError"}
    ]


@pytest.mark.parametrize(
    ("path", "request_body"),
    [
        (BOX_OFFICE, {"key": "k", "orders": []}),
        (BOX_OFFICE, {"url": "http://127.0.0.1:1/", "orders": []}),
        (BOX_OFFICE, {"url": "http://127.0.0.1:1/", "key": "k"}),
        (BOX_OFFICE, {"url": "http://127.0.0.1:1/", "key": "k\n", "orders": []}),
        (BOX_OFFICE, {"url": "http://127.0.0.1:1/", "key": "k", "orders": [], "secret": "s"}),
        (TICKET_TAILOR, {"url": "http://127.0.0.1:1/"}),
        (TICKET_TAILOR, {"url": "http://127.0.0.1:1/", "secret": "s", "repeat": 0}),
        (TICKET_TAILOR, {"url": "http://127.0.0.1:1/", "secret": "s", "raw": {}}),
    ],
)
def test_a_request_to_send_that_cannot_be_read_is_refused(
    shared_client: Any, path: str, request_body: dict[str, Any]
) -> None:
    reply = shared_client.session.post(shared_client.url + path, json=request_body, timeout=10)
    assert (reply.status_code, len(reply.json()["problems"])) == (400, 1)
