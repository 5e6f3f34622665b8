"""Constant Contact's operations for a managed account's contacts, lists, tags and segments.

Each is a V3 call that `account_operations/sync` carries: its inputs stand decoded beside `encoded_account_id`, and one
builder makes the envelope of them. `sync` answers with the inner call's body.
"""

from __future__ import annotations

from typing import Any

from vendors.constant_contact import activities, contacts, imports, lists
from vendors.constant_contact.envelope import SYNC, envelope, names_in
from vendors.constant_contact.looks import CONTACT_CREATED, CONTACT_SIGNED_UP, CONTACT_UPDATED, by_name
from vendors.constant_contact.paging import linked_pages
from vendors.constant_contact.people import contact_subjects
from workflows.catalogue import Operation, Repeat

_ACCOUNT = "encoded_account_id"


def carried_operations() -> tuple[Operation, ...]:
    """Those that are operations of their own; others go through `constant_contact.sync`."""
    return (
        _read(
            "get_contact",
            "Read one contact of a client account.",
            "Get a contact",
            "/contacts/{contact_id}",
            inputs=contacts.GetContact,
            output=contacts.FoundContact,
        ),
        _read(
            "list_contacts",
            "List or find contacts of a client account.",
            "Get contacts",
            "/contacts",
            inputs=contacts.ListContacts,
            output=contacts.ContactsPage,
            pages=linked_pages("contacts", contacts.ListContacts),
            not_processed=(202, 429),  # a segment that is still being worked out is asked for again
        ),
        _write(
            "create_contact",
            "Create a contact in a client account.",
            "Create a contact",
            "POST",
            "/contacts",
            inputs=contacts.CreateContact,
            output=contacts.FoundContact,
            repeat=Repeat.VERIFY,
            verify=CONTACT_CREATED,
            subjects=contact_subjects,
            advice={409: "a contact with this address exists already: use update_contact, or upsert_contact"},
        ),
        _write(
            "update_contact",
            "Replace a contact's properties: those left out are erased.",
            "Update a contact",
            "PUT",
            "/contacts/{contact_id}",
            inputs=contacts.UpdateContact,
            output=contacts.FoundContact,
            repeat=Repeat.VERIFY,  # the same state again, but it carries consent, which may have changed meanwhile
            verify=CONTACT_UPDATED,
            subjects=contact_subjects,
            advice={409: "another contact has this address"},
        ),
        _write(
            "upsert_contact",
            "Sign somebody up who explicitly agreed: create the contact, or add to the one there is.",
            "Create or update a contact (sign-up form)",
            "POST",
            "/contacts/sign_up_form",
            inputs=contacts.UpsertContact,
            output=contacts.SignedUp,
            repeat=Repeat.VERIFY,  # as update_contact
            verify=CONTACT_SIGNED_UP,
            not_processed=(409, 429),  # the same contact was being changed by another call
            subjects=contact_subjects,
        ),
        _write(
            "import_contacts",
            "Import contacts to lists in the background; people new to the account get implicit permission.",
            "Import contacts as JSON",
            "POST",
            "/activities/contacts_json_import",
            inputs=imports.ImportContacts,
            output=activities.Activity,
            repeat=Repeat.SAFE,  # contacts are matched by e-mail; a repeat is one job more
            follow=activities.FOLLOWED,
            split=imports.BY_SIZE,
        ),
        _read(
            "get_activity",
            "Read how far work in the background has come.",
            "Get an activity",
            "/activities/{activity_id}",
            inputs=activities.GetActivity,
            output=activities.Activity,
        ),
        _read(
            "list_contact_lists",
            "List a client account's contact lists.",
            "Get lists",
            "/contact_lists",
            inputs=lists.ListContactLists,
            output=lists.ListsPage,
            pages=linked_pages("lists", lists.ListContactLists),
        ),
        _write(
            "create_contact_list",
            "Create a contact list in a client account.",
            "Create a list",
            "POST",
            "/contact_lists",
            inputs=lists.CreateContactList,
            output=lists.ContactList,
            repeat=Repeat.VERIFY,
            verify=by_name("constant_contact.list_contact_lists", "lists", "list", filters=True),
            advice={409: "a list of this name exists already: use that one"},
        ),
        _read(
            "list_segments",
            "List a client account's segments.",
            "Get segments",
            "/segments",
            inputs=lists.ListSegments,
            output=lists.SegmentsPage,
            pages=linked_pages("segments", lists.ListSegments),
        ),
        _write(
            "create_segment",
            "Create a segment of a client account's contacts.",
            "Create a segment",
            "POST",
            "/segments",
            inputs=lists.CreateSegment,
            output=lists.Segment,
            repeat=Repeat.VERIFY,
            verify=by_name("constant_contact.list_segments", "segments", "segment"),
            advice={409: "a segment of this name exists already: use that one, or choose another name"},
        ),
        _read(
            "list_contact_tags",
            "List a client account's tags.",
            "Get tags",
            "/contact_tags",
            inputs=lists.ListContactTags,
            output=lists.TagsPage,
            pages=linked_pages("tags", lists.ListContactTags),
        ),
        _write(
            "create_contact_tag",
            "Create a tag in a client account.",
            "Create a tag",
            "POST",
            "/contact_tags",
            inputs=lists.CreateContactTag,
            output=lists.Tag,
            repeat=Repeat.VERIFY,
            verify=by_name("constant_contact.list_contact_tags", "tags", "tag"),
            advice={409: "a tag of this name exists already: use that one"},
        ),
        _write(
            "add_list_memberships",
            "Put contacts on lists, in the background.",
            "Add contacts to lists",
            "POST",
            "/activities/add_list_memberships",
            inputs=lists.AddListMemberships,
            output=activities.Activity,
            repeat=Repeat.SAFE,
            follow=activities.FOLLOWED,
        ),
        _write(
            "add_contact_tags",
            "Give contacts tags, in the background.",
            "Add tags to contacts",
            "POST",
            "/activities/contacts_taggings_add",
            inputs=lists.AddContactTags,
            output=activities.Activity,
            repeat=Repeat.SAFE,
            follow=activities.FOLLOWED,
        ),
    )


def _read(name: str, summary: str, source: str, url: str, **declared: Any) -> Operation:
    """A GET; whatever is not in its URL is its query."""
    query = declared["inputs"]().fields.keys() - {_ACCOUNT, *names_in(url)}
    return _carried(name, summary, source, repeat=Repeat.SAFE, body=envelope("GET", url, query), **declared)


def _write(name: str, summary: str, source: str, method: str, url: str, **declared: Any) -> Operation:
    return _carried(name, summary, source, body=envelope(method, url), **declared)


def _carried(name: str, summary: str, source: str, **declared: Any) -> Operation:
    return Operation(
        name=f"constant_contact.{name}",
        summary=summary,
        source=f'Constant Contact V3, "{source}", by Partners: Account operations',
        method="POST",
        path=SYNC,
        **declared,
    )
