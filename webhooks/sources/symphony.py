"""Symphony's campaign webhooks.

Symphony, "Webhooks": a POST with a JSON body whose `event` names the action and whose root has the campaign's own
fields. No signature is documented, so the address is the secret; no delivery id either, so the bytes are the key, and
only for minutes: the same `campaign.updated` may rightly come again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError

from webhooks.errors import PayloadError
from webhooks.signatures import PathToken, keys_of
from webhooks.sources.loading import Loader
from webhooks.sources.named import kept_event
from webhooks.sources.payload import Identifier, event_name, require_object, without_nulls
from webhooks.sources.source import Content, EventDraft, Preset
from workflows.events import CampaignData
from workflows.problems import Problem


class _Campaign(CampaignData):
    """What of a campaign event we rely on; the rest is kept as it came."""

    id = Identifier(required=True)


_CAMPAIGN = Loader(_Campaign)
_ID = Identifier(required=True)
_OPTIONAL = ("provider", "type", "status")
_CAMPAIGN_EVENTS = frozenset(f"campaign.{name}" for name in ("created", "updated", "processing", "completed", "failed"))


def _scheme(options: Mapping[str, Any]) -> PathToken | None:
    keys = keys_of(options["token"])
    return PathToken(keys) if keys else None


def _read(content: Content) -> list[EventDraft]:
    """One event. A name we do not know is kept under its own type and starts nothing."""
    body = require_object(content.payload)
    name = event_name(body)
    fields = {key: value for key, value in body.items() if key != "event"}
    if name in _CAMPAIGN_EVENTS:
        return [_campaign_event(name, fields)]
    return [kept_event(f"symphony.{name}", _subject(name, fields), None, fields)]


def _campaign_event(name: str, fields: dict[str, Any]) -> EventDraft:
    # The field that holds the id is documented nowhere: `id` is what creating a campaign returns.
    identity = fields.get("id") if fields.get("id") is not None else fields.get("campaign_id")
    if identity is None:
        raise PayloadError([Problem("missing", "is required: the campaign's id, here or in campaign_id", path="$.id")])
    data = _CAMPAIGN.load({**without_nulls(fields, _OPTIONAL), "id": identity}, "$")
    return EventDraft(f"symphony.{name}", f"symphony:campaign:{data['id']}", None, data)


def _subject(name: str, fields: Mapping[str, Any]) -> str:
    """What an event we do not know is about, as far as can be told."""
    try:
        return f"symphony:campaign:{_ID.deserialize(fields.get('id'))}"
    except ValidationError:
        return f"symphony:{name}"


SYMPHONY = Preset(name="symphony", scheme=_scheme, read=_read)
