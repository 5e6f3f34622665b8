"""Who an operation is about, without saying so: subjects are stored, addresses are not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from vendors.subjects import digest
from workflows.catalogue import Inputs


def contact_subjects(inputs: Inputs) -> tuple[str, ...]:
    """The contact, by its e-mail address (an object, or the plain text of a sign-up form) and by its id."""
    email = inputs.get("email_address")
    address = email.get("address") if isinstance(email, Mapping) else email
    ids = [inputs["contact_id"]] if "contact_id" in inputs else []
    return _subjects(inputs, [*([digest(str(address))] if address else []), *ids])


def unsubscribed_subjects(inputs: Inputs) -> tuple[str, ...]:
    return _subjects(inputs, [digest(address) for address in inputs["email_addresses"]])


def _subjects(inputs: Inputs, keys: Iterable[object]) -> tuple[str, ...]:
    return tuple(f"constant_contact:contact:{inputs['encoded_account_id']}:{key}" for key in keys)
