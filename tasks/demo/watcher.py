"""The watcher: looks at the sandbox and the ledger again and again, and tells what is new."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tasks.demo.display import Display
from tasks.demo.errors import TookTooLong
from tasks.demo.sandbox import Row, Sandbox
from workflows.engine.states import EffectState
from workflows.ledger import listing
from workflows.ledger.database import Database
from workflows.ledger.lines import EffectLine
from workflows.ledger.waiting import Waiting, waiting
from workflows.redaction import redact_text

LOOK_SECONDS = 0.15
MOST_EFFECTS = 200

ENDED_BADLY = (EffectState.REFUSED, EffectState.IN_DOUBT, EffectState.CANCELLED)


@dataclass
class Watcher:
    """Looks, shows, and keeps what was seen.

    calls, deliveries  the sandbox's journals as last seen
    held               what was held when first seen held: effect id to reason
    held_edits         keys of the runs whose edit was seen held while Symphony had not yet told of completion
    is_quiet           nothing is on its way in the ledger any more
    """

    sandbox: Sandbox
    database: Database
    display: Display
    calls: list[Row] = field(default_factory=list)
    deliveries: list[Row] = field(default_factory=list)
    held: dict[str, str] = field(default_factory=dict)
    held_edits: set[str] = field(default_factory=set)
    is_quiet: bool = False
    _ended: set[str] = field(default_factory=set)

    def watch_until(self, happened: Callable[[], bool], *, within_seconds: float, what: str) -> None:
        """Look until something has happened. Raises TookTooLong."""
        deadline = time.monotonic() + within_seconds
        while True:
            self.look()
            if happened():
                return
            if time.monotonic() > deadline:
                raise TookTooLong(f"{what} did not happen within {within_seconds:g} s")
            time.sleep(LOOK_SECONDS)

    def look(self) -> None:
        """One look at everything: first the ledger, so that what it holds was held when the journals are read."""
        with self.database.read() as connection:
            now = self.database.now(connection)
            effects = listing.effects(connection, limit=MOST_EFFECTS)
            waits = waiting(connection, now)
            counts = listing.counts(connection, now)
        self._look_at_journals()
        self._look_at_effects(effects)
        self.is_quiet = not (counts.pending or counts.running or counts.held or counts.timers)
        self.display.waits([_in_words(item) for item in waits])

    def has_told_of_completion(self, campaign_id: str) -> bool:
        """Whether Symphony has sent `campaign.completed` about it."""
        return any(row["event"] == "campaign.completed" and row["about"] == campaign_id for row in self.deliveries)

    def _look_at_journals(self) -> None:
        """Show what is new in both journals, in the order it happened."""
        sent, received = list(self.sandbox.deliveries()), list(self.sandbox.calls())
        came_in, went_out = sent[len(self.deliveries) :], received[len(self.calls) :]
        for row in sorted([*came_in, *went_out], key=lambda row: str(row["at"])):
            if "operation" in row:
                self.display.went_out(row["operation"], f"{row['method']} {row['path']}", row["status"])
            else:
                about = f" about {row['about']}" if row["about"] else ""
                self.display.came_in(row["source"], f"{row['event']}{about}", row["status"])
        self.deliveries, self.calls = sent, received

    def _look_at_effects(self, effects: list[EffectLine]) -> None:
        for line in reversed(effects):
            if line.state == EffectState.HELD:
                self._see_held(line)
            elif line.state in ENDED_BADLY and line.id not in self._ended:
                self._ended.add(line.id)
                self.display.ended(line.operation, line.run_key, line.state, redact_text(line.reason or ""))

    def _see_held(self, line: EffectLine) -> None:
        if line.run_key is not None and not self.has_told_of_completion(line.run_key):
            self.held_edits.add(line.run_key)
        if line.id not in self.held:
            self.held[line.id] = line.reason or ""
            self.display.held(line.operation, line.run_key, redact_text(line.reason or ""))


def _in_words(item: Waiting) -> tuple[str, str]:
    return (f"{item.what} ({item.workflow} {item.run_key})" if item.run_id else item.what, item.why)
