"""evvnt's Partner API: the users an account created, on whose behalf it may act."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from sandbox.calls import Answer, Call, Operation, Refusal
from sandbox.checks import Checker
from sandbox.evvnt.rules import check_user
from sandbox.evvnt.samples import USER
from sandbox.store import Store, json_shelf

ONE = "/users/<user_id>"
UNKNOWN = "Unknown user id"


class Users:
    """Our users. One address may have several: what happens to a second one is not documented."""

    def __init__(self, store: Store) -> None:
        self._shelf = json_shelf(store, "evvnt.users")
        self._shelf.fill({USER["uuid"]: USER})

    def operations(self) -> Sequence[Operation]:
        return [
            Operation("evvnt.create_user", "POST", "/users", self.create_user),
            Operation("evvnt.list_users", "GET", "/users", self.list_users),
            Operation("evvnt.get_user", "GET", ONE, self.get_user),
            Operation("evvnt.update_user", "PUT", ONE, self.update_user),
        ]

    def state(self) -> list[dict[str, Any]]:
        return self._shelf.values()

    def in_path(self, call: Call) -> dict[str, Any]:
        user = self._shelf.get(call.arguments["user_id"])
        if user is None:
            raise Refusal(404, "no such user")
        return user

    def in_query(self, call: Call, complaint: str = UNKNOWN) -> str:
        """Name the user a call of the Partner API is for; raises Refusal with this complaint where there is none."""
        user = self._shelf.get(call.query_value("user_id") or "")
        if user is None:
            raise Refusal(403, complaint)
        return str(user["uuid"])

    def create_user(self, call: Call) -> Answer:
        body = _checked(call, is_update=False)
        uuid = str(uuid4())
        self._shelf.put(uuid, {"uuid": uuid, **body})
        return Answer(200, {"id": uuid})

    def list_users(self, call: Call) -> Answer:
        return Answer(200, self._shelf.values())

    def get_user(self, call: Call) -> Answer:
        return Answer(200, self.in_path(call))

    def update_user(self, call: Call) -> Answer:
        user = self.in_path(call)
        self._shelf.put(user["uuid"], {**user, **_checked(call, is_update=True)})
        return Answer(200, {})


def _checked(call: Call, *, is_update: bool) -> dict[str, Any]:
    check = Checker(call.json(), "user")
    check_user(check, is_update=is_update)
    check.refuse_problems()
    return check.value
