"""Everything that can be called, built of the vendors' entries and the operator's configuration."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from vendors.constant_contact import CONSTANT_CONTACT
from vendors.cymbal import CYMBAL
from vendors.entry import Configured, Entry, is_this_machine
from vendors.eventbrite import EVENTBRITE
from vendors.evvnt import EVVNT
from vendors.partner_api import PARTNER_API
from vendors.symphony import SYMPHONY
from workflows.catalogue import Catalogue, Limit, Vendor
from workflows.errors import ConfigurationError
from workflows.problems import Problem, nearest
from workflows.settings import Settings

PHONE_BOOK: Final = (SYMPHONY, CYMBAL, CONSTANT_CONTACT, EVVNT, PARTNER_API, EVENTBRITE)

CONFIGURABLE: Final = {"symphony": ("get_campaign", "get_campaign_analytics", "resume_location")}
"""Operations whose path and answer no document states."""


def build_catalogue(settings: Settings) -> Catalogue:
    """The catalogue as configured; an operation that cannot be used as things are says so itself.

    Raises ConfigurationError with every problem, when something is configured that no vendor has.
    """
    return catalogue_of(settings.vendors)


def catalogue_of(vendors: Mapping[str, Configured]) -> Catalogue:
    """`build_catalogue` of the vendors' part of the settings alone."""
    if problems := [problem for entry in PHONE_BOOK for problem in _problems(entry, vendors.get(entry.name, {}))]:
        raise ConfigurationError(problems)
    return Catalogue(tuple(_vendor(entry, vendors.get(entry.name, {})) for entry in PHONE_BOOK))


def _vendor(entry: Entry, configured: Configured) -> Vendor:
    operations = entry.operations(configured)
    if (seconds := configured.get("deadline_seconds")) is not None:
        operations = tuple(replace(operation, deadline_seconds=float(seconds)) for operation in operations)
    stated = tuple(Limit(limit["count"], float(limit["seconds"])) for limit in configured.get("limits") or ())
    concurrency = configured.get("concurrency") or entry.concurrency
    return Vendor(entry.name, entry.title, operations, concurrency, stated or entry.limits)


def _problems(entry: Entry, configured: Configured) -> Iterator[Problem]:
    root = f"vendors.{entry.name}"
    for base in entry.bases:
        url = configured.get(base)
        if url and not _is_private(url):
            why = "must begin with https, or our key would travel in the clear; http is for this machine only"
            yield Problem("insecure", why, path=f"{root}.{base}")
    for name, known in (configured.get("operations") or {}).items():
        path = known.get("path")
        names = CONFIGURABLE.get(entry.name, ())
        if name not in names:
            why = "is not an operation whose path and answer are configured"
            yield Problem("unknown_operation", why, f"{root}.operations.{name}", hint=nearest(name, names))
        elif path and re.findall(r"{.*?}|[{}]", path) != ["{id}"]:
            why = "must name the campaign once, as in /v1/campaign/{id}"
            yield Problem("invalid", why, f"{root}.operations.{name}.path")


def _is_private(url: str) -> bool:
    """Whether nobody else can read along: https, or this very machine."""
    return urlsplit(url).scheme == "https" or is_this_machine(url)
