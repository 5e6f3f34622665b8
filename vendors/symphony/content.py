"""What Symphony can look up: places, interests, languages, releases, posts, videos (Symphony, Create campaign).

The document prints some answers as `{"data": [...]}` and some as one bare object, though its words say lists; all are
read as `{"data": [...]}`. Only what is documented is kept, so that a result may be handed on to another call as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import EXCLUDE, Schema, fields, pre_load

from vendors.fields import Words, about
from vendors.symphony.targeting import FoundLocation
from workflows.fields import Flag, Instant, Number, PartialSchema, Text


class Keyword(Schema):
    """What to look for."""

    keyword = Words(required=True, metadata=about("What to look for."))


class Nothing(Schema):
    """No inputs."""


class LocationResult(FoundLocation):
    """A place, as Add locations takes it and Create campaign renames it."""

    class Meta:
        unknown = EXCLUDE

    type = Text(required=True)


class Interest(PartialSchema):
    """An interest; its `id` is the `fbId` of an audience."""

    id = Text(required=True)
    name = Text(required=True)
    audience_size_lower_bound = Number(allow_none=True)
    audience_size_upper_bound = Number(allow_none=True)
    path = fields.List(Text(), allow_none=True)
    description = Text(allow_none=True)
    topic = Text(allow_none=True)


class LanguageResult(PartialSchema):
    """A language, as Create campaign takes it."""

    key = Number(required=True)
    name = Text(required=True)


class InstagramPost(PartialSchema):
    """A post; its `id` is the `instagram_post_id` of Create campaign."""

    id = Text(required=True)
    ig_id = Text(allow_none=True)
    permalink = Text(allow_none=True)
    caption = Text(allow_none=True)
    media_product_type = Text(allow_none=True)
    media_type = Text(allow_none=True)
    media_url = Text(allow_none=True)
    is_shared_to_feed = Flag(allow_none=True)
    like_count = Number(allow_none=True)
    comments_count = Number(allow_none=True)
    thumbnail_url = Text(allow_none=True)
    timestamp = Instant(allow_none=True)
    username = Text(allow_none=True)


class ExternalLink(PartialSchema):
    url = Text()
    name = Text()
    type = Text()
    enabled = Flag()


class Release(PartialSchema):
    """A release; Create campaign takes its `spotify_id`, whatever the prose says of `id`."""

    id = Text(required=True)
    brand_id = Text(allow_none=True)
    type = Text(allow_none=True)
    name = Text(required=True)
    slug = Text(allow_none=True)
    createdAt = Instant(allow_none=True)
    updatedAt = Instant(allow_none=True)
    url = Text(allow_none=True)
    spotify_id = Text(allow_none=True)
    record_url = Text(allow_none=True)
    release_date = Text(allow_none=True)
    thumbnail_url = Text(allow_none=True)
    external_links = fields.List(fields.Nested(ExternalLink), allow_none=True)


class Found(Schema):
    """Whatever form a list comes in."""

    @pre_load
    def _as_list(self, answer: Any, **kwargs: Any) -> dict[str, Any]:
        found = answer["data"] if isinstance(answer, Mapping) and "data" in answer else answer
        return {"data": [found] if isinstance(found, Mapping) else found}


def list_of(item: type[Schema]) -> type[Schema]:
    """The schema that reads `{"data": [...]}`, `{"data": {...}}`, a bare list or a bare object of these."""
    return Found.from_dict({"data": fields.List(fields.Nested(item), required=True)}, name=f"{item.__name__}s")


Videos = Found.from_dict({"data": fields.List(fields.Raw(), required=True)}, name="Videos")
"""No document says what a video looks like."""
