"""evvnt's Publisher API: categories, our publishing sites, and what is published on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sandbox.calls import Answer, Call, Operation, Refusal
from sandbox.checks import Checker, web_address
from sandbox.evvnt.filters import newer_than
from sandbox.evvnt.rules import moment, stamp
from sandbox.evvnt.samples import CATEGORIES, PUBLISHED, PUBLISHED_AT, PUBLISHER_CATEGORY, PUBLISHERS
from sandbox.store import Store, json_shelf

SITE = "/publishers/<publisher_id>"
LIST = f"{SITE}/published_events"
ONE = f"{LIST}/<event_id>"

Row = dict[str, Any]


class Publishing:
    """What is published where: each event created here, on each of our sites."""

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._shelf = json_shelf(store, "evvnt.published")
        self._shelf.fill({_key(324, 1385): {"shown": PUBLISHED, "published_at": PUBLISHED_AT}})

    def operations(self) -> Sequence[Operation]:
        return [
            Operation("evvnt.list_categories", "GET", "/categories", _list_categories),
            Operation("evvnt.list_publishers", "GET", "/publishers", _list_publishers),
            Operation("evvnt.list_publisher_categories", "GET", f"{SITE}/categories", _list_linked),
            Operation("evvnt.list_published_events", "GET", LIST, self.list_published),
            Operation("evvnt.get_published_event", "GET", ONE, self.get_published),
            Operation("evvnt.set_published_event_url", "PUT", ONE, self.set_url),
        ]

    def state(self) -> list[Row]:
        return [record["shown"] for record in self._shelf.values()]

    def publish(self, event: Row) -> None:
        for site in PUBLISHERS:
            shown = {
                "publisher_id": site["id"],
                "event_id": event["id"],
                "url": None,
                "event_title": event["title"],
                "event_start_time": event["start_time"],
            }
            record = {"shown": shown, "published_at": stamp(self._clock())}
            self._shelf.put(_key(site["id"], event["id"]), record)

    def list_published(self, call: Call) -> Answer:
        site = _site(call)
        check = Checker(call.query_values(), "query")
        check.known("newer_than")
        since = newer_than(check)
        check.refuse_problems()
        rows = [
            record["shown"]
            for record in self._shelf.values()
            if record["shown"]["publisher_id"] == site["id"]
            and (since is None or moment(record["published_at"]) > since)
        ]
        return Answer(200, rows)

    def get_published(self, call: Call) -> Answer:
        return Answer(200, self._record(call)["shown"])

    def set_url(self, call: Call) -> Answer:
        """Set where an event is shown; of a URL and a slug sent together the slug is rejected, as documented."""
        record, site = self._record(call), _site(call)
        check = Checker(call.json(), "published_event")
        check.known("url", "slug")
        url, slug = check.text("url", rule=web_address), check.text("slug")
        if not check.problems and url is None and slug is None:
            check.problem("url", "can't be blank")
        check.refuse_problems()
        shown = {**record["shown"], "url": url or f"{site['url']}/{slug}"}
        self._shelf.put(_key(**call.arguments), {**record, "shown": shown})
        return Answer(200, {})

    def _record(self, call: Call) -> Row:
        record = self._shelf.get(_key(**call.arguments))
        if record is None:
            raise Refusal(404, "no such published event")
        return record


def _key(publisher_id: object, event_id: object) -> str:
    return f"{publisher_id}/{event_id}"


def _site(call: Call) -> Row:
    site = next((one for one in PUBLISHERS if str(one["id"]) == call.arguments["publisher_id"]), None)
    if site is None:
        raise Refusal(404, "no such publisher")
    return site


def _list_categories(call: Call) -> Answer:
    return Answer(200, CATEGORIES)


def _list_publishers(call: Call) -> Answer:
    return Answer(200, PUBLISHERS)


def _list_linked(call: Call) -> Answer:
    """List the categories linked to a site (`direct`), with all above (`direct_to_root`), or with all below too."""
    _site(call)
    check = Checker(call.query_values(), "query")
    check.known("filter")
    kind = check.choice("filter", ("all", "direct", "direct_to_root")) or "all"
    check.refuse_problems()
    wanted = {PUBLISHER_CATEGORY}
    if kind != "direct":
        wanted |= {one["parent_id"] for one in CATEGORIES if one["id"] in wanted}
    if kind == "all":
        wanted |= {one["id"] for one in CATEGORIES if one["parent_id"] == PUBLISHER_CATEGORY}
    return Answer(200, [one for one in CATEGORIES if one["id"] in wanted])
