"""Proofs of origin that an operator asks for by configuration, under `verify`: one scheme made of each entry."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from typing import Any

from webhooks.signatures import (
    BasicAuth,
    ClientCertificate,
    Elements,
    HeaderToken,
    Hmac,
    Networks,
    PathToken,
    Plain,
    Scheme,
    SignedText,
    StandardWebhooks,
    keys_of,
)
from webhooks.signatures.hmac_signature import TOLERANCE_SECONDS

Options = Mapping[str, Any]


def proofs_of(verify: Mapping[str, Options]) -> list[Scheme | None]:
    """A scheme for each entry, None for one whose secrets are not set."""
    return [_MAKERS[name](options) for name, options in verify.items()]


def standard_webhooks(options: Options) -> StandardWebhooks | None:
    """Standard Webhooks with the keys of `secrets`, shared and public."""
    keys = keys_of(options["secrets"])
    return StandardWebhooks.of_keys(keys, _tolerance(options)) if keys else None


def _hmac(options: Options) -> Hmac | None:
    keys = keys_of(options["secrets"])
    layout = (
        Elements(options["header"], options["element"])
        if options["element"] is not None
        else Plain(options["header"], options["prefix"], timestamp_header=options["timestamp_header"])
    )
    signed = SignedText(options["signed"])
    return Hmac(layout, keys, signed, options["digest"], options["encoding"], _tolerance(options)) if keys else None


def _header(options: Options) -> HeaderToken | None:
    keys = keys_of(options["secrets"])
    return HeaderToken(options["header"], keys, options["prefix"]) if keys else None


def _basic(options: Options) -> BasicAuth | None:
    keys = keys_of(options["secrets"])
    return BasicAuth(options["username"], keys) if keys else None


def _path_token(options: Options) -> PathToken | None:
    keys = keys_of(options["token"])
    return PathToken(keys) if keys else None


def _networks(options: Options) -> Networks | None:
    allowed = tuple(ipaddress.ip_network(text) for text in options["allow"])
    return Networks(allowed, options["proxies"]) if allowed else None


def _client_certificate(options: Options) -> ClientCertificate | None:
    proxies = tuple(ipaddress.ip_network(text) for text in options["proxies"])
    if not options["subjects"] or not proxies:
        return None
    return ClientCertificate(options["header"], options["subjects"], proxies)


def _tolerance(options: Options) -> int:
    seconds: int | None = options["tolerance_seconds"]
    return TOLERANCE_SECONDS if seconds is None else seconds


_MAKERS: Mapping[str, Callable[[Options], Scheme | None]] = {
    "hmac": _hmac,
    "standard-webhooks": standard_webhooks,
    "header": _header,
    "basic": _basic,
    "path-token": _path_token,
    "networks": _networks,
    "client-certificate": _client_certificate,
}
"""By the names in `workflows.settings.sources.SCHEMES`."""
