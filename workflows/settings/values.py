"""What settings are made of."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from workflows.settings.admission import Admission, DoorSettings
from workflows.settings.expectations import Expectation
from workflows.settings.keys import SealingKey
from workflows.settings.retention import Retention

LogFormat = Literal["json", "console", "auto"]


class Secret:
    """A value that is shown as `***` wherever it is printed; only `reveal` gives it. JSON refuses it."""

    __slots__ = ("_value",)
    __hash__ = None  # type: ignore[assignment]  # a dict keyed by secrets would compare them in variable time

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself. Call it where it leaves for its owner, and nowhere else."""
        return self._value

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    def __repr__(self) -> str:
        return "***"


@dataclass(frozen=True)
class Key:
    """One of several secrets that may be live at once: how the operator calls it, and when it ends."""

    secret: Secret
    id: str = ""
    until: datetime | None = None


@dataclass(frozen=True)
class Unset:
    """A value the file takes from a variable that is not set: (`vendors.symphony.api_key`, `SYMPHONY_API_KEY`)."""

    path: str
    variable: str


@dataclass(frozen=True)
class SourceSettings:
    """A system that sends us webhooks, as configured.

    `options` has every key of its preset; a value taken from an unset variable is None, in a list it is left out.
    Secrets are a list of Keys, however they are written.
    """

    name: str
    preset: str
    brand: str
    options: Mapping[str, Any]
    admission: Admission = field(default_factory=Admission)


@dataclass(frozen=True)
class PersonSettings:
    """Somebody who works with Stagedoor: what they show to be known by (None: not set), and their roles."""

    name: str
    token: Secret | None
    roles: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything one process needs to know, frozen.

    vendors  by name, every key of the vendor; secrets as Secret, what is not set as None
    brands   by name, the typed fields: `{"main": {"zone": "Europe/London", "budget_cap": Money(500, "USD")}}`
    people   by name, those who approve and act
    own_token    what whoever runs a command shows to be known by
    signing_key  signs links by which a person decides a question; public_url is where these lead
    unset    what is missing before everything configured can work
    """

    data_dir: Path
    config_dir: Path
    database_url: str = field(repr=False)
    broker_url: str = field(repr=False)
    sentry_dsn: str | None = field(default=None, repr=False)
    console_token: Secret | None = None
    flower_password: Secret | None = None
    own_token: Secret | None = None
    signing_key: Secret | None = None
    public_url: str | None = None
    keys: tuple[SealingKey, ...] = ()
    log_format: LogFormat = "auto"
    intake_threads: int = 4
    worker_threads: int = 16
    sources: Mapping[str, SourceSettings] = field(default_factory=dict)
    vendors: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    brands: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    people: Mapping[str, PersonSettings] = field(default_factory=dict)
    door: DoorSettings = field(default_factory=DoorSettings)
    expected: tuple[Expectation, ...] = ()
    retention: Retention = field(default_factory=Retention)
    unset: tuple[Unset, ...] = ()
