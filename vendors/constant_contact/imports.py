"""The inputs of `import_contacts` (Constant Contact V3, Import contacts as JSON).

Of a payload beyond 4 MB the rest would be dropped without a word, so what is larger is several imports.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from marshmallow import ValidationError, fields, post_dump, post_load

from vendors.constant_contact.accounts import OneAccount
from vendors.constant_contact.contacts import calendar_date, whole_birthday
from vendors.constant_contact.limits import MOST_CUSTOM_FIELDS, MOST_LISTS, MOST_OF_A_KIND, MOST_PAYLOAD_BYTES
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
from workflows.catalogue import Inputs, Split, encode_json
from workflows.fields import OpenSchema, Text

PHONES = ("phone", "home_phone", "work_phone", "mobile_phone", "other_phone")
ADDRESS_KINDS = ("", "home_", "work_", "other_")
ADDRESS_PARTS = ("street", "street2", "city", "state", "zip", "country")
UNCONFIRMED = "home_country"
CUSTOM = "cf:"
MOST_CUSTOM_CHARACTERS = 255

_SMS_NUMBER = re.compile(r"\d{10}|\d{3}-\d{3}-\d{4}", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def sms_number(value: str) -> None:
    if not _SMS_NUMBER.fullmatch(value):
        raise ValidationError("must be a US number, such as 123-123-1234")


def uuid(value: str) -> None:
    if not _UUID.fullmatch(value):
        raise ValidationError("must be a list's id, such as 66d9b5f0-5a95-11eb-a9a2-fa163e5bf31a")


class _Imported(OpenSchema):
    """A contact to import: its own fields, and values of the account's fields as `cf:<name>`."""

    email = Text(
        validate=[email_address, characters(50)], metadata=about("The e-mail address contacts are matched by.")
    )
    sms_number = Text(validate=sms_number, metadata=about("A US number for SMS."))
    sms_consent_date = Text(validate=[calendar_date, characters(16)], metadata=about("When the person agreed to SMS."))

    @checks_whole
    def _fits_together(self, loaded: dict[str, Any], given: Mapping[str, Any]) -> None:
        problems = {**whole_birthday(given), **dict(_of_custom_fields(given, self.fields))}
        too_many = list(_too_many(given))
        if not given.keys() & {"email", "sms_number"}:
            too_many.append("needs an email or an sms_number")
        if problems or too_many:
            raise ValidationError({**problems, **({"_schema": too_many} if too_many else {})})

    @post_load
    def _custom_fields_are_text(self, loaded: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        return {name: str(value) if name.startswith(CUSTOM) else value for name, value in loaded.items()}

    @post_dump(pass_original=True)
    def _with_custom_fields(self, dumped: dict[str, Any], loaded: Mapping[str, Any], **kwargs: Any) -> dict[str, Any]:
        custom = {name: value for name, value in loaded.items() if name.startswith(CUSTOM)}
        return {**dumped, **dict(sorted(custom.items()))}


def _of_custom_fields(given: Mapping[str, Any], known: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """What is wrong with the names a contact has beside the documented ones."""
    for name in given.keys() - known.keys():
        if name == UNCONFIRMED:
            yield (
                name,
                ["is not taken: Constant Contact prints it as 'home country', and which is right is not confirmed"],
            )
        elif not isinstance(name, str) or not name.startswith(CUSTOM) or name == CUSTOM:
            yield str(name), ["Unknown field."]
        else:
            try:
                characters(MOST_CUSTOM_CHARACTERS)(Words().deserialize(given[name]))
                Words().deserialize(name)
            except ValidationError as error:
                yield name, [str(message) for message in error.messages]


def _too_many(given: Mapping[str, Any]) -> Iterator[str]:
    phones = [name for name in PHONES if name in given]
    kinds = [kind for kind in ADDRESS_KINDS if any(f"{kind}{part}" in given for part in ADDRESS_PARTS)]
    custom = [name for name in given if isinstance(name, str) and name.startswith(CUSTOM)]
    if len(phones) > MOST_OF_A_KIND:
        yield f"must have at most {MOST_OF_A_KIND} phones, not {len(phones)}"
    if len(kinds) > MOST_OF_A_KIND:
        yield f"must have at most {MOST_OF_A_KIND} addresses, not {len(kinds)}"
    if len(custom) > MOST_CUSTOM_FIELDS:
        yield f"must have at most {MOST_CUSTOM_FIELDS} custom fields, not {len(custom)}"


def _words(most: int, sentence: str) -> Words:
    return Words(validate=characters(most), metadata=about(sentence))


def _address(kind: str) -> dict[str, Words]:
    """An address's fields: `work_street`, `work_city` and so on."""
    which = f"the {kind.rstrip('_')} address" if kind else "the address"
    lengths = {part: 255 if part.startswith("street") else 50 for part in ADDRESS_PARTS}
    names = {f"{kind}{part}": (part, most) for part, most in lengths.items()}
    return {name: _words(most, f"Of {which}: {part}.") for name, (part, most) in names.items() if name != UNCONFIRMED}


ImportedContact = _Imported.from_dict(
    {
        "first_name": _words(50, "The first name."),
        "last_name": _words(50, "The last name."),
        "job_title": _words(50, "The job title."),
        "company_name": _words(50, "Where the contact works."),
        "birthday_month": Whole(validate=between(1, 12), metadata=about("The birthday's month, with its day.")),
        "birthday_day": Whole(validate=between(1, 31), metadata=about("The birthday's day, with its month.")),
        "anniversary": Words(validate=calendar_date, metadata=about("A day to remember, such as 2006-11-15.")),
        **{name: _words(50, f"A phone: {name}. At most three of the five.") for name in PHONES},
        **{name: field for kind in ADDRESS_KINDS for name, field in _address(kind).items()},
    },
    name="ImportedContact",
)


class ImportContacts(OneAccount):
    """Contacts for lists. New ones get implicit permission, so import only people who agreed to e-mail."""

    import_data = fields.List(
        fields.Nested(ImportedContact),
        required=True,
        validate=amount_of("contact", 1),
        metadata=about("The contacts; those known already are changed in what is given."),
    )
    list_ids = fields.List(
        Identifier(validate=uuid),
        required=True,
        validate=[amount_of("list", 1, MOST_LISTS), no_repeats],
        metadata=about("Ids of the lists to put them on, 1 to 50."),
    )
    sms_permission_to_send = Text(
        validate=OneOf(("explicit", "not_set")), metadata=about("What people with an sms_number allowed.")
    )

    @checks_whole
    def _sms_is_consented(self, loaded: dict[str, Any], given: Mapping[str, Any]) -> None:
        contacts = given.get("import_data")
        rows = contacts if isinstance(contacts, list) else []
        with_sms = {at: row for at, row in enumerate(rows) if isinstance(row, Mapping) and "sms_number" in row}
        problems: dict[str, Any] = {}
        if with_sms and "sms_permission_to_send" not in given:
            problems["sms_permission_to_send"] = ["is required with an sms_number"]
        if loaded.get("sms_permission_to_send") == "explicit":
            undated = [at for at, row in with_sms.items() if "sms_consent_date" not in row]
            if undated:
                why = ["is required where permission is explicit"]
                problems["import_data"] = {at: {"sms_consent_date": why} for at in undated}
        if problems:
            raise ValidationError(problems)


def batches(inputs: Inputs) -> Sequence[Inputs]:
    """The inputs of as many imports as it takes to keep each payload small enough."""
    contacts: Sequence[Any] = inputs["import_data"]
    frame = len(encode_json({"list_ids": inputs["list_ids"]}).encode()) + 100  # names, brackets, the SMS permission
    parts: list[list[Any]] = [[]]
    size = frame
    for contact, length in zip(contacts, _lengths(contacts), strict=True):
        if parts[-1] and size + length > MOST_PAYLOAD_BYTES:
            parts.append([])
            size = frame
        parts[-1].append(contact)
        size += length
    return [{**inputs, "import_data": part} for part in parts]


def _lengths(contacts: Sequence[Any]) -> Iterator[int]:
    """How many bytes each contact takes, with its comma; as it was loaded it is as long as it is sent."""
    for contact in contacts:
        yield len(encode_json(contact).encode()) + 1


BY_SIZE = Split("import_data", batches)
