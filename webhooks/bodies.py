"""The body of a request: read once, whole, and never more of it than is allowed."""

from __future__ import annotations

from typing import Any

from webhooks.errors import BodyError


def read_body(environ: dict[str, Any], most_bytes: int) -> bytes:
    """The raw bytes of a WSGI request's body.

    Raises BodyError when it is longer than `most_bytes`, whatever Content-Length says, or shorter than it says: half a
    body whose sender vanished is no delivery.
    """
    declared = environ.get("CONTENT_LENGTH") or ""
    if declared.isdecimal():
        if int(declared) > most_bytes:
            raise _too_large(most_bytes)
        body: bytes = environ["wsgi.input"].read(int(declared))
        if len(body) != int(declared):
            raise BodyError(400, "incomplete", "the body ended before the length that Content-Length gives")
        return body
    if not environ.get("wsgi.input_terminated"):
        return b""
    # Chunked: its length is known only at its end, so one byte more than allowed is asked for.
    body = environ["wsgi.input"].read(most_bytes + 1)
    if len(body) > most_bytes:
        raise _too_large(most_bytes)
    return body


def _too_large(most_bytes: int) -> BodyError:
    return BodyError(413, "too_large", f"the body is larger than {most_bytes} bytes")
