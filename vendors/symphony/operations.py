"""Symphony's operations.

Its document names no idempotency key and no error but 400, so whatever creates something is asked about rather than
repeated, and what sets a state or an absolute value is repeated freely. `PAUSE` and `ACTIVE` are a campaign's words,
`PAUSED` is a location's; they are never exchanged.
"""

from __future__ import annotations

from vendors.entry import Configured
from vendors.symphony import campaigns, schemas
from vendors.symphony.details import details_of
from workflows.catalogue import Operation, Repeat, Requirement

CAMPAIGN = "symphony:campaign:{id}"

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
        ),
        _get_campaign(configured),
        Operation(
            name="symphony.edit_campaign",
            summary="Give a campaign a new end date, a new total budget, or both.",
            source='Symphony, Edit campaign, "Budget / End Date"',
            method="PUT",
            base="advertising_api",
            path="/v1/campaign/{id}",
            inputs=schemas.with_rules(configured),
            repeat=Repeat.SAFE,  # both values are absolute: the same request again ends in the same state
            requires=(COMPLETED,),
            subjects=(CAMPAIGN,),
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
            inputs=schemas.PauseLocation,
            repeat=Repeat.SAFE,
            requires=(COMPLETED,),
            subjects=(CAMPAIGN,),
            reduces=True,
        ),
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
        ),
    )


def _get_campaign(configured: Configured) -> Operation:
    """The details the document names without a path or an answer; both are the operator's to state."""
    known = (configured.get("operations") or {}).get("get_campaign") or {}
    path, fields = known.get("path"), known.get("fields")
    unavailable = (
        "symphony.get_campaign is not configured: Symphony's document names it without a path; "
        "an engineer sets vendors.symphony.operations.get_campaign"
    )
    return Operation(
        name="symphony.get_campaign",
        summary="Read a campaign's details.",
        source='Symphony, Edit campaign, which names "Get Campaign Details" without a path or an answer',
        method="GET",
        base="advertising_api",
        path=path or "",
        inputs=schemas.OneCampaign,
        body=None,
        output=details_of(fields) if fields else None,
        repeat=Repeat.SAFE,
        unavailable="" if path else unavailable,
    )
