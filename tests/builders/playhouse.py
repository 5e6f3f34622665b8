"""A whole ledger with workflows in force, whose clock the test sets: events in, sweeps, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from tests.builders.ledger import ClockedDatabase, Crew, store_delivery
from workflows.catalogue import Outcome
from workflows.language.reader import read_definition
from workflows.ledger import configuration, tables
from workflows.runtime.intake import Intake
from workflows.runtime.sweep import Sweep
from workflows.values import new_id

BRANDS = {"main": {"zone": "Europe/London", "currency": "USD"}}


@dataclass
class Stage:
    """One crew, and what an operator would see."""

    crew: Crew

    @property
    def database(self) -> ClockedDatabase:
        return self.crew.database

    def apply(self, *texts: str, by: str = "tests") -> None:
        """Put these workflows into force, and no others."""
        read = [read_definition(text, f"{text.split('workflow: ')[1].split()[0]}.yml") for text in texts]
        with self.database.write() as connection:
            configuration.apply(connection, read, BRANDS, by=by, now=self.database.time)

    def happen(self, kind: str = "symphony.campaign.created", subject: str = "", **data: Any) -> None:
        """Let an event come, and take it in."""
        about = subject or f"symphony:campaign:{data.get('id', '5017')}"
        drafts = [{"type": kind, "subject": about, "brand": "main", "data": {"id": "5017", **data}}]
        if "occurred_at" in data:
            drafts[0]["occurred_at"] = data.pop("occurred_at")
            drafts[0]["data"].pop("occurred_at")
        with self.database.write() as connection:
            store_delivery(connection, new_id(), drafts=drafts)
        while Intake(self.database, self.crew.rules).take_batch():
            pass

    def play(self, *answers: Outcome, sweeps: int = 3) -> None:
        """Let the workers work, the vendor answering so."""
        self.crew.vendor.answers.extend(answers)
        for _ in range(sweeps):
            self.sweep()
            self.crew.work()

    def sweep(self) -> None:
        crew = self.crew
        Sweep(crew.database, crew.rules, crew.performer, crew.releaser, crew.looker).once()

    def rows(self, table: sa.Table, *order: Any, **values: Any) -> list[Any]:
        """Rows of a table, in the order they were made."""
        statement = sa.select(table).filter_by(**values).order_by(*(order or table.primary_key.columns))
        with self.database.read() as connection:
            return list(connection.execute(statement))

    def runs(self, workflow: str | None = None) -> list[Any]:
        return self.rows(tables.runs, **({} if workflow is None else {"workflow": workflow}))

    def run(self, workflow: str | None = None) -> Any:
        """The only run, or the last one of the workflow."""
        return self.runs(workflow)[-1]

    def question(self) -> Any:
        """The last thing people were asked."""
        return self.rows(tables.waits, kind="approval")[-1]

    def sent(self) -> list[str]:
        """The operations that vendors were sent, in order."""
        return [request.operation for request in self.crew.vendor.received]
