"""The sweep: what time brings due, and what a lost message or a lost worker left behind."""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from workflows.errors import LedgerUnavailable
from workflows.ledger import deliveries, effects, runs
from workflows.ledger.database import Database
from workflows.runtime.advance import advance_locked
from workflows.runtime.effects import Performer
from workflows.runtime.expected import sweep_expected
from workflows.runtime.looks import Looker
from workflows.runtime.release import Releaser
from workflows.runtime.rules import Rules

BATCH = 200

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Swept:
    """What one sweep found: timers that rang, runs taken on, leases ended, effects released, deliveries waiting."""

    timers: int = 0
    runs: int = 0
    leases: int = 0
    released: int = 0
    pending: bool = False

    @property
    def is_busy(self) -> bool:
        """Whether so much was due that there is probably more."""
        return max(self.timers, self.runs, self.leases) >= BATCH // 2


@dataclass(frozen=True)
class Sweep:
    """Looks after time; any number of processes may, none is special."""

    database: Database
    rules: Rules
    performer: Performer
    releaser: Releaser
    looker: Looker

    def once(self) -> Swept:
        """One look at everything. Looks first without the write lock, so that an idle sweep costs readers nothing."""
        with self.database.read() as connection:
            now = self.database.now(connection)
            timers_due = runs.timers_due(connection, now)
            pending = deliveries.any_pending(connection)
            leases = effects.lapsed(connection, now, BATCH)
            looks_due = effects.looks_due(connection, now)
        timers = self._wake_timers() if timers_due else 0
        ended = sum(self._lapse(effect_id) for effect_id in leases)
        expected = sweep_expected(self.database, self.rules.catalogue, self.rules.expected, BATCH)
        taken_on = self._advance_awake()
        if looks_due:
            self._tell_looks()
        return Swept(timers, taken_on, ended, self.releaser.release_due(), pending or bool(expected))

    def _wake_timers(self) -> int:
        with self.database.write() as connection:
            return runs.wake_timers(connection, self.database.now(connection), BATCH)

    def _lapse(self, effect_id: str) -> bool:
        """End one lease. One that cannot be ended does not hold up the others."""
        try:
            return self.performer.lapse(effect_id)
        except LedgerUnavailable:
            raise
        except Exception:
            log.exception("lapse_failed", effect_id=effect_id)
            return False

    def _tell_looks(self) -> None:
        """Have the workers look. An effect that cannot be read does not keep others from being released."""
        try:
            self.looker.tell_due(BATCH)
        except LedgerUnavailable:
            raise
        except Exception:
            log.exception("looks_failed")

    def _advance_awake(self) -> int:
        with self.database.read() as connection:
            awake = runs.awake(connection, self.database.now(connection), BATCH)
        return sum(self._advance(run_id) for run_id in awake)

    def _advance(self, run_id: str) -> bool:
        """Take one run on, in a transaction of its own: one that fails is put off and does not hold up the others."""
        try:
            with self.database.write() as connection:
                now = self.database.now(connection)
                run = runs.lock_awake(connection, run_id, now)
                if run is not None:
                    advance_locked(connection, self.rules, run, now)
            return run is not None
        except LedgerUnavailable:
            raise
        except Exception:
            log.exception("advance_failed", run_id=run_id)
            with self.database.write() as connection:
                runs.put_off(connection, run_id, self.database.now(connection))
            return False
