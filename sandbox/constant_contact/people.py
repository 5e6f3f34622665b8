"""The contacts of managed accounts, and what each may be sent: every change of permission passes through here.

Permission is `email_address.permission_to_send`. Importing sets `implicit` for people who are new and changes it for
nobody else; a sign-up form sets `explicit`; who unsubscribed is not put on a list again by an import.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

from sandbox.constant_contact.contact_rules import PERMISSIONS, PERSONAL, SUBRESOURCES
from sandbox.constant_contact.samples import ACCOUNT, contacts
from sandbox.constant_contact.values import Drawer, Row, stamp
from sandbox.store import Store


class People:
    """Everyone an account knows, also those it deleted."""

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._drawer = Drawer(store, "contacts")
        self._drawer.fill({ACCOUNT: {row["contact_id"]: row for row in contacts()}})
        self._ids: dict[tuple[str, str | None], str] = {}
        """Each contact's id by its account and its address or number: an import asks for thousands."""
        for account, row in self._drawer.items():
            self._index(account, row)

    def of(self, account: str) -> list[Row]:
        return self._drawer.of(account)

    def subscribers(self, account: str) -> int:
        """Count those who may be written to."""
        return sum("deleted_at" not in row and permission_of(row) in PERMISSIONS[:2] for row in self.of(account))

    def state(self) -> list[Row]:
        return self._drawer.state()

    def get(self, account: str, contact_id: str) -> Row | None:
        return self._drawer.get(account, contact_id)

    def by_address(self, account: str, address: str | None) -> Row | None:
        return self._found(account, None if address is None else address.casefold())

    def by_number(self, account: str, number: str | None) -> Row | None:
        return self._found(account, number)

    def create(self, account: str, fields: Mapping[str, Any], *, source: str, permission: str) -> Row:
        """Add a contact with these properties and sub-resources."""
        now = stamp(self._clock())
        known = {name: value for name, value in fields.items() if name in (*PERSONAL, *SUBRESOURCES)}
        row: Row = {
            "contact_id": str(uuid4()),
            "email_address": None,
            **known,
            "update_source": source,
            "create_source": source,
            "created_at": now,
            "updated_at": now,
            "list_memberships": list(known.get("list_memberships", ())),
        }
        if fields.get("address") is not None:
            row["email_address"] = self._new_address(str(fields["address"]), permission, source)
        self._put(account, row)
        return row

    def change(self, account: str, row: Row, fields: Mapping[str, Any], *, source: str) -> Row:
        """Set these fields and no others; a deleted contact is restored."""
        kept = {name: value for name, value in row.items() if name != "deleted_at"}
        row = {**kept, **fields, "update_source": source, "updated_at": stamp(self._clock())}
        self._put(account, row)
        return row

    def permit(self, row: Row, permission: str, *, address: str, source: str) -> Row:
        """Make the e-mail property of a contact whose permission, or address, is set anew."""
        before = row["email_address"]
        if before is None or before["address"] != address:
            return self._new_address(address, permission, source)
        if before["permission_to_send"] == permission:
            return dict(before)
        if permission == "unsubscribed":
            return self._without_permission(before, source, None)
        fresh = self._new_address(address, permission, source)
        return {**fresh, "created_at": before["created_at"]}

    def add_to_lists(self, account: str, row: Row, list_ids: list[str]) -> bool:
        """Put a contact on lists, if it did not unsubscribe; says whether it did not."""
        if is_unsubscribed(row):
            return False
        lists = [*row["list_memberships"], *(key for key in list_ids if key not in row["list_memberships"])]
        self._put(account, {**row, "list_memberships": lists})
        return True

    def add_tags(self, account: str, row: Row, tag_ids: list[str]) -> bool:
        tags = row.get("taggings") or []
        tags = [*tags, *(key for key in tag_ids if key not in tags)]
        self._put(account, {**row, "taggings": tags})
        return True

    def unsubscribe(self, account: str, row: Row, *, source: str, reason: str | None, is_deleted: bool) -> None:
        """Take away the permission, and with it every list."""
        row = {**row, "list_memberships": [], "updated_at": stamp(self._clock())}
        if row["email_address"] is not None:
            row["email_address"] = self._without_permission(row["email_address"], source, reason)
        if is_deleted:
            row["deleted_at"] = stamp(self._clock())
        self._put(account, row)

    def _put(self, account: str, row: Row) -> None:
        before = self.get(account, row["contact_id"])
        for name in _names(before):
            self._ids.pop((account, name), None)
        self._drawer.put(account, row["contact_id"], row)
        self._index(account, row)

    def _index(self, account: str, row: Row) -> None:
        for name in _names(row):
            self._ids[account, name] = row["contact_id"]

    def _found(self, account: str, name: str | None) -> Row | None:
        contact_id = self._ids.get((account, name))
        return None if contact_id is None else self.get(account, contact_id)

    def _new_address(self, address: str, permission: str, source: str) -> Row:
        now = stamp(self._clock())
        return {
            "address": address,
            "permission_to_send": permission,
            "created_at": now,
            "updated_at": now,
            "opt_in_source": source,
            "opt_in_date": now,
            "confirm_status": "off",
        }

    def _without_permission(self, address: Row, source: str, reason: str | None) -> Row:
        now = stamp(self._clock())
        opted_out = {"opt_out_source": source, "opt_out_date": now, "opt_out_reason": reason}
        return {**address, "permission_to_send": "unsubscribed", "updated_at": now, **opted_out}


def permission_of(row: Row) -> str | None:
    return None if row["email_address"] is None else str(row["email_address"]["permission_to_send"])


def is_unsubscribed(row: Row) -> bool:
    return permission_of(row) == "unsubscribed"


def _names(row: Row | None) -> list[str]:
    """List what a contact is found by: its address in lower case, its SMS number."""
    if row is None:
        return []
    address, number = (row["email_address"] or {}).get("address"), (row.get("sms_channel") or {}).get("sms_address")
    return [*([address.casefold()] if address else []), *([number] if number else [])]
