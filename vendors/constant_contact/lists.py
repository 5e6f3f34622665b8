"""The inputs and answers of the calls about lists, tags and segments (Constant Contact V3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields

from vendors.constant_contact.accounts import OneAccount
from vendors.constant_contact.limits import MOST_LISTS
from vendors.constant_contact.paging import Page
from vendors.fields import (
    Identifier,
    OneOf,
    Whole,
    Words,
    about,
    amount_of,
    between,
    characters,
    checks_whole,
    digits,
    listed,
    no_repeats,
)
from workflows.catalogue import encode_json
from workflows.fields import Flag, OpenSchema, Text
from workflows.typed_json import load_foreign

MOST_CONTACTS = 500
CRITERIA_VERSION = "1.0.0"
SOURCES = ("tracking", "contact", "list_membership", "tags")
OR_ONLY = ("list_membership", "tags")
"""Sources whose groups can only be joined by `or`."""
MOST_CAMPAIGNS = 500
MOST_DAYS = 1825

_CURSOR = "Where the page begins, from the link of the page before."


class ListContactLists(OneAccount):
    """Which lists."""

    limit = Whole(validate=between(1, 500), metadata=about("Lists a page, 1 to 500; 50 if left out."))
    include_count = Flag(metadata=about("true also counts all lists."))
    include_membership_count = Text(
        validate=OneOf(("all", "active")), metadata=about("Count each list's contacts: all, or active ones.")
    )
    name = Words(validate=characters(255), metadata=about("The list of this name."))
    status = Text(validate=OneOf(("all", "active", "deleted")), metadata=about("all, active or deleted lists."))
    channel_type = Text(validate=OneOf(("email", "sms")), metadata=about("Lists for email or for sms."))
    cursor = Identifier(metadata=about(_CURSOR))


class ContactList(OpenSchema):
    list_id = Text(required=True)
    name = Text(required=True)
    description = Text(allow_none=True)
    favorite = Flag(allow_none=True)


class ListsPage(Page):
    lists = fields.List(fields.Nested(ContactList), required=True)
    lists_count = Whole(allow_none=True)


class CreateContactList(OneAccount):
    """A list."""

    name = Words(required=True, validate=characters(255), metadata=about("A name no other list has."))
    description = Words(metadata=about("What the list is for; only you see it."))
    favorite = Flag(metadata=about("true puts it among your favourites."))


class ListSegments(OneAccount):
    """Which segments."""

    limit = Whole(validate=between(1, 500), metadata=about("Segments a page."))
    cursor = Identifier(metadata=about(_CURSOR))


class Segment(OpenSchema):
    segment_id = Text(required=True)
    name = Text(required=True)
    segment_criteria = Text(allow_none=True)


class SegmentsPage(Page):
    segments = fields.List(fields.Nested(Segment), required=True)


class Criteria(fields.Field[str]):
    """Who is in a segment: an object, which travels as text; or that text, which is sent as it is."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        try:
            text = value if isinstance(value, str) else encode_json(value)
            criteria = load_foreign(text)
            text.encode()
        except (TypeError, ValueError, RecursionError) as error:
            raise ValidationError("must be an object, or the JSON of one") from error
        if not isinstance(criteria, dict):
            raise ValidationError("must be an object, or the JSON of one")
        if wrong := list(_wrong_criteria(criteria)):
            raise ValidationError(wrong)
        return text


def _wrong_criteria(criteria: Mapping[str, Any]) -> Iterator[str]:
    if criteria.get("version") != CRITERIA_VERSION:
        yield f"must have the version {CRITERIA_VERSION}"
    top = criteria.get("criteria")
    if not isinstance(top, Mapping) or not isinstance(top.get("group"), list):
        yield "must have criteria with a group of conditions"
        return
    if top.get("type") != "and":
        yield "must have the type and at the top (add, in the API description, is a misprint)"
    yield from _wrong_group(top["group"], is_or=True)


def _wrong_group(group: list[Any], *, is_or: bool) -> Iterator[str]:
    """What is wrong with a group's conditions; `is_or`: all sources may stand in it, as they may at the top."""
    if not group:
        yield "must have no group without a condition"
    for item in group:
        if not isinstance(item, Mapping):
            yield "must have objects as conditions"
        elif isinstance(item.get("group"), list):
            if item.get("type") not in ("and", "or"):
                yield "must join the conditions of a group by and, or by or"
            yield from _wrong_group(item["group"], is_or=item.get("type") == "or")
        else:
            yield from _wrong_condition(item, is_or=is_or)


def _wrong_condition(condition: Mapping[str, Any], *, is_or: bool) -> Iterator[str]:
    source = condition.get("source")
    if source not in SOURCES:
        yield f"must have conditions whose source is {listed(SOURCES)}"
    elif source in OR_ONLY and not is_or:
        yield f"can join conditions on {source} by or only"
    for name in ("field", "op"):
        if not isinstance(condition.get(name), str) or not condition[name].strip():
            yield f"must have conditions with a {name}, as text"
    for name in ("const_value", "param"):
        if name in condition and not isinstance(condition[name], str):
            yield f"must have conditions whose {name} is text"
    yield from _too_far_back(condition)


def _too_far_back(condition: Mapping[str, Any]) -> Iterator[str]:
    """A count of campaigns or days is text, and bounded: beyond that Constant Contact answers 400."""
    most = {"last-n-campaigns": MOST_CAMPAIGNS, "last-n-days": MOST_DAYS}.get(str(condition.get("const_value")))
    if most is None:
        return
    unit, param = "campaigns" if most == MOST_CAMPAIGNS else "days", condition.get("param")
    if not (isinstance(param, str) and param.isascii() and param.isdigit()):
        yield f"must say the number of {unit} in param, as text"
    elif int(param[:20]) > most:
        yield f"must not look back further than {most:,} {unit}"


class CreateSegment(OneAccount):
    """A segment."""

    name = Words(required=True, metadata=about("A name no other segment has."))
    segment_criteria = Criteria(required=True, metadata=about("Who is in it, as the segment guide describes criteria."))


class ListContactTags(OneAccount):
    """Which tags."""

    limit = Whole(validate=between(1, 500), metadata=about("Tags a page, 1 to 500."))
    include_count = Flag(metadata=about("true also counts the contacts of each tag."))
    cursor = Identifier(metadata=about(_CURSOR))


class Tag(OpenSchema):
    tag_id = Text(required=True)
    name = Text(required=True)


class TagsPage(Page):
    tags = fields.List(fields.Nested(Tag), required=True)


class CreateContactTag(OneAccount):
    """A tag."""

    name = Words(required=True, validate=characters(255), metadata=about("A name no other tag has."))


class SegmentId(Text):
    """A segment's id: text like every id, which Constant Contact writes as a number in a body."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        digits(text)
        return text

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> int | None:
        return None if value is None else int(value)


def _ids(things: str, most: int, sentence: str, **options: Any) -> fields.List[Any]:
    return fields.List(
        Identifier(), validate=[amount_of(things, 1, most), no_repeats], metadata=about(sentence), **options
    )


class _Source(Schema):
    """Which contacts: exactly one way to say it."""

    contact_ids = _ids("contact", MOST_CONTACTS, "Ids of contacts, at most 500.")
    list_ids = _ids("list", MOST_LISTS, "Ids of lists whose contacts are meant, at most 50.")
    tag_ids = _ids("tag", MOST_LISTS, "Ids of tags whose contacts are meant, at most 50.")

    @checks_whole
    def _exactly_one(self, loaded: dict[str, Any], given: Mapping[str, Any]) -> None:
        if len(given.keys() & self.fields.keys()) != 1:
            raise ValidationError(f"needs exactly one of {', '.join(self.fields)}")
        if loaded.get("all_active_contacts") is False:
            why = "must be true, or be left out for another way to say who is meant"
            raise ValidationError(why, "all_active_contacts")


class ListsSource(_Source):
    """Which contacts to put on lists: exactly one way to say it."""

    segment_id = SegmentId(metadata=about("A segment whose contacts are meant."))
    engagement_level = Words(metadata=about("Contacts as engaged as this."))
    all_active_contacts = Flag(metadata=about("true means every active contact."))


class TagsSource(_Source):
    """Which contacts to tag: exactly one way to say it."""

    all_active_contacts = Flag(metadata=about("true means every active contact."))


class AddListMemberships(OneAccount):
    """Contacts for lists; done in the background."""

    source = fields.Nested(ListsSource, required=True, metadata=about("Which contacts."))
    list_ids = _ids("list", MOST_LISTS, "Ids of the lists to put them on, 1 to 50.", required=True)


class AddContactTags(OneAccount):
    """Tags for contacts; done in the background."""

    source = fields.Nested(TagsSource, required=True, metadata=about("Which contacts."))
    tag_ids = _ids("tag", MOST_LISTS, "Ids of the tags to give them, 1 to 50.", required=True)
