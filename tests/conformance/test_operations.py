"""Every operation of the catalogue against vendors on a socket: one table of what can happen, one of what must follow.

An operation is covered by being declared; one without a documented request fails here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from decimal import Decimal
from time import monotonic
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

import sandbox
from sandbox.checks import Checker
from sandbox.cymbal import rules as cymbal_rules
from sandbox.symphony import rules as symphony_rules
from tests.unit.vendors.documented import DOCUMENTED, Documented, catalogue, example, settings_for
from tests.unit.vendors.raw_vendor import (
    Answering,
    RawVendor,
    answers,
    hangs_up,
    stays_silent,
    then_hangs_up,
    trickles,
)
from tests.unit.vendors.test_inputs import ANYTHING, places
from tests.waiting import wait_until
from vendors.client import Client
from workflows.catalogue import Operation, Outcome, OutcomeKind, Repeat, Request, encode_json
from workflows.errors import InputError
from workflows.settings import Secret
from workflows.values import Money

DEADLINE_SECONDS = 0.5
"""For what is only ended by its deadline; everything else has the operation's own."""

DONE, REFUSED, RETRY, IN_DOUBT, NOT_SENT = (
    OutcomeKind.DONE,
    OutcomeKind.REFUSED,
    OutcomeKind.RETRY,
    OutcomeKind.IN_DOUBT,
    OutcomeKind.NOT_SENT,
)

CATALOGUE = catalogue()


@dataclass(frozen=True)
class Happening:
    """Something a vendor or a network does, and the outcome for what may be repeated and for what may not."""

    name: str
    does: Answering
    repeatable: OutcomeKind
    once_only: OutcomeKind
    reason: str = ""
    status: int | None = None
    retry_after_seconds: float | None = None

    def __str__(self) -> str:
        return self.name

    def must_give(self, operation: Operation) -> OutcomeKind:
        if self.status in operation.not_processed:
            return RETRY
        if self.status in operation.confirmed_by:
            return DONE
        return self.repeatable if operation.repeat is Repeat.SAFE else self.once_only


def refusal(status: int, body: bytes, reason: str) -> Happening:
    return Happening(f"{status} {reason[:12]}", answers(status, body), REFUSED, REFUSED, reason, status)


def doubt(name: str, does: Answering, reason: str, status: int | None = None) -> Happening:
    return Happening(name, does, RETRY, IN_DOUBT, reason, status)


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

HAPPENINGS = (
    refusal(400, b'{"error": {"message": "Currencies must match", "status": 400}}', "Currencies must match"),
    refusal(400, b'["first", "second"]', "first; second"),
    refusal(400, b'{"errors": {"email": ["is taken"], "name": ["is bad"]}}', "email: is taken; name: is bad"),
    refusal(404, b"No such campaign", "No such campaign"),
    refusal(405, b"", "405"),
    refusal(409, b"<html><h1>Conflict</h1></html>", "answered 409"),
    refusal(422, b'{"message": "bad address ana@example.com"}', "bad address ***"),
    refusal(401, b'{"message": "who are you"}', "credentials were refused"),
    refusal(403, b'{"message": "revoked"}', "revoked"),
    Happening("429", answers(429, b"", Retry_After="7"), RETRY, RETRY, "429", 429, 7.0),
    Happening("429 without a hint", answers(429), RETRY, RETRY, "429", 429),
    Happening("429 with nonsense", answers(429, b"", Retry_After="soon"), RETRY, RETRY, "429", 429),
    doubt("408", answers(408), "408", 408),
    doubt("500", answers(500, b'{"message": "oops"}'), "oops", 500),
    doubt("502", answers(502, b"<html>Bad gateway</html>"), "502", 502),
    doubt("redirect", answers(302, b"moved", Location="http://127.0.0.1:1/elsewhere"), "302", 302),
    doubt("redirect to nonsense", answers(307, b"", Location="http://\xff:99999/"), "307", 307),
    doubt("not modified", answers(304), "304", 304),
    doubt("a page", answers(200, b"<html>Welcome</html>"), "not JSON", 200),
    doubt("bytes", answers(200, b"\xff\x00\x9c"), "not JSON", 200),
    doubt("deep nesting", answers(200, b"[" * 100_000), "not JSON", 200),
    doubt("half a character", answers(200, b'{"data": {"id": "\\ud800"}}'), "not JSON", 200),
    doubt("half a body", then_hangs_up(HEAD + b"Content-Length: 999\r\n\r\n{"), "incomplete", 200),
    doubt("half a chunk", then_hangs_up(HEAD + b"Transfer-Encoding: chunked\r\n\r\n400\r\n{"), "", 200),
    doubt("not gzip", answers(200, b'{"data": {"id": 1}}', Content_Encoding="gzip"), "", 200),
    doubt("oversized", answers(200, b"[" + b" " * 1_100_000 + b"]"), "longer than 1 MB", 200),
    doubt("oversized, no length", then_hangs_up(HEAD + b"\r\n" + b" " * 1_100_000), "", 200),
    doubt("not HTTP", then_hangs_up(b"SSH-2.0-OpenSSH_9.2\r\n"), "not HTTP"),
    doubt("nonsense status", then_hangs_up(b"HTTP/1.1 abc OK\r\n\r\n"), "not HTTP"),
    doubt("dropped", hangs_up, "lost"),
)

NO_ANSWER = "no answer within "  # what a login has left of the deadline

SLOW = (
    doubt("silence", stays_silent, NO_ANSWER),
    doubt("trickled status line", trickles(b"HTTP/1.1 2", b"0"), NO_ANSWER),
    doubt("trickled headers", trickles(HEAD, b"X-Slow: yes\r\n"), ""),
    doubt("trickled body", trickles(HEAD + b"\r\n", b" "), "had not ended", 200),
    doubt(
        "complete but never ended", trickles(HEAD + b'\r\n{"code": 0, "data": {"id": 1}}', b""), "had not ended", 200
    ),
    doubt("endless interim answers", trickles(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), NO_ANSWER),
)


def prepared(documented: Documented) -> tuple[Operation, Request]:
    operation = CATALOGUE.operation(documented.operation)
    return operation, operation.prepare(documented.inputs)


def one_of_each_repeat() -> list[str]:
    """An operation of each vendor and way of repeating: what ends by its deadline takes that long in a test, too."""
    by_kind = {(operation.vendor, operation.repeat): name for name, operation in CATALOGUE.operations.items()}
    return sorted(by_kind.values())


def vendor_for(operation: Operation, does: Answering) -> RawVendor:
    """A vendor that does so whatever is asked of it, but gives out tokens where the operation is not that itself."""
    return RawVendor(does, gives_tokens=not operation.name.endswith(".login"))


def requests_made(operation: Operation, happening: Happening) -> int:
    """A client never repeats, but once for a token that the vendor no longer takes."""
    return 2 if happening.status == 401 and carries_token(operation) else 1


def carries_token(operation: Operation) -> bool:
    return operation.vendor in ("constant_contact", "partner_api") and not operation.name.endswith(".login")


HIDDEN_HEADERS = {
    "symphony": {"x-api-key": "***"},
    "cymbal": {"cymbal-partner-api-key": "***"},
    "constant_contact": {"x-api-key": "***", "authorization": "Bearer ***"},
    "evvnt": {"authorization": "Basic ***"},
    "partner_api": {"authorization": "Bearer ***"},
    "eventbrite": {"authorization": "Bearer ***"},
}
"""What a dry run shows of each vendor's credentials; those of a login that is a form are in its body."""


def send(address: str, operation: Operation, request: Request) -> Outcome:
    client = Client(settings_for(address))
    try:
        return client.send(operation, request)
    finally:
        client.close()


def test_every_operation_has_a_documented_request() -> None:
    assert {documented.operation for documented in DOCUMENTED} == set(CATALOGUE.operations)


@pytest.mark.parametrize("documented", DOCUMENTED, ids=str)
def test_a_documented_request_stands_on_the_wire_as_documented(documented: Documented) -> None:
    operation, request = prepared(documented)
    method, path, body = documented.wire

    with vendor_for(operation, answers(200, documented.answer)) as vendor:
        outcome = send(vendor.url, operation, request)
        received = vendor.received.get(timeout=5)

    assert outcome.kind is DONE, outcome.reason
    assert (received.method, received.target) == (method, path)
    # The documents' line breaks are theirs; the rest is compared byte for byte, order and 60.00 included.
    is_json = body.startswith("{")
    assert received.body.decode() == (encode_json(json.loads(body, parse_float=Decimal)) if is_json else body)
    if body:
        expected = "application/json" if is_json else "application/x-www-form-urlencoded"
        assert received.headers["content-type"] == expected
    else:
        assert "content-type" not in received.headers
    assert vendor.received.empty()


@pytest.mark.parametrize("documented", DOCUMENTED, ids=str)
def test_a_dry_run_describes_what_then_stands_on_the_wire(documented: Documented) -> None:
    operation, request = prepared(documented)

    with vendor_for(operation, answers(200, documented.answer)) as vendor:
        described = Client(settings_for(vendor.url)).describe(operation, request)
        send(vendor.url, operation, request)
        received = vendor.received.get(timeout=5)

    assert described["method"] == received.method
    assert described["url"] == vendor.url + received.target
    if operation.name == "partner_api.login":
        assert described["body"] == "login=***&password=***"
    else:
        assert described["body"] == (json.loads(received.body, parse_float=Decimal) if received.body else None)
    sent = {
        name: value for name, value in received.headers.items() if name not in ("host", "content-length", "connection")
    }
    shown = {name.lower(): value for name, value in described["headers"].items()}
    assert shown.keys() == sent.keys()
    hidden = {name: value for name, value in shown.items() if value != sent[name]}
    assert hidden == ({} if operation.name.endswith(".login") else HIDDEN_HEADERS[operation.vendor])


@pytest.mark.parametrize("name", CATALOGUE.operations)
@pytest.mark.parametrize("happening", HAPPENINGS, ids=str)
def test_what_happens_decides_the_outcome(name: str, happening: Happening) -> None:
    operation, request = prepared(example(name))

    with vendor_for(operation, happening.does) as vendor:
        outcome = send(vendor.url, operation, request)

    check(outcome, operation, happening)
    assert vendor.received.qsize() == requests_made(operation, happening)


@pytest.mark.parametrize("name", one_of_each_repeat())
@pytest.mark.parametrize("happening", SLOW, ids=str)
def test_whatever_a_vendor_drips_the_deadline_ends_it(name: str, happening: Happening) -> None:
    operation, request = prepared(example(name))
    operation = replace(operation, deadline_seconds=DEADLINE_SECONDS)

    with vendor_for(operation, happening.does) as vendor:
        began = monotonic()
        outcome = send(vendor.url, operation, request)
        took = monotonic() - began

    check(outcome, operation, happening)
    assert DEADLINE_SECONDS <= took < DEADLINE_SECONDS + 8
    assert vendor.received.qsize() == 1


def check(outcome: Outcome, operation: Operation, happening: Happening) -> None:
    assert outcome.kind is happening.must_give(operation), outcome.reason
    assert happening.reason in outcome.reason
    assert outcome.output == ({} if outcome.kind is DONE else None)
    assert outcome.retry_after_seconds == happening.retry_after_seconds
    if happening.status is not None:
        assert outcome.status == happening.status


@pytest.mark.parametrize("name", CATALOGUE.operations)
@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("http://127.0.0.1:1", "refused"),
        ("http://vendor.invalid", "name cannot be resolved"),
        ("http://" + "a" * 70 + ".invalid", "name cannot be resolved"),
        ("", "not configured"),
    ],
)
def test_where_nothing_left_it_is_not_sent(name: str, address: str, reason: str) -> None:
    operation, request = prepared(example(name))

    outcome = send(address, operation, request)

    assert outcome.kind is NOT_SENT
    assert reason in outcome.reason


@pytest.mark.parametrize("name", [name for name in CATALOGUE.operations if name.startswith("cymbal.")])
def test_a_code_other_than_zero_is_a_refusal_whatever_the_status(name: str) -> None:
    operation, request = prepared(example(name))

    with RawVendor(answers(201, b'{"code": 17, "message": "no such list for ana@example.com"}')) as vendor:
        outcome = send(vendor.url, operation, request)

    assert outcome.kind is REFUSED
    assert outcome.reason == "Cymbal answered 201, but code 17: no such list for ***"


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("symphony.create_campaign", b"{}"),
        ("symphony.create_campaign", b'{"data": {"id": null}, "status": 200}'),
        ("symphony.create_campaign", b'[{"id": 5}]'),
        ("symphony.get_campaign", b'{"data": {"id": 5017}}'),
        ("cymbal.create_contact", b"[]"),
        ("cymbal.create_contact", b""),
    ],
)
def test_an_answer_without_what_is_documented_confirms_nothing(name: str, body: bytes) -> None:
    operation, request = prepared(example(name))

    with RawVendor(answers(200, body)) as vendor:
        outcome = send(vendor.url, operation, request)

    assert outcome.kind is (RETRY if operation.repeat is Repeat.SAFE else IN_DOUBT)


class Sandbox:
    """The stand-in vendors, and what they keep."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.settings = settings_for(
            url,
            symphony={
                "advertising_api": f"{url}/symphony/advertising",
                "partner_api": f"{url}/symphony",
                "api_key": Secret("sandbox-symphony-key"),
            },
            cymbal={"base_url": f"{url}/cymbal/v1/partners", "api_key": Secret("sandbox-cymbal-key")},
        )
        self.client = Client(self.settings)

    def send(self, name: str, **inputs: Any) -> Outcome:
        operation = CATALOGUE.operation(name)
        return self.client.send(operation, operation.prepare(inputs))

    def completed_campaign(self) -> tuple[str, str]:
        """A campaign that may be edited, and its market."""
        created = self.send("symphony.create_campaign", **example("symphony.create_campaign").inputs)
        assert created.kind is DONE, created.reason
        campaign = created.output["data"]["id"]
        wait_until(lambda: campaign in self.completed())
        market = self.send("symphony.get_campaign", id=campaign).output["market_id"]
        return campaign, market

    def completed(self) -> set[str]:
        state = requests.get(f"{self.url}/_state/symphony", timeout=5).json()
        return {str(row["id"]) for row in state["campaigns"] if row["is_completed"]}

    def journal(self, operation: str) -> list[dict[str, Any]]:
        answer = requests.get(f"{self.url}/_journal", params={"operation": operation}, timeout=5)
        return [dict(row) for row in answer.json()]


@pytest.fixture(scope="module")
def stand_in() -> Iterator[Sandbox]:
    immediately = dict.fromkeys(("created", "updated", "processing", "completed", "failed", "repeat"), 0.0)
    with sandbox.start(settings=sandbox.Settings(lifecycle_delays=immediately)) as running:
        found = Sandbox(running.url)
        yield found
        found.client.close()


def test_the_stand_in_takes_what_is_documented(stand_in: Sandbox) -> None:
    """Each operation once, in an order that makes sense to the vendor; the answers read as the schemas say."""
    campaign, market = stand_in.completed_campaign()
    place = {"key": "689194", "name": "Madrid", "type": "city", "region_id": 1019, "country_code": "ES"}
    calls: dict[str, dict[str, Any]] = {
        "symphony.register_webhook": dict(example("symphony.register_webhook").inputs),
        "symphony.edit_campaign": {"id": campaign, "budget": {"value": 60, "currency": "USD"}},
        "symphony.add_locations": {"id": campaign, "market_id": market, "locations": [place]},
        "symphony.pause_location": {"id": campaign, "market_id": market, "location_key": "US"},
        "symphony.pause_campaign": {"id": campaign},
        "symphony.resume_campaign": {"id": campaign},
        "symphony.get_campaign_analytics": {"id": campaign},
        "symphony.list_instagram_posts": {},
        "symphony.search_locations": {"keyword": "Los"},
        "symphony.search_interests": {"keyword": "indie pop"},
        "symphony.search_languages": {"keyword": "English"},
        "symphony.list_releases": {"keyword": "Roma"},
        "symphony.list_youtube_videos": {},
        "cymbal.create_events": dict(example("cymbal.create_events").inputs),
        "cymbal.create_orders": dict(example("cymbal.create_orders").inputs),
        "cymbal.create_contact": dict(example("cymbal.create_contact").inputs),
        "cymbal.get_campaign_analytics": {"per_page": 10},
    }

    outcomes = {name: stand_in.send(name, **inputs) for name, inputs in calls.items()}

    assert {name: outcome.kind for name, outcome in outcomes.items()} == dict.fromkeys(calls, DONE), outcomes
    here = {name for name in CATALOGUE.operations if name.partition(".")[0] in ("symphony", "cymbal")}
    # That a location can be resumed Symphony only says; what it would take nobody knows, so the stand-in takes nothing.
    undocumented = {"symphony.resume_location"}
    assert calls.keys() | {"symphony.create_campaign", "symphony.get_campaign"} | undocumented == here
    details = stand_in.send("symphony.get_campaign", id=campaign)
    assert details.output == {"market_id": market, "budget": Money(Decimal(60), "USD")}


def test_the_stand_in_received_the_bytes_that_were_prepared(stand_in: Sandbox) -> None:
    operation, request = prepared(example("cymbal.create_contact"))

    stand_in.client.send(operation, request)

    assert stand_in.journal(operation.name)[-1]["body"] == request.body


@pytest.mark.parametrize(
    ("fault", "repeatable", "once_only"),
    [
        ({"fault": "drop_before"}, RETRY, IN_DOUBT),
        ({"fault": "drop_after"}, RETRY, IN_DOUBT),
        ({"fault": "garbage"}, RETRY, IN_DOUBT),
        ({"fault": "status", "status": 500, "processed": True}, RETRY, IN_DOUBT),
        ({"fault": "status", "status": 429, "retry_after": 3}, RETRY, RETRY),
    ],
    ids=lambda value: value["fault"] if isinstance(value, dict) else "",
)
@pytest.mark.parametrize("name", ["symphony.create_campaign", "symphony.pause_campaign", "cymbal.create_contact"])
def test_a_fault_of_the_stand_in_gives_its_outcome_after_one_request(
    stand_in: Sandbox, name: str, fault: dict[str, Any], repeatable: OutcomeKind, once_only: OutcomeKind
) -> None:
    campaign, _ = stand_in.completed_campaign()
    before = len(stand_in.journal(name))
    requests.post(f"{stand_in.url}/_faults", json={"operation": name, **fault}, timeout=5).raise_for_status()

    outcome = stand_in.send(name, **{**example(name).inputs, **({"id": campaign} if "pause" in name else {})})

    is_safe = CATALOGUE.operation(name).repeat is Repeat.SAFE
    assert outcome.kind is (repeatable if is_safe else once_only)
    assert outcome.retry_after_seconds == fault.get("retry_after")
    assert len(stand_in.journal(name)) == before + 1


def test_what_the_stand_in_refuses_is_told_in_its_words(stand_in: Sandbox) -> None:
    campaign, _ = stand_in.completed_campaign()

    unknown = stand_in.send("symphony.pause_campaign", id="404")
    foreign = stand_in.send("symphony.edit_campaign", id=campaign, budget={"value": 900, "currency": "MXN"})

    assert (unknown.kind, unknown.reason) == (REFUSED, "Symphony answered 404: no such campaign")
    assert foreign.kind is REFUSED
    assert "must match the currency of the ad account, USD" in foreign.reason


def test_a_key_the_stand_in_does_not_know_is_a_refusal(stand_in: Sandbox) -> None:
    stranger = Client(settings_for(f"{stand_in.url}/cymbal/v1/partners"))
    operation, request = prepared(example("cymbal.create_contact"))

    outcome = stranger.send(operation, request)
    stranger.close()

    assert outcome.kind is REFUSED
    assert "credentials were refused" in outcome.reason


def complaints(operation: str, body: Any) -> list[str]:
    """What the stand-in, which was written from the same documents by others, finds wrong with a body."""
    check = Checker(body)
    match operation:
        case "symphony.create_campaign":
            budget = body["metadata"].get("budget", {"currency": "USD"})
            rules = symphony_rules.Money(budget["currency"], {"USD": Decimal(10), "MXN": Decimal(190)})
            symphony_rules.check_campaign(check, rules)
        case "symphony.add_locations":
            for location in check.children("locations", required=True, at_least=1):
                symphony_rules.check_raw_location(location)
        case "cymbal.create_contact":
            cymbal_rules.check_contact(check)
        case "cymbal.create_orders":
            cymbal_rules.check_orders(check)
    return [f"{problem.path}: {problem.message}" for problem in check.problems]


BODIES = [
    documented
    for documented in DOCUMENTED
    if documented.operation.partition(".")[2] in ("create_campaign", "add_locations", "create_contact", "create_orders")
]


@given(data=st.data(), documented=st.sampled_from(BODIES))
def test_whatever_passes_our_checks_passes_the_stand_ins(data: st.DataObject, documented: Documented) -> None:
    """Change one or two places of a documented input, to what another place of the vendor's documents has there."""
    inputs: Any = {"inputs": deepcopy(dict(documented.inputs))}
    for _ in range(data.draw(st.integers(1, 2))):
        *steps, last = data.draw(st.sampled_from(list(places(inputs))[1:]))
        parent = inputs
        for step in steps:
            parent = parent[step]
        if steps and data.draw(st.booleans()):
            del parent[last]
        else:
            parent[last] = data.draw(ANYTHING | st.sampled_from([parent[last], [parent[last]] * 2, {"key": "1"}]))

    try:
        request = CATALOGUE.operation(documented.operation).prepare(inputs["inputs"])
    except InputError:
        return
    assert not complaints(documented.operation, json.loads(request.body or "", parse_float=Decimal))
