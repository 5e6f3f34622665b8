"""What the V3 reference asks of a contact: created, replaced, signed up, or one of many imported.

An e-mail address may have 80 characters, in an import and a sign-up form 50. What an import may get wrong in single
rows without failing as a whole is in `row_error`.
"""

from __future__ import annotations

import re
from typing import Any, Final

from sandbox.checks import Checker, Rule, mail_address, sized
from sandbox.constant_contact.samples import CUSTOM_FIELDS

PERMISSIONS: Final = ("explicit", "implicit", "not_set", "pending_confirmation", "temp_hold", "unsubscribed")
SOURCES: Final = ("Account", "Contact")
NAMES: Final = ("first_name", "last_name", "job_title", "company_name")
BIRTHDAY: Final = ("birthday_month", "birthday_day")
PERSONAL: Final = (*NAMES, *BIRTHDAY, "anniversary")
"""A contact's own properties: those a PUT sets to null where it does not send them."""
SUBRESOURCES: Final = (
    *("custom_fields", "list_memberships", "phone_numbers", "street_addresses", "taggings", "notes", "sms_channel"),
)

IMPORT_PHONES: Final = ("phone", "home_phone", "work_phone", "mobile_phone", "other_phone")
ADDRESS_PARTS: Final = ("street", "street2", "city", "state", "zip", "country")
ADDRESS_KINDS: Final = ("", "home_", "work_", "other_")
MISPRINTED: Final = "home country"  # the schema has a space in it; its three siblings have none
MOST_LISTS = 50
MOST_CUSTOM_FIELDS = 25
MOST_OF_A_KIND = 3

ADDRESS_FIELDS: Final = (*(kind + part for kind in ADDRESS_KINDS for part in ADDRESS_PARTS), MISPRINTED)

ANNIVERSARY = re.compile(
    r"\d{1,2}/\d{1,2}/\d{4}|\d{4}/\d{1,2}/\d{1,2}|\d{4}-\d{1,2}-\d{1,2}|\d{1,2}-\d{1,2}-\d{4}", re.ASCII
)
SMS_NUMBER = re.compile(r"\d{10}|\d{3}-\d{3}-\d{4}", re.ASCII)

# An import's texts with their rules; an anniversary and an address of a wrong form fail only their own row.
ROW_TEXTS: Final[dict[str, Rule | None]] = {
    "email": sized(50),
    "sms_number": lambda text: None if SMS_NUMBER.fullmatch(text) else "must be a US number",
    "sms_consent_date": sized(16),
    "anniversary": None,
    **dict.fromkeys((*NAMES, *IMPORT_PHONES), sized(50)),
    **{name: sized(255 if "street" in name else 50) for name in ADDRESS_FIELDS},
}


def check_contact(check: Checker, *, source: str) -> None:
    """Check a Create contact or Update contact body; `source` is the field that says who acts."""
    check.known(source, "email_address", *PERSONAL, *SUBRESOURCES)
    check.choice(source, SOURCES, required=True)
    _check_personal(check)
    address = check.child("email_address")
    if address is not None:
        address.known("address", "permission_to_send")
        address.text("address", required=True, rule=lambda text: sized(80)(text) or mail_address(text))
        address.choice("permission_to_send", PERMISSIONS)
    _check_subresources(check)
    if source == "create_source" and not any(
        check.has(name) for name in ("first_name", "last_name", "email_address", "sms_channel")
    ):
        check.problem("", "must have a first name, a last name, an e-mail address or an SMS channel")


def check_sign_up(check: Checker) -> None:
    check.known(
        *("email_address", "sms_channel", "list_memberships", "phone_number", "street_address", "custom_fields"),
        *PERSONAL,
    )
    check.text("email_address", rule=lambda text: sized(50)(text) or mail_address(text))
    if not check.has("email_address") and not check.has("sms_channel"):
        check.problem("email_address", "is required")
    check.texts("list_memberships", required=True, at_least=1, at_most=MOST_LISTS)
    check.text("phone_number", rule=sized(25))
    check.child("street_address")
    _check_personal(check)
    _check_custom_fields(check)
    _check_sms_channel(check)


def check_import(check: Checker) -> None:
    check.known("import_data", "list_ids", "sms_permission_to_send")
    check.texts("list_ids", required=True, at_least=1, at_most=MOST_LISTS)
    permission = check.choice("sms_permission_to_send", ("explicit", "not_set"))
    rows = check.children("import_data", required=True, at_least=1)
    for row in rows:
        _check_row(row, permission)
    if permission is None and any(row.has("sms_number") for row in rows):
        check.problem("sms_permission_to_send", "is required with SMS numbers")


def row_error(row: dict[str, Any]) -> str | None:
    """Say why a row of an import cannot be taken, though the import can, or None."""
    address, anniversary = row.get("email"), row.get("anniversary")
    if address is not None and (wrong := mail_address(address)) is not None:
        return f"email {wrong}"
    if anniversary is not None and not ANNIVERSARY.fullmatch(anniversary):
        return "anniversary must be a date"
    unknown = [name for name in row if name.startswith("cf:") and name[3:] not in CUSTOM_FIELDS]
    return f"{unknown[0]} is not a custom field of this account" if unknown else None


def is_correctable(error: str) -> bool:
    """Tell whether the account's owner is offered to correct the row: its form is wrong, not what it refers to."""
    return not error.startswith("cf:")


def _check_personal(check: Checker) -> None:
    for name in NAMES:
        check.text(name, rule=sized(50))
    check.text("anniversary", rule=lambda text: None if ANNIVERSARY.fullmatch(text) else "must be a date")
    _check_birthday(check)


def _check_birthday(check: Checker) -> None:
    check.integer("birthday_month", at_least=1, at_most=12)
    check.integer("birthday_day", at_least=1, at_most=31)
    for name, other in (BIRTHDAY, BIRTHDAY[::-1]):
        if check.has(name) and not check.has(other):
            check.problem(other, f"is required with {name}")


def _check_subresources(check: Checker) -> None:
    _check_custom_fields(check)
    _check_sms_channel(check)
    for phone in check.children("phone_numbers"):
        phone.known("phone_number", "kind")
        phone.text("phone_number", required=True, rule=sized(25))
        phone.text("kind")
    for address in check.children("street_addresses"):
        address.known("kind", "street", "city", "state", "postal_code", "country")
        address.text("kind", required=True)
    for note in check.children("notes"):
        note.text("content", required=True, rule=sized(2000))
    for name in ("list_memberships", "taggings"):
        check.texts(name, at_most=MOST_LISTS)


def _check_custom_fields(check: Checker) -> None:
    for one in check.children("custom_fields", at_most=MOST_CUSTOM_FIELDS):
        one.known("custom_field_id", "value")
        one.text("custom_field_id", required=True)
        one.text("value", required=True, rule=sized(255))


def _check_sms_channel(check: Checker) -> None:
    channel = check.child("sms_channel")
    if channel is not None:
        channel.text("sms_address", required=True, rule=sized(16))


def _check_row(row: Checker, sms_permission: str | None) -> None:
    custom = [name for name in row.value if name.startswith("cf:")]
    for name in row.value:
        if name in ROW_TEXTS or name in custom:
            row.text(name, rule=ROW_TEXTS.get(name, sized(255)))
        elif name not in BIRTHDAY:
            row.problem(name, "is not a field here")
    _check_birthday(row)
    if not row.has("email") and not row.has("sms_number"):
        row.problem("", "must have an email or an sms_number")
    if sms_permission == "explicit" and row.has("sms_number") and not row.has("sms_consent_date"):
        row.problem("sms_consent_date", "is required")
    if len(custom) > MOST_CUSTOM_FIELDS:
        row.problem("", f"must have at most {MOST_CUSTOM_FIELDS} custom fields")
    _check_number(row, "phones", len(row.value.keys() & set(IMPORT_PHONES)))
    kinds = {name.replace(" ", "_").rpartition("_")[0] for name in row.value if name in ADDRESS_FIELDS}
    _check_number(row, "addresses", len(kinds))


def _check_number(row: Checker, what: str, number: int) -> None:
    if number > MOST_OF_A_KIND:
        row.problem("", f"must have at most {MOST_OF_A_KIND} {what}")
