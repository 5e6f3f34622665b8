"""Eventbrite's orders: whoever has the token reads any, in as much detail as is asked for."""

from __future__ import annotations

from typing import Any

import pytest

ORDER = "/eventbrite/v3/orders/5/"
BEARER = {"Authorization": "Bearer sandbox-eventbrite-token"}


def test_an_order_has_its_attendees_where_they_are_asked_for(shared_client: Any) -> None:
    def got(**query: str) -> Any:
        url = shared_client.url + ORDER
        return shared_client.session.get(url, headers=BEARER, params=query, timeout=10).json()

    order = got(expand="attendees,event")
    assert (order["id"], len(order["attendees"]), order["event"]["id"]) == ("5", 2, order["event_id"])
    assert order["costs"]["gross"] == {"currency": "USD", "value": 8600, "major_value": "86.00", "display": "$86.00"}
    assert "attendees" not in got()


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [(ORDER, {}, 401), (ORDER, {"Authorization": "Bearer x"}, 401), ("/eventbrite/v3/orders/x/", BEARER, 404)],
)
def test_what_is_not_there_or_not_allowed_is_refused(
    shared_client: Any, path: str, headers: dict[str, str], status: int
) -> None:
    reply = shared_client.session.get(shared_client.url + path, headers=headers, timeout=10)
    assert reply.status_code == status
    assert reply.json()["status_code"] == status
