"""Draw the state tables: `python -m workflows.engine.diagram > docs/state_machine.md`."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from workflows.engine.states import (
    EFFECT_MOVES,
    RUN_MOVES,
    STEP_MOVES,
    WAIT_MOVES,
    EffectState,
    RunState,
    StepState,
    WaitState,
)

HEADING = """# States and their legal moves

Generated from `workflows/engine/states.py` by `python -m workflows.engine.diagram`; a test keeps it current.
"""

TABLES: tuple[tuple[str, type[StrEnum], Mapping[Any, frozenset[Any]], tuple[str, ...]], ...] = (
    ("Runs", RunState, RUN_MOVES, ("running",)),
    ("Steps", StepState, STEP_MOVES, ("waiting", "calling", "done", "skipped", "stopped", "failed")),
    ("Waits", WaitState, WAIT_MOVES, ("open",)),
    ("Effects", EffectState, EFFECT_MOVES, ("intended", "held")),
)
"""Title, states, moves, and the states something begins in."""


def document() -> str:
    """The whole of docs/state_machine.md."""
    return "\n".join([HEADING, *(_section(*table) for table in TABLES)])


def _section(title: str, states: type[StrEnum], moves: Mapping[Any, frozenset[Any]], first: tuple[str, ...]) -> str:
    arrows = [f"    [*] --> {state}" for state in first]
    for state in states:
        targets = sorted(moves[state])
        arrows += [f"    {state} --> {target}" for target in targets] or [f"    {state} --> [*]"]
    diagram = "\n".join(["```mermaid", "stateDiagram-v2", *arrows, "```"])
    meanings = "\n".join(f"- `{name}`: {meaning}" for name, meaning in _meanings(states).items())
    return f"## {title}\n\n{diagram}\n\n{meanings}\n" if meanings else f"## {title}\n\n{diagram}\n"


def _meanings(states: type[StrEnum]) -> dict[str, str]:
    """The sentence written under each state in the source."""
    (body,) = ast.parse(inspect.getsource(states)).body
    assert isinstance(body, ast.ClassDef)
    found = {}
    for before, after in zip(body.body, body.body[1:], strict=False):
        match before, after:
            case ast.Assign(value=ast.Constant(value=str() as name)), ast.Expr(value=ast.Constant(value=str() as text)):
                found[name] = " ".join(text.split())
    return found


if __name__ == "__main__":
    sys.stdout.write(document())
