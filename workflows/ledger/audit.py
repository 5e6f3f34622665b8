"""The audit: who did what, when and why, in a chain of hashes that shows where it was tampered with."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from workflows import typed_json
from workflows.ledger.database import insert
from workflows.ledger.tables import audit, audit_head, micros
from workflows.redaction import redact, redact_text

BEGINNING = "0" * 64
"""What the first entry's hash covers in place of the hash before it."""

PAGE = 1000
LIMIT = 50


@dataclass(frozen=True)
class Entry:
    """One entry: `by` did `action` to `about` (the id of a delivery, run, effect …, or a name), and why."""

    number: int
    at: datetime
    by: str
    action: str
    about: str
    reason: str
    details: Mapping[str, Any]
    hash: str


@dataclass(frozen=True)
class Verification:
    """What a look at the whole chain found; `breaks` are sentences, in order, and none where the chain is whole."""

    entries: int
    last_hash: str
    breaks: tuple[str, ...] = field(default=())


def record(
    connection: Connection,
    *,
    by: str,
    action: str,
    about: str,
    reason: str,
    details: Mapping[str, Any] | None = None,
    now: datetime,
) -> int:
    """Add an entry in the caller's transaction, and return its number.

    Call it last: the chain has one writer at a time, so the next one waits until this transaction is over, and whoever
    took other locks behind it could meet one who takes them the other way round. Secrets, addresses and numbers of
    people are cut from what is written: an entry can never be erased.
    """
    number, before = _lock_head(connection)
    values: dict[str, Any] = {
        "number": number + 1,
        "at": now,
        **{name: _words(text) for name, text in (("by", by), ("action", action), ("about", about), ("reason", reason))},
        "details": redact(details or {}),
    }
    sealed = _seal(before, {**values, "at": micros(now), "details": typed_json.dump(values["details"])})
    connection.execute(audit.insert().values(**values, hash=sealed))
    connection.execute(audit_head.update().values(number=number + 1, hash=sealed))
    return number + 1


def entries(
    connection: Connection, *, about: str | None = None, before: int | None = None, limit: int = LIMIT
) -> list[Entry]:
    """The latest entries, newest first: those about one thing, those older than number `before`."""
    statement = sa.select(audit).order_by(audit.c.number.desc()).limit(limit)
    if about is not None:
        statement = statement.where(audit.c.about == about)
    if before is not None:
        statement = statement.where(audit.c.number < before)
    return [Entry(**row._mapping) for row in connection.execute(statement)]


def verify(connection: Connection) -> Verification:
    """Work the whole chain out again and say where it breaks."""
    breaks: list[str] = []
    number, before = 0, BEGINNING
    for row in _all(connection):
        if row.number != number + 1:
            breaks.append(f"{_counted(number + 1, row.number - 1)} missing")
        elif _seal(before, row._asdict()) != row.hash:
            breaks.append(f"entry {row.number} is not what was written, or the one before it is not")
        number, before = row.number, row.hash
    head = connection.execute(sa.select(audit_head.c.number, audit_head.c.hash)).one_or_none()
    last, sealed = (head.number, head.hash) if head else (0, BEGINNING)
    if last > number:
        breaks.append(f"{_counted(number + 1, last)} missing at the end")
    elif (last, sealed) != (number, before):
        breaks.append("the last entry is not the one that was written last")
    return Verification(number, before, tuple(breaks))


def _lock_head(connection: Connection) -> tuple[int, str]:
    """Lock the end of the chain: the last entry's number and hash."""
    statement = sa.select(audit_head.c.number, audit_head.c.hash).with_for_update()
    row = connection.execute(statement).one_or_none()
    if row is None:  # once in a ledger's life
        first = insert(connection, audit_head).values(id=1, number=0, hash=BEGINNING).on_conflict_do_nothing()
        connection.execute(first)
        row = connection.execute(statement).one()
    return row.number, row.hash


def _words(text: str) -> str:
    return redact_text(text).replace("\x00", "\ufffd")


def _seal(before: str, entry: Mapping[str, Any]) -> str:
    """The hash of an entry as it stands in its row, and of the hash before it."""
    covered = [before, *(entry[name] for name in ("number", "at", "by", "action", "about", "reason", "details"))]
    return hashlib.sha256(json.dumps(covered, ensure_ascii=True).encode()).hexdigest()


def _all(connection: Connection) -> Iterator[Row[Any]]:
    """Every entry as it stands in its row, in order, a page at a time."""
    plain = [sa.type_coerce(audit.c[name], sa.Text).label(name) for name in ("by", "action", "about", "reason", "hash")]
    columns = [
        audit.c.number,
        sa.type_coerce(audit.c.at, sa.BigInteger).label("at"),
        sa.type_coerce(audit.c.details, sa.Text).label("details"),
        *plain,
    ]
    last = 0
    while rows := connection.execute(
        sa.select(*columns).where(audit.c.number > last).order_by(audit.c.number).limit(PAGE)
    ).all():
        yield from rows
        last = rows[-1].number


def _counted(first: int, last: int) -> str:
    return f"entry {first} is" if first == last else f"entries {first} to {last} are"
