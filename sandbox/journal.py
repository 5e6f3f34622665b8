"""A journal: rows in the order they happened, which others may read, wait for, or clear."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from threading import Condition
from time import monotonic
from typing import Any

Row = dict[str, Any]


class Journal:
    """An append-only list of rows, safe to use from any thread.

    Each row is numbered from 1 (`seq`) and stamped (`at`, UTC); numbers go on after the journal is cleared.
    """

    def __init__(self) -> None:
        self._changed = Condition()
        self._rows: list[Row] = []
        self._last = 0

    def append(self, row: Mapping[str, Any]) -> Row:
        with self._changed:
            self._last += 1
            written = {"seq": self._last, "at": datetime.now(UTC).isoformat(timespec="milliseconds"), **row}
            self._rows.append(written)
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
            cleared = len(self._rows)
            self._rows.clear()
            return cleared

    def _matching(self, wanted: Mapping[str, str]) -> list[Row]:
        return [row for row in self._rows if all(_text(row.get(name)) == value for name, value in wanted.items())]


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
