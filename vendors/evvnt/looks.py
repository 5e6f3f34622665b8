"""How a call in doubt is found again at evvnt, which has no idempotency key (evvnt API, "Packages", "Users", "Events").

Where several things could be the one, and where an event is not there to be seen, a person decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from vendors.evvnt.inputs import MOST_RESULTS
from vendors.evvnt.times import LocalMoment
from workflows.catalogue import Inputs, Look, Outcome, OutcomeKind

_AMBIGUOUS = Outcome(OutcomeKind.IN_DOUBT, "evvnt lists several that this could be")


def bought(inputs: Inputs, found: Any) -> Outcome | None:
    """The one package with this purchase_order_id is the one bought; without it nothing was."""
    wanted = str(inputs["purchase_order_id"])
    same = [item["uuid"] for item in found["packages"] if item.get("purchase_order_id") == wanted]
    return _only(same, "a package with this purchase_order_id")


def created_user(inputs: Inputs, found: Any) -> Outcome | None:
    """The one user with this e-mail address and name is the one created; without it none was."""
    email, name = (_plain(inputs[field]) for field in ("email", "name"))
    same_email = [item for item in found["users"] if _plain(item.get("email", "")) == email]
    same = [item["uuid"] for item in same_email if _plain(item.get("name", "")) == name and "uuid" in item]
    if same_email and not same:
        return Outcome(OutcomeKind.REFUSED, "a user with this e-mail address is there already, under another name")
    return _only(same, "a user with this e-mail address and name")


def listed(inputs: Inputs, found: Any) -> Outcome | None:
    """The one event with this title, start and venue is the one created.

    An event carries no reference of ours, evvnt may rewrite texts or show an event late, and a second one uses up
    another event of the package.
    """
    wanted = _show(inputs)
    same = [item["id"] for item in found["events"] if _show(item) == wanted]
    return _only(same, "an event with this title, start and venue")


def show_subjects(inputs: Inputs) -> tuple[str, ...]:
    """The show that is to be listed: `evvnt:show:973dfe463ec85785`, by its title, start and venue."""
    title, start, venue = _show(inputs)
    digest = sha256("\n".join((title, start.isoformat(), venue)).encode()).hexdigest()
    return (f"evvnt:show:{digest[:16]}",)


def user_subjects(inputs: Inputs) -> tuple[str, ...]:
    """The user that is to be created, without saying the address: `evvnt:new_user:973dfe463ec85785`."""
    return (f"evvnt:new_user:{sha256(_plain(inputs['email']).encode()).hexdigest()[:16]}",)


def _same_kind(inputs: Inputs) -> dict[str, Any]:
    """The filter that finds an event among few others."""
    return {
        "category_id": str(inputs["category_id"]),
        "country": inputs["venue"]["country"],
        "max_results": MOST_RESULTS,
    }


AMONG_MY_PACKAGES = Look("evvnt.list_packages", lambda inputs, answer: {}, bought)
AMONG_A_USERS_PACKAGES = Look("evvnt.list_user_packages", lambda inputs, answer: {"user_id": inputs["user_id"]}, bought)
AMONG_USERS = Look("evvnt.list_users", lambda inputs, answer: {}, created_user)
AMONG_MY_EVENTS = Look("evvnt.list_my_events", lambda inputs, answer: _same_kind(inputs), listed, is_conclusive=False)
AMONG_A_USERS_EVENTS = Look(
    "evvnt.list_our_events",
    lambda inputs, answer: {**_same_kind(inputs), "user_id": inputs["user_id"]},
    listed,
    is_conclusive=False,
)


def _only(ids: Iterable[str], what: str) -> Outcome | None:
    """What the ids of everything found say."""
    found = sorted(set(ids))
    if len(found) > 1:
        return _AMBIGUOUS
    return Outcome(OutcomeKind.DONE, f"evvnt lists {what}", output={"id": found[0]}) if found else None


def _show(event: Mapping[str, Any]) -> tuple[str, datetime, str]:
    """What an event is known by, of inputs as they were given or loaded, or of an answer."""
    start = LocalMoment()._deserialize(event["start_time"], None, None).astimezone(UTC).replace(microsecond=0)
    return _plain(event["title"]), start, _plain(event.get("venue", {}).get("name", ""))


def _plain(text: Any) -> str:
    return " ".join(str(text).split()).casefold()
