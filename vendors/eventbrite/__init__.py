"""Eventbrite: the orders its webhooks point at (Eventbrite API v3)."""

from vendors.eventbrite.entry import EVENTBRITE

__all__ = ["EVENTBRITE"]
