"""The composition root of the web process: everything a request needs, made once and passed down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vendors.catalogue import build_catalogue
from webhooks.doorbell import Doorbell, IntakeBell
from webhooks.inbox import Inbox
from webhooks.places import Places
from webhooks.rates import Rates
from webhooks.readiness import Readiness
from webhooks.refusals import RefusalCounter
from webhooks.sources import Source, build_sources
from workflows.catalogue import Catalogue
from workflows.ledger.database import Database
from workflows.ledger.inbox import InboxWriter
from workflows.runtime.rules import Rules
from workflows.settings import Settings
from workflows.values import currency_exponent


@dataclass(frozen=True)
class Services:
    """What the web process works with."""

    settings: Settings
    sources: Mapping[str, Source]
    catalogue: Catalogue
    database: Database
    rules: Rules
    inbox: Inbox
    refusals: RefusalCounter
    doorbell: Doorbell
    rates: Rates
    places: Places
    readiness: Readiness

    def close(self) -> None:
        """Store what is on its way, then end every thread and connection."""
        self.inbox.close()
        self.rates.close()
        self.refusals.close()
        self.doorbell.close()
        self.database.close()


def open_services(settings: Settings) -> Services:
    """Wire the web process. Starts no thread and opens no connection: a server may fork after this."""
    currency_exponent("USD")  # reads the currencies' table, which takes longer than a request should
    database = Database(settings.database_url, settings.keys)
    doorbell = Doorbell(IntakeBell(settings.broker_url))
    catalogue = build_catalogue(settings)
    sources = build_sources(settings.sources)
    admissions = {source.name: source.admission for source in sources.values()}
    rates = {name: admission.rate for name, admission in admissions.items() if admission.rate is not None}
    places = {name: admission.concurrent for name, admission in admissions.items() if admission.concurrent is not None}
    return Services(
        settings=settings,
        sources=sources,
        catalogue=catalogue,
        database=database,
        rules=Rules(catalogue),
        inbox=Inbox(InboxWriter(settings.database_url), doorbell.ring),
        refusals=RefusalCounter(database),
        doorbell=doorbell,
        rates=Rates(database, rates),
        places=Places(settings.door.concurrent, places),
        readiness=Readiness(database, settings),
    )
