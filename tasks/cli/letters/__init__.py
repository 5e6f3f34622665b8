"""Webhooks as vendors send them: for each preset its events, a body to begin with, and the proof of origin.

Bodies and signatures follow the vendors' documents, which each of them names, and not our own reading of them.
"""

from tasks.cli.letters.letter import Letter, letter
from tasks.cli.letters.senders import SENDERS

__all__ = ["SENDERS", "Letter", "letter"]
