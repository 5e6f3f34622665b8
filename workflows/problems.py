"""A problem: what is wrong in a document, where, and what would be right."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from typing import Literal

MAX_NAME = 100
"""Characters of a name that others are compared with; the comparison takes their square."""


@dataclass(frozen=True, order=True)
class Place:
    """A position in a file; lines and columns count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    `path` is a JSON path such as `$.metadata.budget.value` ("" when the place says it all); `hint` says what would
    be right and may be empty.
    """

    code: str
    message: str
    path: str = ""
    place: Place | None = None
    hint: str = ""
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        where = str(self.place) if self.place else self.path
        hint = f" ({self.hint})" if self.hint else ""
        return f"{where}: {self.code} {self.message}{hint}" if where else f"{self.code} {self.message}{hint}"

    def as_dict(self) -> dict[str, object]:
        """The form of `--json` listings and of stored rejections."""
        return {key: value for key, value in asdict(self).items() if value not in (None, "")}


def nearest(name: str, known: Iterable[str]) -> str:
    """The hint "did you mean 'x'?" for the known name most like `name`, in capitals or not, or "" when none is near."""
    if len(name) > MAX_NAME:
        return ""
    as_small = {one.lower(): one for one in known}
    close = get_close_matches(name.lower(), as_small, n=1, cutoff=0.6)
    return f"did you mean {as_small[close[0]]!r}?" if close else ""
