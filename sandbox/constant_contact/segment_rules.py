"""What Create a segment asks of a segment: its criteria are JSON in a text, an `and` group of conditions and groups."""

from __future__ import annotations

from typing import Final

from sandbox.calls import load_json
from sandbox.checks import Checker

SOURCES: Final = ("tracking", "contact", "list_membership", "tags")
ONLY_IN_OR: Final = ("list_membership", "tags")
MOST: Final = {"last-n-campaigns": 500, "last-n-days": 1825}
MOST_DEPTH = 5


def check_segment(check: Checker) -> None:
    check.known("name", "segment_criteria")
    check.text("name", required=True)
    text = check.text("segment_criteria", required=True)
    if text is None:
        return
    try:
        criteria = Checker(load_json(text), "segment_criteria", check.problems)
    except (ValueError, RecursionError):
        check.problem("segment_criteria", "must be a text that is JSON")
        return
    criteria.known("version", "criteria")
    criteria.choice("version", ("1.0.0",), required=True)
    top = criteria.child("criteria", required=True)
    if top is not None:
        if top.choice("type", ("and", "or"), required=True) == "or":
            top.problem("type", "must be and at the top")
        _check_group(top, depth=1)


def _check_group(group: Checker, *, depth: int) -> None:
    group.known("type", "group")
    kind = group.value.get("type")
    if depth > MOST_DEPTH:
        group.problem("", f"must not be nested deeper than {MOST_DEPTH}")
        return
    for part in group.children("group", required=True, at_least=1):
        if "group" in part.value:
            part.choice("type", ("and", "or"), required=True)
            _check_group(part, depth=depth + 1)
        else:
            _check_condition(part, is_in_and=kind == "and" and depth > 1)


def _check_condition(part: Checker, *, is_in_and: bool) -> None:
    part.known("source", "field", "op", "const_value", "param")
    source = part.choice("source", SOURCES, required=True)
    if is_in_and and source in ONLY_IN_OR:
        part.problem("source", f"{source} goes into or groups only")
    for name in ("field", "op"):
        part.text(name, required=True)
    kind, param = part.text("const_value"), part.text("param")
    most = MOST.get(kind or "")
    if most is not None and (param is None or not param.isascii() or not param.isdigit() or int(param[:9]) > most):
        part.problem("param", f"must be a number up to {most}, as a text")
