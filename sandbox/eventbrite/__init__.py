"""Eventbrite as a stand-in: the orders its webhooks point at."""

from sandbox.eventbrite.vendor import EventbriteApi

__all__ = ["EventbriteApi"]
