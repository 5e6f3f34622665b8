"""evvnt's operations, of its three APIs."""

from __future__ import annotations

from vendors.entry import Configured
from vendors.evvnt.organiser import ORGANISER_OPERATIONS
from vendors.evvnt.partner import PARTNER_OPERATIONS
from vendors.evvnt.publisher import PUBLISHER_OPERATIONS
from workflows.catalogue import Operation


def operations(configured: Configured) -> tuple[Operation, ...]:
    """Every operation; none hangs on the configuration."""
    return (*PUBLISHER_OPERATIONS, *ORGANISER_OPERATIONS, *PARTNER_OPERATIONS)
