"""Webhooks to the partner: subscriptions by topic, and the notifications, signed with the secret of the API key.

A notification only points at an account's plan. Here they come when an account is cancelled and when a test is asked
for; tiers rise and accounts are disabled for reasons the stand-in does not have.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Final

from sandbox.calls import NOTHING, Answer, Call, Operation, dump_json
from sandbox.checks import Checker, web_address
from sandbox.constant_contact.samples import ACCOUNT
from sandbox.constant_contact.values import Row, not_found
from sandbox.postman import Letter, Postman
from sandbox.store import Store, json_shelf

TOPICS: Final = {"1": "tier.increase", "2": "tier.decrease", "3": "account.cancel", "4": "account.disable"}
CANCELLED: Final = "3"
SIGNATURE_HEADER: Final = "x-ctct-hmac-sha256"
LIST: Final = "/v3/partner/webhooks/subscriptions"
ONE: Final = f"{LIST}/<topic_id>"


class Subscriptions:
    """Who is told of what: one address a topic."""

    def __init__(self, store: Store, postman: Postman, credentials: Mapping[str, str]) -> None:
        self._shelf = json_shelf(store, "constant_contact.subscriptions")
        self._postman = postman
        self._credentials = credentials

    def operations(self) -> Sequence[Operation]:
        return [
            Operation("constant_contact.list_subscriptions", "GET", LIST, self.list_all),
            Operation("constant_contact.get_subscription", "GET", ONE, self.get),
            Operation("constant_contact.subscribe", "PUT", ONE, self.subscribe),
            Operation("constant_contact.unsubscribe", "DELETE", ONE, self.unsubscribe),
            Operation("constant_contact.test_subscription", "POST", f"{ONE}/tests", self.test),
        ]

    def state(self) -> list[Row]:
        return self._shelf.values()

    def tell_cancelled(self, account: str) -> None:
        if self._shelf.get(CANCELLED) is not None:
            self._notify(CANCELLED, account)

    def list_all(self, call: Call) -> Answer:
        return Answer(200, self._shelf.values())

    def get(self, call: Call) -> Answer:
        return Answer(200, self._found(call))

    def subscribe(self, call: Call) -> Answer:
        topic = _topic(call)
        check = Checker(call.json())
        check.known("hook_uri")
        check.text("hook_uri", required=True, rule=web_address)
        check.refuse_problems()
        row = {"topic_id": int(topic), **check.value}
        self._shelf.put(topic, row)
        return Answer(200, row)

    def unsubscribe(self, call: Call) -> Answer:
        self._shelf.remove(str(self._found(call)["topic_id"]))
        return Answer(204, NOTHING)

    def test(self, call: Call) -> Answer:
        row = self._found(call)
        self._notify(str(row["topic_id"]), ACCOUNT)
        return Answer(201, row)

    def _found(self, call: Call) -> Row:
        row = self._shelf.get(_topic(call))
        if row is None:
            raise not_found("subscription")
        return row

    def _notify(self, topic: str, account: str) -> None:
        row = self._shelf.get(topic)
        assert row is not None
        url = f"https://api.cc.email/v3/partner/accounts/{account}/plan"
        text = {"url": url, "api_key": self._credentials["x-api-key"], "event_type": TOPICS[topic]}
        body = dump_json(text)
        headers = {SIGNATURE_HEADER: signature(self._credentials["client secret"], body)}
        letter = Letter("constant_contact", TOPICS[topic], row["hook_uri"], body.decode(), headers, account)
        self._postman.post(f"constant_contact/{topic}", letter)


def signature(secret: str, body: bytes) -> str:
    """Sign a notification (Webhook authenticity): base64 of the raw body's HMAC-SHA256."""
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def _topic(call: Call) -> str:
    topic = call.arguments["topic_id"]
    if topic not in TOPICS:
        raise not_found("topic")
    return topic
