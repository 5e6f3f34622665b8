"""`account_operations/sync`: one V3 call for a managed account, in an envelope (Send API requests on behalf of ...).

What no document says is decided here: what the inner call refuses is passed on with its own status and body, what it
does is answered with 200, as the envelope's page has it (a 202 stays one), and a call the stand-in does not know, or
whose path is written out instead of naming its parameters, is not found.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

from sandbox.calls import Answer, Call, Operation, load_json
from sandbox.checks import Checker
from sandbox.constant_contact.values import Inner, InnerOperation, Row, not_found

PATH: Final = "/v3/partner/accounts/<encoded_account_id>/account_operations/sync"
METHODS: Final = ("GET", "POST", "PUT", "DELETE", "PATCH")
ARRAYS: Final = {"path_parameters": "path_param", "query_parameters": "query_param", "headers": "header"}
NAME = re.compile(r"\{(\w+)\}")


class Envelopes:
    """Opens envelopes and makes the calls in them."""

    def __init__(self, inner_operations: Sequence[InnerOperation], account_of: Callable[[Call], Row]) -> None:
        self._inner = {(one.method, one.url): one for one in inner_operations}
        self._account_of = account_of

    def operations(self) -> Sequence[Operation]:
        """List one operation for each call that can be carried, then the one for any other."""
        named = [
            Operation(f"constant_contact.{one.name}", "POST", PATH, self.sync, when=partial(_carries, key))
            for key, one in self._inner.items()
        ]
        return [*named, Operation("constant_contact.sync", "POST", PATH, self.sync)]

    def sync(self, call: Call) -> Answer:
        account = self._account_of(call)
        if not account["is_managed"]:
            raise not_found("managed account")
        check = Checker(call.json())
        inner = _opened(check, account["encoded_account_id"])
        check.refuse_problems()
        operation = self._inner.get(_key(call))
        if operation is None:
            raise not_found("V3 call")
        if operation.method in ("POST", "PUT") and inner.payload is None:
            check.problem("account_operation_payload", "is required for this call")
            check.refuse_problems()
        answer = operation.handle(inner)
        return replace(answer, status=200) if answer.status == 201 else answer


def _key(call: Call) -> tuple[Any, Any]:
    body = call.content if isinstance(call.content, dict) else {}
    return body.get("account_operation_method"), body.get("account_operation_url")


def _carries(key: tuple[str, str], call: Call) -> bool:
    return _key(call) == key


def _opened(check: Checker, account: str) -> Inner:
    """Read an envelope, reporting all that is wrong with it."""
    check.known(*(f"account_operation_{name}" for name in ("url", "method", "payload", *ARRAYS)))
    url = check.text("account_operation_url", required=True, rule=_url_rule) or ""
    check.choice("account_operation_method", METHODS, required=True)
    pairs = {name: _pairs(check, f"account_operation_{name}", word) for name, word in ARRAYS.items()}
    path, names = pairs["path_parameters"], NAME.findall(url)
    for name in sorted(set(names) ^ path.keys()):
        where = "has no such name" if name in path else "names it, and no path parameter has it"
        check.problem("account_operation_path_parameters", f"{name}: the URL {where}")
    return Inner(account, path, pairs["query_parameters"], _payload(check))


def _url_rule(text: str) -> str | None:
    if not text.startswith("/") or text.startswith("/v3/"):
        return "must be a path below https://api.cc.email/v3"
    if text.startswith("/partner"):
        return "must not be a partner's"
    return "must not have a query" if "?" in text else None


def _pairs(check: Checker, name: str, word: str) -> dict[str, str]:
    """Read an array of `{"<word>_key": …, "<word>_value": …}`, both texts."""
    pairs: dict[str, str] = {}
    for pair in check.children(name):
        pair.known(f"{word}_key", f"{word}_value")
        key = pair.text(f"{word}_key", required=True, rule=lambda text: "must have no braces" if "{" in text else None)
        value = pair.text(f"{word}_value", required=True)
        if key in pairs:
            pair.problem(f"{word}_key", "stands there twice")
        if key is not None and value is not None:
            pairs[key] = value
    return pairs


def _payload(check: Checker) -> Any:
    """Read the inner body: a text that is JSON, not JSON itself."""
    text = check.text("account_operation_payload")
    if text is None:
        return None
    try:
        return load_json(text)
    except (ValueError, RecursionError):
        check.problem("account_operation_payload", "must be a text that is JSON")
        return None
