"""Pages: the next one is what the link in an answer says (Constant Contact, "Pagination").

The link addresses the caller's own account, so it is never followed: its query is read out of it, and the same call is
made with that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from marshmallow import Schema, fields

from vendors.constant_contact.envelope import names_in
from vendors.fields import Whole
from workflows.catalogue import Inputs, Pages
from workflows.fields import Flag, OpenSchema, Text


class Link(OpenSchema):
    href = Text(allow_none=True)


class Links(OpenSchema):
    next = fields.Nested(Link, allow_none=True)


class Page(OpenSchema):
    """What is common to all answers that come in pages; without a link in `next` it is the last."""

    _links = fields.Nested(Links, allow_none=True)


def linked_pages(items: str, schema: type[Schema], path: str = "") -> Pages:
    """Pages of `schema`'s call; inputs that stand in its path stay the same."""
    kept = ("encoded_account_id", *names_in(path))
    readers = {name: _reader(field) for name, field in schema().fields.items()}

    def following(inputs: Inputs, page: Any) -> Inputs | None:
        query = {name: value for name, value in parse_qsl(_href(page).partition("?")[2]) if name in readers}
        same = {name: inputs[name] for name in kept if name in inputs}
        return {**same, **{name: readers[name](text) for name, text in query.items()}} if query else None

    return Pages(following, items)


def _href(page: Any) -> str:
    place = page
    for name in ("_links", "next", "href"):
        place = place.get(name) if isinstance(place, Mapping) else None
    return place if isinstance(place, str) else ""


def _reader(field: fields.Field[Any]) -> Callable[[str], Any]:
    """How a parameter is read as the input it came from; what cannot be stays text, for the input's own check."""
    if isinstance(field, Whole):
        return lambda text: int(text) if text.isascii() and text.isdigit() else text
    if isinstance(field, Flag):
        return lambda text: {"true": True, "false": False}.get(text, text)
    return lambda text: text
