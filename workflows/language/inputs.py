"""Inputs of a workflow that is started by hand or by another workflow: whether what is given fits what it declares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workflows.errors import InputError
from workflows.language.definition import Input
from workflows.language.trees import read_as
from workflows.language.types import fits
from workflows.language.values import type_of_value
from workflows.problems import Problem, nearest


def load_inputs(declared: Mapping[str, Input], given: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs by name, defaults filled in; text is read as money, an instant and so on where one is needed.

    Raises InputError with every problem.
    """
    problems = [
        Problem("E224", f"{name!r} is not an input", path=name, hint=nearest(name, declared) or _known(declared))
        for name in given
        if name not in declared
    ]
    values: dict[str, Any] = {}
    for name, item in declared.items():
        value = read_as(given[name], item.type) if name in given else item.default
        if value is None:
            problems.append(Problem("E224", f"{name!r} is missing", path=name, hint=f"it is {item.type}"))
        elif isinstance(value, list) and None in value:
            problems.append(Problem("E219", f"an item is null, where {item.type} is needed", path=name))
        elif not fits(type_of_value(value), item.type):
            problems.append(Problem("E219", f"this is {type_of_value(value)}, where {item.type} is needed", path=name))
        values[name] = value
    if problems:
        raise InputError(problems)
    return values


def _known(declared: Mapping[str, Input]) -> str:
    return f"known are {', '.join(declared)}" if declared else "it takes none"
