"""A private Valkey (or Redis) on a TCP port."""

import os
from pathlib import Path

from tasks.supervisor.broker import find_binary
from tasks.supervisor.errors import BrokerError
from tasks.supervisor.guard import Guard
from tasks.supervisor.readiness import tcp_ready
from tests.servers.installation import find_or_install
from tests.servers.server import Server


class Valkey(Server):
    """A Valkey that writes its data to disk as the embedded broker does."""

    name = "Valkey"

    def __init__(self, guard: Guard) -> None:
        self._binary = find_or_install(_find, "redis-server")
        super().__init__(guard)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        options = {
            "--bind": "127.0.0.1",
            "--port": str(self.port),
            "--dir": str(self.folder),
            "--appendonly": "yes",
            "--appendfsync": "everysec",
            "--save": "",
            "--maxmemory-policy": "noeviction",
        }
        self._launch([str(self._binary), *(word for pair in options.items() for word in pair)], os.environ)

    def is_ready(self) -> bool:
        return tcp_ready(self.port)()


def _find() -> Path | None:
    try:
        return find_binary()
    except BrokerError:
        return None
