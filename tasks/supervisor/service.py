"""A service: one process the supervisor runs, as a value."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tasks.supervisor.readiness import LineSeen, Probe


@dataclass(frozen=True)
class Service:
    """One process to run, and what its parent must know of it."""

    name: str
    command: tuple[str, ...]
    ready: Probe | LineSeen
    """How to tell that it serves."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Added to the parent's own."""
    after: tuple[str, ...] = ()
    """Names of services that must be ready before this one starts; it is stopped before them."""
    restarts: bool = True
    """Whether it is started again when it ends; if not, its end ends all."""
    ready_seconds: float = 30.0
    """How long it may take to be ready the first time."""
    stop_seconds: float = 10.0
    """How long it may take to stop after SIGTERM before it is killed."""
