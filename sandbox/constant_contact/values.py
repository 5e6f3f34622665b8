"""What the parts of the stand-in Constant Contact have in common: calls for an account, records by account, pages."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlencode

from sandbox.calls import Answer, Problem, Refusal
from sandbox.checks import Checker
from sandbox.store import Store, json_shelf

Row = dict[str, Any]


@dataclass(frozen=True)
class Inner:
    """A V3 call for a managed account, as `account_operations/sync` carries it; `payload` is its JSON, decoded."""

    account: str
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    payload: Any = None

    def checked_query(self, *known: str) -> Checker:
        check = Checker(dict(self.query), "query")
        check.known(*known)
        return check


@dataclass(frozen=True)
class InnerOperation:
    """One V3 call that can be carried. `url` has its path parameters' names in braces."""

    name: str
    method: str
    url: str
    handle: Callable[[Inner], Answer]


class Drawer:
    """Records of one kind, by account and id."""

    def __init__(self, store: Store, kind: str) -> None:
        self._shelf = json_shelf(store, f"constant_contact.{kind}")

    def fill(self, by_account: Mapping[str, Mapping[str, Row]]) -> None:
        rows = {f"{account}/{key}": row for account, rows in by_account.items() for key, row in rows.items()}
        self._shelf.fill(rows)

    def of(self, account: str) -> list[Row]:
        return [row for key, row in self._shelf.items() if key.startswith(f"{account}/")]

    def get(self, account: str, key: str) -> Row | None:
        return self._shelf.get(f"{account}/{key}")

    def put(self, account: str, key: str, row: Row) -> None:
        self._shelf.put(f"{account}/{key}", row)

    def items(self) -> list[tuple[str, Row]]:
        """List every record with its account."""
        return [(key.partition("/")[0], row) for key, row in self._shelf.items()]

    def state(self) -> list[Row]:
        return [{"encoded_account_id": account, **row} for account, row in self.items()]


def resumed(query: Mapping[str, str], name: str = "cursor") -> tuple[dict[str, str], int]:
    """Read what a cursor stands for: the query it was made from, and how many rows were given; raises Refusal."""
    if name not in query:
        return dict(query), 0
    try:
        text = base64.urlsafe_b64decode(query[name].replace("*", "=")).decode()
        first = dict(parse_qsl(text, strict_parsing=True))
        return first, int(first.pop("given"))
    except (ValueError, KeyError) as error:
        raise Refusal(400, "bad query", [Problem(name, "must be taken from a link as it is")]) from error


def cursor(query: Mapping[str, str], given: int) -> str:
    """Make the opaque text a link carries; `*` stands for base64's `=`, as in the guide's example."""
    text = urlencode({**query, "given": given})
    return base64.urlsafe_b64encode(text.encode()).decode().replace("=", "*")


def page_of(
    path: str, name: str, rows: Sequence[Row], query: Mapping[str, str], given: int, size: int
) -> dict[str, Any]:
    """Give the rows after those given already, under `name`, with a link to the next page where there is one."""
    end = given + size
    links = {"next": {"href": f"/v3{path}?cursor={cursor(query, end)}"}} if end < len(rows) else {}
    return {name: rows[given:end], "_links": links}


def counted_page(check: Checker, path: str, name: str, rows: Sequence[Row], given: int, *, most: int) -> Answer:
    """Answer a page, and where `include_count` asks for it how many there are in all; `check` has the query."""
    size, is_counted = limit(check, default=50, most=most), flag(check, "include_count")
    check.refuse_problems()
    body = page_of(path, name, rows, check.value, given, size)
    return Answer(200, {**body, f"{name}_count": len(rows)} if is_counted else body)


def limit(check: Checker, *, default: int, most: int) -> int:
    """Read `limit` of a query."""
    text = check.text("limit")
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= most):
        check.problem("limit", f"must be a number from 1 to {most}")
        return default
    return int(text)


def flag(check: Checker, name: str) -> bool:
    """Read a true or false of a query."""
    return check.choice(name, ("true", "false")) == "true"


def joined(check: Checker, name: str, *, most: int | None = None, among: Sequence[str] | None = None) -> list[str]:
    """Read several values, joined by commas, of a query."""
    text = check.text(name)
    values = text.split(",") if text is not None else []
    if most is not None and len(values) > most:
        check.problem(name, f"must hold at most {most}")
    for value in values:
        if among is not None and value not in among:
            check.problem(name, f"must be of {', '.join(among)}")
    return values


def instant(check: Checker, name: str) -> datetime | None:
    """Read an ISO instant; one without an offset is UTC."""
    text = check.text(name)
    if text is None:
        return None
    try:
        read = datetime.fromisoformat(text)
        return (read if read.tzinfo is not None else read.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        check.problem(name, "must be an ISO date and time")
        return None


def stamp(now: float | Decimal) -> str:
    """Write seconds since 1970, as clocks have them or the store gives them back, as the documents' instants."""
    return datetime.fromtimestamp(float(now), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def not_found(what: str) -> Refusal:
    return Refusal(404, f"no such {what}")
