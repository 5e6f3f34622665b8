"""Campaigns as the stand-in Symphony keeps them, and how it shows them.

No document gives the path or the answer of "Get Campaign Details" and "Fetch Campaign-Level Analytics". The sandbox
chose `GET /v1/campaign/{id}` and `GET /v1/campaign/{id}/analytics`, and these answers:

    {"data": {"id": 5017, "type": "link_clicks", "provider": "facebook", "status": "ACTIVE",
              "campaign_name": "Spring tour tickets", "budget": {"value": 40, "currency": "USD"},
              "start_date": "2026-03-01T05:00:00.000Z", "end_date": "2026-03-05T05:00:00.000Z",
              "campaign_metadata": {"platform_details": {"campaignsMapping": {
                  "fbCampaign": MARKET, "markets": [MARKET, …]}}}},
     "status": 200}

    {"data": {"id": 5017, "impressions": 20000, "clicks": 420, "ctr": 0.021,
              "budget": {…}, "spend": {"value": 10, "currency": "USD"}}, "status": 200}

where MARKET, one Facebook campaign, is `{"id": "6676212031486", "name": "Home", "budget": 0.6, "locations":
[{"key": "689194", "name": "Madrid", "type": "city", …, "status": "ACTIVE"}]}`. `fbCampaign`, the one name the edit
pages give, is the first market; `markets` lists them all. `ctr` is a ratio. `status` is the sandbox's reading too:
IN_REVIEW until set-up is complete, then ACTIVE; PAUSE while paused; FAILED.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

# Symphony, Create campaign: the locations taken where no targeting_countries are sent.
DEFAULT_LOCATIONS: Final = (
    ("AU", "Australia"),
    ("CA", "Canada"),
    ("DE", "Germany"),
    ("FR", "France"),
    ("GB", "United Kingdom"),
    ("NZ", "New Zealand"),
    ("US", "United States of America"),
)
FIRST_MARKET_ID = 6_676_000_000_000
MOST_MARKETS = 3


@dataclass
class Market:
    """One Facebook campaign of a campaign. `id` is what the edit pages call `market_id`."""

    id: str
    name: str
    budget: Decimal | int
    locations: list[dict[str, Any]]

    def view(self) -> dict[str, Any]:
        return {"id": self.id, "name": self.name, "budget": self.budget, "locations": list(self.locations)}


@dataclass
class Campaign:
    """One campaign and how far its set-up has come."""

    id: int
    type: str
    provider: str
    name: str
    budget: dict[str, Any] | None
    start_date: str | None
    end_date: str | None
    markets: list[Market]
    analytics: Mapping[str, Any] = field(default_factory=dict)
    """Figures a scenario put in place of the usual ones."""
    is_completed: bool = False
    is_failed: bool = False
    is_paused: bool = False

    @property
    def key(self) -> str:
        """The id as paths have it."""
        return str(self.id)

    @property
    def status(self) -> str:
        if self.is_failed:
            return "FAILED"
        if self.is_paused:
            return "PAUSE"
        return "ACTIVE" if self.is_completed else "IN_REVIEW"

    def market(self, market_id: str) -> Market | None:
        return next((market for market in self.markets if market.id == market_id), None)

    def summary(self) -> dict[str, Any]:
        """Show what Create campaign answers."""
        return {"id": self.id, "type": self.type, "status": self.status, "provider": self.provider}

    def details(self) -> dict[str, Any]:
        markets = [market.view() for market in self.markets]
        mapping = {"fbCampaign": markets[0], "markets": markets} if markets else {}
        dated = {"budget": self.budget, "start_date": self.start_date, "end_date": self.end_date}
        return {
            **self.summary(),
            "campaign_name": self.name,
            **{name: value for name, value in dated.items() if value is not None},
            "campaign_metadata": {"platform_details": {"campaignsMapping": mapping}},
        }

    def figures(self) -> dict[str, Any]:
        money: dict[str, Any] = {}
        if self.budget is not None:
            spent = round(Decimal(self.budget["value"]) / 4, 2)
            money = {"budget": self.budget, "spend": {**self.budget, "value": spent}}
        usual = {"id": self.id, "impressions": 20_000, "clicks": 420, "ctr": Decimal("0.021")}
        return {**usual, **money, **self.analytics}


def load_campaign(record: Mapping[str, Any]) -> Campaign:
    """Make a campaign of what `asdict` made of one."""
    return Campaign(**{**record, "markets": [Market(**market) for market in record["markets"]]})


def new_campaign(campaign_id: int, body: Mapping[str, Any], analytics: Mapping[str, Any]) -> Campaign:
    """Make a campaign of a checked Create campaign body."""
    metadata = body["metadata"]
    return Campaign(
        id=campaign_id,
        type=body["campaign_type"],
        provider=body["provider"],
        name=body["campaign_name"],
        budget=metadata.get("budget"),
        start_date=metadata.get("start_date"),
        end_date=metadata.get("end_date"),
        markets=_markets(campaign_id, metadata) if body["provider"] == "facebook" else [],
        analytics=analytics,
    )


def _markets(campaign_id: int, metadata: Mapping[str, Any]) -> list[Market]:
    asked = metadata.get("targeting_countries") or [_default_market()]
    first = FIRST_MARKET_ID + campaign_id * MOST_MARKETS
    return [
        Market(str(first + i), market["name"], market["budget"], [_kept(place) for place in market["locations"]])
        for i, market in enumerate(asked)
    ]


def _default_market() -> dict[str, Any]:
    places = [{"value": key, "label": name, "type": "country"} for key, name in DEFAULT_LOCATIONS]
    return {"name": "Default", "budget": 1, "locations": places}


def _kept(location: Mapping[str, Any]) -> dict[str, Any]:
    """Give a location its search names back, which is how details and edits name it."""
    rest = {name: value for name, value in location.items() if name not in ("value", "label")}
    return {"key": location["value"], "name": location["label"], **rest, "status": "ACTIVE"}
