"""A simulation in words and as rows: what happened when, the exact requests, money, people, questions and waits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from tasks.cli.rehearsals import Known, run_row
from vendors.client import Client
from workflows.catalogue import encode_json
from workflows.engine.rehearsal import Rehearsal, RehearsedCall
from workflows.engine.simulation import Difference, Simulated, differences
from workflows.errors import StagedoorError
from workflows.values import Money

WHOLE_STORIES = 5
"""So many runs are told moment by moment; of more there is a line each."""
MOST_LINES = 200


def lines(simulated: Simulated, known: Known) -> Iterator[str]:
    """The simulation as text."""
    if len(simulated.played.runs) <= WHOLE_STORIES:
        yield from _story(simulated)
    else:
        yield from _run_lines(simulated.runs)
    yield from _requests(simulated, known)
    yield from _sums(simulated)


def _story(simulated: Simulated) -> Iterator[str]:
    several = len(simulated.played.runs) > 1
    for moment in simulated.played.moments:
        run = f"{moment.run}  " if several and moment.run else ""
        yield f"{_when(moment.at)}  {run}{moment.text}"


def _run_lines(runs: Sequence[Rehearsal]) -> Iterator[str]:
    for run in runs[:MOST_LINES]:
        at = f" at {run.at}" if run.at else ""
        because = f": {run.reason}" if run.reason else ""
        yield f"{_when(run.began_at)}  {run.key}  {run.status}{at}{because}"
    if len(runs) > MOST_LINES:
        yield f"… and {len(runs) - MOST_LINES} more; --json has all of them"


def _requests(simulated: Simulated, known: Known) -> Iterator[str]:
    calls = simulated.played.calls
    if calls:
        yield ""
        yield "Requests"
    for call in calls[:MOST_LINES]:
        request = _request(call, known)
        again = f"  ({call.attempts} attempts)" if call.attempts > 1 else ""
        body = "" if request["body"] is None else f"  {_body(request['body'])}"
        yield f"  {_when(call.at)}  {call.step}: {request['method']} {request['url']}{body}{again}"
    if len(calls) > MOST_LINES:
        yield f"  … and {len(calls) - MOST_LINES} more; --json has all of them"


def _sums(simulated: Simulated) -> Iterator[str]:
    played = simulated.played
    statuses = Counter(run.status.replace("_", " ") for run in (*simulated.runs, *played.declined))
    yield ""
    yield f"Runs       {', '.join(f'{count} {status}' for status, count in statuses.items()) or 'none'}"
    yield f"Calls      {_counted([call.operation for call in played.calls])}"
    yield f"Money      {_money(simulated)}"
    yield f"People     {_people(simulated)}"
    yield f"Approvals  {_counted([asked.step for run in played.runs for asked in run.asked])}"
    yield f"Waits      {_counted([wait.step for run in played.runs for wait in run.waits])}"
    needs = dict.fromkeys(f"{need.event} about {need.subject}" for call in played.calls for need in call.requires)
    if needs:
        told = list(needs)
        more = f" and {len(told) - 3} more" if len(told) > 3 else ""
        yield f"Requires   {', '.join(told[:3])}{more}"


def _counted(names: Sequence[str]) -> str:
    counts = Counter(names)
    return ", ".join(f"{count} {name}" if count > 1 else name for name, count in counts.items()) or "none"


def _money(simulated: Simulated) -> str:
    found = [f"at most {one}" for one in simulated.money.values()]
    untold = Counter(f"{one.call.operation} ({one.declared})" for one in simulated.spent if one.amount is None)
    found += [f"{count} × {operation}" for operation, count in untold.items()]
    return "; ".join(found) or "none"


def _people(simulated: Simulated) -> str:
    told = [one.people for one in simulated.contacted if one.people is not None]
    found = [str(sum(told))] if told else []
    untold = Counter(one.call.operation for one in simulated.contacted if one.people is None)
    found += [f"{count} × {operation}, whom it does not say" for operation, count in untold.items()]
    return "; ".join(found) or "none"


def as_rows(simulated: Simulated, known: Known) -> dict[str, Any]:
    """The simulation for programs: `{"workflow", "runs", "declined", "timeline", "requests", "money", …}`."""
    played = simulated.played
    return {
        "workflow": simulated.definition.name,
        "runs": [_run(run) for run in played.runs],
        "declined": [_run(run) for run in played.declined],
        "timeline": [
            {"at": moment.at, "run": moment.run, "what": moment.what, "text": moment.text} for moment in played.moments
        ],
        "requests": [
            {
                "at": call.at,
                "run": call.run,
                "step": call.step,
                "operation": call.operation,
                "inputs": call.inputs,
                "request": _request(call, known),
                "outcome": call.outcome,
                "attempts": call.attempts,
                "requires": [{"event": need.event, "subject": need.subject} for need in call.requires],
            }
            for call in played.calls
        ],
        "money": {
            "at_most": simulated.money,
            "calls": [
                {
                    "step": one.call.step,
                    "operation": one.call.operation,
                    "amount": one.amount,
                    "before": one.before,
                    "declared": one.declared,
                }
                for one in simulated.spent
            ],
        },
        "people": [
            {"step": one.call.step, "operation": one.call.operation, "people": one.people, "declared": one.declared}
            for one in simulated.contacted
        ],
    }


def _run(run: Rehearsal) -> dict[str, Any]:
    event = None if run.event is None else {"id": run.event.id, "type": run.event.type, "subject": run.event.subject}
    row = {"run": run.run, "key": run.key, "event": event, "parent": run.parent, "began_at": run.began_at}
    return {**row, **run_row(run)}


def lines_of_differences(found: Sequence[Difference], before: Simulated, after: Simulated) -> Iterator[str]:
    """What differs from the version in force, run by run and in sum."""
    total = len(after.runs) + len(after.played.declined)
    yield ""
    yield f"Compared with the version in force: {len(found)} of {total} would be otherwise"
    for one in found[:MOST_LINES]:
        event = "" if one.event is None else f"{one.event.type} about {one.event.subject}"
        yield f"  {one.key or event}"
        yield from (f"    {line}" for line in one.lines)
    if len(found) > MOST_LINES:
        yield f"  … and {len(found) - MOST_LINES} more; --json has all of them"
    yield f"  calls {len(before.played.calls)} → {len(after.played.calls)}"
    for currency in sorted({*before.money, *after.money}):
        sums = (money.get(currency, Money(Decimal(0), currency)) for money in (before.money, after.money))
        yield f"  money {' → '.join(map(str, sums))}"


def difference_rows(before: Simulated, after: Simulated) -> dict[str, Any]:
    """The same for programs."""
    return {
        "differences": [
            {
                "event": None if one.event is None else one.event.id,
                "key": one.key,
                "lines": list(one.lines),
            }
            for one in differences(before, after)
        ],
        "calls": {"before": len(before.played.calls), "after": len(after.played.calls)},
        "money": {"before": before.money, "after": after.money},
    }


def _request(call: RehearsedCall, known: Known) -> dict[str, Any]:
    """The request as it would stand on the wire; without its address where none is configured."""
    operation = known.props.catalogue.operation(call.operation)
    try:
        return Client(known.settings).describe(operation, call.request)
    except StagedoorError:
        return {"method": call.request.method, "url": call.request.target, "headers": {}, "body": call.request.body}


def _body(body: Any) -> str:
    return body if isinstance(body, str) else encode_json(body)


def _when(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S}"
