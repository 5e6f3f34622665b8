"""Activities: work that is queued and done a little later, contacts imported, put on lists and tagged.

Half of `activity_seconds` an activity is `initialized`, the other half `processing`; its work is done when it is
`completed`, as soon as anyone looks. Single contacts may fail: the activity completes all the same and counts them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final
from uuid import uuid4

from sandbox.calls import Answer, Refusal, dump_json
from sandbox.checks import Checker
from sandbox.constant_contact.audiences import Audiences
from sandbox.constant_contact.contact_rules import (
    PERSONAL,
    check_import,
    is_correctable,
    row_error,
)
from sandbox.constant_contact.people import People
from sandbox.constant_contact.values import Drawer, Inner, InnerOperation, Row, not_found, stamp
from sandbox.knobs import Knobs
from sandbox.store import Store

IMPORTED_BYTES = 4 * 1024 * 1024
"""Of an import's payload only so much is read; what comes after is dropped without a word."""

SOURCES: Final = (*("contact_ids", "list_ids", "tag_ids", "segment_id", "engagement_level", "all_active_contacts"),)
MOST_CONTACTS = 500
MOST_TARGETS = 50


class Activities:
    """The activities of all accounts."""

    def __init__(
        self, store: Store, knobs: Knobs, people: People, audiences: Audiences, clock: Callable[[], float]
    ) -> None:
        self._knobs = knobs
        self._people = people
        self._audiences = audiences
        self._clock = clock
        self._drawer = Drawer(store, "activities")
        self._work: dict[str, Callable[[str, Row], Row]] = {
            "import": self._import,
            "lists": self._add_to_lists,
            "tags": self._add_tags,
        }

    def operations(self) -> Sequence[InnerOperation]:
        return [
            InnerOperation("import_contacts", "POST", "/activities/contacts_json_import", self.queue_import),
            InnerOperation("get_activity", "GET", "/activities/{activity_id}", self.get),
            InnerOperation("add_list_memberships", "POST", "/activities/add_list_memberships", self.queue_lists),
            InnerOperation("add_contact_tags", "POST", "/activities/contacts_taggings_add", self.queue_tags),
        ]

    def state(self) -> list[Row]:
        return [{"encoded_account_id": account, **self._view(row)} for account, row in self._drawer.items()]

    def catch_up(self) -> None:
        """Do the work of every activity that is complete by now, in the order they were queued."""
        for account, row in self._drawer.items():
            if row["work"] is not None and row["due_at"] <= self._clock():
                done = self._work[row["kind"]](account, row["work"])
                self._drawer.put(account, row["activity_id"], {**row, "work": None, **done})

    def get(self, inner: Inner) -> Answer:
        row = self._drawer.get(inner.account, inner.path["activity_id"])
        if row is None:
            raise not_found("activity")
        return Answer(200, self._view(row))

    def queue_import(self, inner: Inner) -> Answer:
        check = Checker(inner.payload)
        check_import(check)
        self._audiences.check_lists(check, inner.account, "list_ids")
        check.refuse_problems()
        rows = _first_bytes(check.value["import_data"])
        return self._queued(inner, "import", {"rows": rows, "list_ids": check.value["list_ids"]})

    def queue_lists(self, inner: Inner) -> Answer:
        return self._queued_for(inner, "lists", "list_ids", self._audiences.check_lists)

    def queue_tags(self, inner: Inner) -> Answer:
        return self._queued_for(inner, "tags", "tag_ids", self._audiences.check_tags)

    def _queued_for(
        self, inner: Inner, kind: str, target: str, check_targets: Callable[[Checker, str, str], None]
    ) -> Answer:
        check = Checker(inner.payload)
        check.known("source", target)
        check.texts(target, required=True, at_least=1, at_most=MOST_TARGETS)
        check_targets(check, inner.account, target)
        source = check.child("source", required=True)
        if source is not None:
            _check_source(source)
        check.refuse_problems()
        return self._queued(inner, kind, {"source": check.value["source"], "targets": check.value[target]})

    def _queued(self, inner: Inner, kind: str, work: Row) -> Answer:
        waiting = [row for row in self._drawer.of(inner.account) if row["work"] is not None]
        most = self._knobs.limit("queued_activities")
        if most is not None and len(waiting) >= most:
            message = f"more than {most:g} activities are queued for this account"
            raise Refusal(429, message, code="activities.api.too_many_queued")
        now, key = self._clock(), str(uuid4())
        row = {
            "activity_id": key,
            "kind": kind,
            "created_at": now,
            "due_at": now + self._knobs["activity_seconds"],
            "work": work,
            "errors": [],
            "status": {},
        }
        self._drawer.put(inner.account, key, row)
        return Answer(201, self._view(row))

    def _view(self, row: Row) -> Row:
        now, due_at = self._clock(), row["due_at"]
        started_at = row["created_at"] + (due_at - row["created_at"]) / 2
        shown: Row = {
            "activity_id": row["activity_id"],
            "state": "initialized",
            "created_at": stamp(row["created_at"]),
            "updated_at": stamp(row["created_at"]),
            "percent_done": 0,
            "activity_errors": row["errors"],
            "status": row["status"],
            "_links": {"self": {"href": f"/v3/activities/{row['activity_id']}"}},
        }
        if row["work"] is None:
            finish = {"state": "completed", "percent_done": 100, "completed_at": stamp(due_at)}
            return {**shown, **finish, "started_at": stamp(started_at), "updated_at": stamp(due_at)}
        if now >= started_at:
            at = stamp(started_at)
            return {**shown, "state": "processing", "percent_done": 50, "started_at": at, "updated_at": at}
        return shown

    def _import(self, account: str, work: Row) -> Row:
        errors: list[str] = []
        correctable = unsubscribed = 0
        for number, row in enumerate(work["rows"], start=1):
            error = row_error(row)
            if error is not None:
                errors.append(f"Contact {number}: {error}.")
                correctable += is_correctable(error)
            elif not self._people.add_to_lists(account, self._imported(account, row), work["list_ids"]):
                unsubscribed += 1
        status = {
            "items_total_count": len(work["rows"]),
            "person_count": len(work["rows"]) - len(errors),
            "error_count": len(errors) - correctable,
            "correctable_count": correctable,
            "cannot_add_to_list_count": unsubscribed,
        }
        return {"errors": errors, "status": status}

    def _imported(self, account: str, row: Row) -> Row:
        """Create the contact of a row, with implicit permission, or change what the row has of one who is there."""
        address, number = row.get("email"), row.get("sms_number")
        fields: dict[str, Any] = {name: row[name] for name in PERSONAL if name in row}
        if number is not None:
            fields["sms_channel"] = {"sms_address": number}
        custom = [{"custom_field_id": name[3:], "value": row[name]} for name in row if name.startswith("cf:")]
        if custom:
            fields["custom_fields"] = custom
        found = self._people.by_address(account, address) or self._people.by_number(account, number)
        if found is not None:
            return self._people.change(account, found, fields, source="Account")
        return self._people.create(account, {**fields, "address": address}, source="Account", permission="implicit")

    def _add_to_lists(self, account: str, work: Row) -> Row:
        return self._applied(account, work, self._people.add_to_lists, "unsubscribed, and cannot be added to a list")

    def _add_tags(self, account: str, work: Row) -> Row:
        return self._applied(account, work, self._people.add_tags, "cannot be tagged")

    def _applied(self, account: str, work: Row, apply: Callable[[str, Row, list[str]], bool], complaint: str) -> Row:
        chosen = self._chosen(account, work["source"])
        failed = [row["contact_id"] for row in chosen if not apply(account, row, work["targets"])]
        errors = [f"Contact {key} {complaint}." for key in failed]
        return {
            "errors": errors,
            "status": {"items_total_count": len(chosen), "items_completed_count": len(chosen) - len(errors)},
        }

    def _chosen(self, account: str, source: Row) -> list[Row]:
        """List the contacts a source stands for. Nobody here is measured, so levels and segments choose everyone."""
        everyone = [row for row in self._people.of(account) if "deleted_at" not in row]
        if "contact_ids" in source:
            return [row for row in everyone if row["contact_id"] in source["contact_ids"]]
        if "list_ids" in source:
            return [row for row in everyone if not set(source["list_ids"]).isdisjoint(row["list_memberships"])]
        if "tag_ids" in source:
            return [row for row in everyone if not set(source["tag_ids"]).isdisjoint(row.get("taggings") or ())]
        return everyone


def _check_source(source: Checker) -> None:
    source.known(*SOURCES)
    if len(source.value) != 1:
        source.problem("", f"must have exactly one of {', '.join(SOURCES)}")
    source.texts("contact_ids", at_least=1, at_most=MOST_CONTACTS)
    source.texts("list_ids", at_least=1, at_most=MOST_TARGETS)
    source.texts("tag_ids", at_least=1, at_most=MOST_TARGETS)
    source.integer("segment_id")
    source.text("engagement_level")
    source.boolean("all_active_contacts")


def _first_bytes(rows: Sequence[Row]) -> list[Row]:
    """Take the rows an import reads, each counted as JSON with the comma behind it."""
    taken: list[Row] = []
    left = IMPORTED_BYTES
    for row in rows:
        left -= len(dump_json(row)) + 1
        if left < 0:
            break
        taken.append(row)
    return taken
