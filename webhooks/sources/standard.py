"""Any sender that follows Standard Webhooks.

Standard Webhooks, "Specification": `{type, timestamp, data}`, the delivery named in `webhook-id`.
"""

from __future__ import annotations

from webhooks.sources.named import name_at, named_event
from webhooks.sources.places import moment, text_at, value_at
from webhooks.sources.proofs import standard_webhooks
from webhooks.sources.source import Content, EventDraft, Preset


def _delivery_id(content: Content) -> str | None:
    return content.headers.get("webhook-id") or None


def _read(content: Content) -> list[EventDraft]:
    """One event; without `data` the whole body is its data."""
    name = name_at(content, "type")
    has_data = isinstance(content.payload, dict) and "data" in content.payload
    event = named_event(
        content,
        name,
        about=text_at(content, content.options["subject"]),
        occurred_at=moment(value_at(content, "timestamp")),
        data=content.payload["data"] if has_data else content.payload,
        path="$.data" if has_data else "$",
    )
    return [event]


STANDARD_WEBHOOKS = Preset(name="standard-webhooks", scheme=standard_webhooks, read=_read, delivery_id=_delivery_id)
