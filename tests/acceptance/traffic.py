"""Traffic: orders and completed campaigns, as many of each, and how often a vendor was called about every one."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from tests.acceptance.definitions import RAISE, WELCOME
from tests.acceptance.sender import Delivery, Sender, address
from tests.acceptance.stack import Stack
from workflows.ledger import tables

WORKFLOWS = {"welcome": WELCOME, "raise": RAISE}
CONTACT = "cymbal.create_contact"
"""What an order leads to; it cannot be repeated."""
EDIT = "symphony.edit_campaign"
"""What a completed campaign leads to; it can be repeated."""


@dataclass
class Traffic:
    """`size` deliveries, half of them about orders, whose names begin with `prefix`."""

    stack: Stack
    prefix: str
    size: int
    orders: Sequence[str] = field(init=False)
    campaigns: Sequence[str] = field(init=False)
    known: int = field(init=False)
    """How many deliveries the ledger had before."""

    def __post_init__(self) -> None:
        self.orders = [f"{self.prefix}-{number}" for number in range(self.size // 2)]
        self.campaigns = self.stack.sandbox.campaigns(self.size // 2)
        self.known = len(self.stack.rows(tables.deliveries))

    def deliveries(self) -> list[Delivery]:
        """One about an order, one about a campaign, and so on."""
        pairs = zip(map(self.stack.order, self.orders), map(self.stack.news, self.campaigns), strict=True)
        return [delivery for pair in pairs for delivery in pair]

    def await_settled(self, within_seconds: float = 60.0) -> None:
        """Return once all are taken in and nothing moves by itself any more."""
        self.stack.await_settled(self.known + self.size, within_seconds)

    def effects(self, *, state: str | None = None) -> list["sa.Row[Any]"]:
        """The calls about these orders and campaigns, as the ledger has them."""
        names = (*self.orders, *self.campaigns)
        return [row for row in self.stack.effects(state=state) if any(is_about(row.request, name) for name in names)]

    def contacts(self) -> Counter[str]:
        """How often each order's buyer was told to Cymbal."""
        return self._counted(CONTACT, self.orders)

    def edits(self) -> Counter[str]:
        """How often each campaign was edited."""
        return self._counted(EDIT, self.campaigns)

    def _counted(self, operation: str, names: Sequence[str]) -> Counter[str]:
        received = self.stack.sandbox.journal(operation)
        return Counter({name: sum(is_about(row, name) for row in received) for name in names})


def is_about(request: Mapping[str, Any], name: str) -> bool:
    """Whether a request, in the ledger or in the journal, is about this order or campaign."""
    return str(request["path"]).endswith(f"/{name}") or f'"{address(name)}"' in (request["body"] or "")


def assert_one_run_each(stack: Stack, sender: Sender) -> None:
    """Every acknowledged delivery has one id, whoever asked how often, and led to one run."""
    runs = stack.runs_by_delivery()
    for name, ids in sender.acknowledged.items():
        (delivery_id,) = ids
        assert len(runs[delivery_id]) == 1, name
