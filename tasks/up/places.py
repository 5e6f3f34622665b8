"""Where the parts of a running system answer: choosing ports, and telling other commands of this machine."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from tasks.supervisor.lock import is_alive

LOOPBACK = "127.0.0.1"
WEB_PORT = 8460
FLOWER_PORT = 8461
SANDBOX_PORT = 8462
HIGHEST_PORT = 65_535

FILE = "up.json"


@dataclass(frozen=True)
class Places:
    """The ports of a system on this machine; `sandbox` is None where real vendors are called."""

    web: int
    flower: int
    sandbox: int | None = None

    @property
    def web_url(self) -> str:
        return f"http://{LOOPBACK}:{self.web}"

    @property
    def flower_url(self) -> str:
        return f"http://{LOOPBACK}:{self.flower}"

    @property
    def sandbox_url(self) -> str | None:
        return None if self.sandbox is None else f"http://{LOOPBACK}:{self.sandbox}"


def data_folder(environ: Mapping[str, str]) -> Path:
    """The data folder these variables name, without reading any configuration."""
    return Path(environ.get("STAGEDOOR_DATA") or "var").absolute()


def usual_places(*, port: int | None, with_sandbox: bool) -> Places:
    """The ports of `stagedoor up`: the usual ones where they are free, else the next ones. `port` is for the web."""
    web = port or next_free(WEB_PORT)
    flower = next_free(FLOWER_PORT, but={web})
    sandbox = next_free(SANDBOX_PORT, but={web, flower}) if with_sandbox else None
    return Places(web, flower, sandbox)


def next_free(first: int, *, but: set[int] | frozenset[int] = frozenset()) -> int:
    """The first port from `first` on that nobody listens at on the loopback. Raises OSError when there is none."""
    for port in range(first, HIGHEST_PORT + 1):
        if port not in but and _is_free(port):
            return port
    raise OSError(f"no port from {first} on is free")


def any_places() -> Places:
    """Ports that nobody uses now, with a sandbox: for a system that runs beside others."""
    # All three are held at a time, so that they differ.
    with socket.socket() as web, socket.socket() as flower, socket.socket() as sandbox:
        for holder in (web, flower, sandbox):
            holder.bind((LOOPBACK, 0))
        return Places(web.getsockname()[1], flower.getsockname()[1], sandbox.getsockname()[1])


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do: a port whose last connections are still being forgotten can be listened at.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def remember(data_dir: Path, places: Places) -> None:
    """Tell other commands that work on this data folder where the system answers, for as long as we live."""
    text = json.dumps({"pid": os.getpid(), **asdict(places)})
    (data_dir / FILE).write_text(text, encoding="utf-8")


def forget(data_dir: Path) -> None:
    """The system has stopped."""
    (data_dir / FILE).unlink(missing_ok=True)


def running_places(data_dir: Path) -> Places | None:
    """Where the system answers that runs on this data folder; None when none does, also after it was killed."""
    try:
        known: Mapping[str, int | None] = json.loads((data_dir / FILE).read_text(encoding="utf-8"))
        pid, web, flower = known["pid"], known["web"], known["flower"]
        if pid is None or web is None or flower is None or not is_alive(pid):
            return None
        return Places(web, flower, known["sandbox"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
