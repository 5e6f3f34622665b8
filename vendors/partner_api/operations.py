"""The Partner API's operations. Both only read, although their verb is POST."""

from __future__ import annotations

from typing import Final

from marshmallow import Schema

from vendors.entry import Configured
from vendors.partner_api import schemas
from workflows.catalogue import Operation, Repeat

LOGIN: Final = Operation(
    name="partner_api.login",
    summary="Log in with the project's own credentials; every call does so by itself, so this only tries them out.",
    source='Partner API, "Login"',
    method="POST",
    path="/partner/login",
    inputs=Schema,
    body=None,  # the credentials are settings, never inputs
    output=schemas.LoggedIn,
    repeat=Repeat.SAFE,
)


def operations(configured: Configured) -> tuple[Operation, ...]:
    """Every operation we have, as configured."""
    return (
        LOGIN,
        Operation(
            name="partner_api.get_user",
            summary="Look up a subscriber by user name or user id; somebody unknown is refused as no such user.",
            source='Partner API, "Get user"',
            method="POST",
            path="/partner/v2/getUser",
            inputs=schemas.GetUser,
            output=schemas.FoundUser,
            repeat=Repeat.SAFE,
        ),
    )
