"""Problems as others read them: people, programs, and code review tools (SARIF 2.1.0)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from workflows.language.codes import CODES
from workflows.problems import Problem

SARIF_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def as_text(problems: Sequence[Problem]) -> str:
    """A line a problem: `path:line:col: CODE message (hint)`; "" when there is none."""
    return "\n".join(str(problem) for problem in problems)


def as_json(problems: Sequence[Problem]) -> str:
    """`{"problems": [{"code", "message", "hint", "severity", "place": {"file", "line", "column"}}]}`."""
    return json.dumps({"problems": [problem.as_dict() for problem in problems]}, indent=2, ensure_ascii=False)


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
