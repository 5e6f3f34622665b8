"""The sandbox's own calls, all under `/_…`: journals, faults, scenarios, state, settings, ticket shops."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Flask, Response, request

from sandbox import wire
from sandbox.calls import Answer, Call, Problem, Refusal, Vendor
from sandbox.faults import KINDS, Faults, read_fault
from sandbox.journal import Journal
from sandbox.knobs import AdjustableVendor
from sandbox.postman import Postman
from sandbox.shops import Shop, send_request
from sandbox.store import Store
from sandbox.symphony.lifecycle import Lifecycle

MOST_WAIT_SECONDS = 600.0


def serve_journal(app: Flask, path: str, journal: Journal, fields: Sequence[str]) -> None:
    """Offer a journal at `path`: GET (filtered by query), DELETE, and a long poll at `path/wait`.

    The wait answers the matching rows with 200 as soon as there are `count`, or with 408 after `timeout` seconds.
    """

    def wanted(*others: str) -> dict[str, str]:
        _only_known((*fields, *others))
        return {name: request.args[name] for name in fields if name in request.args}

    def read() -> Response:
        return _answer(200, journal.rows(wanted()))

    def clear() -> Response:
        return _answer(200, {"cleared": journal.clear()})

    def wait() -> Response:
        rows, is_enough = journal.wait(
            wanted("count", "timeout"),
            count=int(_number("count", 1)),
            timeout_seconds=min(_number("timeout", 10), MOST_WAIT_SECONDS),
        )
        return _answer(200 if is_enough else 408, rows)

    app.add_url_rule(path, f"read {path}", read, methods=["GET"])
    app.add_url_rule(path, f"clear {path}", clear, methods=["DELETE"])
    app.add_url_rule(f"{path}/wait", f"wait {path}", wait, methods=["GET"])


def serve_faults(app: Flask, faults: Faults) -> None:
    def read() -> Response:
        return _answer(200, {"faults": faults.listing(), "kinds": KINDS})

    def add() -> Response:
        faults.add(read_fault(_body()))
        return read()

    def clear() -> Response:
        return _answer(200, {"cleared": faults.clear()})

    app.add_url_rule("/_faults", "read faults", read, methods=["GET"])
    app.add_url_rule("/_faults", "add fault", add, methods=["POST"])
    app.add_url_rule("/_faults", "clear faults", clear, methods=["DELETE"])


def serve_scenarios(app: Flask, lifecycle: Lifecycle) -> None:
    def read() -> Response:
        return _answer(200, lifecycle.scenarios())

    def add() -> Response:
        lifecycle.add_scenario(_body())
        return read()

    def clear() -> Response:
        return _answer(200, {"cleared": lifecycle.clear_scenarios()})

    app.add_url_rule("/_scenarios", "read scenarios", read, methods=["GET"])
    app.add_url_rule("/_scenarios", "add scenario", add, methods=["POST"])
    app.add_url_rule("/_scenarios", "clear scenarios", clear, methods=["DELETE"])


def serve_state(app: Flask, vendor: Vendor, store: Store) -> None:
    def read() -> Response:
        with store.together():
            return _answer(200, vendor.state())

    app.add_url_rule(f"/_state/{vendor.name}", f"state of {vendor.name}", read, methods=["GET"])


def serve_knobs(app: Flask, vendor: AdjustableVendor) -> None:
    """Offer a vendor's limits and lifetimes at `/_settings/<name>`: GET, and POST with those to change."""

    def read() -> Response:
        return _answer(200, vendor.knobs.view())

    def turn() -> Response:
        vendor.knobs.turn(_body())
        return read()

    path = f"/_settings/{vendor.name}"
    app.add_url_rule(path, f"read {path}", read, methods=["GET"])
    app.add_url_rule(path, f"turn {path}", turn, methods=["POST"])


def serve_shop(app: Flask, shop: Shop, postman: Postman) -> None:
    def send() -> Response:
        return wire.whole(send_request(shop, _body(), postman))

    app.add_url_rule(f"/_shops/{shop.name}/send", f"send as {shop.name}", send, methods=["POST"])


def refused(refusal: Refusal) -> Response:
    """Answer a control call that cannot be carried out."""
    problems = [{"path": problem.path, "message": problem.message} for problem in refusal.problems]
    return _answer(refusal.status, {"message": refusal.message, "problems": problems})


def _answer(status: int, body: Any) -> Response:
    return wire.whole(Answer(status, body))


def _body() -> Any:
    return Call("POST", request.path, "", {}, request.get_data()).json()


def _only_known(names: Sequence[str]) -> None:
    unknown = [name for name in request.args if name not in names]
    if unknown:
        problems = [Problem(name, f"must be one of {', '.join(names)}") for name in unknown]
        raise Refusal(400, "the query cannot be read", problems)


def _number(name: str, default: float) -> float:
    text = request.args.get(name)
    if text is None:
        return default
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise Refusal(400, "the query cannot be read", [Problem(name, "must be a number")])
    return value
