"""What is right and wrong with a `wait` that its shape does not show."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

from workflows.language.definition import Wait
from workflows.language.trees import UNREAD, FormulaLeaf, Literal, Tree
from workflows.language.types import Duration, InstantType, Mistaken, Text, Type
from workflows.problems import Place, Problem
from workflows.zones import is_zone, nearest_zone

_TIME_OF_DAY = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


class WaitChecker:
    """Checks waits of a run that lasts at most `expires`. `type_of` checks a tree and gives its type."""

    def __init__(self, type_of: Callable[[Tree, Type | None], Type], expires: timedelta) -> None:
        self._type_of = type_of
        self._expires = expires

    def check(self, wait: Wait) -> Iterator[Problem]:
        if isinstance(wait.for_, Literal):
            yield from self._too_long(wait.for_)
        elif wait.for_ is not None:
            self._type_of(wait.for_, Duration())
        if wait.from_ is not None:
            self._type_of(wait.from_, InstantType())
        if wait.until is not None:
            yield from self._until(wait.until, wait.zone)

    def _too_long(self, length: Literal) -> Iterator[Problem]:
        if isinstance(length.value, timedelta) and length.value > self._expires:
            message = "the wait is longer than the run may last"
            yield Problem("E308", message, place=length.place, hint="a run ends when 'expires' of 'run' is over")

    def _until(self, until: Tree, zone: Tree | None) -> Iterator[Problem]:
        is_instant = False
        if isinstance(until, Literal) and until.value is not UNREAD:
            if not (isinstance(until.value, str) and _TIME_OF_DAY.fullmatch(until.value)):
                hint = "write HH:MM, or a formula that gives an instant"
                yield Problem("E309", f"{until.value!r} is not a time of day", place=until.place, hint=hint)
        else:
            found = self._type_of(until, None)
            is_instant = isinstance(found, InstantType)
            if not isinstance(found, (InstantType, Text, Mistaken)):
                yield Problem("E309", f"'until' takes HH:MM or an instant, not {found}", place=_place_of(until))
            if isinstance(found, Mistaken):
                return
        if zone is None and not is_instant:
            hint = "zone: =brand.zone, or a name such as Europe/London"
            yield Problem("E310", "a time of day needs a 'zone'", place=_place_of(until), hint=hint)
        if zone is not None:
            if is_instant:
                yield Problem("E310", "an instant needs no 'zone'", place=_place_of(zone), hint="leave it out")
            yield from self._zone(zone)

    def _zone(self, zone: Tree) -> Iterator[Problem]:
        if not isinstance(zone, Literal):
            self._type_of(zone, Text())
        elif zone.value is not UNREAD and (not isinstance(zone.value, str) or not is_zone(zone.value)):
            message = f"{zone.value!r} is not a time zone of the IANA database"
            yield Problem("E311", message, place=zone.place, hint=nearest_zone(str(zone.value)))


def _place_of(tree: Tree) -> Place:
    return tree.formula.place if isinstance(tree, FormulaLeaf) else tree.place
