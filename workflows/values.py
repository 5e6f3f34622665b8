"""The small values everything else speaks in: ids, money, percentages."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_FLOOR, Decimal
from functools import lru_cache
from typing import NewType

DeliveryId = NewType("DeliveryId", str)
EventId = NewType("EventId", str)
RunId = NewType("RunId", str)
EffectId = NewType("EffectId", str)
WaitId = NewType("WaitId", str)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_last_id = 0
_id_lock = threading.Lock()


def new_id() -> str:
    """A UUIDv7 (RFC 9562 §5.7) as text: sorts by time, and strictly so among the ids of one process.

    48 bits of milliseconds, then 12 + 62 bits which start random and are counted up within a millisecond
    (RFC 9562 §6.2, method 2).
    """
    global _last_id
    # Ids are told apart by it, not guarded: random bits that need no system call, for under one every thread may pass
    # the interpreter's lock on, and here while others wait for ours. (`random` seeds itself anew after a fork.)
    fresh = (time.time_ns() // 1_000_000) << 74 | random.getrandbits(73)
    with _id_lock:
        _last_id = fresh if fresh > _last_id else _last_id + 1
        number = _last_id
    high, low = number >> 62, number & ((1 << 62) - 1)
    text = f"{(high >> 12) << 16 | 0x7000 | (high & 0xFFF):016x}{1 << 63 | low:016x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def first_id_at(moment: datetime) -> str:
    """The least text that an id made at `moment` can be: ids from then on are not less than it."""
    milliseconds = int((moment - EPOCH).total_seconds() * 1000)
    text = f"{max(milliseconds, 0):012x}"
    return f"{text[:8]}-{text[8:]}"


def time_of_id(identity: str) -> datetime:
    """When an id was made, to the millisecond."""
    return EPOCH + timedelta(milliseconds=int(identity[:8] + identity[9:13], 16))


def utc_now() -> datetime:
    """The wall clock, aware, in UTC."""
    return datetime.now(UTC)


@lru_cache(maxsize=256)
def currency_exponent(currency: str) -> int:
    """How many digits the minor unit of an ISO 4217 currency has: 2 for USD, 0 for JPY, 3 for KWD.

    Raises ValueError for a code that is not three capital letters or not a currency.
    """
    from babel.numbers import get_currency_precision, is_currency  # slow to import, rarely needed

    if not is_currency(currency, "en"):
        raise ValueError(f"{currency!r} is not an ISO 4217 currency code")
    return get_currency_precision(currency)


@dataclass(frozen=True)
class Money:
    """An amount in major units and its ISO 4217 currency. Amounts of two currencies never meet."""

    amount: Decimal
    currency: str

    @classmethod
    def from_minor(cls, units: int, currency: str) -> Money:
        """`units` in the currency's minor unit: (1234, "USD") is 12.34 USD, (1234, "JPY") is 1234 JPY."""
        exponent = currency_exponent(currency)
        return cls(Decimal(units).scaleb(-exponent).quantize(Decimal(1).scaleb(-exponent)), currency)

    @property
    def minor_units(self) -> int:
        """The amount in the currency's minor unit, rounded down where it has finer parts."""
        scaled = self.amount.scaleb(currency_exponent(self.currency))
        return int(scaled.to_integral_value(rounding=ROUND_FLOOR))

    def floored(self) -> Money:
        """The same amount without parts finer than the minor unit, rounded down."""
        return Money.from_minor(self.minor_units, self.currency)

    def __str__(self) -> str:
        return f"{self.amount:f} {self.currency}"


@dataclass(frozen=True)
class Percent:
    """A share, kept as the ratio it stands for: 10 % has the ratio 0.1."""

    ratio: Decimal

    def __str__(self) -> str:
        text = f"{self.ratio * 100:f}"
        return f"{text.rstrip('0').rstrip('.') if '.' in text else text}%"
