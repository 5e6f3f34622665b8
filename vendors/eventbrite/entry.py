"""Eventbrite's entry in the phone book (Eventbrite, "Authentication"): a private token, as a bearer's."""

from __future__ import annotations

from vendors.entry import Configured, Entry, Header
from vendors.eventbrite.operations import operations


def headers(configured: Configured) -> tuple[Header, ...]:
    return (Header("Authorization", configured.get("token"), "Bearer"),)


EVENTBRITE = Entry(
    name="eventbrite",
    title="Eventbrite",
    operations=operations,
    bases={"base_url": "/eventbrite/v3"},
    needs=("token",),
    headers=headers,
    # What is fetched is what a webhook nobody signed asked for: it shall never be something inside our own network.
    is_public=True,
)
