"""Workflows as they stand in files, found by name or by path."""

from __future__ import annotations

from pathlib import Path

from tasks.cli import surroundings
from workflows.errors import DefinitionError, NotFound
from workflows.language.check import folder_of, read_workflows
from workflows.language.definition import Definition
from workflows.problems import nearest


def path_of(workflow: str) -> Path:
    """The file of the workflow of that name in the configuration, or that file itself. Raises NotFound."""
    as_path = Path(workflow)
    if as_path.suffix == ".yml" and as_path.is_file():
        return as_path
    folder = folder_of(surroundings.variables(), ()) / "workflows"
    found = folder / f"{workflow}.yml"
    if as_path.name == workflow and found.is_file():
        return found
    known = sorted(file.stem for file in folder.glob("*.yml"))
    hint = nearest(workflow, known) or f"known are {', '.join(known) or 'none'}"
    raise NotFound(f"there is no workflow {workflow!r} in {folder} ({hint})")


def find(workflow: str) -> Definition:
    """The workflow of that name in the configuration, or in that file. Raises NotFound, and DefinitionError where
    it cannot be read."""
    definitions, problems = read_workflows([path_of(workflow)])
    if problems:
        raise DefinitionError(problems)
    return definitions[0]
