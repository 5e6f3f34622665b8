"""A request of RSGI as WSGI has it: Flask and the door read the same environment."""

from __future__ import annotations

import sys
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from granian.rsgi import Scope

STANDING: dict[str, Any] = {
    "SCRIPT_NAME": "",
    "SERVER_SOFTWARE": "granian",
    "wsgi.version": (1, 0),
    "wsgi.multithread": True,
    "wsgi.multiprocess": True,
    "wsgi.run_once": False,
    "wsgi.input_terminated": True,
}


def environ_of(scope: Scope) -> dict[str, Any]:
    """All of the request but its body, `wsgi.input` (PEP 3333, "environ Variables").

    Headers with `_` in their names are left out, as servers and proxies do.
    """
    server, _, port = scope.server.rpartition(":")
    environ: dict[str, Any] = {
        **STANDING,
        "wsgi.errors": sys.stderr,
        "wsgi.url_scheme": scope.scheme,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "SERVER_NAME": server,
        "SERVER_PORT": port,
        "REMOTE_ADDR": scope.client.rpartition(":")[0].strip("[]"),
        "REQUEST_METHOD": scope.method,
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string,
    }
    for name, value in scope.headers.items():
        if "_" in name:
            # Its key would be that of the header with hyphens, which a proxy of ours may have cut or written.
            continue
        key = _key(name)
        if key in environ:
            # Only those that may be lists may come twice (RFC 9110, 5.3); cookies are joined in a way of their own.
            value = f"{environ[key]}{'; ' if key == 'HTTP_COOKIE' else ','}{value}"
        environ[key] = value
    return environ


@lru_cache(maxsize=512)
def _key(name: str) -> str:
    key = name.replace("-", "_").upper()
    return key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
