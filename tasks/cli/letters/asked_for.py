"""The proofs an operator asks for under `verify`, given as a sender would give them."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

from tasks.cli.letters.secrets import base64_hmac, first_secret, hex_hmac
from tasks.cli.letters.sender import Headers, Posting
from workflows.errors import ConfigurationError
from workflows.problems import Problem
from workflows.settings import SourceSettings

Options = Mapping[str, Any]


def headers_asked_for(posting: Posting) -> Headers:
    """All headers that `verify` of the source asks for. Raises ConfigurationError when a secret is not set."""
    headers: Headers = {}
    for name, options in posting.source.options["verify"].items():
        headers |= _GIVERS[name](posting, options, f"sources.{posting.source.name}.verify.{name}")
    return headers


def path_asked_for(source: SourceSettings) -> str:
    """What `verify` of the source asks for in the address."""
    options = source.options["verify"].get("path-token")
    return f"/{first_secret(options, 'token', f'sources.{source.name}.verify.path-token')}" if options else ""


def standard_webhooks(posting: Posting, options: Options, path: str) -> Headers:
    """Standard Webhooks, "Specification": HMAC-SHA256 in base64 of id, time and body, with dots between."""
    secret = first_secret(options, "secrets", path)
    if not secret.startswith("whsec_"):
        message = "is a public key: only the sender can sign for it"
        raise ConfigurationError([Problem("not_configured", message, f"{path}.secrets")])
    stamp = str(int(posting.now.timestamp()))
    identity = f"msg_{int(posting.now.timestamp() * 1_000_000)}"
    signed = f"{identity}.{stamp}.".encode() + posting.body
    # Some give it out without its padding; more of it than is needed does no harm.
    proof = base64_hmac(base64.b64decode(secret.removeprefix("whsec_") + "=="), signed)
    return {"webhook-id": identity, "webhook-timestamp": stamp, "webhook-signature": f"v1,{proof}"}


def _hmac(posting: Posting, options: Options, path: str) -> Headers:
    key = first_secret(options, "secrets", path)
    stamp = str(int(posting.now.timestamp()))
    before, _, after = options["signed"].replace("{timestamp}", stamp).partition("{body}")
    signed = before.encode() + posting.body + after.encode()
    if options["encoding"] == "hex":
        proof = hex_hmac(key, signed, options["digest"])
    else:
        proof = base64_hmac(key.encode(), signed, options["digest"])
    if options["element"] is not None:
        return {options["header"]: f"t={stamp},{options['element']}={proof}"}
    time = {} if options["timestamp_header"] is None else {options["timestamp_header"]: stamp}
    return {options["header"]: options["prefix"] + proof, **time}


def _header(posting: Posting, options: Options, path: str) -> Headers:
    return {options["header"]: options["prefix"] + first_secret(options, "secrets", path)}


def _basic(posting: Posting, options: Options, path: str) -> Headers:
    pair = f"{options['username']}:{first_secret(options, 'secrets', path)}"
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def _client_certificate(posting: Posting, options: Options, path: str) -> Headers:
    """What the proxy would say."""
    return {options["header"]: options["subjects"][0]}


def _nothing(posting: Posting, options: Options, path: str) -> Headers:
    return {}


_GIVERS: Mapping[str, Callable[[Posting, Options, str], Headers]] = {
    "hmac": _hmac,
    "standard-webhooks": standard_webhooks,
    "header": _header,
    "basic": _basic,
    "path-token": _nothing,
    "networks": _nothing,
    "client-certificate": _client_certificate,
}
"""By the names in `workflows.settings.sources.SCHEMES`."""
