"""Rows of a ledger as they stand after something happened, for tests of what is shown of them."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Table

from workflows.ledger import tables
from workflows.ledger.database import Database

NOW = datetime(2026, 3, 1, 15, 0, tzinfo=UTC)

WORKFLOW = """\
workflow: {name}
description: For a test.
owner: tests
when:
  event: symphony.campaign.created
steps:
{steps}"""

COMPLETED = (
    "symphony.campaign.completed",
    "symphony:campaign:5017",
    "symphony.campaign.failed",
    "Symphony takes edits only then.",
)


def ago(**duration: float) -> datetime:
    """An instant before NOW."""
    return NOW - timedelta(**duration)


def ahead(**duration: float) -> datetime:
    """An instant after NOW."""
    return NOW + timedelta(**duration)


def definition(name: str, *steps: str) -> str:
    """The text of a workflow with these steps: `"raise: call: symphony.edit_campaign"`."""
    return WORKFLOW.format(name=name, steps="".join(f"  - id: {step}\n    set: {{x: 1}}\n" for step in steps))


@dataclass
class Rows:
    """Writes rows, each with defaults for what the test is not about, and returns their ids."""

    database: Database
    _count: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def repeats(self, delivery_id: str, count: int, last_at: datetime = NOW) -> None:
        """Let a delivery have come again."""
        with self.database.write() as connection:
            connection.execute(tables.repeats.insert().values(delivery_id=delivery_id, count=count, last_at=last_at))

    def delivery(self, at: datetime = NOW, **changes: Any) -> str:
        row = {
            "id": self.id_at(at),
            "source": "symphony",
            "received_at": at,
            "shard": 3,
            "state": "taken",
            "headers": {"content-type": "application/json"},
            "body": b'{"event": "campaign.created"}',
            "taken_at": at + timedelta(milliseconds=40),
        }
        return self._insert(tables.deliveries, {**row, **changes})

    def event(self, at: datetime = NOW, *, delivery_id: str | None = None, **changes: Any) -> str:
        row = {
            "id": self.id_at(at),
            "delivery_id": delivery_id or self.delivery(at),
            "source": "symphony",
            "brand": "main",
            "type": "symphony.campaign.created",
            "subject": "symphony:campaign:5017",
            "occurred_at": at,
            "data": {"id": "5017"},
        }
        return self._insert(tables.events, {**row, **changes})

    def milestone(self, type_: str, subject: str = "symphony:campaign:5017", at: datetime = NOW) -> None:
        event_id = self.event(at, type=type_, subject=subject)
        row = {"subject": subject, "type": type_, "event_id": event_id, "reached_at": at}
        self._insert(tables.milestones, row)

    def run(
        self,
        at: datetime = NOW,
        *,
        event_id: str | None = None,
        workflow: str = "raise-budget",
        steps: Sequence[str] = ("raise",),
        **changes: Any,
    ) -> str:
        source = changes.pop("source", definition(workflow, *steps))
        digest = f"hash-{next(self._count)}"
        row = {"hash": digest, "name": workflow, "source": source, "created_at": at}
        self._insert(tables.definitions, row)
        row = {
            "id": self.id_at(at),
            "event_id": event_id or self.event(at),
            "workflow": workflow,
            "definition_hash": digest,
            "key": "5017",
            "brand": {"zone": "Europe/London", "currency": "USD"},
            "state": "running",
            "created_at": at,
            "expires_at": at + timedelta(days=14),
        }
        return self._insert(tables.runs, {**row, **changes})

    def step(self, run_id: str, step: str = "raise", state: str = "done", at: datetime = NOW, **changes: Any) -> None:
        ended_at = None if state in ("waiting", "calling") else at
        row = {"run_id": run_id, "step": step, "state": state, "started_at": at, "ended_at": ended_at}
        self._insert(tables.steps, {**row, **changes})

    def wait(self, run_id: str, due_at: datetime, at: datetime = NOW, **changes: Any) -> str:
        row = {
            "id": self.id_at(at),
            "run_id": run_id,
            "step": "morning",
            "kind": "timer",
            "state": "open",
            "due_at": due_at,
            "created_at": at,
        }
        return self._insert(tables.waits, {**row, **changes})

    def effect(self, run_id: str | None = None, state: str = "intended", at: datetime = NOW, **changes: Any) -> str:
        key = f"key-{next(self._count)}"
        row = {
            "id": self.id_at(at),
            "key": key,
            "run_id": run_id,
            "step": "raise" if run_id else None,
            "operation": "symphony.edit_campaign",
            "vendor": "symphony",
            "request": request("PUT", "/v1/campaign/5017", '{"budget":{"value":40,"currency":"USD"}}'),
            "inputs": {},
            "requires": [],
            "repeat": "ask",
            "state": state,
            "due_at": at,
            "max_attempts": 6,
            "give_up_at": at + timedelta(hours=6),
            "created_at": at,
        }
        if state in ("released", "claimed"):
            row["lease_until"] = at + timedelta(seconds=30)
        if state == "held":
            row["gate"] = "vendor"
        return self._insert(tables.effects, {**row, **changes})

    def held(self, run_id: str | None = None, at: datetime = NOW, **changes: Any) -> str:
        """An effect that waits for the campaign to complete."""
        gate = {"gate_key": COMPLETED[1], "requires": [list(COMPLETED)], "due_at": at + timedelta(minutes=5)}
        return self.effect(run_id, "held", at, **{**gate, **changes})

    def attempt(self, effect_id: str, number: int, at: datetime, outcome: str | None = "done", **changes: Any) -> None:
        row = {
            "effect_id": effect_id,
            "number": number,
            "holder": "box:411",
            "started_at": at,
            "ended_at": None if outcome is None else at + timedelta(milliseconds=420),
            "outcome": outcome,
        }
        self._insert(tables.attempts, {**row, **changes})

    def refusal(self, reason: str, count: int, at: datetime = NOW, source: str = "box-office") -> None:
        row = {"source": source, "reason": reason, "count": count, "first_at": at, "last_at": at}
        self._insert(tables.refusals, row)

    def id_at(self, at: datetime) -> str:
        """An id as it would have been made at that instant; later ones of one instant sort behind earlier ones."""
        milliseconds = f"{tables.micros(at) // 1000:012x}"
        return f"{milliseconds[:8]}-{milliseconds[8:]}-7000-8000-{next(self._count):012x}"

    def _insert(self, table: Table, row: Mapping[str, Any]) -> str:
        with self.database.write() as connection:
            connection.execute(table.insert().values(**row))
        return str(row.get("id"))


def request(method: str, path: str, body: str | None = None) -> dict[str, Any]:
    """A request as the ledger keeps it."""
    content_type = None if body is None else "application/json"
    return {
        "operation": "symphony.edit_campaign",
        "method": method,
        "base": "advertising_api",
        "path": path,
        "query": [],
        "body": body,
        "content_type": content_type,
    }
