"""evvnt's operations: the Publisher, Organiser and Partner APIs are all below `/evvnt` here.

What the page does not show (the answers to updates, the bodies of 404) is the sandbox's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.calls import Answer, Call, Operation, Refusal
from sandbox.credentials import is_basic
from sandbox.evvnt.events import Events
from sandbox.evvnt.packages import Packages
from sandbox.evvnt.publishing import Publishing
from sandbox.evvnt.rules import sentence
from sandbox.evvnt.users import Users
from sandbox.settings import Settings
from sandbox.store import Store


class Evvnt:
    """The stand-in for one account, which publishes, organises and is a partner."""

    name = "evvnt"
    prefix = "/evvnt"
    title = "evvnt"

    def __init__(self, settings: Settings, store: Store) -> None:
        self.credentials: Mapping[str, str] = {"API key": settings.evvnt_key, "API secret": settings.evvnt_secret}
        self._users = Users(store)
        self._packages = Packages(store, self._users, settings.clock)
        self._publishing = Publishing(store, settings.clock)
        self._events = Events(store, self._users, self._packages, self._publishing, settings.clock)

    def operations(self) -> Sequence[Operation]:
        parts = (self._publishing, self._events, self._packages, self._users)
        return [operation for part in parts for operation in part.operations()]

    def admit(self, call: Call) -> None:
        if not is_basic(call, *self.credentials.values()):
            raise Refusal(401, "authentication failed bad key/secret")
        if "application/json" not in call.headers.get("accept", ""):
            raise Refusal(400, "Accept must be application/json")
        if call.body and not call.is_json():
            raise Refusal(400, "Content-Type must be application/json")

    def refuse(self, refusal: Refusal) -> Answer:
        errors = [sentence(problem) for problem in refusal.problems] or [refusal.message]
        return Answer(refusal.status, {"errors": errors})

    def state(self) -> dict[str, Any]:
        return {
            "spent": self._packages.spent(),
            "packages": self._packages.state(),
            "users": self._users.state(),
            "events": self._events.state(),
            "published_events": self._publishing.state(),
        }
