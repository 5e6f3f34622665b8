"""evvnt's packages: what may be bought, what was bought and for how much, and how many events are left in each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

from sandbox.calls import Answer, Call, Operation, Problem, Refusal
from sandbox.checks import Checker
from sandbox.evvnt.rules import OURS, check_purchase
from sandbox.evvnt.samples import PACKAGE, PACKAGE_OPTIONS, USER
from sandbox.evvnt.users import Users
from sandbox.store import Shelf, Store


@dataclass(frozen=True)
class Package:
    """One purchase. `shown` is what evvnt tells of it; how much of it is used, evvnt keeps to itself."""

    shown: dict[str, Any]
    owner: str
    amount: Decimal
    currency: str
    used: int = 0

    @property
    def uuid(self) -> str:
        return str(self.shown["uuid"])

    @property
    def left(self) -> int:
        return int(self.shown["event_quantity"]) - self.used


class Packages:
    """Every package. The page's sample was paid for before this sandbox began to count money."""

    def __init__(self, store: Store, users: Users, clock: Callable[[], float]) -> None:
        self._users = users
        self._clock = clock
        self._shelf: Shelf[Package] = Shelf(store, "evvnt.packages", load=_package, dump=asdict)
        self._shelf.fill({PACKAGE["uuid"]: Package(PACKAGE, USER["uuid"], Decimal(0), "GBP")})

    def operations(self) -> Sequence[Operation]:
        return [
            Operation("evvnt.get_contract", "GET", "/contract", self.get_contract),
            Operation("evvnt.buy_package_for_user", "POST", "/packages", self.buy_for_user, when=is_for_user),
            Operation("evvnt.buy_package", "POST", "/packages", self.buy),
            Operation("evvnt.list_packages", "GET", "/packages/mine", self.list_mine),
            Operation("evvnt.get_package", "GET", "/packages/<package_id>", self.get_package),
            Operation("evvnt.list_user_packages", "GET", "/users/<user_id>/packages", self.list_of_user),
        ]

    def state(self) -> list[dict[str, Any]]:
        return [
            {**one.shown, "user_id": one.owner or None, "amount": f"{one.amount:.2f}", "credits_left": one.left}
            for one in self._shelf.values()
        ]

    def spent(self) -> dict[str, str]:
        """Sum up what was paid here, by currency."""
        sums: dict[str, Decimal] = {}
        for one in self._shelf.values():
            sums[one.currency] = sums.get(one.currency, Decimal(0)) + one.amount
        return {currency: f"{amount:.2f}" for currency, amount in sums.items()}

    def use(self, uuid: str | None, *, owner: str) -> str:
        """Take one event from this package, or from the oldest with any left; raises Refusal where none is."""
        mine = self._owned(owner)
        if uuid is not None and uuid not in [one.uuid for one in mine]:
            raise _no_credit("is not one of yours")
        usable = [one for one in mine if one.left > 0 and uuid in (None, one.uuid)]
        if not usable:
            raise _no_credit("has no events left")
        self._shelf.put(usable[0].uuid, replace(usable[0], used=usable[0].used + 1))
        return usable[0].uuid

    def get_contract(self, call: Call) -> Answer:
        return Answer(200, {"package_options": PACKAGE_OPTIONS})

    def buy(self, call: Call) -> Answer:
        return self._sold(call, OURS)

    def buy_for_user(self, call: Call) -> Answer:
        return self._sold(call, self._users.in_query(call))

    def list_mine(self, call: Call) -> Answer:
        return Answer(200, [one.shown for one in self._owned(OURS)])

    def get_package(self, call: Call) -> Answer:
        package = self._shelf.get(call.arguments["package_id"])
        if package is None:
            raise Refusal(404, "no such package")
        return Answer(200, package.shown)

    def list_of_user(self, call: Call) -> Answer:
        user = self._users.in_path(call)["uuid"]
        return Answer(200, [{**one.shown, "user_id": user} for one in self._owned(user)])

    def _owned(self, owner: str) -> list[Package]:
        return [one for one in self._shelf.values() if one.owner == owner]

    def _sold(self, call: Call, owner: str) -> Answer:
        check = Checker(call.json(), "package")
        check_purchase(check)
        check.refuse_problems()
        option = next(one for one in PACKAGE_OPTIONS if one["id"] == check.value["id"])
        shown = {
            "uuid": str(uuid4()),
            "type": option["type"],
            "broadcast_volume": option["broadcast_volume"],
            "event_quantity": check.value["event_quantity"],
            "purchase_order_id": check.value.get("purchase_order_id"),
            "notes": check.value.get("notes"),
            "purchase_date": datetime.fromtimestamp(self._clock(), UTC).date().isoformat(),
        }
        amount = Decimal(option["cost_per_event"]) * check.value["event_quantity"]
        self._shelf.put(shown["uuid"], Package(shown, owner, amount, option["currency"]))
        return Answer(200, {"id": shown["uuid"]})


def is_for_user(call: Call) -> bool:
    """Tell a call of the Partner API from one of the Organiser API at the same path: by its query."""
    return bool({"user_id", "publisher_id", "package_id"} & call.query_values().keys())


def _no_credit(message: str) -> Refusal:
    return Refusal(400, "nothing to pay with", [Problem("event.package", message)])


def _package(record: dict[str, Any]) -> Package:
    return Package(**{**record, "amount": Decimal(record["amount"])})
