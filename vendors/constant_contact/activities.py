"""Activities: what Constant Contact works on after it has answered, and how it ended (V3, Bulk activities)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from marshmallow import fields, post_load, pre_load

from vendors.constant_contact.accounts import OneAccount
from vendors.fields import Identifier, Whole, about
from workflows.catalogue import Inputs, Look, Outcome, OutcomeKind
from workflows.fields import Flag, OpenSchema, Text
from workflows.redaction import redact_text

FAILED: Final = ("cancelled", "failed", "timed_out")
MOST_ERRORS_TOLD: Final = 3

_COUNTS: Final = {
    "error_count": "with errors",
    "correctable_count": "to be corrected",
    "cannot_add_to_list_count": "not put on a list, because they unsubscribed earlier",
}
"""Counts of what did not go as asked. A job is completed all the same."""


class GetActivity(OneAccount):
    """The activity meant; it is known for ten days."""

    activity_id = Identifier(required=True, metadata=about("The activity's id, from the call that began it."))


class Counts(OpenSchema):
    items_total_count = Whole(allow_none=True)
    person_count = Whole(allow_none=True)
    error_count = Whole(allow_none=True)
    correctable_count = Whole(allow_none=True)
    cannot_add_to_list_count = Whole(allow_none=True)


class Activity(OpenSchema):
    """An activity. `is_partial`, which is ours: it is completed, but not for everything that was asked for."""

    activity_id = Text(required=True)
    state = Text(required=True)
    percent_done = Whole(allow_none=True)
    activity_errors = fields.List(Text(), load_default=list)
    status = fields.Nested(Counts, load_default=dict)
    is_partial = Flag()

    @pre_load
    def _plain(self, answer: Any, **kwargs: Any) -> Any:
        """Errors come as texts, elsewhere as objects with a message; nothing may be null."""
        if not isinstance(answer, Mapping):
            return answer
        errors = answer.get("activity_errors")
        given = errors if isinstance(errors, list) else [errors]
        texts = [item.get("message") if isinstance(item, Mapping) else item for item in given]
        told = [text for text in texts if text is not None]
        empty = {name for name in ("status", "is_partial") if answer.get(name) is None}
        return {name: value for name, value in {**answer, "activity_errors": told}.items() if name not in empty}

    @post_load
    def _say_whether_partial(self, loaded: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        return {**loaded, "is_partial": loaded["state"] == "completed" and any(_missed(loaded))}


def ended(inputs: Inputs, activity: Mapping[str, Any]) -> Outcome | None:
    """How the activity ended; None while it goes on."""
    state = activity["state"]
    if state in FAILED:
        return Outcome(OutcomeKind.REFUSED, f"Constant Contact accepted it, but it {_words(state)}{_why(activity)}")
    if state != "completed":
        return None
    total = activity["status"].get("items_total_count")
    done = f"Constant Contact has completed it{f': {total} in all' if total is not None else ''}"
    if not activity["is_partial"]:
        return Outcome(OutcomeKind.DONE, done, output=activity)
    missed = ", ".join(_missed(activity))
    return Outcome(OutcomeKind.DONE, f"{done}, but only in part ({missed}){_why(activity)}", output=activity)


FOLLOWED: Final = Look(
    operation="constant_contact.get_activity",
    inputs=lambda inputs, output: {
        "encoded_account_id": inputs["encoded_account_id"],
        "activity_id": (output or {}).get("activity_id"),
    },
    judge=ended,
)
"""An answer of 201 only says that the job is in the queue."""


def _missed(activity: Mapping[str, Any]) -> Iterator[str]:
    for name, words in _COUNTS.items():
        if count := activity["status"].get(name):
            yield f"{count} {words}"
    if activity["activity_errors"]:
        yield f"{len(activity['activity_errors'])} messages"


def _words(state: str) -> str:
    return {"cancelled": "was cancelled", "timed_out": "took too long and was ended"}.get(state, state)


def _why(activity: Mapping[str, Any]) -> str:
    told = [redact_text(error) for error in activity["activity_errors"][:MOST_ERRORS_TOLD]]
    return f": {'; '.join(told)[:300]}" if told else ""
