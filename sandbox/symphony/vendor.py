"""Symphony's operations: `{{ADVERTISING_API}}` is `/symphony/advertising` here, `{{PARTNER_API}}` is `/symphony`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from sandbox.calls import Answer, Call, Operation, Refusal
from sandbox.checks import Checker, web_address
from sandbox.credentials import is_same
from sandbox.knobs import Knobs
from sandbox.postman import Postman
from sandbox.scheduler import Scheduler
from sandbox.settings import Settings
from sandbox.store import Counter, Shelf, Store
from sandbox.symphony import searches
from sandbox.symphony.campaigns import Campaign, Market, load_campaign, new_campaign
from sandbox.symphony.lifecycle import EVENTS, Lifecycle
from sandbox.symphony.rules import Money, check_campaign, check_edit, check_raw_location

ADVERTISING = "/advertising"
CAMPAIGN = f"{ADVERTISING}/v1/campaign"


class Symphony:
    """The stand-in. It knows one ad account, whatever `x-brand-id` says."""

    name = "symphony"
    prefix = "/symphony"
    title = "Symphony"

    def __init__(self, settings: Settings, store: Store, scheduler: Scheduler, postman: Postman) -> None:
        self.credentials: Mapping[str, str] = {"x-api-key": settings.symphony_key}
        self.knobs = Knobs({"resume_location": 0})
        self._money = Money(settings.account_currency, settings.daily_minimum)
        self._campaigns: Shelf[Campaign] = Shelf(store, "symphony.campaigns", load=load_campaign, dump=asdict)
        self._ids = Counter(store, "symphony.campaigns", settings.first_campaign_id)
        self.lifecycle = Lifecycle(
            store,
            self._campaigns,
            scheduler,
            postman,
            usual_delays=settings.lifecycle_delays,
            clock=settings.clock,
        )

    def operations(self) -> Sequence[Operation]:
        one = f"{CAMPAIGN}/<campaign_id>"
        below = [replace(operation, path=ADVERTISING + operation.path) for operation in searches.operations()]
        return [
            Operation("symphony.register_webhook", "POST", "/webhook", self.register_webhook),
            Operation("symphony.create_campaign", "POST", CAMPAIGN, self.create_campaign),
            Operation("symphony.get_campaign", "GET", one, self.get_campaign),
            Operation("symphony.get_campaign_analytics", "GET", f"{one}/analytics", self.get_analytics),
            Operation("symphony.edit_campaign", "PUT", one, self.edit_campaign),
            Operation("symphony.add_locations", "PUT", f"{one}/location/add", self.add_locations),
            Operation("symphony.pause_location", "PUT", f"{one}/location/PAUSED", self.pause_location),
            Operation("symphony.resume_location", "PUT", f"{one}/location/ACTIVE", self.resume_location),
            Operation("symphony.pause_campaign", "PUT", f"{one}/PAUSE", self.pause_campaign),
            Operation("symphony.resume_campaign", "PUT", f"{one}/ACTIVE", self.resume_campaign),
            *below,
        ]

    def admit(self, call: Call) -> None:
        if not is_same(call.headers.get("x-api-key", ""), self.credentials["x-api-key"]):
            raise Refusal(401, "the x-api-key is missing or not recognised")

    def refuse(self, refusal: Refusal) -> Answer:
        """Give an error a body; the documents show none, so this shape is the sandbox's."""
        problems = [{"path": problem.path, "message": problem.message} for problem in refusal.problems]
        body = {"error": {"message": refusal.message, "problems": problems}, "status": refusal.status}
        return Answer(refusal.status, body)

    def state(self) -> dict[str, Any]:
        return {
            "campaigns": [
                {**campaign.details(), "is_completed": campaign.is_completed} for campaign in self._campaigns.values()
            ],
            "webhooks": self.lifecycle.registrations(),
        }

    def register_webhook(self, call: Call) -> Answer:
        check = Checker(_json(call))
        check.known("url", "events")
        url = check.text("url", required=True, rule=web_address)
        events = check.texts("events", required=True, at_least=1)
        for unknown in sorted(set(events) - {f"campaign.{name}" for name in EVENTS}):
            check.problem("events", f"{unknown} is not a campaign event")
        check.refuse_problems()
        registration = self.lifecycle.register(url or "", events)
        return _good({"id": registration.number, "url": registration.url, "events": list(registration.events)})

    def create_campaign(self, call: Call) -> Answer:
        body = _json(call)
        check = Checker(body)
        check_campaign(check, self._money)
        check.refuse_problems()
        scenario = self.lifecycle.scenario_for(body["campaign_name"])
        campaign = new_campaign(self._ids.next(), body, scenario.analytics)
        self.lifecycle.begin(campaign, scenario)
        return self._kept(campaign)

    def get_campaign(self, call: Call) -> Answer:
        return _good(self._campaign(call).details())

    def get_analytics(self, call: Call) -> Answer:
        return _good(self._campaign(call).figures())

    def edit_campaign(self, call: Call) -> Answer:
        campaign = self._completed(call)
        check = Checker(call.json())
        if campaign.start_date is None or campaign.end_date is None:
            raise Refusal(400, f"a campaign of type {campaign.type} has no budget and no end date to edit")
        check_edit(check, self._money, start_date=campaign.start_date, end_date=campaign.end_date)
        check.refuse_problems()
        campaign.budget = check.value.get("budget", campaign.budget)
        campaign.end_date = check.value.get("end_date", campaign.end_date)
        return self._kept(campaign)

    def add_locations(self, call: Call) -> Answer:
        """Add locations, again if they are there already: a call repeated by mistake is to leave its mark."""
        campaign = self._completed(call)
        check = Checker(call.json())
        check.known("market_id", "locations")
        market = _market(check, campaign)
        locations = check.children("locations", required=True, at_least=1)
        for location in locations:
            check_raw_location(location)
        check.refuse_problems()
        if market is not None:
            market.locations += [{**location.value, "status": "ACTIVE"} for location in locations]
        return self._kept(campaign)

    def pause_location(self, call: Call) -> Answer:
        return self._set_location(call, "PAUSED")

    def resume_location(self, call: Call) -> Answer:
        """Resume a location, which Pause location speaks of but gives no path for; the knob switches one on."""
        if not self.knobs["resume_location"]:
            raise Refusal(404, "no document gives a path to resume a location")
        return self._set_location(call, "ACTIVE")

    def _set_location(self, call: Call, status: str) -> Answer:
        campaign = self._completed(call)
        check = Checker(call.json())
        check.known("location_key", "market_id")
        market = _market(check, campaign)
        key = check.text("location_key", required=True)
        there = [place for place in market.locations if place["key"] == key] if market is not None else []
        if market is not None and key is not None and not there:
            check.problem("location_key", "is not a location of this market")
        check.refuse_problems()
        for place in there:
            place["status"] = status
        return self._kept(campaign)

    def pause_campaign(self, call: Call) -> Answer:
        campaign = self._campaign(call)
        campaign.is_paused = True
        return self._kept(campaign)

    def resume_campaign(self, call: Call) -> Answer:
        campaign = self._campaign(call)
        campaign.is_paused = False
        self.lifecycle.resume(campaign)
        return self._kept(campaign)

    def _kept(self, campaign: Campaign) -> Answer:
        self._campaigns.put(campaign.key, campaign)
        return _good(campaign.summary())

    def _campaign(self, call: Call) -> Campaign:
        campaign = self._campaigns.get(call.arguments["campaign_id"])
        if campaign is None:
            raise Refusal(404, "no such campaign")
        return campaign

    def _completed(self, call: Call) -> Campaign:
        """Find a campaign whose budget, end date and locations may be edited by now (Symphony, Edit campaign)."""
        campaign = self._campaign(call)
        if not campaign.is_completed:
            raise Refusal(
                400, f"campaign {campaign.id} cannot be edited before its campaign.completed webhook was sent"
            )
        return campaign


def _json(call: Call) -> Any:
    """Read a body that has to be declared as JSON; the edit pages, unlike these, declare nothing."""
    if not call.is_json():
        raise Refusal(400, "Content-Type must be application/json")
    return call.json()


def _market(check: Checker, campaign: Campaign) -> Market | None:
    market_id = check.text("market_id", required=True)
    market = campaign.market(market_id) if market_id is not None else None
    if market_id is not None and market is None:
        check.problem("market_id", "is not a market of this campaign")
    return market


def _good(data: Any) -> Answer:
    return Answer(200, {"data": data, "status": 200})
