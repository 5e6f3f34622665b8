"""The Partner API's entry in the phone book (Partner API, Login; Get user)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from vendors.entry import Configured, Entry, Login, Token, is_unauthorized
from vendors.partner_api.operations import LOGIN, operations
from workflows.settings import Secret

NO_SUCH_USER = "there is no such user"

_ABOUT_TOKENS = re.compile("oauth|token|unauthori[sz]ed", re.IGNORECASE)
"""In a `result` other than OK. The document names none; pages of the same platform say OAUTH_ERROR."""


def form(configured: Configured) -> Mapping[str, Secret | None]:
    return {"login": configured.get("project_id"), "password": configured.get("private_key")}


def read_token(body: Mapping[str, Any]) -> Token:
    """The token, for the time between its two instants: ours and the vendor's clock need not agree."""
    return Token(body["access_token"], float(body["expire_time"] - body["create_time"]))


def is_stale(status: int, body: Any) -> bool:
    """Whether the token is refused, by status or by the `result` of a 200."""
    return is_unauthorized(status, body) or bool(_ABOUT_TOKENS.search(_failure(body)))


def hidden_error(body: Any) -> str:
    """What is wrong with a 2xx: another `result` than OK, or a user who has no id.

    A default value is as good as absent everywhere in this API, so an id of 0 is nobody's (Partner API, "Default
    values").
    """
    if failure := _failure(body):
        is_unknown = failure.strip().casefold() == "not found"
        said = body.get("error")
        why = f": {said}" if isinstance(said, str) and said else ""
        return NO_SUCH_USER if is_unknown else f"the result is {failure}{why}"
    user = body.get("user") if isinstance(body, dict) else None
    return NO_SUCH_USER if isinstance(user, dict) and not user.get("id") else ""


def _failure(body: Any) -> str:
    """The `result` where it is there and not OK."""
    result = body.get("result") if isinstance(body, dict) else None
    return "" if result in (None, "OK") else str(result)


PARTNER_API = Entry(
    name="partner_api",
    title="Partner API",
    operations=operations,
    bases={"base_url": "/partner_api"},
    needs=("project_id", "private_key"),
    headers=lambda configured: (),
    login=Login(operation=LOGIN, read=read_token, form=form, is_stale=is_stale),
    hidden_error=hidden_error,
)
