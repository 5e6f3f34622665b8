"""The environment variables of Stagedoor: one table, and how they are read."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

from workflows.problems import Problem, nearest
from workflows.settings.keys import read_keys
from workflows.settings.values import LogFormat, Secret

ENVIRONMENT: Mapping[str, str] = {
    "DATABASE_URL": "where the ledger is: sqlite:///… or postgresql://…; without it <data>/ledger.db",
    "BROKER_URL": "the broker: redis://…, redis+socket://… or amqp://…; without it <data>/broker.sock",
    "SENTRY_DSN": "where errors are reported; without it nowhere",
    "STAGEDOOR_CONFIG": "the folder of stagedoor.yml and workflows/ (default ./config)",
    "STAGEDOOR_DATA": "the folder of what Stagedoor keeps on this machine (default ./var)",
    "STAGEDOOR_CONSOLE_TOKEN": "opens the console and the API to other machines; without it loopback only",
    "STAGEDOOR_FLOWER_PASSWORD": "the password of Flower's user `stagedoor`; without it `up` makes one",
    "STAGEDOOR_TOKEN": "your own token, for commands with --as; without it they ask for it",
    "STAGEDOOR_SIGNING_KEY": "signs links by which one person decides one question; without it there are none",
    "STAGEDOOR_URL": "where people reach Stagedoor, for such links; without it where `up` runs",
    "STAGEDOOR_KEYS": "seal what deliveries hold: `<id>:<base64>`, the first seals, all open; without it nothing is",
    "STAGEDOOR_LOG": "json, console, or auto: console on a terminal, else json (default auto)",
    "STAGEDOOR_INTAKE_THREADS": "all but one may make first calls; with 1 only workers do, 1 to 256 (default 4)",
    "STAGEDOOR_WORKER_THREADS": "how many effects a worker performs at a time, 1 to 256 (default 16)",
}
"""Every variable of ours. Others may only be named by `${NAME}` in stagedoor.yml."""

DATABASE_SCHEMES = ("sqlite", "postgresql", "postgres")
BROKER_SCHEMES = ("redis", "rediss", "redis+socket", "amqp", "amqps", "memory")
SHORTEST_KEY = 32
LOG_FORMATS = ("auto", "json", "console")


def config_folder(environ: Mapping[str, str]) -> Path:
    """The folder of stagedoor.yml and the workflows, as it is named: so are the places in them that people are told."""
    return Path(environ.get("STAGEDOOR_CONFIG") or "config")


def environment_values(environ: Mapping[str, str], problems: list[Problem]) -> dict[str, Any]:
    """What the environment says, as keyword arguments of Settings. What is wrong is added to `problems`."""
    problems += [
        _unknown_variable(name) for name in environ if name.startswith("STAGEDOOR_") and name not in ENVIRONMENT
    ]
    data_dir = Path(environ.get("STAGEDOOR_DATA") or "var").absolute()
    broker_socket = quote(os.fspath(data_dir.resolve() / "broker.sock"))
    return {
        "data_dir": data_dir,
        "database_url": _database(environ, problems) or f"sqlite:///{data_dir}/ledger.db",
        "broker_url": _address(environ, "BROKER_URL", BROKER_SCHEMES, problems) or f"redis+socket://{broker_socket}",
        "sentry_dsn": _address(environ, "SENTRY_DSN", ("https", "http"), problems),
        "console_token": _secret(environ, "STAGEDOOR_CONSOLE_TOKEN"),
        "flower_password": _secret(environ, "STAGEDOOR_FLOWER_PASSWORD"),
        "own_token": _secret(environ, "STAGEDOOR_TOKEN"),
        "signing_key": _signing_key(environ, problems),
        "public_url": _address(environ, "STAGEDOOR_URL", ("https", "http"), problems),
        "keys": read_keys(environ, problems),
        "log_format": _log_format(environ, problems),
        "intake_threads": _threads(environ, "STAGEDOOR_INTAKE_THREADS", 4, problems),
        "worker_threads": _threads(environ, "STAGEDOOR_WORKER_THREADS", 16, problems),
    }


def _unknown_variable(name: str) -> Problem:
    return Problem("E401", "is not a setting of Stagedoor", path=name, hint=nearest(name, ENVIRONMENT))


def _database(environ: Mapping[str, str], problems: list[Problem]) -> str | None:
    url = _address(environ, "DATABASE_URL", DATABASE_SCHEMES, problems)
    if url is not None and re.fullmatch(r"sqlite[^:]*:/{0,3}(:memory:)?", url):
        hint = "name a file: sqlite:////srv/stagedoor/ledger.db"
        problems.append(Problem("E402", "must be kept where every process finds it", path="DATABASE_URL", hint=hint))
    # Some hosts say postgres, which SQLAlchemy no longer understands.
    return url and re.sub(r"^postgres:", "postgresql:", url)


def _address(environ: Mapping[str, str], name: str, schemes: Collection[str], problems: list[Problem]) -> str | None:
    """The address as given. Its text is in no message: it may hold a password."""
    value = environ.get(name) or None
    if value is not None:
        scheme = value.partition(":")[0]
        if scheme.partition("+psycopg")[0] not in schemes or "//" not in value:
            hint = nearest(scheme, schemes) or f"begin it with one of {', '.join(f'{scheme}://' for scheme in schemes)}"
            problems.append(Problem("E402", "is not an address Stagedoor can use", path=name, hint=hint))
    return value


def _secret(environ: Mapping[str, str], name: str) -> Secret | None:
    return Secret(environ[name]) if environ.get(name) else None


def _signing_key(environ: Mapping[str, str], problems: list[Problem]) -> Secret | None:
    """A key that signs what anybody may present: one that can be guessed would be none."""
    key = _secret(environ, "STAGEDOOR_SIGNING_KEY")
    if key is not None and len(key.reveal()) < SHORTEST_KEY:
        hint = "make one: openssl rand -hex 32"
        message = f"must have {SHORTEST_KEY} characters or more"
        problems.append(Problem("E402", message, path="STAGEDOOR_SIGNING_KEY", hint=hint))
    return key


def _log_format(environ: Mapping[str, str], problems: list[Problem]) -> LogFormat:
    value = environ.get("STAGEDOOR_LOG") or "auto"
    if value not in LOG_FORMATS:
        hint = nearest(value, LOG_FORMATS) or f"one of {', '.join(LOG_FORMATS)}"
        problems.append(Problem("E402", f"cannot be {value!r}", path="STAGEDOOR_LOG", hint=hint))
    return cast(LogFormat, value)


def _threads(environ: Mapping[str, str], name: str, default: int, problems: list[Problem]) -> int:
    value = environ.get(name) or str(default)
    if not re.fullmatch(r"[1-9]\d?|1\d\d|2[0-4]\d|25[0-6]", value):
        problems.append(Problem("E402", "must be a whole number from 1 to 256", path=name))
        return default
    return int(value)
