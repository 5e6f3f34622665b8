"""The senders there are, one a preset, written out."""

from __future__ import annotations

import json
from collections.abc import Mapping

from tasks.cli.letters import bodies
from tasks.cli.letters.asked_for import standard_webhooks
from tasks.cli.letters.secrets import base64_hmac, hex_hmac, secret
from tasks.cli.letters.sender import Body, Headers, Posting, Sender
from workflows.settings import SourceSettings


def _token(source: SourceSettings) -> str:
    return f"/{secret(source, 'token')}"


def _sealed(source: SourceSettings, body: Body) -> Body:
    """Symphony, "Webhooks" of its websites: `sha256=…` inside the body, over what the configuration says is signed.

    Without that, the signature is one nobody can check.
    """
    if not source.options["secrets"] or source.options["signed"] is None:
        return {**body, "signature": "sha256=0000"}
    rest, data = (json.dumps(value, ensure_ascii=False) for value in (body, body.get("data")))
    signed = {"rest": rest, "data": data, "timestamp.data": f"{body.get('timestamp')}.{data}"}[source.options["signed"]]
    return {**body, "signature": f"sha256={hex_hmac(secret(source, 'secrets'), signed.encode())}"}


def _constant_contact(posting: Posting) -> Headers:
    """Constant Contact, "Webhook Authenticity"."""
    return {"x-ctct-hmac-sha256": base64_hmac(secret(posting.source, "secrets").encode(), posting.body)}


def _tickettailor(posting: Posting) -> Headers:
    """Ticket Tailor, Webhooks: Security: HMAC-SHA256 in hex of the time and the body with nothing in between."""
    stamp = str(int(posting.now.timestamp()))
    proof = hex_hmac(secret(posting.source, "secrets"), stamp.encode() + posting.body)
    return {"Tickettailor-Webhook-Signature": f"t={stamp},v1={proof}"}


def _universe(posting: Posting) -> Headers:
    """Universe, help centre; the double i is theirs."""
    proof = hex_hmac(secret(posting.source, "secrets"), posting.body, posting.source.options["digest"])
    return {"X-Uniiverse-Event": posting.event, "X-Uniiverse-Signature": proof}


def _shopify(posting: Posting) -> Headers:
    """Shopify, "Verify webhook deliveries" and "Delivery structure"."""
    return {
        "X-Shopify-Topic": posting.event,
        "X-Shopify-Hmac-Sha256": base64_hmac(secret(posting.source, "secrets").encode(), posting.body),
        "X-Shopify-Webhook-Id": f"{int(posting.now.timestamp() * 1_000_000)}",
    }


def _stripe(posting: Posting) -> Headers:
    """Stripe, "Verify webhook signatures": the time, a dot, the body."""
    stamp = str(int(posting.now.timestamp()))
    proof = hex_hmac(secret(posting.source, "secrets"), f"{stamp}.".encode() + posting.body)
    return {"Stripe-Signature": f"t={stamp},v1={proof}"}


def _cymbal(posting: Posting) -> Headers:
    return {posting.source.options["header"]: secret(posting.source, "keys")}


def _standard(posting: Posting) -> Headers:
    return standard_webhooks(posting, posting.source.options, f"sources.{posting.source.name}")


def _github(posting: Posting) -> Headers:
    """GitHub, "Validating webhook deliveries"."""
    return {
        "X-GitHub-Event": posting.event,
        "X-GitHub-Delivery": f"{int(posting.now.timestamp() * 1_000_000)}",
        "X-Hub-Signature-256": f"sha256={hex_hmac(secret(posting.source, 'secrets'), posting.body)}",
    }


def _generic(posting: Posting) -> Headers:
    """What the configuration looks for in headers."""
    values = {"type": posting.event, "delivery_id": f"{int(posting.now.timestamp() * 1_000_000)}"}
    places = {option: posting.source.options[option] or "" for option in values}
    return {
        place.removeprefix("header:"): values[option] for option, place in places.items() if place.startswith("header:")
    }


SENDERS: Mapping[str, Sender] = {
    "symphony": Sender(
        {
            f"campaign.{event}": bodies.campaign(event)
            for event in ("created", "updated", "processing", "completed", "failed")
        },
        path=_token,
    ),
    "symphony-website": Sender(
        {
            **{f"website.{event}": bodies.website(event) for event in ("published", "archived")},
            "lead.captured": bodies.lead,
        },
        path=_token,
        seal=_sealed,
    ),
    "constant-contact": Sender(
        {
            event: bodies.account(event)
            for event in ("tier.increase", "tier.decrease", "account.cancel", "account.disable")
        },
        _constant_contact,
    ),
    "tickettailor": Sender(
        {event: bodies.tickettailor(event) for event in ("ORDER.CREATED", "ORDER.UPDATED")}, _tickettailor
    ),
    "eventbrite": Sender({}, path=_token, invent=bodies.eventbrite),
    "universe": Sender(dict.fromkeys(("ticket_purchase", "ticket_update"), bodies.universe), _universe),
    "shopify": Sender({"orders/create": bodies.shopify}, _shopify),
    "stripe": Sender({"checkout.session.completed": bodies.stripe}, _stripe),
    "cymbal": Sender(
        {
            "order.placed": bodies.cymbal_order,
            "show.published": bodies.cymbal_show("live"),
            "show.cancelled": bodies.cymbal_show("canceled"),
        },
        _cymbal,
    ),
    "standard-webhooks": Sender({}, _standard, invent=bodies.standard),
    "github": Sender({}, _github, invent=bodies.github),
    "generic": Sender({}, _generic, invent=bodies.generic),
}
"""By preset. Those without bodies of their own send an event of any name."""
