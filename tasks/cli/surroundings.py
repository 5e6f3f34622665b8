"""What a command works with: this process's variables and, while a sandbox runs on the data folder, its settings."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tasks.supervisor.broker import broker_url
from tasks.up.places import data_folder, running_places
from tasks.up.sandbox import read_environment
from workflows.settings import Settings, read_settings

if TYPE_CHECKING:  # imported late: a dry run needs neither a database nor HTTP
    from workflows.catalogue import Catalogue
    from workflows.ledger.database import Database
    from workflows.runtime.effects import Performer


def variables() -> Mapping[str, str]:
    """The environment of a command.

    While `up --sandbox` runs on this data folder, its ledger is one of the sandbox, so the sandbox's addresses, keys
    and secrets go before this process's own: a real key must not meet a sandbox's ledger, nor the other way round.
    """
    data_dir = data_folder(os.environ)
    places = running_places(data_dir)
    if places is None:
        return os.environ
    sandbox = read_environment(data_dir) if places.sandbox is not None else {}
    broker = {} if os.environ.get("BROKER_URL") else {"BROKER_URL": broker_url(data_dir)}
    return {**os.environ, **broker, **sandbox}


def settings() -> Settings:
    """The settings of this command. Raises ConfigurationError."""
    return read_settings(variables())


@contextmanager
def ledger(chosen: Settings) -> Iterator[Database]:
    """The ledger these settings name."""
    from workflows.ledger.database import Database

    database = Database(chosen.database_url, chosen.keys)
    try:
        yield database
    finally:
        database.close()


def performer(chosen: Settings, catalogue: Catalogue, database: Database) -> Performer:
    """One who makes calls by hand, in this process."""
    from vendors.client import Client
    from workflows.runtime.effects import Performer
    from workflows.runtime.pacer import Pacer
    from workflows.runtime.rules import Rules

    rules = Rules(catalogue)
    client = Client(chosen, Pacer(database, rules).wait)
    return Performer(database, rules, client, holder=f"{socket.gethostname()}:{os.getpid()} by hand")
