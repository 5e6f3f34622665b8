"""The doctor's examination: one sign for each thing that was looked at. Nothing is changed, nothing is raised."""

from __future__ import annotations

import http.client
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from kombu.connection import Connection as BrokerConnection
from sqlalchemy import Connection
from sqlalchemy.engine import make_url

from tasks.up.places import LOOPBACK, WEB_PORT, running_places
from vendors.catalogue import build_catalogue
from webhooks.sources import PRESETS, build_sources
from workflows.errors import LedgerUnavailable, StagedoorError
from workflows.language.check import check_configuration
from workflows.ledger import schema
from workflows.ledger.database import Database
from workflows.runtime.apply import is_in_force
from workflows.settings import Key, Settings, read_settings
from workflows.values import utc_now

BROKER_SECONDS = 3.0
WORKERS_SECONDS = 1.5
WEB_SECONDS = 3.0
MOST_SKEW = timedelta(seconds=2)
"""Leases are compared by the database's clock; logs and signatures by ours. Further apart, they confuse people."""

Verdict = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Sign:
    """What was looked at, what was found, and what to do about it ("" when nothing)."""

    about: str
    verdict: Verdict
    found: str
    remedy: str = ""


def examine(environ: Mapping[str, str]) -> Iterator[Sign]:
    """Look at everything, from the files outwards."""
    problems = check_configuration(environ, None, build_catalogue)
    for problem in problems:
        yield Sign("configuration", "fail" if problem.severity == "error" else "warn", str(problem))
    try:
        settings = read_settings(environ)
    except StagedoorError:
        return  # every problem has been told, and nothing further can be looked at
    if not problems:
        yield Sign("configuration", "ok", f"{settings.config_dir.absolute()} has no mistakes")
    yield from _unset(settings)
    yield from _sources(settings)
    yield from _sealing(settings)
    yield from _vendors(settings)
    yield _data_folder(settings)
    yield from _ledger(settings)
    yield from _broker(settings)
    yield _web(settings, environ)


def _unset(settings: Settings) -> Iterator[Sign]:
    for missing in settings.unset:
        yield Sign("settings", "warn", f"{missing.path} is not set", f"set {missing.variable}")


def _sources(settings: Settings) -> Iterator[Sign]:
    """What comes in is not believed while a source cannot be verified, nor proven by a secret that has ended."""
    for source in build_sources(settings.sources).values():
        if source.quarantine:
            remedy = f"configure it, then `stagedoor replay --state quarantined --source {source.name}`"
            yield Sign("sources", "warn", f"{source.name} is quarantined: {source.quarantine}", remedy)
    now = utc_now()
    for name, configured in settings.sources.items():
        for key in _keys(configured.options):
            if key.until is not None and key.until <= now:
                known = f"the secret {key.id!r}" if key.id else "a secret"
                yield Sign("sources", "warn", f"{known} of {name} has ended", "take it out, or give it a later end")


def _keys(value: Any) -> Iterator[Key]:
    """All there are among options."""
    if isinstance(value, Key):
        yield value
    elif isinstance(value, Mapping):
        yield from (key for item in value.values() for key in _keys(item))
    elif isinstance(value, tuple):
        yield from (key for item in value for key in _keys(item))


def _sealing(settings: Settings) -> Iterator[Sign]:
    """Bodies that carry a secret are stored sealed or not at all."""
    if settings.keys:
        yield Sign("sealing", "ok", f"deliveries are sealed with the key {settings.keys[0].id}")
        return
    for source in settings.sources.values():
        if PRESETS[source.preset].carries_secret:
            why = f"the source {source.name} is shut: its bodies carry a secret, and there is no key to seal them with"
            yield Sign("sealing", "fail", why, "set STAGEDOOR_KEYS; `stagedoor keys new` makes one")


def _vendors(settings: Settings) -> Iterator[Sign]:
    """Addresses that are this very machine are a sandbox's, and should not surprise anybody in production."""
    for vendor, options in settings.vendors.items():
        for name, value in options.items():
            if isinstance(value, str) and urlsplit(value).hostname in (LOOPBACK, "localhost"):
                yield Sign("vendors", "warn", f"{vendor}.{name} is this machine", "right for a sandbox only")


def _data_folder(settings: Settings) -> Sign:
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=settings.data_dir):
            pass
    except OSError as error:
        why = f"{settings.data_dir} cannot be written: {error.strerror}"
        return Sign("data folder", "fail", why, "set STAGEDOOR_DATA to a folder of this user")
    return Sign("data folder", "ok", f"{settings.data_dir} can be written")


def _ledger(settings: Settings) -> Iterator[Sign]:
    url = make_url(settings.database_url)
    where = url.render_as_string(hide_password=True)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        yield Sign("ledger", "fail", f"{where} is not there", "run `stagedoor db upgrade`")
        return  # looking would make an empty one
    try:
        database = Database(settings.database_url, settings.keys)
        with database.read() as connection:
            yield from _ledger_signs(settings, database, connection, where)
    except (LedgerUnavailable, OSError) as error:
        yield Sign("ledger", "fail", f"{where}: {error}", "start the database, or correct DATABASE_URL")


def _ledger_signs(settings: Settings, database: Database, connection: Connection, where: str) -> Iterator[Sign]:
    found, needed = schema.current(connection), schema.head()
    if found != needed:
        why = f"{where} is at {found or 'no revision'}, needed is {needed}"
        yield Sign("ledger", "fail", why, "run `stagedoor db upgrade`")
        return
    yield Sign("ledger", "ok", f"{where} is at revision {needed}")
    skew = abs(database.now(connection) - utc_now())
    if skew > MOST_SKEW:
        why = f"the database's clock and this machine's are {skew.total_seconds():.0f} s apart"
        yield Sign("clock", "warn", why, "let both be set by NTP")
    else:
        yield Sign("clock", "ok", "the database's clock and this machine's agree")
    if is_in_force(connection, settings):
        yield Sign("in force", "ok", "what stands in the files is in force")
    else:
        yield Sign("in force", "warn", "the files differ from what is in force", "run `stagedoor apply`")


def _broker(settings: Settings) -> Iterator[Sign]:
    broker: Any = BrokerConnection(settings.broker_url, connect_timeout=BROKER_SECONDS)  # type: ignore[no-untyped-call]
    where = broker.as_uri()  # without the password
    try:
        with broker:
            broker.ensure_connection(max_retries=1, interval_start=0, timeout=BROKER_SECONDS)
    except Exception as error:  # each transport has errors of its own
        remedy = "start it (`stagedoor up` starts one), or correct BROKER_URL"
        yield Sign("broker", "fail", f"{where} does not answer ({type(error).__name__})", remedy)
        return
    yield Sign("broker", "ok", f"{where} answers")
    yield from _workers(settings)


def _workers(settings: Settings) -> Iterator[Sign]:
    from tasks.app import make_app

    app = make_app(settings, build_catalogue(settings))
    replies: list[dict[str, Any]] = app.control.ping(timeout=WORKERS_SECONDS) or []
    names = sorted(name for reply in replies for name in reply)
    for kind in ("intake", "worker"):
        mine = [name for name in names if name.startswith(f"{kind}@")]
        if mine:
            yield Sign(kind, "ok", f"{', '.join(mine)} answers")
        else:
            yield Sign(
                kind, "warn", "none answers", "start one: `stagedoor up`, or the Procfile's process of that name"
            )


def _web(settings: Settings, environ: Mapping[str, str]) -> Sign:
    places = running_places(settings.data_dir)
    chosen = environ.get("PORT", "")
    port = places.web if places is not None else int(chosen) if chosen.isdecimal() else WEB_PORT
    where = f"http://{LOOPBACK}:{port}"
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=WEB_SECONDS)
    try:
        connection.request("GET", "/ready")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        remedy = "start it: `stagedoor up`, or the Procfile's `web`"
        return Sign("web", "warn", f"{where} does not answer ({type(error).__name__})", remedy)
    finally:
        connection.close()
    if status == 200:
        return Sign("web", "ok", f"{where} is ready")
    return Sign("web", "fail", f"{where} answers {status}", "another program may have this port; see its log")
