"""Reading settings, once per process."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from workflows.errors import ConfigurationError
from workflows.problems import Problem
from workflows.settings.document import read_document
from workflows.settings.environment import config_folder, environment_values
from workflows.settings.values import Settings


def read_settings(environ: Mapping[str, str], config_dir: Path | None = None) -> Settings:
    """Read the environment and `<config_dir>/stagedoor.yml`.

    `config_dir` goes before STAGEDOOR_CONFIG. Raises ConfigurationError with every problem of both.
    """
    settings, problems = examine_settings(environ, config_dir)
    if problems:
        raise ConfigurationError(problems)
    return settings


def examine_settings(environ: Mapping[str, str], config_dir: Path | None = None) -> tuple[Settings, list[Problem]]:
    """As `read_settings`, but with whatever fits, for those who look for further mistakes elsewhere."""
    problems: list[Problem] = []
    values = environment_values(environ, problems)
    folder = config_dir or config_folder(environ)
    sections, of_document = read_document(folder / "stagedoor.yml", environ)
    return Settings(config_dir=folder, **values, **sections), [*problems, *of_document]
