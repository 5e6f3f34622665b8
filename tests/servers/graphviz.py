"""Graphviz for tests: the program dot, installed where it may be."""

import shutil
from pathlib import Path

from tests.servers.installation import find_or_install


def install_graphviz() -> Path:
    """The program dot. Raises ServerMissing."""
    return find_or_install(_find, "graphviz")


def _find() -> Path | None:
    found = shutil.which("dot")
    return Path(found) if found else None
