"""A request on the wire: completed with its vendor's address and credentials, or with those hidden for showing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from vendors.entry import HIDDEN, Configured, Entry, Header, Token, is_this_machine
from workflows.catalogue import Request
from workflows.settings import Secret
from workflows.typed_json import load_foreign

if TYPE_CHECKING:
    from vendors.session import Outgoing

SANDBOX: Final = "http://127.0.0.1:8462"
"""Where `stagedoor sandbox` listens; a dry run shows it for a base URL that is not set."""

FORM: Final = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Wire:
    """A vendor and its part of the settings."""

    entry: Entry
    configured: Configured

    def missing(self, request: Request) -> str:
        """The settings without which the request cannot be sent, as one reads them; "" when all are there."""
        unset = [name for name in (request.base, *self.entry.needs) if not self.configured.get(name)]
        return " and ".join(f"vendors.{self.entry.name}.{name}" for name in dict.fromkeys(unset))

    def is_login(self, operation: str) -> bool:
        return self.entry.login is not None and self.entry.login.operation.name == operation

    def outgoing(self, request: Request, token: Token | None = None) -> Outgoing:
        """The request complete with its credentials."""
        from vendors.session import Outgoing  # urllib3 is slow to import, and looking sends nothing

        headers = {header.name: header.sent() for header in self._headers(request, token)}
        body = self._form(shown=False) if self.is_login(request.operation) else request.body
        base = self.configured[request.base]
        is_public = self.entry.is_public and not is_this_machine(base)
        return Outgoing(
            request.method, _url(base, request), headers, None if body is None else body.encode(), is_public
        )

    def shown(self, request: Request) -> dict[str, Any]:
        """The request for people, whether or not everything is configured."""
        base = self.configured.get(request.base) or SANDBOX + self.entry.bases[request.base]
        body: Any = None if request.body is None else load_foreign(request.body)
        return {
            "method": request.method,
            "url": _url(base, request),
            "headers": {header.name: header.shown() for header in self._headers(request, None)},
            "body": (self._form(shown=True) or None) if self.is_login(request.operation) else body,
        }

    def secrets(self, token: Token | None = None) -> list[str]:
        """Everything that must be in no reason."""
        configured = [value.reveal() for value in self.configured.values() if isinstance(value, Secret)]
        return configured if token is None else [*configured, token.text]

    def _headers(self, request: Request, token: Token | None) -> Iterator[Header]:
        """All but what belongs to the connection (Host, Content-Length)."""
        yield Header("Accept", "application/json")
        yield Header("Accept-Encoding", "identity")
        yield Header("User-Agent", "stagedoor")
        login = self.entry.login
        if login is not None and self.is_login(request.operation):
            yield Header("Content-Type", FORM)
            yield from login.headers(self.configured)
            return
        if request.content_type is not None:
            yield Header("Content-Type", request.content_type)
        yield from self.entry.headers(self.configured)
        if login is not None:
            yield Header("Authorization", None if token is None else Secret(token.text), "Bearer")

    def _form(self, *, shown: bool) -> str:
        fields = {} if self.entry.login is None else self.entry.login.form(self.configured)
        if shown:
            return "&".join(f"{name}={HIDDEN}" for name in fields)
        return urlencode({name: secret.reveal() for name, secret in fields.items() if secret is not None})


def _url(base: str, request: Request) -> str:
    return base.rstrip("/") + request.target
