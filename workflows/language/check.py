"""The whole configuration looked at once: `stagedoor.yml`, and every workflow against it and the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from workflows.catalogue import Catalogue, Repeat
from workflows.details import details_of
from workflows.errors import ConfigurationError, DefinitionError
from workflows.language.advice import advise
from workflows.language.definition import Definition
from workflows.language.exposure import Exposure, exposures
from workflows.language.formulas import check
from workflows.language.promises import Known, check_together
from workflows.language.reader import Examined, examine_definition
from workflows.language.surroundings import Surroundings
from workflows.language.trials.checking import check_trials
from workflows.language.types import Boolean, FieldType, ObjectOf, Type, of_schema
from workflows.language.values import type_of_value
from workflows.problems import Place, Problem, nearest
from workflows.settings import Settings, config_folder, examine_settings
from workflows.settings.admission_reader import event_scope
from workflows.settings.sources import told_events
from workflows.yaml_nodes import Node, decode, read

SETTINGS = "stagedoor.yml"
NOT_CONFIGURED = "E303"
UNSETTLED = ("E211", "E212")
"""What a condition may have settled: that something might be absent, or null."""


@dataclass(frozen=True)
class Examination:
    """What was found out about a configuration.

    problems   everything wrong in it, and what is hardly meant as warnings
    exposures  the most its workflows can cause in a day; of those without mistakes
    """

    problems: list[Problem]
    exposures: list[Exposure]


def check_configuration(
    environ: Mapping[str, str],
    config_dir: Path | None,
    build_catalogue: Callable[[Settings], Catalogue],
    paths: Sequence[Path] = (),
) -> list[Problem]:
    """The problems that `examine_configuration` finds."""
    return examine_configuration(environ, config_dir, build_catalogue, paths).problems


def examine_configuration(
    environ: Mapping[str, str],
    config_dir: Path | None,
    build_catalogue: Callable[[Settings], Catalogue],
    paths: Sequence[Path] = (),
) -> Examination:
    """Look at the environment, stagedoor.yml and the workflows in `paths` (by default those beside it).

    Without `config_dir` the configuration is the one `paths` lie in, else that of STAGEDOOR_CONFIG. Workflows are
    looked at even where the settings are wrong; only what may be wrong because of that is left out.
    """
    folder = config_dir or folder_of(environ, paths)
    file = folder / SETTINGS
    settings, problems = examine_settings(environ, folder)
    try:
        catalogue = build_catalogue(settings)
    except ConfigurationError as error:
        problems += [_placed(problem, file) for problem in error.problems]
        catalogue = build_catalogue(replace(settings, vendors={}))
    problems += _check_polls(settings, catalogue)
    surroundings = surroundings_of(settings, catalogue)
    found = _check_files(paths or [folder], surroundings, settings.brands or None, [folder])
    kept = [problem for problem in found.problems if not problems or problem.code != NOT_CONFIGURED]
    return Examination([*problems, *kept], found.exposures)


def look_around(
    environ: Mapping[str, str], config_dir: Path | None, build_catalogue: Callable[[Settings], Catalogue]
) -> Surroundings:
    """What a workflow of this configuration may name, as far as the configuration can be read."""
    folder = config_dir or folder_of(environ, ())
    settings, _ = examine_settings(environ, folder)
    try:
        catalogue = build_catalogue(settings)
    except ConfigurationError:
        catalogue = build_catalogue(replace(settings, vendors={}))
    workflows, _ = examine_workflows([folder])
    known = [Known(one.definition, one.unread) for one in workflows]
    return check_together(known, surroundings_of(settings, catalogue))[1]


def check_paths(
    paths: Sequence[Path], settings: Settings, catalogue: Catalogue, others: Sequence[Path] = ()
) -> list[Problem]:
    """Every problem of the workflows in `paths`: files, folders of them, or the folder of a configuration.

    The workflows in `others` are there as well, but what is wrong with them is not told.
    """
    return _check_files(paths, surroundings_of(settings, catalogue), settings.brands, others).problems


def surroundings_of(settings: Settings, catalogue: Catalogue) -> Surroundings:
    """What workflows are checked against, without what they promise each other.

    Nothing is known of brands and people where the settings have no brands, for then the file could not be read.
    """
    if not settings.brands:
        return Surroundings(catalogue)
    roles: dict[str, tuple[str, ...]] = {}
    for name, person in settings.people.items():
        for role in person.roles:
            roles[role] = (*roles.get(role, ()), name)
    told = {kind: _told(kind, fields) for kind, fields in told_events(settings.sources).items()}
    return Surroundings(catalogue, brand_fields(settings.brands), tuple(settings.brands), roles, told=told)


def _told(kind: str, fields: Mapping[str, Mapping[str, str]]) -> Type:
    """The data of an event as its source's configuration declares it; the rest of the body is there, too."""
    return replace(of_schema(details_of(fields)), open=True, name=kind)


def read_together(
    paths: Sequence[Path], settings: Settings, catalogue: Catalogue, others: Sequence[Path] = ()
) -> tuple[list[Definition], list[Definition], Surroundings]:
    """The definitions in `paths`, those in `others` beside them, and what all of them promise each other.

    For a configuration without problems: what cannot be read is left out.
    """
    workflows = examine_workflows(paths)[0]
    beside = _beside(workflows, others)
    known = [Known(one.definition, one.unread) for one in [*workflows, *beside]]
    _, promised = check_together(known, surroundings_of(settings, catalogue))
    return [one.definition for one in workflows], [one.definition for one in beside], promised


def read_workflows(paths: Iterable[Path]) -> tuple[list[Definition], list[Problem]]:
    """The definitions in `paths` in the order of their names, and every problem of reading them.

    A definition with problems is given as far as it fits: use none while there is a problem.
    """
    workflows, problems = examine_workflows(paths)
    return [one.definition for one in workflows], problems


def examine_workflows(paths: Iterable[Path]) -> tuple[list[Examined], list[Problem]]:
    """As `read_workflows`, with what is known to be missing of each."""
    found: list[Examined] = []
    problems: list[Problem] = []
    places: dict[str, Path] = {}
    for path in _files(paths, problems):
        try:
            examined = examine_definition(decode(path.read_bytes(), str(path)), str(path))
        except OSError as error:
            problems.append(_of_file("E112", path, error.strerror or "cannot be read"))
        except DefinitionError as error:
            problems += error.problems
        else:
            name = examined.definition.name
            if name and name in places:
                problems.append(_of_file("E304", path, f"the workflow {name!r} is there already, in {places[name]}"))
            places.setdefault(name, path)
            problems += examined.problems
            found.append(examined)
    return found, problems


def brand_fields(brands: Mapping[str, Mapping[str, Any]]) -> dict[str, FieldType]:
    """What formulas may read of `brand`; a field that one of the brands lacks may be absent."""
    fields: dict[str, FieldType] = {}
    for values in brands.values():
        for name, value in values.items():
            is_optional = any(name not in other for other in brands.values())
            fields[name] = FieldType(type_of_value(value), is_optional)
    return fields


def folder_of(environ: Mapping[str, str], paths: Sequence[Path]) -> Path:
    """The folder of the configuration the first of `paths` is or lies in: config for config/workflows/boost.yml.

    Where they are in none, it is that of STAGEDOOR_CONFIG.
    """
    above = (folder for path in paths for folder in (path, *path.parents[:2], *path.absolute().parents[:2]))
    found = next((folder for folder in above if (folder / SETTINGS).is_file()), None)
    return found or config_folder(environ)


def _check_files(
    paths: Sequence[Path],
    surroundings: Surroundings,
    brands: Mapping[str, Mapping[str, Any]] | None,
    others: Sequence[Path],
) -> Examination:
    workflows, problems = examine_workflows(paths)
    beside = _beside(workflows, others)
    known = [Known(one.definition, one.unread) for one in [*workflows, *beside]]
    checked, surroundings = check_together(known, surroundings)
    for one, found in zip(workflows, checked, strict=False):
        problems += [problem for problem in found.problems if one.is_certain or problem.code not in UNSETTLED]
        problems += check_trials(one.definition, surroundings, brands, one.unread)
    wrong = {problem.place.file for problem in problems if problem.place and problem.severity == "error"}
    sound = [one.definition for one in workflows if one.file not in wrong]
    advice = advise([*sound, *(one.definition for one in beside)], surroundings)
    problems += [problem for definition in sound for problem in advice[definition.name]]
    in_order = sorted(problems, key=lambda problem: (problem.place is not None, problem.place))
    all_of_them = [one.definition for one in known]
    return Examination(in_order, exposures(sound, surroundings.catalogue, brands or {}, all_of_them))


def _beside(workflows: Sequence[Examined], others: Sequence[Path]) -> list[Examined]:
    names = {one.definition.name for one in workflows}
    return [one for one in examine_workflows(others)[0] if one.definition.name not in names]


def _check_polls(settings: Settings, catalogue: Catalogue) -> Iterator[Problem]:
    """What is wrong with the operations that are to say whether an expected event happened."""
    for item in settings.expected:
        poll = item.poll
        if poll is None:
            continue
        operation = catalogue.operations.get(poll.operation)
        if operation is None:
            hint = nearest(poll.operation, catalogue.operations)
            yield Problem("E123", f"there is no operation {poll.operation!r}", place=poll.place, hint=hint)
        elif operation.unavailable:
            yield Problem(NOT_CONFIGURED, operation.unavailable, place=poll.place)
        elif operation.repeat is not Repeat.SAFE or operation.subjects:
            yield Problem("E123", f"{poll.operation} changes something: a poll may only read", place=poll.place)
        elif operation.output is None:
            yield Problem("E220", f"nothing documents what {poll.operation} answers", place=poll.place)
        else:
            answer = FieldType(replace(of_schema(operation.output), name=operation.name))
            scope = ObjectOf({**event_scope(item.after).fields, "answer": answer})
            for formula in poll.happened.values():
                yield from check(formula, scope, Boolean())[1]


def _files(paths: Iterable[Path], problems: list[Problem]) -> Iterator[Path]:
    for path in paths:
        if not path.is_dir():
            yield from [path] if path.name != SETTINGS else ()
            continue
        folder = path / "workflows" if (path / SETTINGS).exists() else path
        for file in sorted(folder.iterdir()) if folder.is_dir() else ():
            if file.suffix == ".yml":
                yield file
            elif file.suffix == ".yaml":
                problems.append(_of_file("E113", file, "is not read", f"name it {file.stem}.yml"))


def _of_file(code: str, path: Path, message: str, hint: str = "") -> Problem:
    return Problem(code, message, place=Place(str(path), 1, 1), hint=hint)


def _placed(problem: Problem, file: Path) -> Problem:
    """A problem that names its setting by path (`vendors.symphony.operations`), with the place of that setting."""
    place = _place_of(read(decode(file.read_bytes(), str(file)), str(file)), problem.path.split("."))
    return replace(problem, code="E418", message=f"{problem.path} {problem.message}", path="", place=place)


def _place_of(node: Node, path: Sequence[str]) -> Place:
    """Where the value at `path` stands, or the nearest thing to it that is written down."""
    if path and path[0] in node.entries:
        return _place_of(node.entries[path[0]].node, path[1:])
    return node.place
