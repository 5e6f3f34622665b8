"""The rules in force, as every process reads them: the catalogue, and the definitions and brands last applied."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import structlog
from sqlalchemy import Connection

from workflows.catalogue import Catalogue
from workflows.errors import DefinitionError
from workflows.language.definition import Definition
from workflows.language.reader import examine_definition, read_definition
from workflows.ledger import configuration
from workflows.settings.expectations import Expectation

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class InForce:
    """The definitions new runs begin with, and the brands' fields.

    `unreadable` says, by hash, what is wrong with those that this release does not read any more; of these the
    definition is as far as it could be read.
    """

    id: int
    definitions: tuple[Definition, ...]
    brands: Mapping[str, Mapping[str, Any]]
    unreadable: Mapping[str, str] = field(default_factory=dict)


NOTHING = InForce(0, (), {})


class Rules:
    """Reads what is in force once per change, and each definition once; shared by the threads of a process."""

    def __init__(self, catalogue: Catalogue, expected: Sequence[Expectation] = ()) -> None:
        self.catalogue = catalogue
        self.expected = expected
        self._lock = threading.Lock()
        self._in_force = NOTHING
        self._definitions: dict[str, Definition] = {}

    def in_force(self, connection: Connection) -> InForce:
        """What new runs begin with now."""
        if (configuration.latest_id(connection) or 0) != self._in_force.id:
            latest = configuration.latest(connection)
            assert latest is not None
            self._in_force = self._read(connection, latest)
        return self._in_force

    def _read(self, connection: Connection, latest: configuration.Applied) -> InForce:
        """Read all that is in force. What does not read any more, after an upgrade, keeps nothing else from working."""
        definitions, unreadable = [], {}
        for name, content_hash in latest.workflows.items():
            try:
                definitions.append(self.definition(connection, content_hash))
            except DefinitionError as error:
                log.error("definition_unreadable", workflow=name, problems=str(error))
                unreadable[content_hash] = str(error)
                definitions += self._as_far_as_it_goes(connection, content_hash)
        return InForce(latest.id, tuple(definitions), latest.brands, unreadable)

    def _as_far_as_it_goes(self, connection: Connection, content_hash: str) -> list[Definition]:
        """The definition as far as it can be read: perhaps its trigger can; nothing where it is no YAML."""
        name, source = configuration.definition_source(connection, content_hash)
        try:
            examined = examine_definition(source, f"{name}.yml")
        except DefinitionError:
            return []
        return [replace(examined.definition, name=name, hash=content_hash)]

    def definition(self, connection: Connection, content_hash: str) -> Definition:
        """The definition with that hash: what a run began with, whatever is in force now. Raises DefinitionError."""
        found = self._definitions.get(content_hash)
        if found is None:
            name, source = configuration.definition_source(connection, content_hash)
            found = read_definition(source, f"{name}.yml")
            with self._lock:
                self._definitions[content_hash] = found
        return found
