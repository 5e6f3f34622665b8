"""evvnt: strict bodies, credits and money that are counted, filters, and who may act for whom."""

from __future__ import annotations

from typing import Any

import pytest

USER = "550e8400-e29b-41d4-a716-446655440000"
PACKAGE = "6f1c1a52-0000-4000-8000-000000000001"
FOR_USER = f"/events?user_id={USER}&package_id={PACKAGE}"
EVENT: dict[str, Any] = {
    "title": "Example Show",
    "category_id": 17,
    "start_time": "2026-06-20T20:00:00+0100",
    "end_time": "2026-06-20T23:00:00+0100",
    "summary": "One night only.",
    "description": "Full text.",
    "image_urls": ["https://img.example.com/1.jpg"],
    "contact": {"name": "Jo Field", "email": "jo@example.com", "tel": "020 1111 2222"},
    "venue": {
        "name": "The Hall",
        "address_1": "1 High Street",
        "town": "London",
        "country": "GB",
        "postcode": "W1T 1PD",
    },
    "links": {"Tickets": "https://tickets.example.com/1"},
    "prices": {"General": "GBP 20", "VIP": "GBP 45"},
    "artists": "First Act, Second Act",
    "hashtag": "exampleshow2026",
}
WHOLE = {
    **EVENT,
    "capacity": 100,
    "sub_category_ids": [22, 23],
    "organiser_name": "Jo Field Ltd",
    "keywords": "Example, event",
    "door_time": "2026-06-20T19:00:00+0100",
    "last_entry_time": "2026-06-20T22:00:00Z",
}
PURCHASE = {"id": 50, "event_quantity": 5, "purchase_order_id": "PO235", "notes": ""}


def bought(client: Any, quantity: int = 5) -> str:
    reply = client.evvnt("POST", "/packages", json={**PURCHASE, "event_quantity": quantity})
    assert reply.status_code == 200, reply.text
    return str(reply.json()["id"])


def errors(reply: Any, status: int = 400) -> list[str]:
    assert reply.status_code == status, reply.text
    assert list(reply.json()) == ["errors"]
    return list(reply.json()["errors"])


def test_every_call_needs_the_key_and_the_secret(shared_client: Any) -> None:
    for method, path in [("GET", "/events"), ("POST", "/packages"), ("PUT", f"/users/{USER}")]:
        reply = shared_client.evvnt(method, path, key="sandbox-cymbal-key")
        assert errors(reply, 401) == ["authentication failed bad key/secret"]
    for authorization in ("", "Basic", "Basic %%%", "Bearer c2FuZGJveC1ldnZudC1rZXk6", "Basic AAAA"):
        reply = shared_client.session.get(
            f"{shared_client.url}/evvnt/events", headers={"Authorization": authorization}, timeout=10
        )
        assert reply.status_code == 401
    assert shared_client.journal()[-1]["headers"]["authorization"] == "Basic ***"


def test_headers_are_as_documented(shared_client: Any) -> None:
    assert shared_client.evvnt("GET", "/events", headers={"Accept": "*/*"}).status_code == 400
    assert errors(shared_client.evvnt("POST", "/packages", data="{}")) == ["Content-Type must be application/json"]


def test_a_package_costs_quantity_times_price_and_a_repeat_buys_again(client: Any, clock: Any) -> None:
    first, second = bought(client), bought(client, 2)
    state = client.control("GET", "/_state/evvnt")
    assert state["spent"] == {"GBP": "3500.00"}
    assert [(one["amount"], one["credits_left"]) for one in state["packages"][1:]] == [("2500.00", 5), ("1000.00", 2)]
    mine = client.evvnt("GET", "/packages/mine").json()
    assert [one["uuid"] for one in mine] == [first, second]
    assert {name: value for name, value in mine[0].items() if name not in ("uuid", "purchase_date")} == {
        "type": "SinglePackage",
        "broadcast_volume": 60,
        "event_quantity": 5,
        "purchase_order_id": "PO235",
        "notes": "",
    }
    assert client.evvnt("GET", f"/packages/{first}").json() == mine[0]
    assert [row["operation"] for row in client.journal(method="POST")] == ["evvnt.buy_package"] * 2


def test_the_contract_gives_its_price_as_a_text(shared_client: Any) -> None:
    (option,) = shared_client.evvnt("GET", "/contract").json()["package_options"]
    assert (option["id"], option["currency"], option["cost_per_event"]) == (50, "GBP", "500.0")


def test_a_package_for_a_user_is_the_users(client: Any) -> None:
    uuid = client.evvnt("POST", f"/packages?user_id={USER}", json=PURCHASE).json()["id"]
    packages = client.evvnt("GET", f"/users/{USER}/packages").json()
    assert [(one["uuid"], one["user_id"]) for one in packages] == [(PACKAGE, USER), (uuid, USER)]
    assert client.evvnt("GET", "/packages/mine").json() == []
    assert client.journal(method="POST")[0]["operation"] == "evvnt.buy_package_for_user"


@pytest.mark.parametrize("query", ["?user_id=", "?user_id=550e8400", "?package_id=1", "?publisher_id=324"])
def test_nobody_can_be_bought_for_or_acted_for_but_a_known_user(shared_client: Any, query: str) -> None:
    assert errors(shared_client.evvnt("POST", f"/packages{query}", json=PURCHASE), 403) == ["Unknown user id"]
    assert errors(shared_client.evvnt("POST", f"/events{query}", json=EVENT), 403) == ["Unknown user id"]
    assert shared_client.control("GET", "/_state/evvnt")["spent"] == {"GBP": "0.00"}


@pytest.mark.parametrize(
    ("field", "value", "error"),
    [
        ("event_quantity", ..., "Package event_quantity can't be blank, is not a number"),
        ("event_quantity", "5", "Package event_quantity can't be blank, is not a number"),
        ("event_quantity", True, "Package event_quantity can't be blank, is not a number"),
        ("event_quantity", 0, "Package event_quantity must be greater than 0"),
        ("id", ..., "Package id can't be blank"),
        ("id", 51, "Package id is not an option of your contract"),
        ("id", PACKAGE, "Package id must be a number"),
        ("notes", None, "Package notes must be a text"),
        ("purchase_order_id", 235, "Package purchase_order_id can't be blank"),
        ("price", "500.0", "Package price is not a field here"),
    ],
)
def test_a_purchase_that_is_not_as_documented_costs_nothing(
    shared_client: Any, changed: Any, field: str, value: Any, error: str
) -> None:
    body = {**PURCHASE, "price": "1"} if field == "price" else changed(PURCHASE, field, value)
    assert errors(shared_client.evvnt("POST", "/packages", json=body)) == [error]
    assert shared_client.control("GET", "/_state/evvnt")["spent"] == {"GBP": "0.00"}


def test_an_event_takes_a_credit_until_there_are_none(client: Any) -> None:
    body = {**WHOLE, "package_id": bought(client, 2)}
    first, second = (client.evvnt("POST", "/events", json=body).json()["id"] for _ in range(2))
    assert isinstance(first, int)
    assert first != second
    assert errors(client.evvnt("POST", "/events", json=body)) == ["Event package has no events left"]
    state = client.control("GET", "/_state/evvnt")
    assert [one["id"] for one in state["events"]] == [12345, first, second]
    assert state["packages"][-1]["credits_left"] == 0
    assert (state["events"][-1]["package_id"], state["events"][-1]["user_id"]) == (body["package_id"], None)


def test_an_organiser_pays_from_a_package_of_its_own(client: Any) -> None:
    assert errors(client.evvnt("POST", "/events", json=EVENT)) == ["Event package_id can't be blank"]
    for package in (PACKAGE, "made-up"):
        reply = client.evvnt("POST", "/events", json={**EVENT, "package_id": package})
        assert errors(reply) == ["Event package is not one of yours"]
    assert len(client.control("GET", "/_state/evvnt")["events"]) == 1


def test_an_event_for_a_user_is_paid_by_the_package_in_the_query_or_the_oldest(client: Any) -> None:
    first = client.evvnt("POST", f"{FOR_USER}&publisher_id=324", json=EVENT).json()["id"]
    client.evvnt("POST", f"/events?user_id={USER}", json=EVENT)
    state = client.control("GET", "/_state/evvnt")
    assert state["packages"][0]["credits_left"] == 3
    assert [(one["user_id"], one["package_id"]) for one in state["events"][1:]] == [(USER, PACKAGE)] * 2
    ours = client.evvnt("GET", f"/events/ours?user_id={USER}").json()
    assert [one["id"] for one in ours] == [first, first + 1]
    assert "contact" not in ours[0]
    assert client.evvnt("GET", f"/events/ours/{first}").json() == ours[0]
    assert client.evvnt("GET", "/events/ours?user_id=other").json() == []
    assert client.evvnt("GET", "/events/ours/12345").status_code == 404
    refused = client.evvnt("POST", f"{FOR_USER}&publisher_id=325", json=EVENT)
    assert errors(refused) == ["Event publisher_id is not one of yours"]
    assert client.journal(method="POST")[0]["operation"] == "evvnt.create_event_for_user"


FORBIDDEN: list[tuple[str, Any, str]] = [
    ("title", ..., "Event title can't be blank"),
    ("title", " ", "Event title can't be blank"),
    ("venue.name", ..., "Venue name can't be blank"),
    ("category_id", ..., "Event category_id can't be blank"),
    ("category_id", "17", "Event category_id must be a number"),
    ("category_id", 18, "Event category_id is not a category"),
    ("sub_category_ids", [22, 999], "Event sub_category_ids is not a category"),
    ("sub_category_ids", ["22"], "Event sub_category_ids[0] must be a whole number"),
    ("start_time", "2026-06-20T20:00:00", "Event start_time must be local time with its offset"),
    ("start_time", "2026-06-31T20:00:00Z", "Event start_time must be local time with its offset"),
    ("end_time", "2026-06-20T19:59:59+0100", "Event end_time must not be before start_time"),
    ("door_time", "2026-06-20T23:00:00+0100", "Event door_time must be before end_time"),
    ("door_time", "2026-06-20T23:00:00+0100", "Event door_time must be before last_entry_time"),
    ("last_entry_time", "2026-06-20T19:59:00+0100", "Event last_entry_time must not be before start_time"),
    ("last_entry_time", "2026-06-20T23:01:00+0100", "Event end_time must not be before last_entry_time"),
    ("summary", "x" * 201, "Event summary must be at most 200 characters"),
    ("summary", "x" * 199 + "\n", "Event summary must be at most 200 characters"),
    ("description", "x" * 2001, "Event description must be at most 2000 characters"),
    ("image_urls", ["https://img.example.com"] * 3, "Event image_urls must hold at most 2"),
    ("image_urls", "https://img.example.com", "Event image_urls must be a list"),
    ("image_urls", ["img.jpg"], "Event image_urls must be an http or https URL"),
    ("contact", ..., "Event contact can't be blank"),
    ("contact.tel", ..., "Contact tel can't be blank"),
    ("contact.email", "nobody", "Contact email must be an e-mail address"),
    ("venue.country", "UK", "Venue country must be a two-letter ISO code, as in GB"),
    ("venue.country", "gb", "Venue country must be a two-letter ISO code, as in GB"),
    ("venue.postcode", ..., "Venue postcode can't be blank"),
    ("venue.latitude", "51.5", "Venue latitude must be a number"),
    ("venue.zip", "W1T", "Venue zip is not a field here"),
    ("links.website", "https://example.com", "Links website is not one of Website"),
    ("links.Website", "example.com", "Links Website must be an http or https URL"),
    ("prices", {}, "Event prices can't be blank"),
    ("prices.General", 20, "Prices General must be a currency and an amount, as in GBP 50"),
    ("prices.General", "£20", "Prices General must be a currency and an amount, as in GBP 50"),
    ("artists", ["First Act"], "Event artists can't be blank"),
    ("keywords", ["a"], "Event keywords can't be blank"),
    ("capacity", 1.5, "Event capacity must be a whole number"),
    ("user_id", USER, "Event user_id is not a field here"),
]


@pytest.mark.parametrize(("field", "value", "error"), FORBIDDEN, ids=lambda part: str(part)[:40])
def test_what_the_document_forbids_is_refused_and_takes_no_credit(
    shared_client: Any, changed: Any, field: str, value: Any, error: str
) -> None:
    body = changed({**WHOLE, "package_id": "any"}, field, value)
    found = errors(shared_client.evvnt("POST", "/events", json=body))
    assert any(one.startswith(error) for one in found), found
    assert shared_client.journal()[-1]["processed"] is False


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"door_time": "2026-06-20T19:00:00+0100"}, "Event door_time must not be before start_time"),
        ({"door_time": "2026-06-20T23:00:01+0100"}, "Event end_time must not be before door_time"),
        ({"sub_category_ids": [22]}, "Event sub_category_ids is not a field here; did you mean category_id?"),
        ({"image_urls": ["https://img.example.com"] * 3}, "Event image_urls must hold at most 2"),
    ],
)
def test_the_partners_table_counts_for_a_users_event(shared_client: Any, change: dict[str, Any], error: str) -> None:
    assert errors(shared_client.evvnt("POST", FOR_USER, json={**EVENT, **change})) == [error]


def test_a_partner_may_send_one_image_as_a_text_and_open_the_doors_at_the_start(client: Any) -> None:
    change = {"image_urls": "https://img.example.com/1.jpg", "door_time": EVENT["start_time"]}
    event = client.evvnt("POST", FOR_USER, json={**EVENT, **change}).json()["id"]
    assert client.evvnt("GET", f"/events/{event}").json()["image_urls"] == ["https://img.example.com/1.jpg"]


def test_texts_come_back_as_the_server_changes_them(client: Any) -> None:
    change = {"summary": "a\nb\r\nc", "hashtag": "#show-2026!é"}
    event = client.evvnt("POST", FOR_USER, json={**EVENT, **change}).json()["id"]
    found = client.evvnt("GET", f"/events/{event}").json()
    assert (found["summary"], found["hashtag"]) == ("a\r\nb\r\nc", "show2026")
    assert found["sub_category_ids"] == []


def test_an_update_changes_what_is_sent_and_nothing_else(serve: Any, clock: Any) -> None:
    client = serve(clock=clock)
    before = client.evvnt("GET", "/events/12345").json()
    body = {"title": "New title", "start_time": "2018-06-23T22:00:00+0100", "image_urls": []}
    assert client.evvnt("PUT", "/events/12345", json=body).json() == {}
    after = client.evvnt("GET", "/events/12345").json()
    assert after == {**before, **body, "timestamp": "2026-06-20T12:00:00Z"}
    assert errors(client.evvnt("PUT", "/events/12345", json={"venue": {"name": "x"}})) == [
        "Venue address_1 can't be blank",
        "Venue town can't be blank",
        "Venue country can't be blank",
    ]


def test_an_event_is_updated_only_by_whose_it_is(client: Any) -> None:
    theirs = client.evvnt("POST", FOR_USER, json=EVENT).json()["id"]
    body = {"title": "New"}
    assert client.evvnt("PUT", f"/events/{theirs}?user_id={USER}", json=body).status_code == 200
    assert client.evvnt("PUT", f"/events/{theirs}", json=body).status_code == 404
    assert client.evvnt("PUT", "/events/20001", json=body).status_code == 404
    assert client.evvnt("PUT", f"/events/20001?user_id={USER}", json=body).status_code == 404
    other = client.evvnt("POST", "/users", json={"name": "Ann", "email": "ann@example.com"}).json()["id"]
    for user in ("", "made-up", other):
        reply = client.evvnt("PUT", f"/events/{theirs}?user_id={user}", json=body)
        assert errors(reply, 403) == ["Incorrect user id"]
    names = {row["operation"] for row in client.journal(method="PUT")}
    assert names == {"evvnt.update_event", "evvnt.update_event_for_user"}


def test_users_are_created_read_and_changed(client: Any) -> None:
    uuid = client.evvnt("POST", "/users", json={"name": "Ann", "email": "ann@example.com"}).json()["id"]
    assert client.evvnt("PUT", f"/users/{uuid}", json={"email": "ann2@example.com"}).status_code == 200
    user = {"uuid": uuid, "name": "Ann", "email": "ann2@example.com"}
    assert client.evvnt("GET", f"/users/{uuid}").json() == user
    assert client.evvnt("GET", "/users").json()[1:] == [user]
    assert errors(client.evvnt("POST", "/users", json={"name": "Ann", "email": "ann"})) == ["Not a valid email address"]
    assert errors(client.evvnt("POST", "/users", json={"email": "a@b.c"})) == ["User name can't be blank"]
    for method, path in [("GET", "/users/x"), ("PUT", "/users/x"), ("GET", "/users/x/packages")]:
        assert client.evvnt(method, path, json={}).status_code == 404


def test_events_are_filtered_and_come_in_pages(shared_client: Any) -> None:
    def ids(query: str = "") -> list[int]:
        return [event["id"] for event in shared_client.evvnt("GET", f"/events{query}").json()]

    assert ids() == [12345, *range(20001, 20020)]
    assert ids("?page=2") == list(range(20020, 20025))
    assert ids("?page=3") == []
    assert ids("?max_results=2&page=2") == [20002, 20003]
    assert len(ids("?max_results=100")) == 25
    assert len(ids("?max_results=101")) == 20
    assert ids("?newer_than=2014-03-22T13:00:00%2B0100") == [20023, 20024]
    assert ids("?category_id=2&max_results=2") == [20004, 20008]
    assert ids("?category_id=23,126&max_results=3") == [12345, 20003, 20004]
    assert ids("?country=US&max_results=2") == [20001, 20004]
    assert ids("?country=FR") == []
    for wrong in ("max_results=0", "page=x", "newer_than=2014-03-22", "category_id=a", "country=UK", "sort=id"):
        assert len(errors(shared_client.evvnt("GET", f"/events?{wrong}"))) == 1


def test_our_own_events_carry_a_link_that_is_a_secret(shared_client: Any) -> None:
    (mine,) = shared_client.evvnt("GET", "/events/mine").json()
    assert (mine["id"], "sub_category_ids" in mine, "id" in mine["venue"]) == (12345, False, False)
    assert "digest=" in mine["report_url"]
    assert "report_url" not in shared_client.evvnt("GET", "/events/12345").json()


@pytest.mark.parametrize("path", ["/events/99", "/events/67890x", "/events/99/report", "/events/20001/report"])
def test_what_is_unknown_or_somebody_elses_is_not_found(shared_client: Any, path: str) -> None:
    assert errors(shared_client.evvnt("GET", path), 404) == ["no such event"]


def test_a_report_has_a_table_of_clicks(shared_client: Any) -> None:
    report = shared_client.evvnt("GET", "/events/12345/report").json()
    assert (report["event_id"], report["clicks_by_day"][0]) == (12345, ["x", "Twitter", "Myspace", "Total clicks"])


def test_categories_form_a_tree_and_a_site_has_some(shared_client: Any) -> None:
    def ids(path: str) -> list[int]:
        return [one["id"] for one in shared_client.evvnt("GET", path).json()]

    roots = [one for one in shared_client.evvnt("GET", "/categories").json() if one["parent_id"] is None]
    assert roots == [{"id": 26, "parent_id": None, "name": "All"}]
    assert ids("/publishers") == [324]
    assert ids("/publishers/324/categories") == ids("/publishers/324/categories?filter=all") == [26, 48, 49]
    assert ids("/publishers/324/categories?filter=direct") == [48]
    assert ids("/publishers/324/categories?filter=direct_to_root") == [26, 48]
    assert shared_client.evvnt("GET", "/publishers/324/categories?filter=none").status_code == 400
    assert shared_client.evvnt("GET", "/publishers/325/categories").status_code == 404


def test_a_published_event_gets_its_live_link(client: Any) -> None:
    path = "/publishers/324/published_events/1385"
    assert client.evvnt("GET", path).json()["url"] is None
    for body, url in [
        ({"slug": "foo/bar"}, "https://news.example.com/foo/bar"),
        ({"url": "https://example.com/1", "slug": "foo"}, "https://example.com/1"),
    ]:
        assert client.evvnt("PUT", path, json=body).status_code == 200
        assert client.evvnt("GET", path).json()["url"] == url
    assert errors(client.evvnt("PUT", path, json={})) == ["Published_event url can't be blank"]
    assert client.evvnt("PUT", "/publishers/324/published_events/1", json={"slug": "x"}).status_code == 404
    assert client.evvnt("GET", "/publishers/325/published_events/1385").status_code == 404


def test_a_new_event_is_published_on_our_sites(client: Any) -> None:
    event = client.evvnt("POST", FOR_USER, json=EVENT).json()["id"]
    path = "/publishers/324/published_events"
    assert [one["event_id"] for one in client.evvnt("GET", path).json()] == [1385, event]
    newer = client.evvnt("GET", f"{path}?newer_than=2014-01-01T01:00:00%2B01:00").json()
    assert [one["event_id"] for one in newer] == [event]


def test_money_and_credits_are_there_after_a_restart(serve: Any, tmp_path: Any) -> None:
    data = tmp_path / "sandbox.db"
    client = serve(data=data)
    body = {**WHOLE, "package_id": bought(client)}
    event = client.evvnt("POST", "/events", json=body).json()["id"]
    before = client.control("GET", "/_state/evvnt")
    serve.stop()
    again = serve(data=data)
    assert again.control("GET", "/_state/evvnt") == before
    assert again.evvnt("POST", "/events", json=body).json()["id"] == event + 1


def test_a_dropped_purchase_was_made_all_the_same(client: Any) -> None:
    client.control("POST", "/_faults", json={"operation": "evvnt.buy_package", "fault": "status", "status": 503})
    assert errors(client.evvnt("POST", "/packages", json=PURCHASE), 503) == ["a fault the sandbox was asked for"]
    fault = {"operation": "evvnt.buy_package", "fault": "status", "status": 503, "processed": True}
    client.control("POST", "/_faults", json=fault)
    assert client.evvnt("POST", "/packages", json=PURCHASE).status_code == 503
    assert client.control("GET", "/_state/evvnt")["spent"] == {"GBP": "2500.00"}
