"""The plan of a system: its settings, its places, and the one environment all its processes share."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tasks.supervisor.broker import broker_url
from tasks.up.places import Places, data_folder
from tasks.up.sandbox import sandbox_environment
from workflows.settings import Settings, read_settings

FLOWER_USER = "stagedoor"


@dataclass(frozen=True)
class Plan:
    """What is going to run.

    environment  what the processes get in addition to, or instead of, this process's own variables
    sandbox      the part of it that the sandbox implies; empty without one
    has_broker   whether the embedded broker is part of it
    """

    settings: Settings
    places: Places
    environment: Mapping[str, str] = field(repr=False)
    sandbox: Mapping[str, str] = field(repr=False)
    has_broker: bool
    flower_password: str = field(repr=False)

    @property
    def data_dir(self) -> Path:
        return self.settings.data_dir


def make_plan(environ: Mapping[str, str], places: Places) -> Plan:
    """Plan a system from the variables of this process. Nothing is written or started.

    Raises ConfigurationError.
    """
    data_dir = data_folder(environ)
    sandbox = {} if places.sandbox_url is None else sandbox_environment(data_dir, places.sandbox_url)
    has_broker = not environ.get("BROKER_URL")
    broker = {"BROKER_URL": broker_url(data_dir)} if has_broker else {}
    password = environ.get("STAGEDOOR_FLOWER_PASSWORD") or secrets.token_urlsafe(12)
    environment = {**_of_ours(environ), "STAGEDOOR_DATA": str(data_dir), **broker, **sandbox}
    return Plan(
        settings=read_settings({**environ, **environment}),
        places=places,
        environment=environment,
        sandbox=sandbox,
        has_broker=has_broker,
        flower_password=password,
    )


def _of_ours(environ: Mapping[str, str]) -> dict[str, str]:
    """What the caller chose for Stagedoor, which need not be what this process was started with."""
    names = ("DATABASE_URL", "SENTRY_DSN")
    return {name: value for name, value in environ.items() if name in names or name.startswith("STAGEDOOR_")}
