"""A journal: rows in the order they happened, which others may read, wait for, or clear."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from threading import Condition
from time import monotonic
from typing import Any

from sandbox.store import Counter, Store, json_shelf

Row = dict[str, Any]


class Journal:
    """An append-only list of rows, safe to use from any thread.

    Each row is numbered from 1 (`seq`) and stamped (`at`, UTC); numbers go on after the journal is cleared.
    """

    def __init__(self, store: Store, name: str) -> None:
        self._store = store
        self._changed = Condition(store.lock)  # who waits sees a row when all that belongs to it is committed
        self._rows = json_shelf(store, name)
        self._numbers = Counter(store, name)

    def append(self, row: Mapping[str, Any]) -> Row:
        with self._store.together():
            number = self._numbers.next()
            written = {"seq": number, "at": datetime.now(UTC).isoformat(timespec="milliseconds"), **row}
            self._rows.put(str(number), written)
            self._changed.notify_all()
            return written

    def rows(self, wanted: Mapping[str, str] | None = None) -> list[Row]:
        """List the rows whose values read as those wanted (`true`, `201`, `symphony`), oldest first."""
        with self._changed:
            return self._matching(wanted or {})

    def wait(self, wanted: Mapping[str, str], *, count: int, timeout_seconds: float) -> tuple[list[Row], bool]:
        """List the matching rows as soon as there are `count` of them, and say whether there were in time."""
        deadline = monotonic() + timeout_seconds
        with self._changed:
            while len(rows := self._matching(wanted)) < count:
                left = deadline - monotonic()
                if left <= 0 or not self._changed.wait(left):
                    return self._matching(wanted), False
            return rows, True

    def clear(self) -> int:
        with self._changed:
            return self._rows.clear()

    def _matching(self, wanted: Mapping[str, str]) -> list[Row]:
        rows = self._rows.values()
        return [row for row in rows if all(_text(row.get(name)) == value for name, value in wanted.items())]


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
