"""Answers of the door: JSON always, also for what Flask refuses by itself, and never a redirection.

Vendors take a 3xx for a failure, and Eventbrite takes a 410 for the end of the subscription.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence

from flask import Response
from werkzeug.exceptions import HTTPException

from webhooks.errors import LimitError
from workflows.ledger.arrivals import Receipt
from workflows.problems import Problem

RETRY_SECONDS = 10
"""What a 503 asks for: a ledger that is locked or starting again is back by then, mostly."""


def answer(status: int, content: Mapping[str, object], headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer."""
    return Response(json.dumps(content), status, headers, content_type="application/json")


def refusal(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> Response:
    """An answer to what was not stored: what was wrong, in the form of every problem of ours."""
    return answer(status, {"problems": [Problem(code, message).as_dict()]}, headers)


def unavailable(message: str) -> Response:
    """The sender should come again."""
    return refusal(503, "unavailable", message, {"Retry-After": str(RETRY_SECONDS)})


def limited(error: LimitError) -> Response:
    """More than is taken; where that passes, the sender is told when to come again."""
    wait = error.retry_seconds
    headers = None if wait is None else {"Retry-After": str(max(1, math.ceil(wait)))}
    return refusal(error.status, error.code, str(error), headers)


def not_ready(problems: Sequence[Problem]) -> Response:
    """Why the door is not ready."""
    content = {"problems": [problem.as_dict() for problem in problems]}
    return answer(503, content, {"Retry-After": str(RETRY_SECONDS)})


def stored(status: int, receipt: Receipt, *, with_problems: bool) -> Response:
    """An answer to what is in the ledger, with what is wrong with it if that is the sender's to know.

    A repeat is answered in the words the first was; a 200 in place of a 202 says that it is one, and of which.
    """
    if receipt.problems and with_problems:
        return answer(status, {"problems": receipt.problems, "delivery": receipt.delivery_id})
    return Response(f'{{"delivery": "{receipt.delivery_id}"}}', status, content_type="application/json")


def of_exception(error: HTTPException) -> Response:
    """Flask's own refusals (404, 405, 500 …) in our form, with the headers that belong to them, such as Allow."""
    status = error.code or 500
    code = error.name.lower().replace(" ", "_")
    kept = {name: value for name, value in error.get_headers() if name.lower() not in ("content-type", "location")}
    return refusal(status, code, error.description or error.name, kept)
