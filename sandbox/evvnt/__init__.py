"""evvnt (Publisher, Event Organiser and Partner APIs) as a stand-in, written from evvnt's API page."""

from sandbox.evvnt.vendor import Evvnt

__all__ = ["Evvnt"]
