"""The headers of a WSGI request, by lower-case name, and those of our own, which nobody sends us."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

OURS = "HTTP_STAGEDOOR_"
KEY_ID = "stagedoor-key"
"""Among the headers kept, the id of the key that proved the request, where its keys have ids."""
FETCHED = "stagedoor-fetched"
"""Of a delivery that we fetched because an event pointed at it, the type of that event."""


def headers_of(environ: dict[str, Any]) -> dict[str, str]:
    """What stands in `environ` under HTTP_* but for names of ours, and the two headers that stand elsewhere."""
    headers = {_name(key): value for key, value in environ.items() if key[:5] == "HTTP_" and key[:15] != OURS}
    for key in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(key):
            headers[_name(f"HTTP_{key}")] = environ[key]
    return headers


@lru_cache(maxsize=512)
def _name(key: str) -> str:
    return key[5:].replace("_", "-").lower()
