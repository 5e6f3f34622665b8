"""The environments of the peers: a virtual environment each, of pinned packages, made once and kept in a cache."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

PEERS = Path(__file__).parent / "peers"
INSTALL_SECONDS = 600


def cache_folder() -> Path:
    """Where they are kept: `$XDG_CACHE_HOME/stagedoor/benchmarks`."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "stagedoor" / "benchmarks"


def environment_of(peer: str) -> Path:
    """The folder of programs of that peer's environment, made if it is not there or its pins have changed."""
    requirements = PEERS / peer / "requirements.txt"
    digest = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()[:12]
    folder = cache_folder() / f"{peer}-{digest}"
    ready = folder / "ready"
    if not ready.exists():
        print(f"setting up {peer} in {folder} …", file=sys.stderr)
        _run(sys.executable, "-m", "venv", "--clear", str(folder))
        _run(str(folder / "bin" / "pip"), "install", "--quiet", "--requirement", str(requirements))
        ready.touch()
    return folder / "bin"


def _run(*command: str) -> None:
    quiet = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_ROOT_USER_ACTION": "ignore"}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=INSTALL_SECONDS, env={**os.environ, **quiet}, check=False
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr}")
