"""The V3 calls on contacts, and the partner's call that unsubscribes many."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sandbox.calls import Answer, Call, Problem, Refusal
from sandbox.checks import Checker, mail_address, sized
from sandbox.constant_contact.audiences import Audiences
from sandbox.constant_contact.contact_rules import (
    PERMISSIONS,
    PERSONAL,
    SUBRESOURCES,
    check_contact,
    check_sign_up,
)
from sandbox.constant_contact.people import People, permission_of
from sandbox.constant_contact.values import (
    Inner,
    InnerOperation,
    Row,
    counted_page,
    instant,
    joined,
    not_found,
    resumed,
)

INCLUDED: Final = (*("custom_fields", "list_memberships", "phone_numbers", "street_addresses", "taggings", "notes"),)
STATUSES: Final = ("all", "active", "deleted", *PERMISSIONS[2:])
FILTERS: Final = (
    *("status", "email", "lists", "segment_id", "tags", "sms_status", "include_count", "include", "limit"),
    *(f"{what}_{way}" for what in ("updated", "created", "optout") for way in ("after", "before")),
)

Rule = Callable[[Row], bool]


class Contacts:
    def __init__(self, people: People, audiences: Audiences) -> None:
        self._people = people
        self._audiences = audiences

    def operations(self) -> Sequence[InnerOperation]:
        return [
            InnerOperation("get_contact", "GET", "/contacts/{contact_id}", self.get),
            InnerOperation("list_contacts", "GET", "/contacts", self.list_all),
            InnerOperation("create_contact", "POST", "/contacts", self.create),
            InnerOperation("update_contact", "PUT", "/contacts/{contact_id}", self.update),
            InnerOperation("upsert_contact", "POST", "/contacts/sign_up_form", self.sign_up),
        ]

    def get(self, inner: Inner) -> Answer:
        check = inner.checked_query("include")
        include = joined(check, "include", among=INCLUDED)
        check.refuse_problems()
        row = self._people.get(inner.account, inner.path["contact_id"])
        if row is None or "deleted_at" in row:
            raise not_found("contact")
        return Answer(200, _shown(row, include))

    def list_all(self, inner: Inner) -> Answer:
        query, given = resumed(inner.query)
        check = Checker(query, "query")
        check.known(*FILTERS)
        include, rules = joined(check, "include", among=INCLUDED), _rules(check)
        segment = check.text("segment_id")
        if segment is not None and not set(query) <= {"segment_id", "limit"}:
            check.problem("segment_id", "combines with limit only")
        check.refuse_problems()
        if segment is not None and not self._audiences.is_segment_ready(inner.account, segment):
            return Answer(202, {"status": "the segment is still being worked out"})
        rows = [_shown(row, include) for row in self._people.of(inner.account) if all(rule(row) for rule in rules)]
        return counted_page(check, "/contacts", "contacts", rows, given, most=500)

    def create(self, inner: Inner) -> Answer:
        check = Checker(inner.payload)
        check_contact(check, source="create_source")
        self._audiences.check_lists(check, inner.account, "list_memberships")
        check.refuse_problems()
        body = _flat(check.value)
        if self._people.by_address(inner.account, body.get("address")) is not None:
            raise Refusal(409, "a contact with this e-mail address exists")
        permission = body.get("permission", "implicit")
        row = self._people.create(inner.account, body, source=body["create_source"], permission=permission)
        return Answer(201, _shown(row, INCLUDED))

    def update(self, inner: Inner) -> Answer:
        """Replace a contact: properties that are not sent become null, sub-resources that are not sent stay."""
        row = self._people.get(inner.account, inner.path["contact_id"])
        if row is None:
            raise not_found("contact")
        check = Checker(inner.payload)
        check_contact(check, source="update_source")
        self._audiences.check_lists(check, inner.account, "list_memberships")
        check.refuse_problems()
        body = _flat(check.value)
        source = body["update_source"]
        if "deleted_at" in row and source != "Account":
            raise Refusal(400, "a deleted contact", [Problem("update_source", "must be Account to revive a contact")])
        same = self._people.by_address(inner.account, body.get("address"))
        if same is not None and same["contact_id"] != row["contact_id"]:
            raise Refusal(409, "another contact has this e-mail address")
        fields: dict[str, Any] = {**dict.fromkeys(PERSONAL), "email_address": None}
        fields |= {name: value for name, value in body.items() if name in (*PERSONAL, *SUBRESOURCES)}
        if "address" in body:
            permission = body.get("permission", permission_of(row) or "implicit")
            fields["email_address"] = self._people.permit(row, permission, address=body["address"], source=source)
        return Answer(200, _shown(self._people.change(inner.account, row, fields, source=source), INCLUDED))

    def sign_up(self, inner: Inner) -> Answer:
        """Create or update a contact by e-mail address, with the person's own, explicit permission."""
        check = Checker(inner.payload)
        check_sign_up(check)
        self._audiences.check_lists(check, inner.account, "list_memberships")
        check.refuse_problems()
        body = dict(check.value)
        address = body.pop("email_address", None)
        number = body.get("sms_channel", {}).get("sms_address")
        found = self._people.by_address(inner.account, address) or self._people.by_number(inner.account, number)
        if found is None:
            fields = {**body, "address": address}
            row = self._people.create(inner.account, fields, source="Contact", permission="explicit")
            return Answer(201, {"contact_id": row["contact_id"], "action": "created"})
        fields = {name: value for name, value in body.items() if name in PERSONAL or name == "sms_channel"}
        for name in {"list_memberships", "custom_fields"} & body.keys():
            before = found.get(name) or []
            fields[name] = [*before, *(one for one in body[name] if one not in before)]
        if address is not None:
            fields["email_address"] = self._people.permit(found, "explicit", address=address, source="Contact")
        self._people.change(inner.account, found, fields, source="Contact")
        return Answer(200, {"contact_id": found["contact_id"], "action": "updated"})

    def unsubscribe_many(self, call: Call, accounts: Sequence[str]) -> Answer:
        """Unsubscribe addresses in these accounts (Unsubscribe contacts); unknown ones count for nothing."""
        check = Checker(call.json())
        check.known("update_source", "email_addresses", "opt_out_reason", "delete_contacts", "global_unsubscribe")
        source = check.choice("update_source", ("Account", "Contact", "System"), required=True)
        addresses = check.texts("email_addresses", required=True, at_least=1, at_most=500)
        if any(mail_address(address) for address in addresses):
            check.problem("email_addresses", "must be e-mail addresses")
        reason = check.text("opt_out_reason", rule=sized(255))
        is_deleted = bool(check.boolean("delete_contacts"))
        is_global = bool(check.boolean("global_unsubscribe"))
        if is_global and len(addresses) != 1:
            check.problem("email_addresses", "must be exactly one to unsubscribe globally")
        check.refuse_problems()
        found = [
            (account, row)
            for account in (accounts if is_global else accounts[:1])
            for address in dict.fromkeys(address.casefold() for address in addresses)
            if (row := self._people.by_address(account, address)) is not None
        ]
        for account, row in found:
            self._people.unsubscribe(account, row, source=source or "", reason=reason, is_deleted=is_deleted)
        return Answer(200, {"unsubscribed_count": len(found)})


def _flat(body: Mapping[str, Any]) -> dict[str, Any]:
    """Put the e-mail property's two fields beside the others, as `address` and `permission`."""
    rest = {name: value for name, value in body.items() if name != "email_address"}
    given = body.get("email_address", {})
    names = {"address": "address", "permission_to_send": "permission"}
    return {**rest, **{names[name]: value for name, value in given.items()}}


def _shown(row: Row, include: Sequence[str]) -> Row:
    """Leave out sub-resources nobody asked for, and what is null."""
    hidden = set(INCLUDED) - set(include)
    return {name: value for name, value in row.items() if name not in hidden and value is not None}


def _rules(check: Checker) -> list[Rule]:
    """Read the filters of List contacts."""
    rules: list[Rule] = [_status_rule(check.choice("status", STATUSES))]
    address, sms = check.text("email"), check.text("sms_status")
    if address is not None:
        rules.append(lambda row: _of_address(row, "address").casefold() == address.casefold())
    if sms is not None:
        rules.append(lambda row: (row.get("sms_channel") or {}).get("permission_to_send") == sms)
    lists, tags = joined(check, "lists", most=25), joined(check, "tags", most=50)
    if lists:
        rules.append(lambda row: not set(lists).isdisjoint(row["list_memberships"]))
    if tags:
        rules.append(lambda row: not set(tags).isdisjoint(row.get("taggings") or ()))
    rules += _moment_rules(check, "updated", lambda row: str(row["updated_at"]))
    rules += _moment_rules(check, "created", lambda row: str(row["created_at"]))
    rules += _moment_rules(check, "optout", lambda row: _of_address(row, "opt_out_date"))
    return rules


def _status_rule(status: str | None) -> Rule:
    if status == "all":
        return lambda row: True
    if status == "deleted":
        return lambda row: "deleted_at" in row
    wanted = PERMISSIONS if status is None else PERMISSIONS[:2] if status == "active" else (status,)
    return lambda row: "deleted_at" not in row and (status is None or permission_of(row) in wanted)


def _moment_rules(check: Checker, what: str, read: Callable[[Row], str]) -> list[Rule]:
    after, before = instant(check, f"{what}_after"), instant(check, f"{what}_before")
    rules: list[Rule] = []
    if after is not None:
        rules.append(lambda row: bool(read(row)) and datetime.fromisoformat(read(row)) > after)
    if before is not None:
        rules.append(lambda row: bool(read(row)) and datetime.fromisoformat(read(row)) < before)
    return rules


def _of_address(row: Row, name: str) -> str:
    return str((row["email_address"] or {}).get(name, ""))
