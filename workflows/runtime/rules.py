"""The rules in force, as every process reads them: the catalogue, and the definitions and brands last applied."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from workflows.catalogue import Catalogue
from workflows.language.definition import Definition
from workflows.language.reader import read_definition
from workflows.ledger import configuration


@dataclass(frozen=True)
class InForce:
    """The definitions new runs begin with, and the brands' fields."""

    id: int
    definitions: tuple[Definition, ...]
    brands: Mapping[str, Mapping[str, Any]]


NOTHING = InForce(0, (), {})


class Rules:
    """Reads what is in force once per change, and each definition once; shared by the threads of a process."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self._lock = threading.Lock()
        self._in_force = NOTHING
        self._definitions: dict[str, Definition] = {}

    def in_force(self, connection: Connection) -> InForce:
        """What new runs begin with now."""
        if (configuration.latest_id(connection) or 0) != self._in_force.id:
            latest = configuration.latest(connection)
            assert latest is not None
            definitions = tuple(self.definition(connection, content) for content in latest.workflows.values())
            self._in_force = InForce(latest.id, definitions, latest.brands)
        return self._in_force

    def definition(self, connection: Connection, content_hash: str) -> Definition:
        """The definition with that hash: what a run began with, whatever is in force now."""
        found = self._definitions.get(content_hash)
        if found is None:
            name, source = configuration.definition_source(connection, content_hash)
            found = read_definition(source, f"{name}.yml")
            with self._lock:
                self._definitions[content_hash] = found
        return found
