"""The inputs and answers of the Partner API's operations (Partner API, Login; Get user; "Default values")."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validates_schema

from vendors.fields import Whole, Words, about, at_least, checks_whole
from workflows.fields import Flag, OpenSchema, PartialSchema, Text


class LoggedIn(PartialSchema):
    """`{"result": "OK", "access_token": …, "create_time": 1700000000, "expire_time": 1700003600}`, in Unix seconds.

    The token itself is nothing anybody else should read.
    """

    result = Text(required=True)
    access_token = Words(required=True)
    create_time = Whole(required=True)
    expire_time = Whole(required=True)

    @validates_schema
    def _lasts(self, loaded: dict[str, Any], **kwargs: Any) -> None:
        if loaded["expire_time"] <= loaded["create_time"]:
            raise ValidationError("must be after create_time", "expire_time")

    @post_load
    def _without_token(self, loaded: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        return {name: value for name, value in loaded.items() if name != "access_token"}


class GetUser(Schema):
    """Whom to look up: by one of the two. 0 and "" mean nobody to this API, and are refused before it says so."""

    username = Words(metadata=about("The subscriber's user name; use this where you can."))
    user_id = Whole(validate=at_least(1), metadata=about("The subscriber's number."))

    @checks_whole
    def _exactly_one(self, loaded: dict[str, Any], given: Mapping[str, Any]) -> None:
        if len(given.keys() & {"username", "user_id"}) != 1:
            raise ValidationError("needs exactly one of username and user_id")


class Extra(OpenSchema):
    """What else is known of a user."""

    country = Text(allow_none=True)
    language = Text(allow_none=True)


class User(OpenSchema):
    """A subscriber. Only `enabled: true` is entitled to anything; left out, it means false."""

    id = Whole(required=True)
    username = Text()
    auth_method = Text()
    enabled = Flag(load_default=False)
    extra = fields.Nested(Extra)


class FoundUser(OpenSchema):
    """`{"result": "OK", "user": {…}}`."""

    result = Text(required=True)
    user = fields.Nested(User, required=True)
