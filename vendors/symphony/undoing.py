"""How Symphony's calls are taken back, where its document has a call that does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from workflows.catalogue import Inputs, Read, Undo

READING = frozenset({"symphony.get_campaign", "symphony.get_campaign_analytics"})
ABSOLUTE = ("budget", "end_date")
"""What an edit sets, by the names under which a configured read gives it as well."""


def former_values(inputs: Inputs, reads: Sequence[Read]) -> Inputs | None:
    """The edit that sets budget and end date as they were read before; None where one of them was not."""
    answers = [read.output for read in reads if read.operation in READING and read.inputs.get("id") == inputs.get("id")]
    former = {name: _latest(name, answers) for name in ABSOLUTE if name in inputs}
    return None if None in former.values() else {"id": inputs["id"], **former}


def same(inputs: Inputs, reads: Sequence[Read]) -> Inputs:
    """The other call about the same thing."""
    return inputs


def _latest(name: str, answers: Sequence[Any]) -> Any:
    found = (answer[name] for answer in answers if isinstance(answer, Mapping) and answer.get(name) is not None)
    return next(found, None)


EDIT = Undo(
    "symphony.edit_campaign",
    former_values,
    needs="a step before it that reads the campaign's budget and end date (symphony.get_campaign, as configured)",
    leaves="What was spent meanwhile stays spent.",
)
PAUSE_CAMPAIGN = Undo("symphony.resume_campaign", same, leaves="It spends again, also where it was paused before.")
RESUME_CAMPAIGN = Undo("symphony.pause_campaign", same, leaves="What was spent meanwhile stays spent.")
PAUSE_LOCATION = Undo("symphony.resume_location", same, leaves="It spends there again, also where it did not before.")
RESUME_LOCATION = Undo("symphony.pause_location", same, leaves="What was spent meanwhile stays spent.")
