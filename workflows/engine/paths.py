"""Paths into values: the names and positions that lead from one to what stands within it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from workflows.language.formulas import ABSENT

ValuePath = Sequence[str | int]


def value_at(value: object, path: ValuePath) -> object:
    """What stands at `path` in `value`; ABSENT where it leads nowhere."""
    found: Any = value
    for part in path:
        if not _has(found, part):
            return ABSENT
        found = found[part]
    return cast(object, found)


def _has(value: object, part: str | int) -> bool:
    if isinstance(value, Mapping):
        return part in value
    return isinstance(value, (list, tuple)) and isinstance(part, int) and 0 <= part < len(value)


def path_text(path: ValuePath) -> str:
    """A path as one text: `data.items.#0.id`, with a backslash before a dot, a # or a backslash of a name."""
    return ".".join(f"#{part}" if isinstance(part, int) else _escaped(part) for part in path)


def path_of(text: str) -> tuple[str | int, ...]:
    """The path of which `path_text` made `text`."""
    parts: list[str | int] = []
    for written in _split(text):
        if written.startswith("#"):
            parts.append(int(written[1:]))
        else:
            parts.append(written.replace("\\.", ".").replace("\\#", "#").replace("\\\\", "\\"))
    return tuple(parts)


def _escaped(name: str) -> str:
    return name.replace("\\", "\\\\").replace(".", "\\.").replace("#", "\\#")


def _split(text: str) -> list[str]:
    """The parts between dots that no backslash stands before."""
    parts, begin, at = [], 0, 0
    while at < len(text):
        if text[at] == "\\":
            at += 1
        elif text[at] == ".":
            parts.append(text[begin:at])
            begin = at + 1
        at += 1
    return [*parts, text[begin:]]
