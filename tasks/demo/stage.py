"""The stage: the story played on a running system."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

import urllib3
from urllib3.exceptions import HTTPError

from tasks.demo import story
from tasks.demo.display import Display
from tasks.demo.errors import CallFailed
from tasks.demo.findings import (
    Finding,
    answer_of,
    compare_calls,
    compare_deliveries,
    compare_repeat,
    delivery_id,
)
from tasks.demo.sandbox import Row, Sandbox
from tasks.demo.watcher import LOOK_SECONDS, Watcher
from tasks.up.plan import FLOWER_USER, Plan
from vendors.catalogue import build_catalogue
from vendors.client import Client
from workflows.engine.states import EffectState, RunState
from workflows.ledger import details, listing
from workflows.ledger.database import Database
from workflows.runtime.by_hand import Called, call_by_hand
from workflows.runtime.effects import Performer
from workflows.runtime.rules import Rules

ALL_SECONDS = 30.0
FLOWER_SECONDS = 5.0


class Stage:
    """Plays the story and finds out what came of it."""

    def __init__(self, plan: Plan, display: Display, now: datetime) -> None:
        assert plan.places.sandbox_url is not None
        self._plan = plan
        self._now = now
        self._display = display
        self._database = Database(plan.settings.database_url, plan.settings.keys)
        self._sandbox = Sandbox(plan.places.sandbox_url)
        self._watcher = Watcher(self._sandbox, self._database, display)
        self._ids: dict[str, str] = {}
        self._answers: dict[str, Sequence[Row]] = {}

    def close(self) -> None:
        self._sandbox.close()
        self._database.close()

    def play(self) -> None:
        """Everything in its order, until nothing is on its way any more. Raises TookTooLong and CallFailed."""
        for scenario in story.SCENARIOS:
            self._sandbox.add_scenario(scenario)
        self._display.says("We register our endpoint at Symphony and create three campaigns")
        self._call("symphony.register_webhook", story.registration(self._webhook_url))
        for campaign in story.campaigns(self._now):
            called = self._call("symphony.create_campaign", campaign)
            self._ids[campaign["campaign_name"]] = str(called.output["data"]["id"])
            self._watcher.look()
        self._display.says("Ticket shops post orders: one again, one forged, one cut off on the way")
        self._sell()
        self._watcher.watch_until(self._all_told, within_seconds=ALL_SECONDS, what="the end of all campaigns' set-up")
        self._watcher.watch_until(
            lambda: self._watcher.is_quiet, within_seconds=ALL_SECONDS, what="the end of all follow-ups"
        )

    def findings(self) -> Iterator[Finding]:
        """What had to be, beside what was."""
        yield from compare_calls(self._expected(), self._watcher.calls)
        yield from self._about_deliveries()
        yield self._about_hold()
        yield self._about_late_news()
        yield self._about_failed_campaign()
        yield self._about_doubts()
        yield self._about_flower()

    def _call(self, operation: str, inputs: Mapping[str, Any]) -> Called:
        called = call_by_hand(self._performer, self._performer.rules.catalogue.operation(operation), inputs)
        if not called.is_done:
            raise CallFailed(f"{operation} is {called.state}: {called.reason}")
        return called

    @cached_property
    def _performer(self) -> Performer:
        catalogue = build_catalogue(self._plan.settings)
        client = Client(self._plan.settings)
        return Performer(self._database, Rules(catalogue), client, f"{socket.gethostname()}:{os.getpid()} demo")

    @property
    def _webhook_url(self) -> str:
        token = self._plan.sandbox["SYMPHONY_WEBHOOK_TOKEN"]
        return f"{self._plan.places.web_url}/webhooks/symphony/{token}"

    def _sell(self) -> None:
        door = {
            "url": f"{self._plan.places.web_url}/webhooks/box-office",
            "key": self._plan.sandbox["BOX_OFFICE_API_KEY"],
        }
        tickettailor = {
            "url": f"{self._plan.places.web_url}/webhooks/tickettailor",
            "secret": self._plan.sandbox["TICKETTAILOR_WEBHOOK_SECRET"],
        }
        sends: Sequence[tuple[str, str, Mapping[str, Any]]] = (
            ("repeated", "box-office", {**door, "orders": [story.ANA], "repeat": 2}),
            ("opted out", "box-office", {**door, "orders": [story.BEN]}),
            ("unknown", "tickettailor", {**tickettailor, "payload": story.CLEO}),
            ("forged", "box-office", {**door, "orders": [story.FORGED], "forge": True}),
            ("malformed", "box-office", {**door, "raw": story.MALFORMED}),
        )
        for name, shop, request in sends:
            self._answers[name] = self._sandbox.send(shop, request)
            self._watcher.look()

    def _all_told(self) -> bool:
        """Whether Symphony has sent everything it was to send."""
        return all(len(self._told(name)) >= len(wanted) for name, wanted in story.LIFECYCLE.items())

    def _told(self, campaign: str) -> list[Row]:
        return [row for row in self._watcher.deliveries if row["about"] == self._ids[campaign]]

    def _expected(self) -> Sequence[story.Expected]:
        campaigns = self._sandbox.campaigns()
        ids = {name: str(row["id"]) for name, row in campaigns.items()}
        mapping = campaigns[story.SINGLE]["campaign_metadata"]["platform_details"]["campaignsMapping"]
        return story.expected_calls(self._now, self._webhook_url, ids, mapping["fbCampaign"]["id"])

    def _about_deliveries(self) -> Iterator[Finding]:
        for name, wanted in story.LIFECYCLE.items():
            yield compare_deliveries(name, wanted, self._told(name))
        completed = [row for row in self._told(story.TOUR) if row["event"] == "campaign.completed"]
        yield compare_repeat("the same completed twice", completed)
        yield compare_repeat("the same order twice", self._answers["repeated"])
        yield self._answered("the order of one who wants no messages", "opted out", 202)
        yield self._answered("the order of one who was never asked", "unknown", 202)
        yield self._answered("the forged order", "forged", 401)
        yield self._about_malformed()

    def _answered(self, what: str, name: str, status: int) -> Finding:
        found = [row["status"] for row in self._answers[name]]
        return Finding(f"{what}: answered {status}", f"answered {_and(found)}", found == [status])

    def _about_malformed(self) -> Finding:
        (row,) = self._answers["malformed"]
        problems = answer_of(row).get("problems") or [{}]
        path, kept = problems[0].get("path"), self._is_kept(row)
        agrees = row["status"] == 400 and path == "$" and kept
        found = f"answered {row['status']}, problem at {path}, {'kept' if kept else 'not kept'}"
        return Finding("the malformed order: answered 400 with the place of the problem, and kept", found, agrees)

    def _is_kept(self, row: Row) -> bool:
        """Whether the very bytes of a rejected delivery are in the ledger."""
        kept_as = delivery_id(row)
        if kept_as is None:
            return False
        with self._database.read() as connection:
            found = details.delivery(connection, kept_as)
        return found.line.state == "rejected" and found.body == story.MALFORMED.encode()

    def _about_hold(self) -> Finding:
        seen = self._ids[story.TOUR] in self._watcher.held_edits
        wanted = f"{story.TOUR}: the edit was held until campaign.completed"
        return Finding(wanted, "seen held before it" if seen else "not seen held", seen)

    def _about_late_news(self) -> Finding:
        """The late `processing` was taken in, started nothing, and left every run about the campaign as it was."""
        told = self._told(story.TOUR)
        late = delivery_id(told[-1]) if told else None
        with self._database.read() as connection:
            started = listing.runs(connection, delivery_id=late) if late else []
            states = [run.state for run in listing.runs(connection, key=self._ids[story.TOUR])]
            taken = late is not None and details.delivery(connection, late).line.state == "taken"
        agrees = taken and not started and states == [RunState.DONE]
        found = f"{'taken in' if taken else 'not taken in'}, {len(started)} runs begun, run before it: {_and(states)}"
        return Finding(f"{story.TOUR}: the late processing is taken in and changes nothing", found, agrees)

    def _about_failed_campaign(self) -> Finding:
        with self._database.read() as connection:
            runs = listing.runs(connection, key=self._ids[story.LOST])
        agrees = [run.state for run in runs] == [RunState.FAILED]
        found = _and([f"{run.state}: {run.reason}" for run in runs])
        return Finding(f"{story.LOST}: the run failed and says why", found, agrees)

    def _about_doubts(self) -> Finding:
        with self._database.read() as connection:
            doubts = listing.effects(connection, state=EffectState.IN_DOUBT)
        return Finding("no effect is in doubt", f"{len(doubts)} in doubt", not doubts)

    def _about_flower(self) -> Finding:
        """Flower shows each operation the workers performed under its own name; it learns of them a little later."""
        wanted = {"symphony.edit_campaign", "symphony.get_campaign", "symphony.pause_location", "cymbal.create_contact"}
        deadline = time.monotonic() + FLOWER_SECONDS
        seen = self._seen_by_flower()
        while not wanted <= seen and time.monotonic() < deadline:
            time.sleep(LOOK_SECONDS)
            seen = self._seen_by_flower()
        missing = wanted - seen
        found = f"missing: {_and(sorted(missing))}" if missing else f"{len(wanted)} operations"
        return Finding("Flower shows every operation the workers performed", found, not missing)

    def _seen_by_flower(self) -> set[str]:
        try:
            reply = urllib3.request(
                "GET",
                f"{self._plan.places.flower_url}/api/tasks",
                headers=urllib3.make_headers(basic_auth=f"{FLOWER_USER}:{self._plan.flower_password}"),
                timeout=FLOWER_SECONDS,
                retries=False,
            )
        except HTTPError:
            return set()
        return {task["name"] for task in reply.json().values()} if reply.status == 200 else set()


def _and(items: Sequence[object]) -> str:
    return ", ".join(str(item) for item in items) or "none"
