"""Access: who may look, and as whom they act.

A person of stagedoor.yml shows their own token and acts under their name. The console's shared token lets look, and so
does being on this machine where there is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import IPv6Address, ip_address
from typing import Protocol
from urllib.parse import urlsplit

import structlog
from flask import Request, Response, request
from itsdangerous import BadSignature, TimestampSigner
from werkzeug.exceptions import HTTPException

from workflows.engine.approvals import Person
from workflows.settings import PersonSettings, Secret
from workflows.settings.people import person_with

COOKIE = "stagedoor_console"
SIGNED_IN_SECONDS = 12 * 3600
MAX_LOGIN_BYTES = 8 * 1024

SIGNED_IN = "signed in"
AS_PERSON = "person:"
NOBODY_IN_PARTICULAR = "console"
"""Under this name acts whoever may look where no people are configured."""

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
    "Referrer-Policy": "same-origin",  # without, a browser would not say whence our own forms come
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

log = structlog.stdlib.get_logger(__name__)


class Lock(Protocol):
    """What the console is locked with: the part of the settings this module reads."""

    @property
    def console_token(self) -> Secret | None: ...
    @property
    def people(self) -> Mapping[str, PersonSettings]: ...
    @property
    def signing_key(self) -> Secret | None: ...


@dataclass(frozen=True)
class Visitor:
    """Whoever may look. `person` is who they act as; None: they only look. `is_signed_in`: by a token they showed."""

    person: Person | None
    is_signed_in: bool


def visitor(request: Request, lock: Lock) -> Visitor | None:
    """Who sends this request; None: nobody who may see the console."""
    shown = request.authorization
    if shown is not None:
        return _known(lock, Secret(shown.token or "")) if shown.type == "bearer" else None
    known = _signed_in(request, lock)
    if known is None and lock.console_token is None and is_this_machine(request):
        return Visitor(_anybody(lock), is_signed_in=False)
    return known


def can_sign_in(lock: Lock) -> bool:
    """Whether there is a token that opens the console."""
    return lock.console_token is not None or any(person.token is not None for person in lock.people.values())


def is_asked_by_our_page(request: Request) -> bool:
    """Whether a page of this console sends this request, and not one of another site in a browser that may look.

    A browser says so itself: in `Sec-Fetch-Site`, or where it leaves that out, in `Origin`, which must be the host it
    asks (OWASP, "Cross-Site Request Forgery Prevention": verifying origin with standard headers). Whoever shows a
    token with each request is no browser that was led here.
    """
    if request.authorization is not None:
        return True
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    return urlsplit(request.headers.get("Origin", "")).netloc.lower() == request.host.lower()


def is_this_machine(request: Request) -> bool:
    """Whether a browser on this machine asks, directly and knowing whom.

    The host it asks for must be this machine's as well: a page anywhere may point a name of its own at 127.0.0.1 and
    have a browser here read the answers (DNS rebinding).
    """
    if any(name in request.headers for name in PROXY_HEADERS):
        return False
    return _is_loopback(request.remote_addr or "") and _is_local_host(request)


def sign_in(request: Request, response: Response, lock: Lock) -> bool:
    """Remember in `response` whose token the form has; whether it is anybody's."""
    request.max_content_length = MAX_LOGIN_BYTES
    token = Secret(request.form.get("token", "").strip())
    person = person_with(lock.people, token)
    if person is None and token != lock.console_token:
        log.warning("console_login_refused")
        return False
    response.set_cookie(
        COOKIE,
        _signer(token).sign(SIGNED_IN if person is None else f"{AS_PERSON}{person.name}").decode(),
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


def _known(lock: Lock, token: Secret) -> Visitor | None:
    person = person_with(lock.people, token)
    if person is not None:
        return Visitor(_as_person(person), is_signed_in=True)
    return Visitor(_anybody(lock), is_signed_in=True) if token == lock.console_token else None


def _signed_in(request: Request, lock: Lock) -> Visitor | None:
    cookie = request.cookies.get(COOKIE, "")
    said = cookie.rsplit(".", 2)[0]
    if not said.startswith(AS_PERSON):
        is_ours = lock.console_token is not None and _is_signed(cookie, lock.console_token, SIGNED_IN)
        return Visitor(_anybody(lock), is_signed_in=True) if is_ours else None
    person = lock.people.get(said.removeprefix(AS_PERSON))
    if person is None or person.token is None or not _is_signed(cookie, person.token, said):
        return None
    return Visitor(_as_person(person), is_signed_in=True)


def _is_signed(cookie: str, token: Secret, said: str) -> bool:
    try:
        return _signer(token).unsign(cookie, max_age=SIGNED_IN_SECONDS) == said.encode()
    except BadSignature:
        return False


def _as_person(person: PersonSettings) -> Person:
    return Person(person.name, frozenset(person.roles))


def _anybody(lock: Lock) -> Person | None:
    """Who acts that is no person of stagedoor.yml: only where there are none at all."""
    return None if lock.people else Person(NOBODY_IN_PARTICULAR)


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
