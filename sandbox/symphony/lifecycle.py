"""The life of a new campaign: set-up goes on by itself and is told to everyone who registered a webhook.

The webhook body has the campaign's own fields at its root (Symphony, Webhooks): `{"event": "campaign.completed",
"id": 5017, "provider": "facebook", "type": "link_clicks", "status": "ACTIVE"}`. A scenario may ask for other events in
another order; an event that follows itself is a repeated delivery of the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from functools import partial
from itertools import pairwise
from typing import Any, Final

from sandbox.calls import dump_json
from sandbox.checks import LONGEST_SECONDS, Checker
from sandbox.postman import Letter, Postman
from sandbox.scheduler import Scheduler
from sandbox.store import Shelf, Store
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


@dataclass(frozen=True)
class Course:
    """What is still to happen to a campaign: the first step at `due_at`, or, where that is None, once it is resumed."""

    steps: tuple[Step, ...]
    due_at: float | None
    last_body: str = ""


class Lifecycle:
    """Leads campaigns through their scenarios, also those a sandbox before this one left on their way."""

    def __init__(
        self,
        store: Store,
        campaigns: Shelf[Campaign],
        scheduler: Scheduler,
        postman: Postman,
        *,
        usual_delays: Mapping[str, float],
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._campaigns = campaigns
        self._scheduler = scheduler
        self._postman = postman
        self._usual_delays = usual_delays
        self._clock = clock
        self._scenarios: list[Scenario] = []
        self._registrations: Shelf[Registration] = Shelf(
            store, "symphony.registrations", load=_registration, dump=asdict
        )
        self._courses: Shelf[Course] = Shelf(store, "symphony.courses", load=_course, dump=asdict)

    def wake(self) -> None:
        for key in self._courses:
            self._schedule(key)

    def register(self, url: str, events: Sequence[str]) -> Registration:
        """Add a subscription; the same URL registered twice is told twice, as no document says otherwise."""
        registration = Registration(len(self._registrations) + 1, url, tuple(events))
        self._registrations.put(str(registration.number), registration)
        return registration

    def add_scenario(self, body: object) -> None:
        scenario = read_scenario(body, self._usual_delays)
        with self._store.lock:
            self._scenarios.insert(0, scenario)

    def clear_scenarios(self) -> int:
        with self._store.lock:
            cleared = len(self._scenarios)
            self._scenarios.clear()
            return cleared

    def scenarios(self) -> list[dict[str, Any]]:
        with self._store.lock:
            return [asdict(scenario) for scenario in self._scenarios]

    def registrations(self) -> list[dict[str, Any]]:
        return [asdict(registration) for registration in self._registrations.values()]

    def scenario_for(self, campaign_name: str) -> Scenario:
        """Find the newest scenario that matches, else the usual course of events."""
        usual = Scenario("", USUAL_EVENTS, _usual(USUAL_EVENTS, self._usual_delays), {})
        return next((one for one in self._scenarios if one.match in campaign_name), usual)

    def begin(self, campaign: Campaign, scenario: Scenario) -> None:
        repeats = [False, *(before == after for before, after in pairwise(scenario.events))]
        steps = tuple(Step(*step) for step in zip(scenario.events, scenario.delays, repeats, strict=True))
        self._put(campaign.key, Course(steps, self._clock() + steps[0].delay))

    def resume(self, campaign: Campaign) -> None:
        """Take up a set-up that was paused."""
        course = self._courses.get(campaign.key)
        if course is not None and course.due_at is None:
            self._put(campaign.key, replace(course, due_at=self._clock()))

    def _put(self, key: str, course: Course) -> None:
        self._courses.put(key, course)
        self._schedule(key)

    def _schedule(self, key: str) -> None:
        course = self._courses.get(key)
        if course is not None and course.due_at is not None:
            self._scheduler.after(max(0.0, course.due_at - self._clock()), partial(self._take, key))

    def _take(self, key: str) -> None:
        with self._store.together():
            course, campaign = self._courses.get(key), self._campaigns.get(key)
            if course is None or campaign is None:
                return
            # Symphony, Edit campaign: one paused before it completed is not processed until it is resumed.
            if campaign.is_paused and not campaign.is_completed:
                self._courses.put(key, replace(course, due_at=None))
                return
            body = self._happen(campaign, course)
            rest = course.steps[1:]
            if rest:
                self._put(key, Course(rest, self._clock() + rest[0].delay, body))
            else:
                self._courses.remove(key)

    def _happen(self, campaign: Campaign, course: Course) -> str:
        """Let the first step of the course happen, tell everyone, and return what was told."""
        step = course.steps[0]
        campaign.is_completed = campaign.is_completed or step.event == "completed"
        campaign.is_failed = campaign.is_failed or step.event == "failed"
        self._campaigns.put(campaign.key, campaign)
        event = f"campaign.{step.event}"
        body = course.last_body if step.is_repeat else _body(event, campaign)
        for registration in self._registrations.values():
            if event in registration.events:
                lane = f"symphony/{campaign.id}/{registration.number}"
                self._postman.post(lane, Letter("symphony", event, registration.url, body, about=campaign.key))
        return body


def _body(event: str, campaign: Campaign) -> str:
    fields = campaign.summary()
    order = ("id", "provider", "type", "status")
    return dump_json({"event": event, **{name: fields[name] for name in order}}).decode()


def _registration(record: Mapping[str, Any]) -> Registration:
    return Registration(record["number"], record["url"], tuple(record["events"]))


def _course(record: Mapping[str, Any]) -> Course:
    steps = tuple(Step(step["event"], float(step["delay"]), step["is_repeat"]) for step in record["steps"])
    due_at = record["due_at"]
    return Course(steps, None if due_at is None else float(due_at), record["last_body"])


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
    check.refuse_problems("the scenario cannot be read")
    return Scenario(
        match=str(match),
        events=events,
        delays=_usual(events, usual_delays) if delays is None else tuple(float(delay) for delay in delays),
        analytics={} if analytics is None else analytics.value,
    )


def _are_delays(value: object, length: int) -> bool:
    return isinstance(value, list) and len(value) == length and all(map(_is_delay, value))


def _is_delay(value: object) -> bool:
    return not isinstance(value, bool) and isinstance(value, int | Decimal) and 0 <= value <= LONGEST_SECONDS


def _usual(events: Sequence[str], delays: Mapping[str, float]) -> tuple[float, ...]:
    repeats = (False, *(before == after for before, after in pairwise(events)))
    return tuple(delays["repeat" if is_repeat else event] for event, is_repeat in zip(events, repeats, strict=True))
