"""Symphony's website and lead webhooks.

Symphony, "Webhooks" of its websites (another product than its campaigns): `{event, timestamp, data, signature}`. The
signature stands inside the body, as `sha256=…`, and which bytes it signs is not documented. So deliveries are kept in
quarantine until the operator, who can ask Symphony, states it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from webhooks.signatures import AllOf, InnerSignature, PathToken, Scheme, keys_of
from webhooks.sources.loading import Loader
from webhooks.sources.named import kept_event
from webhooks.sources.payload import Identifier, event_name, require_object, without_nulls
from webhooks.sources.places import moment
from webhooks.sources.source import Content, EventDraft, Preset
from workflows.events import WebsiteData
from workflows.fields import Text


class _Website(WebsiteData):
    """What of a website event we rely on; the rest is kept as it came."""

    websiteId = Identifier(required=True)
    brandId = Text()


_WEBSITE = Loader(_Website)
_OPTIONAL = ("brandId", "slug", "url", "publishedAt", "archivedAt", "scheduledPublish")
_WEBSITE_EVENTS = ("website.published", "website.archived")
_LEAD = "lead.captured"


def _scheme(options: Mapping[str, Any]) -> Scheme | None:
    token, secrets = keys_of(options["token"]), keys_of(options["secrets"])
    if not token:
        return None
    if _quarantine(options):
        return PathToken(token)
    return AllOf((PathToken(token), InnerSignature(secrets, options["signed"])))


def _quarantine(options: Mapping[str, Any]) -> str:
    missing = [name for name in ("secrets", "signed") if not options[name]]
    if not missing:
        return ""
    return f"its signature cannot be verified: {' and '.join(missing)} of this source must be configured"


def _read(content: Content) -> list[EventDraft]:
    """One event. A name we do not know is kept under its own type and starts nothing."""
    body = require_object(content.payload)
    name = event_name(body)
    occurred_at = moment(body.get("timestamp"))
    data = require_object(body.get("data"), "$.data")
    if name in _WEBSITE_EVENTS:
        website = _WEBSITE.load(without_nulls(data, _OPTIONAL), "$.data")
        return [EventDraft(f"symphony.{name}", f"symphony:website:{website['websiteId']}", occurred_at, website)]
    if name == _LEAD:
        return [EventDraft("symphony.lead.captured", "symphony:lead", occurred_at, data)]
    return [kept_event(f"symphony.{name}", f"symphony:{name}", occurred_at, data)]


SYMPHONY_WEBSITE = Preset(name="symphony-website", scheme=_scheme, read=_read, quarantine=_quarantine)
