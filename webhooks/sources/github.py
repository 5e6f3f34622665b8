"""GitHub, and whoever signs as it does.

GitHub, "Validating webhook deliveries": `X-Hub-Signature-256: sha256=<hex>`, HMAC-SHA256 of the raw body. "Webhook
events and payloads": `X-GitHub-Event` names the event, `X-GitHub-Delivery` the delivery; `ping` is sent when a webhook
is set up. Others that sign like this name their event in the body, where `type` says.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from webhooks.signatures import Hmac, Plain, keys_of
from webhooks.sources.named import name_at, named_event
from webhooks.sources.places import header_at, text_at, value_at
from webhooks.sources.source import Content, EventDraft, Greeting, Preset

SIGNATURE_HEADER = "X-Hub-Signature-256"
PREFIX = "sha256="
EVENT = "header:X-GitHub-Event"
DELIVERY = "header:X-GitHub-Delivery"


def _scheme(options: Mapping[str, Any]) -> Hmac | None:
    keys = keys_of(options["secrets"])
    return Hmac(Plain(SIGNATURE_HEADER, PREFIX), keys) if keys else None


def _delivery_id(content: Content) -> str | None:
    return text_at(content, DELIVERY)


def _apart(content: Content) -> str | None:
    return header_at(content, content.options["type"] or EVENT)


def _greet(content: Content) -> Greeting | None:
    return Greeting({"answer": "pong"}) if value_at(content, EVENT) == "ping" else None


def _read(content: Content) -> list[EventDraft]:
    """One event, its data the whole body."""
    name = name_at(content, content.options["type"] or EVENT)
    about = text_at(content, content.options["subject"] or "repository.full_name")
    return [named_event(content, name, about=about, occurred_at=None, data=content.payload, path="$")]


GITHUB = Preset(name="github", scheme=_scheme, read=_read, delivery_id=_delivery_id, apart=_apart, greet=_greet)
