"""Constant Contact's operations: `https://api.cc.email` is `/constant_contact` here, the token URL `/token` below it.

Errors are lists of `error_key` and `error_message`, but one object where the gateway refuses, and OAuth's own at the
token URL.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sandbox.calls import Answer, Call, Operation, Refusal
from sandbox.constant_contact.accounts import ONE, Accounts
from sandbox.constant_contact.activities import Activities
from sandbox.constant_contact.audiences import Audiences
from sandbox.constant_contact.contacts import Contacts
from sandbox.constant_contact.envelope import Envelopes
from sandbox.constant_contact.gateway import Gateway
from sandbox.constant_contact.people import People
from sandbox.constant_contact.subscriptions import Subscriptions
from sandbox.knobs import Knobs
from sandbox.postman import Postman
from sandbox.settings import Settings
from sandbox.store import Store

LIMITS: Final = ("requests_per_second", "requests_per_day", "token_requests_per_second", "queued_activities")
KEYS: Final = {
    400: "contacts.api.validation.error",
    401: "unauthorized",
    403: "forbidden",
    404: "contacts.api.not_found",
    406: "not_acceptable",
    409: "contacts.api.conflict",
    415: "unsupported_media_type",
    429: "throttled",
}
OF_THE_GATEWAY: Final = ("unauthorized", "forbidden", "throttled", "quota_exceeded")
OF_OAUTH: Final = ("invalid_client", "invalid_request", "invalid_scope", "unsupported_grant_type")


class ConstantContact:
    """The stand-in for one technology partner and its client accounts."""

    name = "constant_contact"
    prefix = "/constant_contact"
    title = "Constant Contact"

    def __init__(self, settings: Settings, store: Store, postman: Postman) -> None:
        self.credentials: Mapping[str, str] = {
            "x-api-key": settings.constant_contact_key,
            "client id": settings.constant_contact_client,
            "client secret": settings.constant_contact_secret,
        }
        self.knobs = Knobs(
            {
                "requests_per_second": 4,
                "requests_per_day": 10_000,
                "token_requests_per_second": None,
                "queued_activities": 1000,
                "token_seconds": 3600,
                "activity_seconds": 2,
                "provisioning_seconds": 0,
            },
            LIMITS,
        )
        clock = settings.clock
        self._gateway = Gateway(store, self.credentials, self.knobs, clock)
        self._people = People(store, clock)
        self._audiences = Audiences(store, self.knobs, clock)
        self._activities = Activities(store, self.knobs, self._people, self._audiences, clock)
        self._contacts = Contacts(self._people, self._audiences)
        self._subscriptions = Subscriptions(store, postman, self.credentials)
        self._accounts = Accounts(
            store,
            self.knobs,
            clock,
            subscribers=self._people.subscribers,
            tell_cancelled=self._subscriptions.tell_cancelled,
        )
        inner = (self._contacts, self._audiences, self._activities)
        carried = [operation for part in inner for operation in part.operations()]
        self._envelopes = Envelopes(carried, self._accounts.found)

    def operations(self) -> Sequence[Operation]:
        return [
            Operation("constant_contact.token", "POST", "/token", self._gateway.issue_token, is_login=True),
            *self._accounts.operations(),
            Operation("constant_contact.unsubscribe_contacts", "POST", f"{ONE}/contacts/unsubscribe", self.unsubscribe),
            *self._envelopes.operations(),
            *self._subscriptions.operations(),
        ]

    def admit(self, call: Call) -> None:
        self._gateway.admit(call)
        self._activities.catch_up()

    def refuse(self, refusal: Refusal) -> Answer:
        key = refusal.code or KEYS.get(refusal.status, "server_error")
        if key in OF_OAUTH:
            return Answer(refusal.status, {"error": key, "error_description": refusal.message})
        if key in OF_THE_GATEWAY:
            return Answer(refusal.status, {"error_key": key, "error_message": refusal.message})
        messages = [f"{problem.path} {problem.message}".strip() for problem in refusal.problems] or [refusal.message]
        return Answer(refusal.status, [{"error_key": key, "error_message": message} for message in messages])

    def state(self) -> dict[str, Any]:
        """Show what there is, with the work of activities that is done by now."""
        self._activities.catch_up()
        return {
            **self._gateway.state(),
            **self._accounts.state(),
            "contacts": self._people.state(),
            **self._audiences.state(),
            "activities": self._activities.state(),
            "subscriptions": self._subscriptions.state(),
        }

    def unsubscribe(self, call: Call) -> Answer:
        """Unsubscribe contacts of one account, or a single one of all our accounts."""
        account = self._accounts.found(call)["encoded_account_id"]
        others = [row["encoded_account_id"] for row in self._accounts.ours()]
        return self._contacts.unsubscribe_many(call, [account, *(key for key in others if key != account)])
