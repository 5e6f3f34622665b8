"""The life of a new campaign: set-up goes on by itself and is told to everyone who registered a webhook.

The webhook body has the campaign's own fields at its root (Symphony, Webhooks): `{"event": "campaign.completed",
"id": 5017, "provider": "facebook", "type": "link_clicks", "status": "ACTIVE"}`. A scenario may ask for other events in
another order; an event that follows itself is a repeated delivery of the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import pairwise
from threading import RLock
from typing import Any, Final

from sandbox.calls import Refusal, dump_json
from sandbox.checks import Checker
from sandbox.postman import Letter, Postman
from sandbox.scheduler import Scheduler
from sandbox.symphony.campaigns import Campaign

EVENTS: Final = ("created", "updated", "processing", "completed", "failed")
USUAL_EVENTS: Final = ("created", "processing", "completed")


@dataclass(frozen=True)
class Registration:
    """A URL that asked to be told of some events."""

    number: int
    url: str
    events: tuple[str, ...]


@dataclass(frozen=True)
class Scenario:
    """What becomes of campaigns whose name contains `match`. Delays, in seconds, are counted from the event before."""

    match: str
    events: tuple[str, ...]
    delays: tuple[float, ...]
    analytics: Mapping[str, Any]


@dataclass(frozen=True)
class Step:
    event: str
    delay: float
    is_repeat: bool


class Lifecycle:
    """Leads campaigns through their scenarios. Its caller holds the vendor's lock."""

    def __init__(self, lock: RLock, scheduler: Scheduler, postman: Postman, usual_delays: Mapping[str, float]) -> None:
        self._lock = lock
        self._scheduler = scheduler
        self._postman = postman
        self._usual_delays = usual_delays
        self._scenarios: list[Scenario] = []
        self._registrations: list[Registration] = []
        self._held: dict[int, Sequence[Step]] = {}
        self._last_body: dict[int, bytes] = {}

    def register(self, url: str, events: Sequence[str]) -> Registration:
        """Add a subscription; the same URL registered twice is told twice, as no document says otherwise."""
        registration = Registration(len(self._registrations) + 1, url, tuple(events))
        self._registrations.append(registration)
        return registration

    def add_scenario(self, body: object) -> None:
        scenario = read_scenario(body, self._usual_delays)
        with self._lock:
            self._scenarios.insert(0, scenario)

    def clear_scenarios(self) -> int:
        with self._lock:
            cleared = len(self._scenarios)
            self._scenarios.clear()
            return cleared

    def scenarios(self) -> list[dict[str, Any]]:
        with self._lock:
            return [asdict(scenario) for scenario in self._scenarios]

    def registrations(self) -> list[dict[str, Any]]:
        return [asdict(registration) for registration in self._registrations]

    def scenario_for(self, campaign_name: str) -> Scenario:
        """Find the newest scenario that matches, else the usual course of events."""
        usual = Scenario("", USUAL_EVENTS, _usual(USUAL_EVENTS, self._usual_delays), {})
        return next((one for one in self._scenarios if one.match in campaign_name), usual)

    def begin(self, campaign: Campaign, scenario: Scenario) -> None:
        repeats = [False, *(before == after for before, after in pairwise(scenario.events))]
        self._go_on(campaign, [Step(*step) for step in zip(scenario.events, scenario.delays, repeats, strict=True)])

    def resume(self, campaign: Campaign) -> None:
        """Take up a set-up that was paused."""
        if (steps := self._held.pop(campaign.id, None)) is not None:
            self._scheduler.after(0, partial(self._take, campaign, steps))

    def _go_on(self, campaign: Campaign, steps: Sequence[Step]) -> None:
        if steps:
            self._scheduler.after(steps[0].delay, partial(self._take, campaign, steps))

    def _take(self, campaign: Campaign, steps: Sequence[Step]) -> None:
        with self._lock:
            # Symphony, Edit campaign: one paused before it completed is not processed until it is resumed.
            if campaign.is_paused and not campaign.is_completed:
                self._held[campaign.id] = steps
                return
            self._happen(campaign, steps[0])
            self._go_on(campaign, steps[1:])

    def _happen(self, campaign: Campaign, step: Step) -> None:
        campaign.is_completed = campaign.is_completed or step.event == "completed"
        campaign.is_failed = campaign.is_failed or step.event == "failed"
        event = f"campaign.{step.event}"
        if not step.is_repeat:
            fields = campaign.summary()
            order = ("id", "provider", "type", "status")
            self._last_body[campaign.id] = dump_json({"event": event, **{name: fields[name] for name in order}})
        letter = partial(Letter, "symphony", event, body=self._last_body[campaign.id], stamp=dict)
        for registration in self._registrations:
            if event in registration.events:
                lane = (campaign.id, registration.number)
                self._postman.post(lane, letter(url=registration.url, about=str(campaign.id)))


def read_scenario(body: object, usual_delays: Mapping[str, float]) -> Scenario:
    """Read what `POST /_scenarios` was given; raises Refusal with every problem."""
    check = Checker(body)
    check.known("match", "events", "delays", "analytics")
    match = check.value.get("match")
    if not isinstance(match, str):
        check.problem("match", "must be a part of campaign names, possibly empty")
    events = tuple(name.removeprefix("campaign.") for name in check.texts("events", required=True, at_least=1))
    for unknown in sorted(set(events) - set(EVENTS)):
        check.problem("events", f"{unknown} is not one of {', '.join(EVENTS)}")
    analytics = check.child("analytics")
    delays = check.value.get("delays")
    if delays is not None and not _are_delays(delays, len(events)):
        check.problem("delays", "must be a number of seconds for each event")
    if check.problems:
        raise Refusal(400, "the scenario cannot be read", check.problems)
    return Scenario(
        match=str(match),
        events=events,
        delays=_usual(events, usual_delays) if delays is None else tuple(float(delay) for delay in delays),
        analytics={} if analytics is None else analytics.value,
    )


def _are_delays(value: object, length: int) -> bool:
    return (
        isinstance(value, list)
        and len(value) == length
        and all(not isinstance(item, bool | str | list | dict) and item is not None and item >= 0 for item in value)
    )


def _usual(events: Sequence[str], delays: Mapping[str, float]) -> tuple[float, ...]:
    repeats = (False, *(before == after for before, after in pairwise(events)))
    return tuple(delays["repeat" if is_repeat else event] for event, is_repeat in zip(events, repeats, strict=True))
