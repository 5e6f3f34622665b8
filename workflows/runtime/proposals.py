"""Proposals: what could be in force, read and checked: what stands in the files, or what was in force before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from workflows.catalogue import Catalogue
from workflows.errors import ConfigurationError, DefinitionError, NotFound
from workflows.language.advice import advise
from workflows.language.check import read_workflows, surroundings_of
from workflows.language.definition import Definition
from workflows.language.promises import Known, check_together
from workflows.language.reader import examine_definition
from workflows.ledger import configuration
from workflows.problems import Problem
from workflows.settings import Settings


@dataclass(frozen=True)
class Proposal:
    """Definitions and brands without mistakes. `again` is the number under which they were in force before."""

    definitions: tuple[Definition, ...]
    brands: Mapping[str, Mapping[str, Any]]
    warnings: tuple[Problem, ...] = ()
    again: int | None = None

    @property
    def hashes(self) -> dict[str, str]:
        """The hash of each definition, by its name."""
        return {definition.name: definition.hash for definition in self.definitions}


def propose(settings: Settings, catalogue: Catalogue) -> Proposal:
    """What stands in the files. Raises ConfigurationError with every problem."""
    definitions, problems = read_workflows([settings.config_dir])
    return _checked(definitions, problems, settings, catalogue)


def propose_again(connection: Connection, settings: Settings, catalogue: Catalogue, number: int | None) -> Proposal:
    """What was in force under `number`, or before what is now, from the texts the ledger keeps.

    The release may know more or less than it did then, so they are checked once more. Raises ConfigurationError with
    every problem, and NotFound.
    """
    now = configuration.latest(connection)
    earlier = None
    if now is not None:
        earlier = configuration.before(connection, now.id) if number is None else configuration.find(connection, number)
    if earlier is None:
        raise NotFound("nothing was in force before" if number is None else f"there is no configuration {number}")
    definitions, problems = _read_again(connection, earlier)
    proposal = _checked(definitions, problems, replace(settings, brands=earlier.brands), catalogue)
    return replace(proposal, again=earlier.id)


def _read_again(connection: Connection, earlier: configuration.Applied) -> tuple[list[Definition], list[Problem]]:
    found: list[Definition] = []
    problems: list[Problem] = []
    for name, content_hash in sorted(earlier.workflows.items()):
        _, source = configuration.definition_source(connection, content_hash)
        try:
            examined = examine_definition(source, f"configuration {earlier.id}/{name}.yml")
        except DefinitionError as error:
            problems += error.problems
        else:
            found.append(examined.definition)
            problems += examined.problems
    return found, problems


def _checked(
    definitions: Sequence[Definition], problems: Iterable[Problem], settings: Settings, catalogue: Catalogue
) -> Proposal:
    checked, surroundings = check_together([Known(item) for item in definitions], surroundings_of(settings, catalogue))
    found = [*problems, *(problem for item in checked for problem in item.problems)]
    if any(problem.severity == "error" for problem in found):
        raise ConfigurationError(found)
    advice = advise(definitions, surroundings)
    found += [problem for item in definitions for problem in advice[item.name]]
    return Proposal(tuple(definitions), settings.brands, tuple(found))
