"""Reading `when`: what starts a run."""

from __future__ import annotations

from collections.abc import Mapping

from cronsim import CronSim, CronSimError

from workflows.language.definition import Input, Schedule, Trigger
from workflows.language.keys import INPUT, INPUT_TYPES, LIST_OF, MANUAL, WHEN
from workflows.language.matches import read_events
from workflows.language.names import formulas_of
from workflows.language.pieces import Found, Pieces
from workflows.language.trees import check_tree
from workflows.language.trials.events import DEFAULT_NOW
from workflows.language.trials.written import value_of
from workflows.language.types import (
    Boolean,
    Duration,
    InstantType,
    ListOf,
    Mistaken,
    MoneyType,
    Number,
    ObjectOf,
    PercentType,
    Text,
    Type,
)
from workflows.problems import nearest
from workflows.yaml_nodes import Node
from workflows.zones import is_zone, nearest_zone

TYPES: Mapping[str, Type] = dict(
    zip(
        INPUT_TYPES,
        (Text(), Number(), Boolean(), MoneyType(), PercentType(), Duration(), InstantType()),
        strict=True,
    )
)
"""The types an input may have, by the words for them."""


class TriggerReader:
    """Reads `when`; what does not fit is noted and left out."""

    def __init__(self, pieces: Pieces) -> None:
        self._pieces = pieces
        self._findings = pieces.findings

    def read(self, node: Node) -> Trigger:
        found = self._pieces.block(node, WHEN)
        events, places = read_events(found)
        return Trigger(
            events=events,
            event_places=places,
            where=found.formula("where"),
            stale_after=found.duration("stale_after"),
            schedule=self._schedule(found) if "schedule" in found else None,
            manual=self._manual(found.at("manual")) if "manual" in found else None,
            brand=found.text("brand") or "",
            brand_place=found.place("brand"),
            place=node.place,
        )

    def _schedule(self, found: Found) -> Schedule | None:
        cron, zone = found.text("schedule"), found.text("zone")
        if cron is not None and not self._is_cron(cron):
            hint = "such as '0 9 * * mon': minute, hour, day of the month, month, day of the week"
            self._findings.add("E126", found.at("schedule").place, f"{cron!r} is not a schedule", hint)
            cron = None
        if zone is not None and not is_zone(zone):
            message = f"{zone!r} is not a time zone of the IANA database"
            self._findings.add("E311", found.at("zone").place, message, nearest_zone(zone))
            zone = None
        return None if cron is None or zone is None else Schedule(cron, zone)

    @staticmethod
    def _is_cron(text: str) -> bool:
        """Five fields that come to pass some day: `0 0 30 2 *` never does."""
        try:
            CronSim(text, DEFAULT_NOW).__next__()
        except (CronSimError, StopIteration):
            return False
        return len(text.split()) == 5

    def _manual(self, node: Node) -> Mapping[str, Input]:
        if node.kind == "scalar" and node.value is None:
            self._findings.add("E122", node.place, "'manual' must be a map of keys, not nothing", "manual: {}")
            return {}
        found = self._pieces.block(node, MANUAL)
        inputs = {}
        for name, entry in found.named("inputs", "the name of an input").items():
            read = self._input(name, entry.node)
            inputs[name] = Input(Mistaken()) if read is None else read
        return inputs

    def _input(self, name: str, node: Node) -> Input | None:
        """`money`, or `{type: money, default: 5 USD}`."""
        if node.kind != "map":
            kind = self._type(node)
            return None if kind is None else Input(kind)
        found = self._pieces.block(node, INPUT)
        kind = self._type(found.at("type")) if "type" in found else None
        description = found.text("description") or ""
        if kind is None:
            return None
        default = self._default(name, found.at("default"), kind) if "default" in found else None
        return Input(kind, default, description)

    def _type(self, node: Node) -> Type | None:
        text = self._findings.text(node, "the type of an input")
        if text is None:
            return None
        name = text.removeprefix(LIST_OF)
        if name not in TYPES:
            hint = nearest(name, TYPES) or f"one of {', '.join(TYPES)}, or 'list of' one of them"
            self._findings.add("E123", node.place, f"{text!r} cannot be the type of an input", hint)
            return None
        return ListOf(TYPES[name]) if text.startswith(LIST_OF) else TYPES[name]

    def _default(self, name: str, node: Node, kind: Type) -> object:
        """The value an input has where none is given."""
        before = len(self._findings.problems)
        tree = self._pieces.tree(node)
        for formula in formulas_of(tree):
            self._findings.add("E127", formula.place, f"the default of {name!r} is a value, not a formula")
        if len(self._findings.problems) == before:
            self._findings.problems.extend(check_tree(tree, ObjectOf({}), kind)[1])
        return value_of(tree, kind) if len(self._findings.problems) == before else None
