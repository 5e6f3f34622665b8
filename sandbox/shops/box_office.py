"""A box office: posts orders and shows in the shapes of Cymbal's Create orders and Create events, with its API key in a
header."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.calls import dump_json
from sandbox.checks import Checker
from sandbox.shops.shop import header_text

DEFAULT_HEADER = "X-Api-Key"


class BoxOffice:
    """Asked with `key`, `orders` or `events` (a list, sent as it is) and, where it is not X-Api-Key, `header`."""

    name = "box-office"
    own_fields: tuple[str, ...] = ("key", "header", "orders", "events")

    def event(self, request: Checker) -> str:
        return "events" if "events" in request.value else "orders"

    def body(self, request: Checker) -> bytes:
        what = self.event(request)
        if what not in request.value:
            request.problem("orders", "is required, unless there are events or a raw body")
        return dump_json({what: request.value.get(what)})

    def headers(self, request: Checker, body: bytes, *, now: int, is_forged: bool) -> Mapping[str, str]:
        key = request.text("key", required=True, rule=header_text) or ""
        name = request.text("header", rule=header_text) or DEFAULT_HEADER
        return {name: f"not-{key}" if is_forged else key}
