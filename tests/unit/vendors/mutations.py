"""Changing one place of documented inputs, and what is then wrong with them."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Final

from tests.unit.vendors.documented import catalogue
from workflows.catalogue import Operation
from workflows.errors import InputError

GONE: Final = object()
"""In place of a value: the name is left out."""


def changed(inputs: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A copy with the value at each dotted path set, or left out where it is GONE; a number is a place in a list."""
    copy: Any = deepcopy(dict(inputs))
    for path, value in changes.items():
        *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
        place = copy
        for step in steps:
            place = place[step]
        if value is GONE:
            del place[last]
        elif isinstance(last, int) and last == len(place):
            place.append(value)
        else:
            place[last] = value
    return copy


def problems(operation: str | Operation, inputs: Any) -> dict[str, str]:
    """What is wrong, by path; empty where the inputs make a request."""
    chosen = catalogue().operation(operation) if isinstance(operation, str) else operation
    try:
        chosen.prepare(inputs)
    except InputError as error:
        found: dict[str, str] = {}
        for problem in error.problems:
            words = f"{problem.message} {problem.hint}".strip()
            found[problem.path] = f"{found[problem.path]}; {words}" if problem.path in found else words
        return found
    return {}
