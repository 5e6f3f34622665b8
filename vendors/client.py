"""The client: whatever the catalogue declares, sent once, with the vendor's credentials, and its outcome told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from vendors.answers import classify
from vendors.catalogue import PHONE_BOOK
from vendors.entry import Configured, Entry, Header
from workflows.catalogue import Operation, Outcome, OutcomeKind, Repeat, Request
from workflows.settings import Secret, Settings
from workflows.typed_json import load_foreign
from workflows.values import utc_now

if TYPE_CHECKING:
    from vendors.session import VendorSession

SANDBOX: Final = "http://127.0.0.1:8462"
"""Where `stagedoor sandbox` listens; a dry run shows it for a base URL that is not set."""

_ENTRIES: Final = {entry.name: entry for entry in PHONE_BOOK}


class Client:
    """Sends prepared requests; the `Caller` of the engine. Threads may share one."""

    def __init__(self, settings: Settings, *, now: Callable[[], datetime] = utc_now) -> None:
        self._vendors: Mapping[str, Configured] = settings.vendors
        self._now = now

    def send(self, operation: Operation, request: Request) -> Outcome:
        """Make one attempt. Never raises for what a vendor or a network does."""
        from vendors.session import Outgoing

        entry, configured = self._look_up(operation)
        if missing := _missing(entry, configured, request):
            return Outcome(OutcomeKind.NOT_SENT, f"{entry.title} is not configured: set {missing}")
        headers = {header.name: header.sent() for header in _headers(entry, configured, request)}
        body = None if request.body is None else request.body.encode()
        reply = self._session.exchange(
            Outgoing(request.method, _url(configured[request.base], request), headers, body),
            deadline_seconds=operation.deadline_seconds,
            fresh_connection=operation.repeat is not Repeat.SAFE,
        )
        return classify(operation, entry, reply, now=self._now(), secrets=_secrets(configured))

    def describe(self, operation: Operation, request: Request) -> dict[str, Any]:
        """Give the request as it would stand on the wire: `{"method", "url", "headers", "body"}`.

        Secrets are `***` after their scheme. The body is its JSON with fractions as Decimal, which
        `workflows.catalogue.encode_json` writes back exactly; None where there is none.
        """
        entry, configured = self._look_up(operation)
        return {
            "method": request.method,
            "url": _url(configured.get(request.base) or SANDBOX + entry.bases[request.base], request),
            "headers": {header.name: header.shown() for header in _headers(entry, configured, request)},
            "body": None if request.body is None else load_foreign(request.body),
        }

    def close(self) -> None:
        """Close the connections kept open."""
        if "_session" in self.__dict__:
            self._session.close()

    @cached_property
    def _session(self) -> VendorSession:
        from vendors.session import VendorSession  # requests is slow to import, and looking sends nothing

        return VendorSession()

    def _look_up(self, operation: Operation) -> tuple[Entry, Configured]:
        return _ENTRIES[operation.vendor], self._vendors.get(operation.vendor, {})


def _missing(entry: Entry, configured: Configured, request: Request) -> str:
    unset = [name for name in (request.base, *entry.needs) if not configured.get(name)]
    return " and ".join(f"vendors.{entry.name}.{name}" for name in unset)


def _url(base: str, request: Request) -> str:
    return base.rstrip("/") + request.target


def _headers(entry: Entry, configured: Configured, request: Request) -> Iterator[Header]:
    """All but what belongs to the connection (Host, Content-Length)."""
    yield Header("Accept", "application/json")
    yield Header("Accept-Encoding", "identity")
    yield Header("User-Agent", "stagedoor")
    if request.content_type is not None:
        yield Header("Content-Type", request.content_type)
    yield from entry.headers(configured)


def _secrets(configured: Configured) -> list[str]:
    return [value.reveal() for value in configured.values() if isinstance(value, Secret)]
