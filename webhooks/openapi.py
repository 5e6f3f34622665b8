"""OpenAPI: every endpoint of the web process, in one document made from the schemas of its answers.

`/openapi.json` is the document, `/openapi` a page of it. Neither says which sources there are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Blueprint, Flask, Response, current_app, make_response, render_template
from marshmallow import Schema

from webhooks.answer_schemas import LiveSchema, ReadySchema, RefusedSchema, RejectedSchema, StoredSchema
from webhooks.console import access

OPENAPI_VERSION = "3.1.0"
DOCUMENT = "stagedoor.openapi"

Operation = dict[str, Any]


def document_of(app: Flask) -> dict[str, Any]:
    """The OpenAPI document of the application; made when first asked for."""
    if DOCUMENT not in app.extensions:
        app.extensions[DOCUMENT] = _make(app)
    found: dict[str, Any] = app.extensions[DOCUMENT]
    return found


def make_blueprint() -> Blueprint:
    """The two endpoints that show the document."""
    blueprint = Blueprint("openapi", __name__)
    blueprint.add_url_rule("/openapi.json", "json", lambda: document_of(current_app))
    blueprint.add_url_rule("/openapi", "page", _page)
    return blueprint


def _page() -> Response:
    page = render_template("console/openapi.html", document=document_of(current_app))
    return access.protect(make_response(page))


def _make(app: Flask) -> dict[str, Any]:
    spec = APISpec(
        title="Stagedoor",
        version=version("stagedoor"),
        openapi_version=OPENAPI_VERSION,
        plugins=[MarshmallowPlugin(schema_name_resolver=lambda schema: _name_of(schema))],
        info={"description": "The door for vendors' webhooks, and the operator's console."},
    )
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        operations = {
            method.lower(): _operation(rule.endpoint, method, sorted(rule.arguments))
            for method in sorted((rule.methods or set()) & {"GET", "POST"})
        }
        spec.path(path=re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), operations=operations)
    return spec.to_dict()


def _name_of(schema: type[Schema] | Schema) -> str:
    kind = schema if isinstance(schema, type) else type(schema)
    return kind.__name__.removesuffix("Schema")


def _operation(endpoint: str, method: str, arguments: list[str]) -> Operation:
    """An operation of the table; whatever is not in it is a page of the console."""
    described = _DESCRIBED.get(endpoint) or _page_operation(endpoint, method)
    described = {**described, "responses": {**_OF_ANY_BODY, **described["responses"]}}
    suffix = "_".join([endpoint.replace(".", "_"), *(["with", *arguments] if arguments else []), method.lower()])
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": _PARAMETERS.get(name, {"type": "string"})}
        for name in arguments
    ]
    parameters += described.get("parameters", [])
    return {"operationId": suffix, **described, **({"parameters": parameters} if parameters else {})}


def _json(description: str, schema: Any, headers: Mapping[str, Any] | None = None) -> dict[str, Any]:
    content = {"application/json": {"schema": schema}}
    return {"description": description, "content": content, **({"headers": dict(headers)} if headers else {})}


def _html(description: str) -> dict[str, Any]:
    return {"description": description, "content": {"text/html": {"schema": {"type": "string"}}}}


def _page_operation(endpoint: str, method: str) -> Operation:
    name = endpoint.rpartition(".")[2]
    responses = {
        "200": _html("The page."),
        "303": _html("Sign in first, or signed in or out."),
        "401": _html("The token is not the right one."),
        "403": _html("Without a token the console answers on its own machine only."),
        "404": {
            "description": "There is no such thing.",
            "content": {"text/html": {"schema": {"type": "string"}}, "application/json": {"schema": RefusedSchema}},
        },
        "503": _html("The ledger cannot be read now."),
    }
    if name == "static":
        responses["200"] = {"description": "The file.", "content": {"*/*": {}}}
        responses["304"] = {"description": "The file has not changed."}
    operation: Operation = {"tags": ["console"], "summary": f"The console: {name}.", "responses": responses}
    if name in _QUERIES and method == "GET":
        operation["parameters"] = [{"name": _QUERIES[name], "in": "query", "schema": {"type": "string"}}]
    if method == "POST" and name in _FORMS:
        form = {"type": "object", "properties": _FORMS[name]}
        operation["requestBody"] = {"content": {"application/x-www-form-urlencoded": {"schema": form}}}
    if "verdict" in _FORMS.get(name, {}):
        responses["409"] = _html("It cannot be decided, or not like this: the page says why.")
    return operation


_VERDICT: Mapping[str, Any] = {
    "verdict": {"type": "string", "enum": ["approve", "deny"]},
    "reason": {"type": "string", "description": "why; it is kept in the audit"},
}
_FORMS: Mapping[str, Mapping[str, Any]] = {
    "login": {"token": {"type": "string"}},
    "approval": _VERDICT,
    "decide": _VERDICT,
}
"""What the pages' forms send."""
_QUERIES: Mapping[str, str] = {"subject": "about", "approval": "answer", "decide": "answer"}
"""What pages are asked for in the query."""
_OF_ANY_BODY: Mapping[str, Any] = {
    "408": _json("The body took too long.", RefusedSchema),
    "413": _json("The body is larger than is taken.", RefusedSchema),
}
"""Any request may have a body, whether it is read or not."""


_RETRY = {"Retry-After": {"description": "in how many seconds to come again", "schema": {"type": "integer"}}}
_PARAMETERS: Mapping[str, dict[str, Any]] = {
    "source": {"type": "string", "description": "the name of a source in stagedoor.yml", "maxLength": 63},
    "token": {"type": "string", "description": "the secret at the end of the address, for senders that do not sign"},
}
_RECEIVE: Operation = {
    "tags": ["door"],
    "summary": "Take in a webhook.",
    "description": (
        "The body is whatever the source's vendor sends, proved as the vendor proves it. What is acknowledged is "
        "stored durably. The same webhook again gets the first answer and the first id."
    ),
    "requestBody": {"required": True, "content": {"application/json": {"schema": {}}}},
    "responses": {
        "200": _json("Known already; or the answer to a handshake of the vendor's.", {"type": "object"}),
        "202": _json("Stored.", StoredSchema),
        "400": _json("Not JSON as it is taken here.", RejectedSchema),
        "401": _json(
            "Not authentic.",
            RefusedSchema,
            {"WWW-Authenticate": {"description": "how to prove it", "schema": {"type": "string"}}},
        ),
        "404": _json("There is no such source.", RefusedSchema),
        "413": _json("Larger than is taken, as it came or unpacked.", RejectedSchema),
        "422": _json("Not what this source sends.", RejectedSchema),
        "429": _json("More than is taken at a time, or in a time.", RefusedSchema, _RETRY),
        "431": _json("The headers are too large.", RefusedSchema),
        "503": _json("Cannot be stored now.", RefusedSchema, _RETRY),
    },
}
_DESCRIBED: Mapping[str, Operation] = {
    "door.receive": _RECEIVE,
    "door.live": {
        "tags": ["health"],
        "summary": "Whether the process answers.",
        "responses": {"200": _json("It does.", LiveSchema)},
    },
    "door.ready": {
        "tags": ["health"],
        "summary": "Whether webhooks can be stored and are taken in.",
        "responses": {
            "200": _json("They are.", ReadySchema),
            "503": _json("They are not, and why.", RefusedSchema, _RETRY),
        },
    },
    "openapi.json": {
        "tags": ["openapi"],
        "summary": "This document.",
        "responses": {"200": _json("The document.", {"type": "object"})},
    },
    "openapi.page": {
        "tags": ["openapi"],
        "summary": "This document as a page.",
        "responses": {"200": _html("The page.")},
    },
}
