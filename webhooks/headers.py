"""The headers of a WSGI request, by lower-case name."""

from __future__ import annotations

from functools import lru_cache
from typing import Any


def headers_of(environ: dict[str, Any]) -> dict[str, str]:
    """What stands in `environ` under HTTP_*, and the two headers that stand elsewhere."""
    headers = {_name(key): value for key, value in environ.items() if key[:5] == "HTTP_"}
    for key in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(key):
            headers[_name(f"HTTP_{key}")] = environ[key]
    return headers


@lru_cache(maxsize=512)
def _name(key: str) -> str:
    return key[5:].replace("_", "-").lower()
