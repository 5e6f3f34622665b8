"""Payload drift: shapes learned from a few deliveries, away from the door, and who reads what has changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection

from workflows import typed_json
from workflows.engine.shapes import Difference, Found, Shape, fields_of, learn
from workflows.language.definition import Definition
from workflows.language.formulas import Formula
from workflows.language.formulas.nodes import Path
from workflows.ledger import chores, drift
from workflows.ledger.database import Database
from workflows.ledger.drift import Drift, Group, Sample

CHORE = "learn shapes"
EVERY = timedelta(seconds=10)
SAMPLES = 40
"""Deliveries looked at in a turn, the latest: a flood costs no more than a trickle."""
MOST_BYTES = 65_536


def learn_shapes(database: Database) -> bool:
    """Learn from a few deliveries, if no process has done so lately; whether there was anything to learn from."""
    with database.read() as connection:
        if not chores.is_due(connection, CHORE, database.now(connection)):
            return False
    with database.write() as connection:
        now = database.now(connection)
        after = chores.take(connection, CHORE, now, EVERY)
        if after is None:
            return False
        found = drift.samples(connection, after, limit=SAMPLES, most_bytes=MOST_BYTES)
        lessons = _Lessons(connection)
        for sample in found:
            for group, differences in lessons.learn(sample):
                drift.note(connection, group, differences, sample.id, now)
        lessons.keep()
        if found:
            chores.leave(connection, CHORE, found[-1].id)
    return bool(found)


def readers(item: Drift, definitions: Iterable[Definition]) -> list[str]:
    """Where workflows in force read what changed: `raise-budget.yml:12:9 event.data.budget`."""
    if item.part != "data":
        return []
    changed = tuple(name for name in item.path.replace("[]", "").split(".") if name)
    told = [
        f"{formula.place_of(path.at)} {path}"
        for definition in definitions
        if item.type in definition.trigger.events
        for formula, path in _paths(definition)
        if _meets(path, changed)
    ]
    return list(dict.fromkeys(told))


class _Lessons:
    """What one turn learns: each shape is read and written once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._shapes: dict[Group, Shape] = {}

    def learn(self, sample: Sample) -> Iterator[tuple[Group, list[Difference]]]:
        """Learn from one delivery: what in it was unlike others. A body that events pass on is told of once."""
        told: set[tuple[str, str]] = set()
        for group, found in _seen_in(sample):
            known = self._shapes.get(group) or drift.shape(self._connection, group)
            self._shapes[group], differences = learn(known, found)
            fresh = [item for item in differences if (item.what, item.path) not in told]
            told |= {(item.what, item.path) for item in fresh}
            yield group, fresh

    def keep(self) -> None:
        """Write down what is known now."""
        for group, shape in self._shapes.items():
            drift.keep_shape(self._connection, group, shape)


def _seen_in(sample: Sample) -> Iterator[tuple[Group, Found]]:
    for kind, data in sample.events:
        yield Group(sample.source, kind, "data"), fields_of(data)
    body = _read(sample)
    if body is not None and sample.events:
        yield Group(sample.source, sample.events[0][0], "body"), fields_of(body)


def _read(sample: Sample) -> Any:
    """The body as JSON; None where it is none, or packed."""
    if sample.headers.get("content-encoding"):
        return None
    try:
        return typed_json.load_foreign(sample.body)
    except ValueError:
        return None


def _meets(path: Path, changed: Sequence[str]) -> bool:
    """Whether a path of a formula leads to what changed, or through it."""
    names = [step for step in path.steps if isinstance(step, str)]
    if path.root != "event" or names[:1] != ["data"]:
        return False
    read = names[1:]
    return all(one == other for one, other in zip(read, changed, strict=False))


def _paths(definition: Definition) -> Iterator[tuple[Formula, Path]]:
    """Every path in every formula of a definition, whatever it is made of."""
    for formula in _all_of(definition, Formula):
        for path in _all_of(formula.root, Path):
            yield formula, path


def _all_of(value: object, kind: type[Any]) -> Iterator[Any]:
    if isinstance(value, kind):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _all_of(item, kind)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _all_of(item, kind)
    elif is_dataclass(value) and not isinstance(value, type):
        for part in fields(value):
            yield from _all_of(getattr(value, part.name), kind)
