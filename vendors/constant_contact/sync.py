"""The inputs of the plain `sync`: the vendor's own envelope, for V3 calls that are no operation of their own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load

from vendors.constant_contact.accounts import OneAccount
from vendors.constant_contact.envelope import names_in
from vendors.constant_contact.limits import MOST_PAYLOAD_BYTES
from vendors.fields import OneOf, Words, about, checks_whole
from workflows.fields import Text
from workflows.typed_json import load_foreign

METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH")

_CANNOT_BE_CARRIED = {
    "/partner": "calls for partners cannot be carried; they are operations of their own",
    "/activities/contacts_file_import": "files cannot be carried; use constant_contact.import_contacts",
}
_URL = re.compile(r"(/[^/?#\s{}]+|/{\w+})+")


def inner_url(value: str) -> None:
    """Check for a V3 path: without the base URL, without a query, path parameters as names in braces."""
    if not _URL.fullmatch(value) or {".", ".."} & set(value.split("/")):
        raise ValidationError(
            "must be a path with the names of its parameters in braces, such as /contacts/{contact_id}"
        )
    if re.match(r"/v3(/|$)", value):
        raise ValidationError("must stand without /v3, which belongs to the base URL")
    for start, why in _CANNOT_BE_CARRIED.items():
        if re.match(rf"{start}(/|$)", value, re.IGNORECASE):
            raise ValidationError(why)


def json_text(value: str) -> None:
    """Check for text that is JSON, and for its size: of more than 4 MB only the first 4 MB are processed."""
    try:
        load_foreign(value)
    except ValueError as error:
        raise ValidationError(f"must be JSON as text: {error}") from error
    if len(value.encode()) > MOST_PAYLOAD_BYTES:
        raise ValidationError(f"must not be longer than {MOST_PAYLOAD_BYTES:,} bytes")


class PathParameter(Schema):
    """A value for a name in braces."""

    path_param_key = Words(required=True, metadata=about("The name, without its braces."))
    path_param_value = Words(required=True, metadata=about("Its value, as text."))


class QueryParameter(Schema):
    """A parameter of the inner call's query."""

    query_param_key = Words(required=True, metadata=about("The parameter's name."))
    query_param_value = Text(required=True, metadata=about("Its value; several are one text, joined by commas."))


class InnerHeader(Schema):
    """A header of the inner call."""

    header_key = Words(required=True, metadata=about("The header's name."))
    header_value = Text(required=True, metadata=about("Its value."))


class Sync(OneAccount):
    """One V3 call in the vendor's own fields."""

    account_operation_url = Text(
        required=True, validate=inner_url, metadata=about("The V3 path, such as /contacts/{contact_id}.")
    )
    account_operation_method = Text(required=True, validate=OneOf(METHODS), metadata=about("The call's method."))
    account_operation_path_parameters = fields.List(
        fields.Nested(PathParameter), metadata=about("A value for every name in braces.")
    )
    account_operation_query_parameters = fields.List(
        fields.Nested(QueryParameter), metadata=about("The call's query, which must not stand in its URL.")
    )
    account_operation_payload = Text(validate=json_text, metadata=about("The call's body: JSON, as one text."))
    account_operation_headers = fields.List(
        fields.Nested(InnerHeader), load_default=list, metadata=about("Headers of the call, if it needs any.")
    )

    @checks_whole
    def _parameters_fit_the_url(self, loaded: dict[str, Any], given: Mapping[str, Any]) -> None:
        problems = {}
        wanted = names_in(loaded.get("account_operation_url", ""))
        entries = loaded.get("account_operation_path_parameters", [])
        there = [entry.get("path_param_key") for entry in entries if isinstance(entry, Mapping)]
        if "account_operation_url" in loaded and (wrong := list(_mismatches(wanted, there))):
            problems["account_operation_path_parameters"] = wrong
        if "account_operation_payload" in given and loaded.get("account_operation_method") == "GET":
            problems["account_operation_payload"] = ["does not go with GET, which has no body"]
        if problems:
            raise ValidationError(problems)

    @post_load
    def _without_empty_arrays(self, loaded: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        arrays = ("account_operation_path_parameters", "account_operation_query_parameters")
        return {name: value for name, value in loaded.items() if value or name not in arrays}


def _mismatches(wanted: list[str], there: list[str | None]) -> Iterable[str]:
    yield from (f"needs an entry for {{{name}}}" for name in dict.fromkeys(wanted) if name not in there)
    yield from (
        f"has an entry for {name!r}, which the URL does not name" for name in there if name and name not in wanted
    )
    yield from (f"has {name!r} twice" for name in dict.fromkeys(there) if there.count(name) > 1)
