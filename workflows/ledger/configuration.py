"""What is in force: the definitions and brands that `stagedoor apply` wrote, every version kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from workflows.errors import NotFound
from workflows.language.definition import Definition
from workflows.ledger.prepared import Prepared
from workflows.ledger.tables import applied, definitions


@dataclass(frozen=True)
class Applied:
    """One application of the configuration: workflow name to definition hash, brand name to its fields."""

    id: int
    applied_at: datetime
    applied_by: str
    workflows: Mapping[str, str]
    brands: Mapping[str, Mapping[str, Any]]


_LATEST = sa.select(applied).order_by(applied.c.id.desc()).limit(1)
_LATEST_ID = Prepared(sa.select(sa.func.max(applied.c.id)))
_SOURCE = sa.select(definitions.c.name, definitions.c.source).where(definitions.c.hash == sa.bindparam("hash"))


def latest(connection: Connection) -> Applied | None:
    """What is in force; None before the first `apply`."""
    return _one(connection, _LATEST)


def find(connection: Connection, number: int) -> Applied | None:
    """What was put into force under this number."""
    return _one(connection, sa.select(applied).where(applied.c.id == number))


def before(connection: Connection, number: int) -> Applied | None:
    """What was in force until `number` was."""
    return _one(connection, sa.select(applied).where(applied.c.id < number).order_by(applied.c.id.desc()).limit(1))


def lock(connection: Connection) -> None:
    """Keep others from putting anything into force while this transaction is about to; the first one has nobody to
    keep from it."""
    newest = sa.select(applied.c.id).order_by(applied.c.id.desc()).limit(1)
    connection.execute(newest.with_for_update()).one_or_none()


def _one(connection: Connection, statement: sa.Select[Any]) -> Applied | None:
    row = connection.execute(statement).one_or_none()
    if row is None:
        return None
    return Applied(row.id, row.applied_at, row.applied_by, row.content["workflows"], row.content["brands"])


def latest_id(connection: Connection) -> int | None:
    """The number of what is in force, to see cheaply whether it changed."""
    found: int | None = _LATEST_ID.scalar(connection)
    return found


def apply(
    connection: Connection,
    workflows: Iterable[Definition],
    brands: Mapping[str, Mapping[str, Any]],
    *,
    by: str,
    now: datetime,
) -> Applied | None:
    """Put these into force, whole; None when exactly this is in force already."""
    named = {definition.name: definition for definition in workflows}
    hashes = {name: definition.hash for name, definition in named.items()}
    current = latest(connection)
    if current is not None and current.workflows == hashes and current.brands == brands:
        return None
    known = set(connection.scalars(sa.select(definitions.c.hash).where(definitions.c.hash.in_(hashes.values()))))
    fresh = [
        {"hash": definition.hash, "name": definition.name, "source": definition.source, "created_at": now}
        for definition in named.values()
        if definition.hash not in known
    ]
    if fresh:
        connection.execute(definitions.insert(), fresh)
    content = {"workflows": hashes, "brands": brands}
    connection.execute(applied.insert().values(applied_at=now, applied_by=by, content=content))
    return latest(connection)


def definition_source(connection: Connection, content_hash: str) -> tuple[str, str]:
    """The name and the text of the definition with that hash. Raises NotFound."""
    row = connection.execute(_SOURCE, {"hash": content_hash}).one_or_none()
    if row is None:
        raise NotFound(f"no definition has the hash {content_hash}")
    return row.name, row.source


def authors_of(connection: Connection, workflow: str, content_hash: str) -> tuple[str, ...]:
    """Who put this definition of a workflow into force, each time it was not so before."""
    return tuple(dict.fromkeys(by for _, by in _entries(connection, workflow, content_hash)))


def in_force_since(connection: Connection, workflow: str, content_hash: str) -> datetime | None:
    """When this definition of a workflow was put into force last; None: never."""
    entered = _entries(connection, workflow, content_hash)
    return entered[-1][0] if entered else None


def _entries(connection: Connection, workflow: str, content_hash: str) -> list[tuple[datetime, str]]:
    """When, and by whom, this definition was put into force where another was before, or none."""
    ids = list(connection.scalars(sa.select(applied.c.id).order_by(applied.c.id)))
    before = dict(zip(ids[1:], ids, strict=False))
    written = sa.type_coerce(applied.c.content, sa.Text)
    rows = connection.execute(
        sa.select(applied.c.id, applied.c.applied_at, applied.c.applied_by, applied.c.content)
        .where(written.contains(content_hash, autoescape=True))
        .order_by(applied.c.id)
    )
    having = {row.id: row for row in rows if row.content["workflows"].get(workflow) == content_hash}
    return [(row.applied_at, row.applied_by) for number, row in having.items() if before.get(number) not in having]
