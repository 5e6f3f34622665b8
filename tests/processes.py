"""What runs on this machine, as tests ask it: whose children, in which group, whether still alive."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")


@dataclass(frozen=True)
class Process:
    """One line of the process table."""

    pid: int
    parent: int
    group: int
    is_zombie: bool
    """Ended, and its parent has not looked yet: in the table, but it does nothing any more."""


def children(pid: int) -> list[int]:
    """List the living children of a process."""
    return [process.pid for process in alive() if process.parent == pid]


def in_group(group: int) -> list[int]:
    """List the living members of a process group."""
    return [process.pid for process in alive() if process.group == group]


def is_alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    return any(process.pid == pid for process in alive())


def alive() -> list[Process]:
    """List all processes that still do something."""
    # A small Linux may have no `ps`; macOS has no /proc.
    table = _from_proc() if (PROC / "self" / "stat").exists() else _from_ps()
    return [process for process in table if not process.is_zombie]


def _from_proc() -> Iterator[Process]:
    for stat in PROC.glob("[0-9]*/stat"):
        try:
            # "8198 (the name) S 1 8198 ...": the name may itself hold spaces and brackets.
            pid, _, rest = stat.read_text().partition(" (")
            state, parent, group = rest.rpartition(") ")[2].split()[:3]
        except (OSError, ValueError):
            continue
        yield Process(int(pid), int(parent), int(group), state in ("Z", "X"))


def _from_ps() -> Iterator[Process]:
    command = ["ps", "-A", "-o", "pid=,ppid=,pgid=,stat="]
    for line in subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines():
        pid, parent, group, state = line.split()
        yield Process(int(pid), int(parent), int(group), state.startswith("Z"))
