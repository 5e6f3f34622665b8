"""evvnt's events: everybody's (Publisher API), our own (Organiser API) and our users' (Partner API)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from sandbox.calls import Answer, Call, Operation, Problem, Refusal
from sandbox.checks import Checker
from sandbox.evvnt.filters import page_of
from sandbox.evvnt.packages import Packages, is_for_user
from sandbox.evvnt.publishing import Publishing
from sandbox.evvnt.rules import OURS, check_event, stamp, with_line_breaks
from sandbox.evvnt.samples import EVENT, PUBLISHERS, REPORT, other_events
from sandbox.evvnt.users import Users
from sandbox.store import Counter, Shelf, Store

FIRST_ID = 1_000_001
ONE = "/events/<event_id>"
WRONG_USER: Final = "Incorrect user id"

# The page's examples of our own and of our users' events lack these.
NOT_IN_MINE: Final = ("sub_category_ids",)
NOT_IN_OURS: Final = ("sub_category_ids", "contact", "prices")


@dataclass(frozen=True)
class Listing:
    """An event, whose it is (OURS, a user's uuid, or None: another organiser's), and the package that paid for it."""

    event: dict[str, Any]
    owner: str | None
    package: str | None = None


class Events:
    """Every event evvnt knows."""

    def __init__(
        self, store: Store, users: Users, packages: Packages, publishing: Publishing, clock: Callable[[], float]
    ) -> None:
        self._users = users
        self._packages = packages
        self._publishing = publishing
        self._clock = clock
        self._ids = Counter(store, "evvnt.events", FIRST_ID)
        self._shelf: Shelf[Listing] = Shelf(store, "evvnt.events", load=lambda row: Listing(**row), dump=asdict)
        samples = [Listing(EVENT, OURS), *(Listing(event, None) for event in other_events())]
        self._shelf.fill({str(one.event["id"]): one for one in samples})

    def operations(self) -> Sequence[Operation]:
        return [
            Operation("evvnt.list_events", "GET", "/events", self.list_events),
            Operation("evvnt.list_my_events", "GET", "/events/mine", self.list_mine),
            Operation("evvnt.list_our_events", "GET", "/events/ours", self.list_ours),
            Operation("evvnt.get_our_event", "GET", "/events/ours/<event_id>", self.get_ours),
            Operation("evvnt.get_event", "GET", ONE, self.get_event),
            Operation("evvnt.get_event_report", "GET", f"{ONE}/report", self.get_report),
            Operation("evvnt.create_event_for_user", "POST", "/events", self.create_for_user, when=is_for_user),
            Operation("evvnt.create_event", "POST", "/events", self.create),
            Operation("evvnt.update_event_for_user", "PUT", ONE, self.update_for_user, when=is_for_user),
            Operation("evvnt.update_event", "PUT", ONE, self.update),
        ]

    def state(self) -> list[dict[str, Any]]:
        """List what is ours or our users'."""
        return [
            {**one.event, "user_id": one.owner or None, "package_id": one.package}
            for one in self._shelf.values()
            if one.owner is not None
        ]

    def list_events(self, call: Call) -> Answer:
        return Answer(200, page_of(call, (one.event for one in self._shelf.values())))

    def list_mine(self, call: Call) -> Answer:
        mine = [one.event for one in self._shelf.values() if one.owner == OURS]
        return Answer(200, [_private(event, NOT_IN_MINE) for event in page_of(call, mine)])

    def list_ours(self, call: Call) -> Answer:
        """List our users' events; our own are not among them, as the section says and the page's list does not."""
        user = call.query_value("user_id")
        ours = [{**one.event, "user_id": one.owner} for one in self._shelf.values() if one.owner]
        asked = [event for event in ours if user in (None, event["user_id"])]
        return Answer(200, [_private(event, NOT_IN_OURS) for event in page_of(call, asked, "user_id")])

    def get_ours(self, call: Call) -> Answer:
        listing = self._listing(call)
        if not listing.owner:
            raise Refusal(404, "no such event")
        return Answer(200, _private({**listing.event, "user_id": listing.owner}, NOT_IN_OURS))

    def get_event(self, call: Call) -> Answer:
        return Answer(200, self._listing(call).event)

    def get_report(self, call: Call) -> Answer:
        listing = self._listing(call)
        if listing.owner is None:
            raise Refusal(404, "no such event")
        return Answer(200, {"event_id": listing.event["id"], **REPORT})

    def create(self, call: Call) -> Answer:
        body = _checked(call, is_partner=False)
        if "package_id" not in body:  # the page announces it as mandatory from 25 September 2015
            raise Refusal(400, "no package", [Problem("event.package_id", "is required")])
        return self._created(body, OURS, body["package_id"])

    def create_for_user(self, call: Call) -> Answer:
        user = self._users.in_query(call)
        body = _checked(call, is_partner=True)
        site = call.query_value("publisher_id")
        if site is not None and site not in [str(one["id"]) for one in PUBLISHERS]:
            raise Refusal(400, "unknown publisher", [Problem("event.publisher_id", "is not one of yours")])
        return self._created(body, user, call.query_value("package_id") or body.get("package_id"))

    def update(self, call: Call) -> Answer:
        listing = self._listing(call)
        if listing.owner != OURS:
            raise Refusal(404, "no such event")
        return self._updated(call, listing, is_partner=False)

    def update_for_user(self, call: Call) -> Answer:
        listing = self._listing(call)
        if listing.owner is None:
            raise Refusal(404, "no such event")
        if self._users.in_query(call, WRONG_USER) != listing.owner:
            raise Refusal(403, WRONG_USER)
        return self._updated(call, listing, is_partner=True)

    def _listing(self, call: Call) -> Listing:
        listing = self._shelf.get(call.arguments["event_id"])
        if listing is None:
            raise Refusal(404, "no such event")
        return listing

    def _created(self, body: Mapping[str, Any], owner: str, package: str | None) -> Answer:
        paid_from = self._packages.use(package, owner=owner)
        event = {"id": self._ids.next(), "sub_category_ids": [], **self._kept(body)}
        self._shelf.put(str(event["id"]), Listing(event, owner, paid_from))
        self._publishing.publish(event)
        return Answer(200, {"id": event["id"]})

    def _updated(self, call: Call, listing: Listing, *, is_partner: bool) -> Answer:
        """Change what is sent and nothing else; a sub-object that is sent replaces the old one."""
        body = _checked(call, is_partner=is_partner, is_update=True)
        event = {**listing.event, **self._kept(body)}
        self._shelf.put(str(event["id"]), replace(listing, event=event))
        return Answer(200, {})

    def _kept(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Change a checked body as evvnt does: line breaks, and a hashtag of letters, digits and underscores only."""
        kept = {name: value for name, value in body.items() if name != "package_id"}
        for name in {"summary", "description"} & kept.keys():
            kept[name] = with_line_breaks(kept[name])
        if "hashtag" in kept:
            kept["hashtag"] = re.sub(r"\W", "", kept["hashtag"], flags=re.ASCII)
        if isinstance(kept.get("image_urls"), str):
            kept["image_urls"] = [kept["image_urls"]]
        return {**kept, "timestamp": stamp(self._clock())}


def _checked(call: Call, *, is_partner: bool, is_update: bool = False) -> dict[str, Any]:
    check = Checker(call.json(), "event")
    check_event(check, is_partner=is_partner, is_update=is_update)
    check.refuse_problems()
    return check.value


def _private(event: Mapping[str, Any], without: Iterable[str]) -> dict[str, Any]:
    """Show an event as its owner sees it, with the link that logs its bearer in to the report."""
    shown = {name: value for name, value in event.items() if name not in without}
    venue = {name: value for name, value in event["venue"].items() if name != "id"}
    link = f"https://evvnt.example.com/report/{event['id']}?digest={event['id']:032x}&timestamp=1361640000"
    return {**shown, "venue": venue, "report_url": link}
