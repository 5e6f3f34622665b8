"""Eventbrite's webhooks: unsigned pointers.

Eventbrite, "Webhooks": `{api_url, config: {action, user_id, webhook_id, endpoint_url}}`. Nothing is signed, so the
address is the secret, and the pointer is never followed as it stands: of it only the number of an order is taken, and
only where it is exactly `https://<host>/v3/orders/<digits>/`. A test call has the action `test` and no pointer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from marshmallow import EXCLUDE, Schema, fields

from webhooks.errors import PayloadError
from webhooks.signatures import PathToken, keys_of
from webhooks.sources.loading import Loader
from webhooks.sources.named import kept_event
from webhooks.sources.payload import IS_EVENT_NAME
from webhooks.sources.places import value_at
from webhooks.sources.source import Content, EventDraft, Greeting, Preset
from workflows.fields import Text
from workflows.problems import Problem

ORDERS = "order."
TEST = "test"


class _Vendor(Schema):
    class Meta:
        unknown = EXCLUDE


class _Config(_Vendor):
    action = Text(required=True, validate=IS_EVENT_NAME)
    user_id = Text(allow_none=True)
    webhook_id = Text(allow_none=True)


class _Pointer(_Vendor):
    api_url = Text(required=True)
    config = fields.Nested(_Config, required=True)


_POINTER = Loader(_Pointer)


def _scheme(options: Mapping[str, Any]) -> PathToken | None:
    keys = keys_of(options["token"])
    return PathToken(keys) if keys else None


def _greet(content: Content) -> Greeting | None:
    return Greeting({"answer": "here"}) if value_at(content, "config.action") == TEST else None


def _read(content: Content) -> list[EventDraft]:
    """One event, which carries the number of the order where it points at one."""
    pointer = _POINTER.load(content.payload, "$")
    action = pointer["config"]["action"]
    data = {name: value for name, value in pointer["config"].items() if name != "action" and value is not None}
    kind = f"eventbrite.{action}"
    if not action.startswith(ORDERS):
        return [kept_event(kind, f"eventbrite:{action}", None, {**data, "api_url": pointer["api_url"]})]
    order_id = _order_id(pointer["api_url"], content.options["host"])
    return [kept_event(kind, f"order:{content.source}:{order_id}", None, {**data, "order_id": order_id})]


def _order_id(api_url: str, host: str) -> str:
    """The number in a pointer that is written exactly as it should be: no other host, user, port, path or query."""
    found = re.fullmatch(rf"https://{re.escape(host)}/v3/orders/([0-9]{{1,20}})/?", api_url, re.ASCII)
    if found is None:
        message = f"must be https://{host}/v3/orders/<digits>/ and nothing else"
        raise PayloadError([Problem("invalid", message, path="$.api_url")])
    return found.group(1)


EVENTBRITE = Preset(name="eventbrite", scheme=_scheme, read=_read, greet=_greet)
