"""What the audience sees: a line for everything that happens and, on a terminal, what waits right now below."""

from __future__ import annotations

import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.measure import Measurement
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from tasks.demo.findings import Finding

MOST_WAITS = 6
WIDEST = 150


class Display:
    """Prints lines; a context manager that keeps the lower part of a terminal up to date."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False)
        self._started = time.monotonic()
        self._spinner = Spinner("dots")
        self._live = Live(console=self._console, refresh_per_second=8, transient=True)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def says(self, text: str) -> None:
        """Tell what happens on the stage."""
        self._line("", text, "bold")

    def came_in(self, source: str, what: str, status: int | None) -> None:
        """A webhook was sent to us and answered."""
        self._line("in", f"{source} posts {what}: answered {status or 'not at all'}", _colour(status, "green"))

    def went_out(self, operation: str, request: str, status: int | str) -> None:
        """A vendor received a call."""
        self._line("out", f"{operation}: {request} answered {status}", _colour(status, "cyan"))

    def held(self, operation: str, key: str | None, reason: str) -> None:
        """A gate holds an effect."""
        self._line("held", f"{operation} for {key}: {reason}", "yellow")

    def ended(self, operation: str, key: str | None, state: str, reason: str) -> None:
        """An effect ended otherwise than done."""
        self._line(state, f"{operation} for {key or 'nobody'}: {reason}", "magenta")

    def waits(self, waits: Sequence[tuple[str, str]]) -> None:
        """What waits now, and why."""
        if not self._live.is_started:
            return
        table = Table.grid(padding=(0, 2))
        for what, why in waits[:MOST_WAITS]:
            table.add_row(Text(what, "yellow"), Text(why, "dim"))
        self._spinner.update(text=f"{len(waits)} waiting")
        self._live.update(Group(self._spinner, table))

    def summary(self, findings: Sequence[Finding]) -> None:
        """Compare what had to be with what was, line by line."""
        self._live.stop()
        table = Table("", "what had to be", "what was", title="What had to be, and what was", title_justify="left")
        for finding in findings:
            mark = Text("✓", "green") if finding.agrees else Text("✗", "bold red")
            table.add_row(mark, Text(finding.wanted), Text(finding.found, "" if finding.agrees else "red"))
        console = self._console
        if not console.is_terminal:  # a log has no width
            wanted = Measurement.get(console, console.options.update(max_width=WIDEST), table).maximum
            console = Console(file=console.file, width=wanted, highlight=False)
        console.print(table)

    def _line(self, mark: str, text: str, style: str) -> None:
        seconds = time.monotonic() - self._started
        self._console.print(Text(f"{seconds:6.2f}s  {mark:<9} {text}", style), soft_wrap=True)


def _colour(status: int | str | None, usual: str) -> str:
    return usual if isinstance(status, int) and status < 400 else "red"
