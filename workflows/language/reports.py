"""Problems as others read them: people, programs, and code review tools (SARIF 2.1.0)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from workflows.language.codes import CODES
from workflows.language.exposure import CallExposure, Exposure
from workflows.problems import Problem

SARIF_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def as_text(problems: Sequence[Problem]) -> str:
    """A line a problem: `path:line:col: CODE message (hint)`; "" when there is none."""
    return "\n".join(str(problem) for problem in problems)


def as_json(problems: Sequence[Problem], exposures: Sequence[Exposure] = ()) -> str:
    """What was found, for programs.

    `{"problems": [{"code", "message", "hint", "severity", "place": {"file", "line", "column"}}],
    "exposures": [{"workflow", "runs_a_day", "money_a_day", "people_a_day", "calls": [{"step", "operation", …}]}]}`;
    null where nothing bounds a figure, or nothing tells it.
    """
    found = {
        "problems": [problem.as_dict() for problem in problems],
        "exposures": [_exposure(exposure) for exposure in exposures],
    }
    return json.dumps(found, indent=2, ensure_ascii=False)


def exposures_as_text(exposures: Sequence[Exposure]) -> str:
    """What each workflow that spends money or writes to people can cause in a day; "" when none does."""
    return "\n".join(line for exposure in exposures if exposure.calls for line in _exposure_lines(exposure))


def _exposure_lines(exposure: Exposure) -> Iterator[str]:
    figures = []
    if any(call.spends for call in exposure.calls):
        money = exposure.money_a_day
        listed = money and " and ".join(f"{amount:f} {currency}" for currency, amount in money.items())
        figures.append(f"money: {'no bound' if money is None else listed}")
    if any(call.contacts for call in exposure.calls):
        people = exposure.people_a_day
        figures.append(f"people: {'no bound' if people is None else people}")
    yield f"{exposure.workflow} in a day at most: {', '.join(figures)}"
    yield from (f"  {call.step}: {call.operation}, {_of_call(call)}" for call in exposure.calls)


def _of_call(call: CallExposure) -> str:
    often = "any number of calls" if call.a_day is None else f"{call.a_day} calls" if call.a_day != 1 else "1 call"
    if call.as_much_as:
        return f"{often}, each as much as this says: {call.as_much_as}"
    each = [f"{call.money}"] if call.money is not None else []
    each += [f"{call.people} {'person' if call.people == 1 else 'people'}"] if call.people is not None else []
    return f"{often}, each at most {' and '.join(each)}"


def _exposure(exposure: Exposure) -> dict[str, Any]:
    money = exposure.money_a_day
    return {
        "workflow": exposure.workflow,
        "runs_a_day": exposure.runs_a_day,
        "money_a_day": None if money is None else {currency: f"{amount:f}" for currency, amount in money.items()},
        "people_a_day": exposure.people_a_day,
        "calls": [
            {
                "step": call.step,
                "operation": call.operation,
                "money": None if call.money is None else str(call.money),
                "people": call.people,
                "as_much_as": call.as_much_as or None,
                "calls_a_day": call.a_day,
            }
            for call in exposure.calls
        ],
    }


def as_sarif(problems: Sequence[Problem], version: str) -> str:
    """A SARIF log of one run of Stagedoor's `version`."""
    codes = sorted({problem.code for problem in problems})
    driver = {"name": "Stagedoor", "semanticVersion": version, "rules": [_rule(code) for code in codes]}
    results = [_result(problem, codes.index(problem.code)) for problem in problems]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return json.dumps({"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False)


def _rule(code: str) -> dict[str, Any]:
    return {"id": code, "shortDescription": {"text": CODES.get(code, code)}}


def _result(problem: Problem, rule: int) -> dict[str, Any]:
    hint = f" ({problem.hint})" if problem.hint else ""
    where = "" if problem.place or not problem.path else f"{problem.path}: "
    result: dict[str, Any] = {
        "ruleId": problem.code,
        "ruleIndex": rule,
        "level": problem.severity,
        "message": {"text": f"{where}{problem.message}{hint}"},
    }
    if problem.place:
        region = {"startLine": problem.place.line, "startColumn": problem.place.column}
        artifact = {"uri": _uri(problem.place.file)}
        result["locations"] = [{"physicalLocation": {"artifactLocation": artifact, "region": region}}]
    return result


def _uri(file: str) -> str:
    """A relative reference where the file was named so, else an absolute file URI (SARIF 2.1.0, 3.10)."""
    path = Path(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())
