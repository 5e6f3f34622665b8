"""The values every stand-in vendor speaks in: a call as it came in, an answer, a refusal, an operation."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any, Final, Protocol
from urllib.parse import parse_qs

LARGEST_EXPONENT = 300


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a body or query: `path` as in `metadata.targeting_countries[0].budget`."""

    path: str
    message: str


class Refusal(Exception):
    """The vendor does not do what was asked: an HTTP status, a sentence, and every problem found.

    `code` is the vendor's own name for it, where it has several under one status.
    """

    def __init__(self, status: int, message: str, problems: Sequence[Problem] = (), *, code: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.problems = tuple(problems)
        self.code = code


NOTHING: Final = object()
"""The body of an answer that has none."""


@dataclass(frozen=True)
class Answer:
    """What the vendor says: a status and a JSON body, or NOTHING."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)

    def encoded(self) -> bytes:
        return b"" if self.body is NOTHING else dump_json(self.body)


@dataclass(frozen=True)
class Call:
    """A request as it arrived: the body's exact bytes, the query as written, header names in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    arguments: Mapping[str, str] = field(default_factory=dict)
    """What stands in the path where the operation's rule has a name."""

    def query_value(self, name: str) -> str | None:
        return self.query_values().get(name)

    def query_values(self) -> dict[str, str]:
        """Read the query; of a name given twice the first value counts."""
        return {name: values[0] for name, values in parse_qs(self.query, keep_blank_values=True).items()}

    @cached_property
    def content(self) -> Any:
        """The body as JSON, or None where it is none."""
        try:
            return self.json()
        except Refusal:
            return None

    def is_json(self) -> bool:
        """Tell whether the body is declared as JSON."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json"

    def json(self) -> Any:
        """Read the body as JSON with exact decimals; raises Refusal where it is not JSON in UTF-8."""
        try:
            return load_json(self.body.decode("utf-8"))
        except (ValueError, RecursionError) as error:
            raise Refusal(400, "the body is not JSON in UTF-8") from error


def _always(call: Call) -> bool:
    return True


@dataclass(frozen=True)
class Operation:
    """One call a vendor offers. `path` is a routing rule below the vendor's prefix, e.g. `/v1/campaign/<id>`."""

    name: str
    method: str
    path: str
    handle: Callable[[Call], Answer]
    when: Callable[[Call], bool] = _always
    """Of operations that share method and path, a call is the first that says so."""
    is_login: bool = False
    """Whether credentials are what it is asked for."""


class Vendor(Protocol):
    """A stand-in vendor; one package here writes each. One handler runs at a time, and commits as a whole."""

    name: str
    prefix: str
    """Where it is served, e.g. `/symphony`."""
    title: str
    credentials: Mapping[str, str]
    """What a caller has to know, under the names the vendor has for it."""

    def operations(self) -> Sequence[Operation]: ...

    def admit(self, call: Call) -> None:
        """Check the caller's credentials; raises Refusal."""

    def refuse(self, refusal: Refusal) -> Answer:
        """Put a refusal into the vendor's own error shape."""

    def state(self) -> dict[str, Any]:
        """Show what the vendor has on record now, for `GET /_state/<name>`."""


def dump_json(value: Any) -> bytes:
    """Write JSON in UTF-8."""
    return writable(json.dumps(value, ensure_ascii=False, default=_plain)).encode()


def writable(text: str) -> str:
    """Put a question mark for half a surrogate pair, which JSON can carry but UTF-8 cannot."""
    return text.encode("utf-8", errors="replace").decode()


def load_json(text: str) -> Any:
    """Read JSON with exact decimals; raises ValueError or RecursionError where it is none."""
    return json.loads(text, parse_float=_decimal, parse_constant=_not_a_number)


def _decimal(text: str) -> Decimal:
    """Read a number; one that no vendor's machine could hold (1e400) is refused, as it could not be written again."""
    value = Decimal(text)
    if abs(value.adjusted()) > LARGEST_EXPONENT:
        raise ValueError("a number is too large or too small")
    return value


def _plain(value: object) -> int | float:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _not_a_number(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
