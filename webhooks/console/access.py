"""Access: who may look. With a token, whoever shows it; without one, only this machine itself."""

from __future__ import annotations

from hashlib import sha256
from ipaddress import IPv6Address, ip_address
from typing import Protocol

import structlog
from flask import Request, Response, request
from itsdangerous import BadSignature, TimestampSigner
from werkzeug.exceptions import HTTPException

from workflows.settings import Secret

COOKIE = "stagedoor_console"
SIGNED_IN_SECONDS = 12 * 3600
MAX_LOGIN_BYTES = 8 * 1024

SIGNED_IN = "signed in"

PROXY_HEADERS = (
    "Forwarded",
    "Via",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-Real-IP",
)
"""A proxy on this machine connects from loopback for the whole world; these tell that one did."""

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'none'; object-src 'none'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    ),
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

log = structlog.stdlib.get_logger(__name__)


class Lock(Protocol):
    """What the console is locked with: the part of the settings this module reads."""

    @property
    def console_token(self) -> Secret | None: ...


def may_look(request: Request, token: Secret | None) -> bool:
    """Whether this request may see the console."""
    if token is None:
        return is_this_machine(request)
    return _shows_token(request, token) or _is_signed_in(request, token)


def is_this_machine(request: Request) -> bool:
    """Whether a browser on this machine asks, directly and knowing whom.

    The host it asks for must be this machine's as well: a page anywhere may point a name of its own at 127.0.0.1 and
    have a browser here read the answers (DNS rebinding).
    """
    if any(name in request.headers for name in PROXY_HEADERS):
        return False
    return _is_loopback(request.remote_addr or "") and _is_local_host(request)


def sign_in(request: Request, response: Response, token: Secret) -> bool:
    """Remember in `response` that the form's token was right; whether it was."""
    request.max_content_length = MAX_LOGIN_BYTES
    if Secret(request.form.get("token", "").strip()) != token:
        log.warning("console_login_refused")
        return False
    response.set_cookie(
        COOKIE,
        _signer(token).sign(SIGNED_IN).decode(),
        max_age=SIGNED_IN_SECONDS,
        httponly=True,
        samesite="Strict",
        secure=request.is_secure or request.headers.get("X-Forwarded-Proto", "").startswith("https"),
    )
    return True


def sign_out(response: Response) -> None:
    """Forget it again."""
    response.delete_cookie(COOKIE, httponly=True, samesite="Strict")


def protect(response: Response) -> Response:
    """Let no other site frame, script or keep a page of the console."""
    response.headers.update(HEADERS)
    if request.endpoint != "console.static":  # the style sheet is no secret
        response.headers["Cache-Control"] = "no-store"
    return response


def _shows_token(request: Request, token: Secret) -> bool:
    shown = request.authorization
    return shown is not None and shown.type == "bearer" and Secret(shown.token or "") == token


def _is_signed_in(request: Request, token: Secret) -> bool:
    try:
        said = _signer(token).unsign(request.cookies.get(COOKIE, ""), max_age=SIGNED_IN_SECONDS)
    except BadSignature:
        return False
    return said == SIGNED_IN.encode()


def _signer(token: Secret) -> TimestampSigner:
    """Signs with the token itself, so that a new token signs everybody out."""
    return TimestampSigner(token.reveal(), salt="stagedoor.console", digest_method=sha256)


def _is_loopback(address: str) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return parsed.is_loopback


def _is_local_host(request: Request) -> bool:
    try:
        host = request.host.lower()
    except HTTPException:  # a Host header that is none
        return False
    name = host.partition("]")[0].removeprefix("[") if host.startswith("[") else host.partition(":")[0]
    return name == "localhost" or name.endswith(".localhost") or _is_loopback(name)
