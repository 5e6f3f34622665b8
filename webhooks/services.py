"""The composition root of the web process: everything a request needs, made once and passed down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from vendors.catalogue import build_catalogue
from webhooks.doorbell import Doorbell, IntakeBell
from webhooks.inbox import Inbox
from webhooks.refusals import RefusalCounter
from webhooks.sources import Source, build_sources
from workflows.catalogue import Catalogue
from workflows.errors import LedgerUnavailable
from workflows.ledger.database import Database
from workflows.ledger.inbox import InboxWriter
from workflows.ledger.tables import deliveries
from workflows.settings import Settings
from workflows.values import currency_exponent


@dataclass(frozen=True)
class Services:
    """What the web process works with."""

    settings: Settings
    sources: Mapping[str, Source]
    catalogue: Catalogue
    database: Database
    inbox: Inbox
    refusals: RefusalCounter
    doorbell: Doorbell

    def check_ledger(self) -> None:
        """Raises LedgerUnavailable unless the ledger is there and has its tables."""
        try:
            with self.database.read() as connection:
                connection.execute(sa.select(deliveries.c.id).limit(1)).first()
        except sa.exc.SQLAlchemyError as error:
            raise LedgerUnavailable(f"the ledger has no tables ({type(error).__name__})") from error

    def close(self) -> None:
        """Store what is on its way, then end every thread and connection."""
        self.inbox.close()
        self.refusals.close()
        self.doorbell.close()
        self.database.close()


def open_services(settings: Settings) -> Services:
    """Wire the web process. Starts no thread and opens no connection: a server may fork after this."""
    currency_exponent("USD")  # reads the currencies' table, which takes longer than a request should
    database = Database(settings.database_url, settings.keys)
    doorbell = Doorbell(IntakeBell(settings.broker_url))
    return Services(
        settings=settings,
        sources=build_sources(settings.sources),
        catalogue=build_catalogue(settings),
        database=database,
        inbox=Inbox(InboxWriter(settings.database_url), doorbell.ring),
        refusals=RefusalCounter(database),
        doorbell=doorbell,
    )
