"""The inputs and answers of the calls about webhooks to the partner (Constant Contact, Partners: Webhooks)."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, pre_load

from vendors.fields import Whole, about, between, web_address
from workflows.fields import OpenSchema, Text

TOPICS = "1 tier upgrade, 2 tier downgrade, 3 account cancelled, 4 account disabled."


class OneTopic(Schema):
    """The topic meant."""

    topic_id = Whole(required=True, validate=between(1, 4), metadata=about(TOPICS))


class Subscribe(OneTopic):
    """Where to post what happens."""

    hook_uri = Text(required=True, validate=web_address, metadata=about("The address Constant Contact posts to."))


class Subscription(OpenSchema):
    topic_id = Whole(required=True)
    hook_uri = Text(allow_none=True)


class Subscriptions(OpenSchema):
    """The list comes without a name around it."""

    subscriptions = fields.List(fields.Nested(Subscription), required=True)

    @pre_load
    def _named(self, answer: Any, **kwargs: Any) -> Any:
        return {"subscriptions": answer} if isinstance(answer, list) else answer
