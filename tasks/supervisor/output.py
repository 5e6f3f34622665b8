"""One log of many services: who said what, readable on a terminal, JSON lines elsewhere."""

import json
import threading
from collections.abc import Callable, Iterable
from itertools import cycle
from typing import TextIO

OnLine = Callable[[str, str], None]
"""Takes a service's name and one line it wrote, from any thread; must not raise."""

OWN_NAME = "supervisor"
"""Under this name the supervisor's own lines appear in the log."""

# ANSI colours that read well on dark and light: white for ourselves, then cyan, yellow, green, magenta, blue,
# and their bright forms.
COLOURS = (37, 36, 33, 32, 35, 34, 96, 93, 92, 95, 94)


def line_printer(stream: TextIO, names: Iterable[str]) -> OnLine:
    """Make an `OnLine` that writes to a stream, for services of these names and the supervisor itself."""
    colours = dict(zip([OWN_NAME, *names], cycle(COLOURS), strict=False))
    width = max(map(len, colours))
    writing = threading.Lock()
    is_terminal = stream.isatty()

    def print_line(name: str, line: str) -> None:
        coloured = f"\x1b[{colours[name]}m{name:<{width}}\x1b[0m {line}"
        shown = coloured if is_terminal else as_json(name, line)
        with writing:
            try:
                stream.write(f"{shown}\n")
                stream.flush()
            except (OSError, ValueError):
                # Whoever read our output has gone (`| head`); the services go on.
                return

    return print_line


def as_json(name: str, line: str) -> str:
    """Pass on a line that is JSON already, and wrap any other: the merged log has one format."""
    if line.startswith("{") and line.endswith("}"):
        return line
    return json.dumps({"service": name, "event": line}, ensure_ascii=False)
