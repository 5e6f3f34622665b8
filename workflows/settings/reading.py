"""Reading settings, once per process."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from workflows.errors import ConfigurationError, DefinitionError
from workflows.problems import Problem
from workflows.settings.document import read_document
from workflows.settings.environment import environment_values
from workflows.settings.values import Settings


def read_settings(environ: Mapping[str, str], config_dir: Path | None = None) -> Settings:
    """Read the environment and `<config_dir>/stagedoor.yml`.

    `config_dir` goes before STAGEDOOR_CONFIG. Raises ConfigurationError with every problem of both.
    """
    problems: list[Problem] = []
    values = environment_values(environ, problems)
    folder = config_dir or Path(environ.get("STAGEDOOR_CONFIG") or "config")
    try:
        sections = read_document(folder / "stagedoor.yml", environ)
    except DefinitionError as error:
        raise ConfigurationError([*problems, *error.problems]) from error
    if problems:
        raise ConfigurationError(problems)
    return Settings(config_dir=folder.absolute(), **values, **sections)
