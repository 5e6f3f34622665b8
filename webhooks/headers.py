"""The headers of a WSGI request, by lower-case name."""

from __future__ import annotations

from typing import Any


def headers_of(environ: dict[str, Any]) -> dict[str, str]:
    """What stands in `environ` under HTTP_*, and the two headers that stand elsewhere."""
    headers = {key[5:].replace("_", "-").lower(): value for key, value in environ.items() if key.startswith("HTTP_")}
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            headers[name.replace("_", "-").lower()] = environ[name]
    return headers
