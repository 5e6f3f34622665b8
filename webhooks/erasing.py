"""Erasing one person's data from the ledger, page by page, and from the logs; or only to see what would change."""

from __future__ import annotations

import contextlib
import hmac
import secrets
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from webhooks.errors import PayloadError
from webhooks.unpacking import unpack
from workflows import typed_json
from workflows.ledger import erasure, tables
from workflows.ledger.database import Database
from workflows.ledger.erasure import Found
from workflows.person import Person
from workflows.settings.admission import MOST_BODY_BYTES
from workflows.settings.keys import SealingKey

PAGE = 100
LOGS = ("*.log", "*.log.*")

Look = Callable[..., None]


class Eraser:
    """Erases one person, once. Without keys its digest can be made by nobody again."""

    def __init__(self, database: Database, data_dir: Path, person: Person, keys: Sequence[SealingKey]) -> None:
        self._database = database
        self._data_dir = data_dir
        self._person = person
        key = keys[0].value if keys else secrets.token_bytes(32)
        # Of what people write alike: the same person has the same digest.
        self.digest = hmac.digest(key, f"person {person.text.casefold()}".encode(), "sha256").hex()[:16]

    def run(self, *, is_preview: bool, on_page: Callable[[int], None] = lambda count: None) -> Found:
        """Erase, or do so and undo it; what was changed, and what must end first."""
        found = Found(self._person, f"erased-{self.digest}")
        for table, look in self._looks():
            for ids in self._pages(table):
                self._in_one(is_preview, partial(look, ids=ids, found=found))
                on_page(len(ids))
        with self._database.read() as connection:
            names = erasure.names_of(connection, self._person)
        for named in names:
            self._in_one(is_preview, partial(erasure.rename, named=named, found=found))
        found.changed["log lines"] += self._clean_logs(is_preview)
        found.is_in_log = not is_preview and not self._database.clear_log()
        return found

    def count(self) -> int:
        """How many rows there are to look at."""
        with self._database.read() as connection:
            return sum(
                connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0 for table, _ in self._looks()
            )

    def _looks(self) -> list[tuple[sa.Table, Look]]:
        """In this order: what is theirs whole is known from the events."""
        return [
            (tables.events, erasure.in_events),
            (tables.deliveries, partial(erasure.in_deliveries, text_of=_text_of)),
            (tables.runs, erasure.in_runs),
            (tables.effects, erasure.in_effects),
        ]

    def _pages(self, table: sa.Table) -> Iterator[list[str]]:
        after = ""
        while True:
            statement = sa.select(table.c.id).where(table.c.id > after).order_by(table.c.id).limit(PAGE)
            with self._database.read() as connection:
                ids = list(connection.scalars(statement))
            if not ids:
                return
            yield ids
            after = ids[-1]

    def _in_one(self, is_preview: bool, act: Callable[[Connection], None]) -> None:
        with self._database.write() as connection:
            undo = connection.begin_nested()
            act(connection)
            if is_preview:
                undo.rollback()

    def _clean_logs(self, is_preview: bool) -> int:
        files = {path for pattern in LOGS for path in self._data_dir.rglob(pattern) if path.is_file()}
        return sum(self._clean_log(path, is_preview) for path in sorted(files))

    def _clean_log(self, path: Path, is_preview: bool) -> int:
        """Write over them where they stand, as long as they were: whoever is writing the log writes on behind."""
        lines = 0
        with path.open("r+b") as file:
            while line := file.readline():
                text = line.decode("latin-1")
                if not self._person.is_in(text):
                    continue
                lines += 1
                if not is_preview:
                    behind = file.tell()
                    assert self._person.pattern is not None
                    cut = self._person.pattern.sub(lambda match: "*" * len(match[0]), text)
                    file.seek(behind - len(line))
                    file.write(cut.encode("latin-1"))
                    file.seek(behind)
        return lines


def _text_of(headers: Mapping[str, Any], body: bytes) -> str:
    """What a delivery says, as text to look for somebody in."""
    with contextlib.suppress(PayloadError):  # what cannot be unpacked names nobody that could be found
        body = unpack(body, str(headers.get("content-encoding", "")), MOST_BODY_BYTES)
    return f"{typed_json.dump(dict(headers))} {body.decode('utf-8', 'replace')}"


def told(found: Found) -> dict[str, Any]:
    """What was found, for people and the audit: numbers only."""
    return {
        "changed": dict(+Counter(found.changed)),
        "runs_under_way": len(found.under_way),
        "deliveries_needed": len(found.waiting),
    }
