"""What happens to each call of a vendor: faults, credentials, the vendor's own work, the journal, the answer."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from threading import Event
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from sandbox import wire
from sandbox.calls import Answer, Call, Operation, Refusal, Vendor
from sandbox.faults import Fault, Faults
from sandbox.journal import Journal
from sandbox.store import Store

SECRET_HEADERS = frozenset({"x-api-key", "cymbal-partner-api-key", "authorization", "cookie"})
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
DROPPED = "dropped"


class Exchange:
    """Serves vendors' operations. One call is worked on at a time, so the journal is in order."""

    def __init__(self, store: Store, journal: Journal, faults: Faults, stopping: Event) -> None:
        self._store = store
        self._journal = journal
        self._faults = faults
        self._stopping = stopping

    def serve(self, app: Flask, vendor: Vendor) -> None:
        """Route the vendor's operations, and everything else under its prefix to a 404 that is journaled too."""
        shared: dict[tuple[str, str], list[Operation]] = {}
        for operation in vendor.operations():
            shared.setdefault((operation.method, operation.path), []).append(operation)
        for operations in shared.values():
            self._route(app, vendor, operations, methods=(operations[0].method,))
        unknown = Operation(f"{vendor.name}.unknown", "*", "/<path:rest>", _no_such_operation)
        self._route(app, vendor, [unknown], methods=METHODS)

    def _route(self, app: Flask, vendor: Vendor, operations: Sequence[Operation], *, methods: tuple[str, ...]) -> None:
        first = operations[0]

        def view(**arguments: str) -> Response:
            call = _call(arguments)
            return self._answer(vendor, next(one for one in operations if one.when(call)), call)

        app.add_url_rule(
            vendor.prefix + first.path,
            endpoint=f"{first.name} {first.method} {first.path}",
            view_func=view,
            methods=list(methods),
            provide_automatic_options=False,
        )

    def _answer(self, vendor: Vendor, operation: Operation, call: Call) -> Response:
        fault = self._faults.take(operation.name)
        with self._store.together():
            answer, is_processed = _outcome(vendor, operation, call, fault)
            status = DROPPED if fault is not None and fault.is_drop else answer.status
            self._record(vendor, operation, call, status=status, is_processed=is_processed)
        return wire.whole(answer) if fault is None else self._spoil(answer, fault)

    def _record(
        self, vendor: Vendor, operation: Operation, call: Call, *, status: int | str, is_processed: bool
    ) -> None:
        self._journal.append(
            {
                "vendor": vendor.name,
                "operation": operation.name,
                "method": call.method,
                "path": call.path,
                "query": call.query,
                "headers": {name: masked(name, value) for name, value in call.headers.items()},
                **_readable(call.body),
                "status": status,
                "processed": is_processed,
            }
        )

    def _spoil(self, answer: Answer, fault: Fault) -> Response:
        if fault.is_drop:
            return wire.nothing()
        if fault.fault == "garbage":
            return wire.garbage()
        if fault.fault == "trickle":
            return wire.trickle(answer, seconds=fault.seconds, stopping=self._stopping)
        if fault.fault == "slow":
            self._stopping.wait(fault.seconds)
        return wire.whole(answer)


def masked(name: str, value: str) -> str:
    """Hide a credential, but for its scheme (`Bearer ***`)."""
    if name.lower() not in SECRET_HEADERS:
        return value
    scheme, space, _ = value.partition(" ")
    return f"{scheme} ***" if space else "***"


def _outcome(vendor: Vendor, operation: Operation, call: Call, fault: Fault | None) -> tuple[Answer, bool]:
    """Decide what the caller is to be told, and whether the vendor did what was asked."""
    if fault is not None and not fault.is_processed:
        return fault.answer(vendor), False
    answer, is_done = _work(vendor, operation, call)
    return fault.answer(vendor) if fault is not None and fault.has_own_status else answer, is_done


def _work(vendor: Vendor, operation: Operation, call: Call) -> tuple[Answer, bool]:
    try:
        if not operation.is_login:
            vendor.admit(call)
        return operation.handle(call), True
    except Refusal as refusal:
        return vendor.refuse(refusal), False


def _no_such_operation(call: Call) -> Answer:
    raise Refusal(404, f"no operation {call.method} {call.path}")


def _call(arguments: Mapping[str, str]) -> Call:
    path, _, query = str(request.environ["RAW_URI"]).partition("?")
    return Call(
        method=request.method,
        path=path,
        query=query,
        headers={name.lower(): value for name, value in request.headers.items()},
        body=request.get_data(cache=False),
        arguments=arguments,
    )


def _readable(body: bytes) -> dict[str, Any]:
    """Give the exact text of a body, or its base64 where the bytes are no UTF-8."""
    try:
        return {"body": body.decode("utf-8"), "body_base64": None}
    except UnicodeDecodeError:
        return {"body": None, "body_base64": base64.b64encode(body).decode("ascii")}


def plain_error(error: HTTPException) -> Response:
    """Answer what Flask itself refuses (too large, wrong method) as JSON."""
    status = error.code or 500
    return wire.whole(Answer(status, {"message": error.description, "status": status}))
