"""The inputs and answers of the calls about single contacts (Constant Contact V3, Contacts).

Of `update_contact` a PUT: what is left out of the contact's own properties becomes null there.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, pre_load

from vendors.constant_contact.accounts import OneAccount
from vendors.constant_contact.limits import MOST_CUSTOM_FIELDS, MOST_LISTS, MOST_OF_A_KIND
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
    email_address,
    no_repeats,
)
from vendors.moments import Moment
from workflows.fields import Flag, OpenSchema, Text

PERMISSIONS = ("explicit", "implicit", "not_set", "pending_confirmation", "temp_hold", "unsubscribed")
SOURCES = ("Account", "Contact")
STATUSES = ("all", "active", "deleted", "not_set", "pending_confirmation", "temp_hold", "unsubscribed")
INCLUDED = ("custom_fields", "list_memberships", "phone_numbers", "street_addresses", "taggings", "notes")
MOST_LISTS_ASKED = 25
MOST_NOTES = 150
BIRTHDAY = ("birthday_month", "birthday_day")

_ANNIVERSARY = re.compile(
    r"(?P<month>\d\d?)/(?P<day>\d\d?)/(?P<year>\d{4})|(?P<year2>\d{4})[/-](?P<month2>\d\d?)[/-](?P<day2>\d\d?)"
    r"|(?P<month3>\d\d?)-(?P<day3>\d\d?)-(?P<year3>\d{4})",
    re.ASCII,
)


def calendar_date(value: str) -> None:
    """Check for a day in one of the forms Constant Contact takes: 2006-11-15, 11/15/2006, 2006/11/15 or 11-15-2006."""
    match = _ANNIVERSARY.fullmatch(value)
    parts = {name.rstrip("23"): int(text) for name, text in match.groupdict().items() if text} if match else {}
    try:
        date(**parts)
    except (TypeError, ValueError) as error:
        raise ValidationError("must be a day, such as 2006-11-15 or 11/15/2006") from error


def whole_birthday(given: Mapping[str, Any]) -> dict[str, list[str]]:
    """What is wrong with half a birthday: month and day need each other."""
    there = [name for name in BIRTHDAY if given.get(name) is not None]
    return {name: [f"is needed with {there[0]}"] for name in BIRTHDAY if len(there) == 1 and name not in there}


class OneOrMore(fields.Field[str]):
    """Several values as a list, or as the one text, joined by commas, that the vendor takes them in."""

    def __init__(self, *, choices: Collection[str] = (), most: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._choices = choices
        self._most = most

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        given = value.split(",") if isinstance(value, str) else value
        if not isinstance(given, list):
            raise ValidationError("must be a list, or text joined by commas")
        values = [Identifier().deserialize(item) for item in given]
        if any("," in item for item in values):
            raise ValidationError("must be a list of values without commas")
        if self._choices:
            for item in values:
                OneOf(self._choices)(item)
        amount_of("value", 1, self._most)(values)
        no_repeats(values)
        return ",".join(values)


class GetContact(OneAccount):
    """The contact meant."""

    contact_id = Identifier(required=True, metadata=about("The contact's id."))
    include = OneOrMore(choices=INCLUDED, metadata=about("What to read besides: custom_fields, list_memberships …"))


class ListContacts(OneAccount):
    """Which contacts. A segment combines with `limit` only."""

    status = Text(validate=OneOf(STATUSES), metadata=about("Contacts of this status only."))
    email = Text(validate=email_address, metadata=about("The contact with this e-mail address."))
    lists = OneOrMore(most=MOST_LISTS_ASKED, metadata=about("Contacts on any of these lists, at most 25."))
    segment_id = Identifier(metadata=about("Contacts of this segment; combines with limit only."))
    tags = OneOrMore(most=50, metadata=about("Contacts with any of these tags, at most 50."))
    updated_after = Moment(metadata=about("Contacts changed after this."))
    updated_before = Moment(metadata=about("Contacts changed before this."))
    created_after = Moment(metadata=about("Contacts created after this."))
    created_before = Moment(metadata=about("Contacts created before this."))
    optout_after = Moment(metadata=about("Contacts unsubscribed after this."))
    optout_before = Moment(metadata=about("Contacts unsubscribed before this."))
    sms_status = Words(metadata=about("Contacts of this SMS status only."))
    include = OneOrMore(choices=INCLUDED, metadata=about("What to read besides: custom_fields, list_memberships …"))
    include_count = Flag(metadata=about("true also counts all that fit."))
    limit = Whole(validate=between(1, 500), metadata=about("Contacts a page, 1 to 500; 50 if left out."))
    cursor = Identifier(metadata=about("Where the page begins, from the link of the page before."))

    @checks_whole
    def _segment_stands_alone(self, loaded: dict[str, Any], given: Mapping[str, Any]) -> None:
        others = given.keys() - {"encoded_account_id", "segment_id", "limit", "cursor"}
        if "segment_id" in given and others & self.fields.keys():
            raise ValidationError("combines with limit only", "segment_id")


class EmailAddress(Schema):
    """An address, and whether it may be written to."""

    address = Text(required=True, validate=[email_address, characters(80)], metadata=about("The e-mail address."))
    permission_to_send = Text(
        validate=OneOf(PERMISSIONS), metadata=about("What the person allowed; explicit only if they said so.")
    )


class CustomField(Schema):
    """A value of a field the account has defined."""

    custom_field_id = Identifier(required=True, metadata=about("The field's id."))
    value = Words(required=True, validate=characters(255), metadata=about("Its value."))


class PhoneNumber(Schema):
    """A phone."""

    phone_number = Words(required=True, validate=characters(25), metadata=about("The number."))
    kind = Text(validate=OneOf(("home", "work", "mobile", "other")), metadata=about("home, work, mobile or other."))


class StreetAddress(Schema):
    """A postal address."""

    kind = Text(required=True, validate=OneOf(("home", "work", "other")), metadata=about("home, work or other."))
    street = Words(validate=characters(255), metadata=about("Street and number."))
    city = Words(validate=characters(50), metadata=about("The city."))
    state = Words(validate=characters(50), metadata=about("The state or province."))
    postal_code = Words(validate=characters(50), metadata=about("The postal code."))
    country = Words(validate=characters(50), metadata=about("The country."))


class Note(Schema):
    """Something written down about a contact."""

    content = Words(required=True, validate=characters(2000), metadata=about("The note."))


class SmsChannel(Schema):
    """A number for SMS."""

    sms_address = Words(required=True, validate=characters(16), metadata=about("The number."))


def _own(*, allow_none: bool = False) -> dict[str, fields.Field[Any]]:
    """A contact's own properties. `allow_none`: null erases, as leaving them out does."""

    def words(sentence: str) -> Words:
        return Words(validate=characters(50), allow_none=allow_none, metadata=about(sentence))

    return {
        "first_name": words("The first name."),
        "last_name": words("The last name."),
        "job_title": words("The job title."),
        "company_name": words("Where the contact works."),
        "birthday_month": Whole(
            validate=between(1, 12), allow_none=allow_none, metadata=about("The birthday's month, with its day.")
        ),
        "birthday_day": Whole(
            validate=between(1, 31), allow_none=allow_none, metadata=about("The birthday's day, with its month.")
        ),
        "anniversary": Words(
            validate=calendar_date, allow_none=allow_none, metadata=about("A day to remember, such as 2006-11-15.")
        ),
    }


def _custom_fields() -> fields.List[Any]:
    return fields.List(
        fields.Nested(CustomField),
        validate=amount_of("custom field", 1, MOST_CUSTOM_FIELDS),
        metadata=about("Values of the account's own fields, at most 25."),
    )


def _parts() -> dict[str, fields.Field[Any]]:
    """What belongs to a contact beside its own properties. What is not sent stays as it is, also in a PUT."""
    return {
        "custom_fields": _custom_fields(),
        "phone_numbers": fields.List(
            fields.Nested(PhoneNumber),
            validate=amount_of("phone", 1, MOST_OF_A_KIND),
            metadata=about("Phones, at most three."),
        ),
        "street_addresses": fields.List(
            fields.Nested(StreetAddress),
            validate=amount_of("postal address", 1, MOST_OF_A_KIND),
            metadata=about("Postal addresses, at most three."),
        ),
        "list_memberships": fields.List(
            Identifier(),
            validate=[amount_of("list", 1, MOST_LISTS), no_repeats],
            metadata=about("Ids of lists, at most 50."),
        ),
        "taggings": fields.List(
            Identifier(), validate=[amount_of("tag", 1, 50), no_repeats], metadata=about("Ids of tags, at most 50.")
        ),
        "notes": fields.List(
            fields.Nested(Note), validate=amount_of("note", 1, MOST_NOTES), metadata=about("Notes about the contact.")
        ),
        "sms_channel": fields.Nested(SmsChannel, metadata=about("The contact's number for SMS.")),
    }


class _NewContact(OneAccount):
    """A contact that is not there yet."""

    email_address = fields.Nested(EmailAddress, metadata=about("The address, and what the person allowed."))

    @checks_whole
    def _somebody(self, loaded: dict[str, Any], given: Mapping[str, Any]) -> None:
        if not given.keys() & {"first_name", "last_name", "email_address", "sms_channel"}:
            raise ValidationError("needs at least one of first_name, last_name, email_address and sms_channel")
        if problems := whole_birthday(given):
            raise ValidationError(problems)


CreateContact = _NewContact.from_dict(
    {
        "create_source": Text(
            required=True,
            validate=OneOf(SOURCES),
            metadata=about("Who adds the contact: Account (you) or Contact (the person)."),
        ),
        **_own(),
        **_parts(),
    },
    name="CreateContact",
)


class _WholeContact(OneAccount):
    """A contact as it is to be from now on: properties left out are erased, parts left out stay."""

    contact_id = Identifier(required=True, metadata=about("The contact's id."))
    email_address = fields.Nested(
        EmailAddress, metadata=about("The address, and what the person allowed; left out, it is erased.")
    )

    @checks_whole
    def _something(self, loaded: dict[str, Any], given: Mapping[str, Any]) -> None:
        if not given.keys() - {"encoded_account_id", "contact_id", "update_source"}:
            raise ValidationError("would erase all the contact's properties: give those it is to have")
        if problems := whole_birthday(given):
            raise ValidationError(problems)

    @post_load
    def _without_nulls(self, loaded: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        """What is not sent becomes null, so null need not be sent; that it may be is nowhere said."""
        return {name: value for name, value in loaded.items() if value is not None}


UpdateContact = _WholeContact.from_dict(
    {
        "update_source": Text(
            required=True,
            validate=OneOf(SOURCES),
            metadata=about("Who changes the contact: Account (you) or Contact (the person)."),
        ),
        **_own(allow_none=True),
        **_parts(),
    },
    name="UpdateContact",
)


class _SignUp(OneAccount):
    """Somebody who said yes: created, or changed in what is given. Lists and custom fields are added to."""

    email_address = Text(validate=[email_address, characters(50)], metadata=about("The e-mail address, as plain text."))
    sms_channel = fields.Nested(SmsChannel, metadata=about("The number for SMS."))
    list_memberships = fields.List(
        Identifier(),
        required=True,
        validate=[amount_of("list", 1, MOST_LISTS), no_repeats],
        metadata=about("Ids of the lists the person signs up for, 1 to 50."),
    )

    @checks_whole
    def _reachable(self, loaded: dict[str, Any], given: Mapping[str, Any]) -> None:
        if not given.keys() & {"email_address", "sms_channel"}:
            raise ValidationError("needs an email_address or an sms_channel")
        if problems := whole_birthday(given):
            raise ValidationError(problems)


UpsertContact = _SignUp.from_dict(
    {
        **_own(),
        "phone_number": Words(validate=characters(25), metadata=about("The phone.")),
        "street_address": fields.Nested(StreetAddress, metadata=about("The postal address.")),
        "custom_fields": _custom_fields(),
    },
    name="UpsertContact",
)


class FoundEmailAddress(OpenSchema):
    address = Text(allow_none=True)
    permission_to_send = Text(allow_none=True)
    opt_in_source = Text(allow_none=True)
    opt_in_date = Text(allow_none=True)


class FoundContact(OpenSchema):
    """A contact; whatever else comes is kept."""

    contact_id = Text(required=True)
    email_address = fields.Nested(FoundEmailAddress, allow_none=True)
    first_name = Text(allow_none=True)
    last_name = Text(allow_none=True)
    list_memberships = fields.List(Text(), allow_none=True)

    @pre_load
    def _alone(self, answer: Any, **kwargs: Any) -> Any:
        """The document shows one contact as a page with a single one in it."""
        found = answer.get("contacts") if isinstance(answer, Mapping) else None
        return found[0] if isinstance(found, list) and len(found) == 1 else answer


class ContactsPage(Page):
    contacts = fields.List(fields.Nested(FoundContact), required=True)
    contacts_count = Whole(allow_none=True)


class SignedUp(OpenSchema):
    """`{"contact_id": …, "action": "created"}`."""

    contact_id = Text(required=True)
    action = Text(allow_none=True)
