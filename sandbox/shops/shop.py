"""What all ticket shops have in common: a request to send, and how it is carried out."""

from __future__ import annotations

from collections.abc import Mapping
from time import time
from typing import Any, Protocol

from sandbox.calls import Answer
from sandbox.checks import Checker, web_address
from sandbox.postman import Letter, Postman

MOST_REPEATS = 1000


class Shop(Protocol):
    """One kind of sender.

    A request for any of them may have `url` (required), `raw` (this text is the body, whatever it is), `forge` (send
    it without knowing the secret) and `repeat` (how often the same bytes are sent); the rest is the shop's own.
    """

    name: str
    own_fields: tuple[str, ...]

    def event(self, request: Checker) -> str: ...

    def body(self, request: Checker) -> bytes:
        """Write the webhook's body; reports problems to the request."""

    def headers(self, request: Checker, body: bytes, *, now: int, is_forged: bool) -> Mapping[str, str]:
        """Prove where the webhook comes from, or try to."""


def send_request(shop: Shop, request: object, postman: Postman) -> Answer:
    """Carry out `POST /_shops/<name>/send`: one try for each repeat, and the receiver's answers."""
    check = Checker(request)
    check.known("url", "raw", "forge", "repeat", *shop.own_fields)
    url = check.text("url", required=True, rule=web_address)
    is_forged = bool(check.boolean("forge"))
    repeat = check.integer("repeat", at_least=1, at_most=MOST_REPEATS) or 1
    raw = check.value.get("raw")
    if not isinstance(raw, str | None):
        check.problem("raw", "must be a text")
    event = shop.event(check)
    body = shop.body(check) if raw is None else str(raw).encode("utf-8", errors="replace")
    shop.headers(check, body, now=int(time()), is_forged=is_forged)
    check.refuse_problems("the request to send cannot be read")
    rows: list[dict[str, Any]] = []
    for _ in range(repeat):
        headers = shop.headers(check, body, now=int(time()), is_forged=is_forged)  # signed for the time of sending
        rows.append(postman.send(Letter(shop.name, event, str(url), body.decode(), headers)))
    return Answer(200, {"answers": [{name: row[name] for name in ("status", "answer", "error")} for row in rows]})


def header_text(text: str) -> str | None:
    """Say what is wrong with a header's value, or None."""
    return None if text.isascii() and text.isprintable() else "must be printable ASCII"
