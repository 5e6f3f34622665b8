"""evvnt: listing shows on event sites (evvnt Publisher, Event Organiser and Partner APIs)."""

from vendors.evvnt.entry import EVVNT

__all__ = ["EVVNT"]
