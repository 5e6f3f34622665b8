"""The envelope: a V3 call for a managed account, carried by `account_operations/sync` (Partners: Account operations).

The inner body travels as JSON text in a field of the outer body, so it is encoded twice; a segment's criteria, which
are text themselves, three times. Each level is encoded as a whole, nothing is escaped by hand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from marshmallow import Schema

from workflows.catalogue import Inputs, encode_json

SYNC = "/partner/accounts/{encoded_account_id}/account_operations/sync"

_NAMES = re.compile(r"{(\w+)}")


def names_in(url: str) -> list[str]:
    """The path parameters of an inner URL, in their order."""
    return _NAMES.findall(url)


def envelope(method: str, url: str, query: Collection[str] = ()) -> Callable[[Schema, Inputs], dict[str, Any]]:
    """What makes the outer body of decoded inner inputs.

    Those the URL names become path parameters, those of `query` query parameters, the rest the payload, if the method
    has one. All values of the arrays are text.
    """

    def carry(schema: Schema, inputs: Inputs) -> dict[str, Any]:
        inner: Mapping[str, Any] = schema.dump(inputs)
        in_path = names_in(url)
        made: dict[str, Any] = {"account_operation_url": url, "account_operation_method": method}
        if in_path:
            made["account_operation_path_parameters"] = [_pair("path_param", name, inner[name]) for name in in_path]
        if asked := [_pair("query_param", name, value) for name, value in inner.items() if name in query]:
            made["account_operation_query_parameters"] = asked
        if method != "GET":
            payload = {name: value for name, value in inner.items() if name not in (*in_path, *query)}
            made["account_operation_payload"] = encode_json(payload)
        return {**made, "account_operation_headers": []}

    return carry


def _pair(kind: str, name: str, value: Any) -> dict[str, str]:
    """An entry of an array: `{"path_param_key": "contact_id", "path_param_value": "…"}`."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return {f"{kind}_key": name, f"{kind}_value": text}
