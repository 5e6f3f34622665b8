"""How attempts ended, as Celery and the log are told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import structlog

from workflows.catalogue import Outcome, OutcomeKind
from workflows.logs import bind


class OutcomeNotDone(Exception):
    """The attempt ended other than done; shows as FAILURE in Flower, is expected, and never reaches Sentry."""


class Refused(OutcomeNotDone):
    """The vendor said no for good; the effect says why."""


class InDoubt(OutcomeNotDone):
    """Nobody knows whether the vendor acted; a person settles it."""


FAILURES = {OutcomeKind.REFUSED: Refused, OutcomeKind.IN_DOUBT: InDoubt}

log = structlog.get_logger(__name__)


def told(effect_id: str, outcome: Outcome) -> str:
    """Tell the log how an attempt ended, and Celery: the outcome's name. Raises Refused and InDoubt."""
    with bind(effect_id=effect_id):
        log.info("attempted", outcome=outcome.kind, status=outcome.status)
    failure = FAILURES.get(outcome.kind)
    if failure is not None:
        raise failure(f"effect {effect_id} is {outcome.kind}")
    return str(outcome.kind)


class Attempts:
    """Attempts at several effects of one operation, and how they ended."""

    def __init__(self, effect_ids: Sequence[str]) -> None:
        self.effect_ids = effect_ids
        self._names: Counter[str] = Counter()
        self._failures: list[Exception] = []

    def note(self, result: Callable[[], str]) -> None:
        """One of them ended so."""
        try:
            self._names[result()] += 1
        except Exception as error:
            self._failures.append(error)

    def result(self) -> str:
        """How all of them ended. Raises the worst failure: errors of ours, then doubts."""
        if self._failures:
            raise min(self._failures, key=_how_good)
        if len(self.effect_ids) == 1:
            return next(iter(self._names))
        return ", ".join(f"{name}: {count}" for name, count in sorted(self._names.items()))

    @property
    def is_over(self) -> bool:
        return self._names.total() + len(self._failures) == len(self.effect_ids)


def _how_good(failure: BaseException) -> int:
    """Errors of ours are the worst, then doubts."""
    match failure:
        case Refused():
            return 2
        case InDoubt():
            return 1
        case _:
            return 0
