"""Constant Contact's entry in the phone book (Partners: Authentication; Rate limits)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from marshmallow import Schema, post_load

from vendors.constant_contact.carried import carried_operations
from vendors.constant_contact.operations import partner_operations
from vendors.entry import Configured, Entry, Header, Login, Token, basic
from vendors.fields import Whole, Words, at_least
from workflows.catalogue import Limit, Operation, Repeat
from workflows.fields import PartialSchema, Text

LIFETIME_SECONDS: Final = 3600.0
"""Of a token whose answer does not say (Partners, Authentication)."""
THROTTLED_SECONDS: Final = 1.0


class TokenQuery(Schema):
    """Parameters of the token call; it takes them in the query, with an empty body."""

    grant_type = Text(load_default="client_credentials")
    scope = Text(load_default="v3api/general.partner")


class LoggedIn(PartialSchema):
    """`{"access_token": …, "expires_in": 3600, "token_type": "Bearer"}`; the token is nothing anybody should read."""

    access_token = Words(required=True)
    expires_in = Whole(validate=at_least(1))

    @post_load
    def _without_token(self, loaded: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        return {name: value for name, value in loaded.items() if name != "access_token"}


LOGIN: Final = Operation(
    name="constant_contact.login",
    summary="Get the partner's token.",
    source="Constant Contact, Partners: Authentication",
    method="POST",
    base="token_url",
    path="",  # the setting is the whole address
    query=("grant_type", "scope"),
    inputs=TokenQuery,
    body=None,
    output=LoggedIn,
    repeat=Repeat.SAFE,
)


def headers(configured: Configured) -> tuple[Header, ...]:
    return (Header("x-api-key", configured.get("api_key")),)


def login_headers(configured: Configured) -> tuple[Header, ...]:
    return (basic(configured.get("client_id"), configured.get("client_secret")),)


def read_token(body: Mapping[str, Any]) -> Token:
    return Token(body["access_token"], float(body.get("expires_in", LIFETIME_SECONDS)))


def wait_hint(body: Any, now: datetime) -> float | None:
    """How long to wait after a 429: `throttled` is over in a second, `quota_exceeded` at the next 00:00 UTC.

    A third kind, over 1,000 queued activities, says no time.
    """
    keys = {str(error.get("error_key")) for error in _errors(body)}
    if any("quota_exceeded" in key for key in keys):
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        return (midnight - now).total_seconds()
    return THROTTLED_SECONDS if any("throttled" in key for key in keys) else None


def _errors(body: Any) -> list[Mapping[str, Any]]:
    """Errors come as a list of objects, from the gateway as one object (Responses)."""
    return [error for error in (body if isinstance(body, list) else [body]) if isinstance(error, Mapping)]


def operations(configured: Configured) -> tuple[Operation, ...]:
    """Every operation we have, as configured."""
    return (*partner_operations(), *carried_operations())


CONSTANT_CONTACT = Entry(
    name="constant_contact",
    title="Constant Contact",
    operations=operations,
    bases={"base_url": "/constant_contact/v3", "token_url": "/constant_contact/token"},
    needs=("token_url", "api_key", "client_id", "client_secret"),
    headers=headers,
    login=Login(operation=LOGIN, read=read_token, headers=login_headers),
    wait_hint=wait_hint,
    limits=(Limit(4, 1.0), Limit(10_000, 86_400.0)),  # of an API key, whatever the account
)
