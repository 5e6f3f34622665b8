"""Constant Contact's partner webhooks.

Constant Contact, "Partner Webhooks Overview": `{url, api_key, event_type}`, which only points at an account whose plan
changed; "Webhook Authenticity" (of V2, V3 says neither yes nor no): `x-ctct-hmac-sha256` is the base64 of the
HMAC-SHA256 of the raw body under the secret of the API key. It is sent again every minute for up to an hour. The body
carries our own API key, so it is in no event; and the URL in it is never called: hosts differ between the documents.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from marshmallow import fields

from webhooks.errors import PayloadError
from webhooks.signatures import Hmac, Plain, SignatureOrBodyKey, keys_of
from webhooks.sources.loading import Loader
from webhooks.sources.payload import IS_EVENT_NAME
from webhooks.sources.source import Content, EventDraft, Preset
from workflows.fields import OpenSchema, Text
from workflows.problems import Problem

SIGNATURE_HEADER = "x-ctct-hmac-sha256"
REPEATED_FOR = timedelta(hours=1)

_ACCOUNT = re.compile(r"/partner/accounts/([A-Za-z0-9_-]{1,100})(?:/|$)")


class _Notice(OpenSchema):
    url = Text(required=True)
    event_type = Text(required=True, validate=IS_EVENT_NAME)
    api_key = fields.Raw(load_default=None)


_NOTICE = Loader(_Notice)


def _scheme(options: Mapping[str, Any]) -> SignatureOrBodyKey | None:
    secrets = keys_of(options["secrets"])
    if not secrets:
        return None
    signature = Hmac(Plain(SIGNATURE_HEADER), secrets, encoding="base64")
    return SignatureOrBodyKey(signature, "api_key", keys_of(options["api_key"]))


def _read(content: Content) -> list[EventDraft]:
    """One event; its topic, also one we do not know, is part of the type."""
    notice = _NOTICE.load(content.payload, "$")
    found = _ACCOUNT.search(notice["url"])
    if found is None:
        raise PayloadError([Problem("invalid", "must have the account in it: …/partner/accounts/<id>/…", path="$.url")])
    account_id = found.group(1)
    further = {name: value for name, value in notice.items() if name not in ("api_key", "event_type")}
    data = {**further, "account_id": account_id}
    subject = f"constant_contact:account:{account_id}"
    return [EventDraft(f"constant_contact.{notice['event_type']}", subject, None, data)]


CONSTANT_CONTACT = Preset(name="constant-contact", scheme=_scheme, read=_read, window=REPEATED_FOR, carries_secret=True)
