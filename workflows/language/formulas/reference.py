"""The tables of docs/formulas.md that come from the code: `python -m workflows.language.formulas.reference FILE`.

Each stands in the page between two comments that name it; the rest of the page is written by hand.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from workflows.language.formulas.arithmetic import OPERATIONS
from workflows.language.formulas.functions import FUNCTIONS

_PART = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def brought_up_to_date(page: str) -> str:
    """`page` with its generated tables as the code is now."""
    return _PART.sub(lambda found: f"{found[1]}{_TABLES[found[2]]()}{found[3]}", page)


def _functions() -> str:
    rows = (f"| `{function.signature}` | {function.doc} |\n" for function in FUNCTIONS)
    return "| function | gives |\n|---|---|\n" + "".join(rows)


def _operations() -> str:
    rows = (
        f"| {left} | `{operator}` | {right} | {operation.result} |\n"
        for (left, operator, right), operation in OPERATIONS.items()
    )
    return "| | | | gives |\n|---|---|---|---|\n" + "".join(rows)


_TABLES: Mapping[str, Callable[[], str]] = {"functions": _functions, "operations": _operations}

if __name__ == "__main__":
    page = Path(sys.argv[1])
    page.write_text(brought_up_to_date(page.read_text(encoding="utf-8")), encoding="utf-8")
