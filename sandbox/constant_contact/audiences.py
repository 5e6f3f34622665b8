"""Contact lists, tags and segments of managed accounts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from uuid import uuid4

from sandbox.calls import Answer, Refusal
from sandbox.checks import Checker, sized
from sandbox.constant_contact.samples import ACCOUNT, LISTS, OTHER_ACCOUNT, SAMPLE_STAMP, TAGS
from sandbox.constant_contact.segment_rules import check_segment
from sandbox.constant_contact.values import (
    Drawer,
    Inner,
    InnerOperation,
    Row,
    counted_page,
    limit,
    page_of,
    resumed,
    stamp,
)
from sandbox.knobs import Knobs
from sandbox.store import Store

FIRST_SEGMENT = 14
NAME_RULE = sized(255)


class Audiences:
    """What contacts are grouped by. A new segment takes as long to be worked out as an activity takes."""

    def __init__(self, store: Store, knobs: Knobs, clock: Callable[[], float]) -> None:
        self._knobs = knobs
        self._clock = clock
        self._lists, self._tags = Drawer(store, "lists"), Drawer(store, "tags")
        self._segments = Drawer(store, "segments")
        lists = {key: _list(key, name, "", False, SAMPLE_STAMP) for key, name in LISTS.items()}
        self._lists.fill({ACCOUNT: lists, OTHER_ACCOUNT: lists})
        self._tags.fill({ACCOUNT: {key: _tag(key, name, SAMPLE_STAMP) for key, name in TAGS.items()}})

    def operations(self) -> Sequence[InnerOperation]:
        return [
            InnerOperation("list_contact_lists", "GET", "/contact_lists", self.list_lists),
            InnerOperation("create_contact_list", "POST", "/contact_lists", self.create_list),
            InnerOperation("list_segments", "GET", "/segments", self.list_segments),
            InnerOperation("create_segment", "POST", "/segments", self.create_segment),
            InnerOperation("list_contact_tags", "GET", "/contact_tags", self.list_tags),
            InnerOperation("create_contact_tag", "POST", "/contact_tags", self.create_tag),
        ]

    def state(self) -> dict[str, list[Row]]:
        return {"lists": self._lists.state(), "tags": self._tags.state(), "segments": self._segments.state()}

    def check_lists(self, check: Checker, account: str, name: str) -> None:
        """Report every id under this name that is no list of the account."""
        _check_known(check, name, self._lists, account, "a contact list")

    def check_tags(self, check: Checker, account: str, name: str) -> None:
        _check_known(check, name, self._tags, account, "a tag")

    def is_segment_ready(self, account: str, segment_id: str) -> bool:
        """Tell whether a segment's contacts are known by now; raises Refusal where there is no such segment."""
        row = self._segments.get(account, segment_id)
        if row is None:
            raise Refusal(404, "no such segment")
        return bool(row["ready_at"] <= self._clock())

    def list_lists(self, inner: Inner) -> Answer:
        query, given = resumed(inner.query)
        check = Checker(query, "query")
        check.known("limit", "include_count", "include_membership_count", "name", "status", "channel_type")
        name = check.text("name")
        check.choice("include_membership_count", ("all", "active"))
        status = check.choice("status", ("all", "active", "deleted"))
        check.choice("channel_type", ("email", "sms"))
        # No call here deletes a list.
        rows = [row for row in self._lists.of(inner.account) if name in (None, row["name"]) and status != "deleted"]
        # The text of the reference has 500 as the limit's largest value, its schema 1000.
        return counted_page(check, "/contact_lists", "lists", rows, given, most=1000)

    def create_list(self, inner: Inner) -> Answer:
        check = Checker(inner.payload)
        check.known("name", "description", "favorite")
        name = check.text("name", required=True, rule=NAME_RULE) or ""
        text, is_favorite = check.text("description"), bool(check.boolean("favorite"))
        check.refuse_problems()
        _refuse_same_name(self._lists.of(inner.account), name)
        row = _list(str(uuid4()), name, text or "", is_favorite, stamp(self._clock()))
        self._lists.put(inner.account, row["list_id"], row)
        return Answer(201, row)

    def list_tags(self, inner: Inner) -> Answer:
        query, given = resumed(inner.query)
        check = Checker(query, "query")
        check.known("limit", "include_count")
        return counted_page(check, "/contact_tags", "tags", self._tags.of(inner.account), given, most=500)

    def create_tag(self, inner: Inner) -> Answer:
        check = Checker(inner.payload)
        check.known("name", "tag_source")
        name = check.text("name", required=True, rule=NAME_RULE) or ""
        check.text("tag_source")
        check.refuse_problems()
        _refuse_same_name(self._tags.of(inner.account), name)
        row = _tag(str(uuid4()), name, stamp(self._clock()))
        self._tags.put(inner.account, row["tag_id"], row)
        return Answer(201, row)

    def list_segments(self, inner: Inner) -> Answer:
        query, given = resumed(inner.query)
        check = Checker(query, "query")
        check.known("limit", "sort_by")
        size = limit(check, default=50, most=1000)
        check.choice("sort_by", ("date", "name"))
        check.refuse_problems()
        shown = [_segment_view(row) for row in self._segments.of(inner.account)]
        rows = [{name: value for name, value in row.items() if name != "segment_criteria"} for row in shown]
        return Answer(200, page_of("/segments", "segments", rows, query, given, size))

    def create_segment(self, inner: Inner) -> Answer:
        check = Checker(inner.payload)
        check_segment(check)
        check.refuse_problems()
        known = self._segments.of(inner.account)
        _refuse_same_name(known, check.value["name"])
        now = self._clock()
        taken = {row["segment_id"] for row in known}
        row = {
            **check.value,
            "segment_id": next(number for number in count(FIRST_SEGMENT) if number not in taken),
            "created_at": stamp(now),
            "edited_at": stamp(now),
            "ready_at": now + self._knobs["activity_seconds"],
        }
        self._segments.put(inner.account, str(row["segment_id"]), row)
        return Answer(201, _segment_view(row))


def _list(key: str, name: str, text: str, is_favorite: bool, now: str) -> Row:
    about = {"list_id": key, "name": name, "description": text, "favorite": is_favorite}
    return {**about, "created_at": now, "updated_at": now}


def _tag(key: str, name: str, now: str) -> Row:
    return {"tag_id": key, "name": name, "tag_source": "Contact", "created_at": now, "updated_at": now}


def _segment_view(row: Row) -> Row:
    return {name: value for name, value in row.items() if name != "ready_at"}


def _refuse_same_name(rows: Sequence[Row], name: str) -> None:
    if name in [row["name"] for row in rows]:
        raise Refusal(409, f"the name {name} is taken")


def _check_known(check: Checker, name: str, drawer: Drawer, account: str, what: str) -> None:
    keys = check.value.get(name)
    for place, key in enumerate(keys if isinstance(keys, list) else ()):
        if isinstance(key, str) and drawer.get(account, key) is None:
            check.problem(f"{name}[{place}]", f"is not {what} of this account")
