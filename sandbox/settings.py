"""What an operator of the sandbox may choose; the defaults are those the demo and the documents rely on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from time import time
from types import MappingProxyType

# Seconds between the event before (or the creation) and this one, where a scenario does not say otherwise.
LIFECYCLE_DELAYS = MappingProxyType(
    {"created": 0.0, "updated": 0.2, "processing": 0.5, "completed": 2.0, "failed": 1.0, "repeat": 0.2}
)

# Symphony, Create campaign, asks 10 USD a day "or the equivalent" without naming a rate. These are the sandbox's own
# equivalents; the peso's lets the document's example (190 MXN for one day) pass.
DAILY_MINIMUM = MappingProxyType(
    {
        "USD": Decimal(10),
        "EUR": Decimal(10),
        "GBP": Decimal(8),
        "MXN": Decimal(190),
        "INR": Decimal(850),
        "JPY": Decimal(1500),
    }
)

# Seconds before each further try of a delivery that was not answered 2xx: about a minute, then the sender gives up.
RETRY_DELAYS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0, 10.0, 10.0)


def _clock_based_id() -> int:
    """Begin campaign ids where no earlier sandbox of this machine has been.

    A campaign that a new sandbox named like a forgotten one would inherit, in whoever remembers, its past.
    """
    return int(time() * 10) - 17_000_000_000


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One sandbox's choices; durations are in seconds."""

    symphony_key: str = "sandbox-symphony-key"
    cymbal_key: str = "sandbox-cymbal-key"
    constant_contact_key: str = "sandbox-cc-key"
    constant_contact_client: str = "sandbox-cc-client"
    constant_contact_secret: str = "sandbox-cc-secret"
    evvnt_key: str = "sandbox-evvnt-key"
    evvnt_secret: str = "sandbox-evvnt-secret"
    partner_api_project: str = "sandbox-project"
    partner_api_key: str = "sandbox-private-key"
    eventbrite_token: str = "sandbox-eventbrite-token"
    account_currency: str = "USD"
    """The currency of the connected ad account; a budget in any other is refused."""
    daily_minimum: Mapping[str, Decimal] = field(default_factory=lambda: DAILY_MINIMUM)
    first_campaign_id: int = field(default_factory=_clock_based_id)
    lifecycle_delays: Mapping[str, float] = field(default_factory=lambda: LIFECYCLE_DELAYS)
    retry_delays: tuple[float, ...] = RETRY_DELAYS
    delivery_timeout: float = 5.0
    data: Path | None = None
    """The file that keeps what the vendors know and owe; without one it ends with the process."""
    clock: Callable[[], float] = time
    """The time of day in seconds since 1970, by which things are due and expire."""
    verbose: bool = False
