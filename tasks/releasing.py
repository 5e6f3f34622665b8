"""Releasing: due effects are offered to the workers whenever somebody has made some due, once for many under load.

What it is not asked for, because its process was killed first, the sweep finds.
"""

from __future__ import annotations

from collections.abc import Callable

import structlog

from workflows.errands import Errand
from workflows.errors import LedgerUnavailable

PAUSE_SECONDS = 0.03
"""Between two looks, so that one serves all who ask while much is going on."""

log = structlog.get_logger(__name__)


def releasing_by(release: Callable[[], object]) -> Errand:
    """The errand of calling `release`. An error is logged; it is called again all the same."""

    def look() -> None:
        try:
            release()
        except LedgerUnavailable as error:
            log.warning("ledger_unavailable", error=str(error))
        except Exception:
            log.exception("release_failed")

    return Errand("releasing", look, PAUSE_SECONDS)
