"""What may stand under the keys of `stagedoor.yml`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any


class Form(Enum):
    """The shape of one value."""

    TEXT = "text"
    ADDRESS = "an http(s) address"
    SECRET = "a secret"  # noqa: S105
    KEYS = "a secret or a list of them, each with an id and an end where it has one"
    STANDARD_KEYS = "a secret of Standard Webhooks or a list of them"
    TOKENS = "a secret at the end of an address, or a list of them"
    TEXTS = "a list of texts"
    CHOICE = "one of a few words"
    HEADER = "the name of a header"
    PATH = "the way down into a body, or header:<name>"
    PREFIX = "the beginning of a type of event"
    EVENTS = "the fields of events, by the sender's name of the event"
    NETWORKS = "a list of networks"
    NUMBER = "a whole number"
    VERIFY = "proofs of origin, by scheme"
    CURRENCY = "an ISO 4217 currency code"
    FLOORS = "a number by currency"
    SECONDS = "a whole number of seconds"
    CALLS = "how many calls at a time"
    LIMITS = "a list of limits: so many requests in so many seconds"
    OPERATIONS = "what no document states about operations"


@dataclass(frozen=True)
class Option:
    """A key of a source or of a scheme: its form, whether it must be there, and what it is when it is left out."""

    form: Form
    required: bool = True
    default: Any = None
    choices: tuple[str, ...] = ()
    at_least: int = 0
    at_most: int = 0
