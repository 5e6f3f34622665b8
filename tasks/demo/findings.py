"""Findings: what had to be received, beside what was. Pure; the journals are the sandbox's."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tasks.demo.sandbox import Row
from tasks.demo.story import Expected


@dataclass(frozen=True)
class Finding:
    """One line of the comparison."""

    wanted: str
    found: str
    agrees: bool


def compare_calls(expected: Sequence[Expected], calls: Sequence[Row]) -> Iterator[Finding]:
    """Each expected call exactly once, processed; and nothing else."""
    rest = list(calls)
    for wanted in expected:
        same = [row for row in rest if _is(row, wanted)]
        rest = [row for row in rest if row not in same]
        processed = sum(1 for row in same if row["processed"])
        agrees = len(same) == 1 and processed == 1
        found = "received once" if agrees else f"received {len(same)} times, {processed} of them processed"
        yield Finding(f"{wanted.operation} once ({wanted.why})", found, agrees)
    others = [f"{row['operation']} {row['method']} {row['path']} ({row['status']})" for row in rest]
    yield Finding("no other call", "none" if not others else "; ".join(others), not others)


def _is(row: Row, wanted: Expected) -> bool:
    return (
        row["operation"] == wanted.operation
        and row["path"] == wanted.path
        and (json.loads(row["body"]) if row["body"] else None) == wanted.body
    )


def compare_deliveries(name: str, wanted: Sequence[tuple[str, int]], sent: Sequence[Row]) -> Finding:
    """The deliveries about one campaign in their order, with our answers."""
    found = [(row["event"], row["status"]) for row in sent]
    return Finding(f"{name}: {_answers(wanted)}", _answers(found), found == list(wanted))


def _answers(rows: Sequence[tuple[str, Any]]) -> str:
    return ", ".join(f"{event.removeprefix('campaign.')} {status}" for event, status in rows)


def compare_repeat(what: str, rows: Sequence[Row]) -> Finding:
    """The same bytes twice: taken once, and known by the same id the second time."""
    statuses = [row["status"] for row in rows]
    ids = {delivery_id(row) for row in rows}
    agrees = statuses == [202, 200] and len(ids) == 1 and None not in ids
    found = f"{', '.join(map(str, statuses))}, {len(ids)} id" + ("" if len(ids) == 1 else "s")
    return Finding(f"{what}: 202, then 200 with the same id", found, agrees)


def delivery_id(row: Row) -> str | None:
    """The id of the stored delivery, as our answer says it."""
    answer = answer_of(row)
    found = answer.get("delivery")
    return found if isinstance(found, str) else None


def answer_of(row: Row) -> Mapping[str, Any]:
    """Our answer as JSON; empty when there was none."""
    try:
        answer = json.loads(row["answer"] or "")
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}
