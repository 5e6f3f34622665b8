"""Waiting: everything that waits and why, in words an operator understands."""

from workflows.ledger.waiting.lists import waiting, waiting_of, waiting_of_effect
from workflows.ledger.waiting.thing import LATE, LIVE, Waiting, clock

__all__ = ["LATE", "LIVE", "Waiting", "clock", "waiting", "waiting_of", "waiting_of_effect"]
