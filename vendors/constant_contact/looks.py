"""Looks: how Constant Contact is read to find out whether a call was processed whose answer was lost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from workflows.catalogue import Inputs, Look, Outcome, OutcomeKind

_OWN = ("first_name", "last_name", "job_title", "company_name")
"""Properties of a contact that come back as they were sent."""


def by_name(operation: str, items: str, what: str, *, filters: bool = False) -> Look:
    """Look for something by the name that nothing else in the account has. `filters`: the read takes the name."""

    def inputs(sent: Inputs, _: Any) -> Inputs:
        asked = {"encoded_account_id": sent["encoded_account_id"]}
        return {**asked, "name": sent["name"]} if filters else {**asked, "limit": 500}

    def judge(sent: Inputs, found: Any) -> Outcome | None:
        same = next((item for item in found[items] if item["name"] == sent["name"]), None)
        return None if same is None else _done(f"the {what} of this name is there", same)

    return Look(operation, inputs, judge)


def _plan_judge(sent: Inputs, plan: Any) -> Outcome | None:
    wanted = [name for name in ("plan_type", "plan_group_id") if name in sent]
    is_so = all(str(plan.get(name)) == str(sent[name]) for name in wanted)
    return _done("the account has this plan", plan) if is_so else None


PLAN_CHANGED: Final = Look(
    "constant_contact.get_plan", lambda sent, _: {"encoded_account_id": sent["encoded_account_id"]}, _plan_judge
)


def _of_address(sent: Inputs, _: Any) -> Inputs:
    """By e-mail, deleted contacts included; a contact without one cannot be looked for."""
    email = sent.get("email_address")
    address = email.get("address") if isinstance(email, Mapping) else email
    return {
        "encoded_account_id": sent["encoded_account_id"],
        "status": "all",
        "email": address,
        "include": "list_memberships",
    }


def _judge_created(sent: Inputs, page: Any) -> Outcome | None:
    """One with other values was there before: a second of the same address is never created."""
    contact = next(iter(page["contacts"]), None)
    if contact is None:
        return None
    if _is_same(sent, contact):
        return _done("the contact is there", contact)
    reason = "a contact with this address is there, with other values: use constant_contact.update_contact"
    return Outcome(OutcomeKind.REFUSED, reason)


def _judge_signed_up(sent: Inputs, page: Any) -> Outcome | None:
    """Somebody who has unsubscribed meanwhile is not signed up again."""
    contact = next(iter(page["contacts"]), None)
    if contact is None:
        return None
    if _permission(contact) == "unsubscribed":
        return _UNSUBSCRIBED
    lists = set(contact.get("list_memberships") or ())
    is_on_lists = {str(one) for one in sent["list_memberships"]} <= lists
    if _permission(contact) == "explicit" and is_on_lists and _is_same(sent, contact):
        return _done("the contact is there, with its permission and lists", contact)
    return None


def _judge_updated(sent: Inputs, contact: Any) -> Outcome | None:
    """Somebody who has unsubscribed meanwhile is given no other permission again."""
    email, found = sent.get("email_address") or {}, contact.get("email_address") or {}
    wanted = email.get("permission_to_send", "unsubscribed")
    if _permission(contact) == "unsubscribed" and wanted != "unsubscribed":
        return _UNSUBSCRIBED
    same_email = all(_alike(value, found.get(name)) for name, value in email.items())
    left_out = all(contact.get(name) is None for name in _OWN if name not in sent)
    is_so = same_email and left_out and _is_same(sent, contact)
    return _done("the contact is as it should be", contact) if is_so else None


_UNSUBSCRIBED: Final = Outcome(
    OutcomeKind.IN_DOUBT,
    "the contact has unsubscribed, before the call or after it; made again, it might undo what the person wants",
)
"""Consent is never given anew by a repeat."""


def _permission(contact: Mapping[str, Any]) -> str | None:
    found: str | None = (contact.get("email_address") or {}).get("permission_to_send")
    return found


CONTACT_CREATED: Final = Look("constant_contact.list_contacts", _of_address, _judge_created)
CONTACT_SIGNED_UP: Final = Look("constant_contact.list_contacts", _of_address, _judge_signed_up)
CONTACT_UPDATED: Final = Look(
    "constant_contact.get_contact",
    lambda sent, _: {"encoded_account_id": sent["encoded_account_id"], "contact_id": sent["contact_id"]},
    _judge_updated,
)


def _is_same(sent: Inputs, contact: Mapping[str, Any], names: Iterable[str] = _OWN) -> bool:
    return all(_alike(sent[name], contact.get(name)) for name in names if name in sent)


def _alike(one: Any, other: Any) -> bool:
    """Letters' case counts in neither addresses nor permissions; nothing and null are the same."""
    return str(one or "").strip().casefold() == str(other or "").strip().casefold()


def _done(reason: str, output: Any) -> Outcome:
    return Outcome(OutcomeKind.DONE, f"Found at Constant Contact: {reason}", output=output)
