"""Whether what the web process answers is in its own OpenAPI document."""

import re

from flask import Flask, Response, current_app, request

from webhooks.openapi import document_of


def hold_to_its_document(app: Flask) -> None:
    """Raise AssertionError for an answer to a GET or a POST, or what it was asked with, that is not in its document."""
    app.config["PROPAGATE_EXCEPTIONS"] = True
    app.after_request(_expect_documented)


def _expect_documented(response: Response) -> Response:
    if request.url_rule is not None and request.method in ("GET", "POST"):
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", request.url_rule.rule)
        operation = document_of(current_app)["paths"][path][request.method.lower()]
        assert str(response.status_code) in operation["responses"], f"{request.method} {path}: {response.status}"
        if response.status_code == 200:
            told = {parameter["name"] for parameter in operation.get("parameters", []) if parameter["in"] == "query"}
            assert set(request.args) <= told, f"{path}: {set(request.args)}"
        if response.status_code in (303, 409):
            content = operation.get("requestBody", {}).get("content", {})
            form = content.get("application/x-www-form-urlencoded", {"schema": {"properties": {}}})
            assert set(request.form) <= set(form["schema"]["properties"]), f"{path}: {set(request.form)}"
    return response
