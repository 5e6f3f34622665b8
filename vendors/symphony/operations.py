"""Symphony's operations.

Its document names no idempotency key and no error but 400, so whatever creates something is asked about rather than
repeated, and what sets a state or an absolute value is repeated freely. `PAUSE` and `ACTIVE` are a campaign's words,
`PAUSED` is a location's; they are never exchanged.
"""

from __future__ import annotations

from dataclasses import replace

from marshmallow import Schema

from vendors.entry import Configured
from vendors.symphony import campaigns, content, schemas, undoing
from workflows.catalogue import Operation, Repeat, Requirement
from workflows.details import details_of

CAMPAIGN = "symphony:campaign:{id}"
GOES_ON = "Nothing at once; what is left of the campaign's budget goes on being spent."

COMPLETED = Requirement(
    event="symphony.campaign.completed",
    subject=CAMPAIGN,
    never_after="symphony.campaign.failed",
    why="Symphony takes this only after it has reported campaign.completed (Symphony, Edit campaign)",
)


def operations(configured: Configured) -> tuple[Operation, ...]:
    """Every operation we have, as configured."""
    return (
        Operation(
            name="symphony.register_webhook",
            summary="Ask Symphony to post campaign events to an address of ours.",
            source='Symphony, Webhooks, "Registration"',
            method="POST",
            base="partner_api",
            path="/webhook",
            inputs=schemas.RegisterWebhook,
            repeat=Repeat.ASK,
        ),
        Operation(
            name="symphony.create_campaign",
            summary="Create a campaign; Symphony sets it up and reports by webhook.",
            source="Symphony, Create campaign",
            method="POST",
            base="advertising_api",
            path="/v1/campaign",
            inputs=campaigns.with_rules(configured),
            output=schemas.CampaignCreated,
            repeat=Repeat.ASK,
            spends=(
                "metadata.budget, over the campaign's whole life, billed by Facebook to the ad account; for provider"
                " symphony the price of its tier, at once, to the customer's account at Symphony."
            ),
            spends_at="metadata.budget",
        ),
        _get_campaign(configured),
        _get_campaign_analytics(configured),
        Operation(
            name="symphony.edit_campaign",
            summary="Give a campaign a new end date, a new total budget, or both.",
            source='Symphony, Edit campaign, "Budget / End Date"',
            method="PUT",
            base="advertising_api",
            path="/v1/campaign/{id}",
            inputs=schemas.with_rules(configured),
            repeat=Repeat.SAFE,  # both values are absolute: the same request again ends in the same state
            spends="budget, the new total: what it is above the total before.",
            spends_at="budget",
            requires=(COMPLETED,),
            subjects=(CAMPAIGN,),
            undo=undoing.EDIT,
        ),
        Operation(
            name="symphony.add_locations",
            summary="Add locations to one market of a campaign.",
            source='Symphony, Edit campaign, "Locations" (the heading says PATCH, the example that runs says PUT)',
            method="PUT",
            base="advertising_api",
            path="/v1/campaign/{id}/location/add",
            inputs=schemas.AddLocations,
            repeat=Repeat.ASK,
            requires=(COMPLETED,),
            subjects=(CAMPAIGN,),
        ),
        Operation(
            name="symphony.pause_location",
            summary="Stop showing a campaign's ads in one location.",
            source='Symphony, Edit campaign, "Locations"',
            method="PUT",
            base="advertising_api",
            path="/v1/campaign/{id}/location/PAUSED",
            inputs=schemas.LocationOfMarket,
            repeat=Repeat.SAFE,
            requires=(COMPLETED,),
            subjects=(CAMPAIGN,),
            undo=undoing.PAUSE_LOCATION,
            reduces=True,
        ),
        _resume_location(configured),
        Operation(
            name="symphony.pause_campaign",
            summary="Pause a campaign; before completion this also holds up its set-up.",
            source='Symphony, Edit campaign, "Pause / Resume"',
            method="PUT",
            base="advertising_api",
            path="/v1/campaign/{id}/PAUSE",
            inputs=schemas.OneCampaign,
            body=None,
            repeat=Repeat.SAFE,
            subjects=(CAMPAIGN,),
            undo=undoing.PAUSE_CAMPAIGN,
            reduces=True,
        ),
        Operation(
            name="symphony.resume_campaign",
            summary="Resume a paused campaign; it spends again.",
            source='Symphony, Edit campaign, "Pause / Resume"',
            method="PUT",
            base="advertising_api",
            path="/v1/campaign/{id}/ACTIVE",
            inputs=schemas.OneCampaign,
            body=None,
            repeat=Repeat.SAFE,
            subjects=(CAMPAIGN,),
            undo=undoing.RESUME_CAMPAIGN,
            spends=GOES_ON,
        ),
        _lookup(
            "list_instagram_posts",
            "Read the Instagram posts of the connected account.",
            "Symphony, Instagram posts",
            "/v1/meta/instagram/posts",
            content.list_of(content.InstagramPost),
            content.Nothing,
        ),
        _lookup(
            "search_locations",
            "Look for countries, regions and cities to show ads in.",
            "Symphony, Create campaign, Search locations",
            "/v1/meta/locations/search",
            content.list_of(content.LocationResult),
        ),
        _lookup(
            "search_interests",
            "Look for interests an audience may have.",
            "Symphony, Create campaign, Search interests",
            "/v1/meta/interest/search",
            content.list_of(content.Interest),
        ),
        _lookup(
            "search_languages",
            "Look for languages an audience may speak.",
            "Symphony, Create campaign, Search languages",
            "/v1/meta/language/search",
            content.list_of(content.LanguageResult),
        ),
        _lookup(
            "list_releases",
            "Look for releases of the linked Spotify artist.",
            "Symphony, Release list (its words have record/streams in the path, the example that runs record_streams)",
            "/v1/brand_content/record_streams",
            content.list_of(content.Release),
        ),
        _lookup(
            "list_youtube_videos",
            "Read the videos of the linked YouTube account.",
            "Symphony, YouTube videos, which gives a path but no method and no answer",
            "/youtube/videos",
            content.Videos,
            content.Nothing,
        ),
    )


def _lookup(
    name: str, summary: str, source: str, path: str, output: type[Schema], inputs: type[Schema] = content.Keyword
) -> Operation:
    """A list that is only read; a keyword goes into the query."""
    return Operation(
        name=f"symphony.{name}",
        summary=summary,
        source=source,
        method="GET",
        base="advertising_api",
        path=path,
        query=tuple(inputs().fields),
        inputs=inputs,
        body=None,
        output=output,
        repeat=Repeat.SAFE,
    )


def _get_campaign(configured: Configured) -> Operation:
    return _with_path(
        configured,
        Operation(
            name="symphony.get_campaign",
            summary="Read a campaign's details.",
            source='Symphony, Edit campaign, which names "Get Campaign Details" without a path or an answer',
            method="GET",
            base="advertising_api",
            path="",
            inputs=schemas.OneCampaign,
            body=None,
            repeat=Repeat.SAFE,
        ),
    )


def _get_campaign_analytics(configured: Configured) -> Operation:
    return _with_path(
        configured,
        Operation(
            name="symphony.get_campaign_analytics",
            summary="Read how a campaign does.",
            source='Symphony, which names "Fetch Campaign-Level Analytics" without a path or an answer',
            method="GET",
            base="advertising_api",
            path="",
            inputs=schemas.OneCampaign,
            body=None,
            repeat=Repeat.SAFE,
        ),
    )


def _resume_location(configured: Configured) -> Operation:
    """Its path is for an engineer to write down: the page says "pause or resume", but shows PAUSED alone."""
    return _with_path(
        configured,
        Operation(
            name="symphony.resume_location",
            summary="Show a campaign's ads in a paused location again; it spends there again.",
            source='Symphony, Edit campaign, "Locations", which names resuming but shows only how to pause',
            method="PUT",
            base="advertising_api",
            path="",
            inputs=schemas.LocationOfMarket,
            repeat=Repeat.SAFE,
            requires=(COMPLETED,),
            subjects=(CAMPAIGN,),
            undo=undoing.RESUME_LOCATION,
            spends=GOES_ON,
        ),
    )


def _with_path(configured: Configured, operation: Operation) -> Operation:
    """The operation with what no document states and the operator does: its path, and what is read of its answer."""
    name = operation.name.partition(".")[2]
    known = (configured.get("operations") or {}).get(name) or {}
    path, fields = known.get("path"), known.get("fields")
    if not path:
        unavailable = (
            f"{operation.name} is not configured: Symphony's document names it without a path; "
            f"an engineer sets vendors.symphony.operations.{name}"
        )
        return replace(operation, unavailable=unavailable)
    return replace(operation, path=path, output=details_of(fields) if fields else None)
