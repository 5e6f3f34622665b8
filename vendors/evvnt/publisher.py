"""evvnt's Publisher API: finding events, and saying where they were published. Organisers and partners have it, too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vendors.evvnt import answers, inputs
from workflows.catalogue import Inputs, Operation, Pages, Repeat

EVENT_QUERY = ("max_results", "newer_than", "category_id", "country", "page")
EVENTS_A_PAGE = 20
"""Where `max_results` is not given."""


def following(asked: Inputs, found: Mapping[str, Any]) -> Inputs | None:
    """The page after a full one. evvnt tells neither a total nor where the next page is."""
    if len(found["events"]) < int(asked.get("max_results", EVENTS_A_PAGE)):
        return None
    return {**asked, "page": int(asked.get("page", 1)) + 1}


EVENT_PAGES = Pages(following, items="events")

PUBLISHER_OPERATIONS = (
    Operation(
        name="evvnt.list_events",
        summary="Find events on evvnt.",
        source="evvnt Publisher API, List events",
        method="GET",
        path="/events",
        query=EVENT_QUERY,
        inputs=inputs.EventFilter,
        body=None,
        output=answers.Events,
        repeat=Repeat.SAFE,
        pages=EVENT_PAGES,
    ),
    Operation(
        name="evvnt.get_event",
        summary="Read one event.",
        source="evvnt Publisher API, Get event",
        method="GET",
        path="/events/{event_id}",
        inputs=inputs.FoundEvent,
        body=None,
        output=answers.Event,
        repeat=Repeat.SAFE,
    ),
    Operation(
        name="evvnt.list_categories",
        summary="Read evvnt's categories, each with the one above it.",
        source="evvnt Publisher API, List categories",
        method="GET",
        path="/categories",
        inputs=inputs.Nothing,
        body=None,
        output=answers.Categories,
        repeat=Repeat.SAFE,
    ),
    Operation(
        name="evvnt.list_publishers",
        summary="Read the publishing sites you were given.",
        source="evvnt Publisher API, List publishers",
        method="GET",
        path="/publishers",
        inputs=inputs.Nothing,
        body=None,
        output=answers.Publishers,
        repeat=Repeat.SAFE,
    ),
    Operation(
        name="evvnt.list_publisher_categories",
        summary="Read the categories a publishing site is linked to.",
        source="evvnt Publisher API, List publisher categories",
        method="GET",
        path="/publishers/{publisher_id}/categories",
        query=("filter",),
        inputs=inputs.PublisherCategories,
        body=None,
        output=answers.Categories,
        repeat=Repeat.SAFE,
    ),
    Operation(
        name="evvnt.list_published_events",
        summary="Read the upcoming events published on a site.",
        source="evvnt Publisher API, List published events",
        method="GET",
        path="/publishers/{publisher_id}/published_events",
        query=("newer_than",),
        inputs=inputs.PublishedEvents,
        body=None,
        output=answers.PublishedEvents,
        repeat=Repeat.SAFE,
    ),
    Operation(
        name="evvnt.get_published_event",
        summary="Read one event published on a site.",
        source="evvnt Publisher API, Get published event",
        method="GET",
        path="/publishers/{publisher_id}/published_events/{event_id}",
        inputs=inputs.PublishedEvent,
        body=None,
        output=answers.PublishedEvent,
        repeat=Repeat.SAFE,
    ),
    Operation(
        name="evvnt.set_published_event_url",
        summary="Say where a published event can be seen.",
        source="evvnt Publisher API, Update published event",
        method="PUT",
        path="/publishers/{publisher_id}/published_events/{event_id}",
        inputs=inputs.PublishedAddress,
        output=answers.Undocumented,
        repeat=Repeat.SAFE,
        subjects=("evvnt:published_event:{publisher_id}:{event_id}",),
    ),
)
