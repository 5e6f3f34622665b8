"""Universe's webhooks.

Universe, help centre, "Sending Universe data to your app using webhooks": `X-Uniiverse-Event` and, where one is
configured, `X-Uniiverse-Signature`, the hex HMAC of the raw body. Which digest is not documented (public integrations
use SHA-1), so the operator says it. Of the body only `cost_items`, each with an `event_id`, is known; it is kept whole
under the type `universe.<event>` and becomes no order, for nobody could say what is in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from webhooks.errors import PayloadError
from webhooks.signatures import Hmac, Plain, keys_of
from webhooks.sources.payload import EVENT_NAME, require_object
from webhooks.sources.places import text_at
from webhooks.sources.source import Content, EventDraft, Preset
from workflows.problems import Problem

SIGNATURE_HEADER = "X-Uniiverse-Signature"
EVENT_HEADER = "X-Uniiverse-Event"


def _scheme(options: Mapping[str, Any]) -> Hmac | None:
    keys = keys_of(options["secrets"])
    return Hmac(Plain(SIGNATURE_HEADER), keys, digest=options["digest"]) if keys else None


def _apart(content: Content) -> str | None:
    return content.headers.get(EVENT_HEADER.lower())


def _read(content: Content) -> list[EventDraft]:
    """One event, as it came."""
    name = content.headers.get(EVENT_HEADER.lower(), "")
    if not EVENT_NAME.fullmatch(name):
        message = f"the header {EVENT_HEADER} must name the event"
        raise PayloadError([Problem("missing", message, path=f"header:{EVENT_HEADER}")])
    data = require_object(content.payload)
    show = text_at(content, "cost_items.0.event_id")
    return [EventDraft(f"universe.{name}", f"universe:event:{show}" if show else f"universe:{name}", None, data)]


UNIVERSE = Preset(name="universe", scheme=_scheme, read=_read, apart=_apart)
