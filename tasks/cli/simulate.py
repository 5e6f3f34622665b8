"""`stagedoor simulate`: what a workflow would do about events, on a clock that need not wait, and at what cost."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from tasks.cli import rehearsals, surroundings
from tasks.cli.call import read_inputs
from tasks.cli.output import json_option, print_json
from tasks.cli.simulation_report import as_rows, difference_rows, lines, lines_of_differences
from tasks.cli.workflow_files import path_of
from workflows.engine import simulation
from workflows.engine.simulation import Coming, Simulated, differences
from workflows.engine.timing import next_scheduled
from workflows.errors import DefinitionError, NotFound, StagedoorError
from workflows.events import MANUAL, OURS, SCHEDULED, Event
from workflows.language.definition import Call, Definition, Emit, WaitFor, all_steps
from workflows.language.formulas import shown
from workflows.language.inputs import load_inputs
from workflows.language.literals import duration
from workflows.language.pieces import Pieces
from workflows.language.reader import read_definition
from workflows.language.trials.checking import check_mocks
from workflows.language.trials.events import read_event
from workflows.language.trials.reading import TrialReader
from workflows.language.trials.values import DECISIONS, GivenEvent, Mock
from workflows.ledger import configuration
from workflows.ledger.database import Database
from workflows.ledger.events import came_since, milestones_before, of_delivery
from workflows.problems import Place, nearest
from workflows.values import time_of_id, utc_now
from workflows.yaml_nodes import decode, examine

LONGEST = timedelta(days=36_500)
"""How far `--against` looks back at most."""
TOLD_EVERY_SECONDS = 1.0
"""How often a long simulation says how far it is."""

An = click.Path(exists=True, dir_okay=False, path_type=Path)


class CannotSimulate(StagedoorError):
    """There is nothing to simulate with, and why."""


@click.command()
@click.argument("workflow")
@click.option("--event", "files", multiple=True, type=An, help="An event in a JSON file; it may be said several times.")
@click.option("--delivery", help="The events of a delivery in the ledger, by its id.")
@click.option("--against", metavar="DURATION", help="Everything recorded in the last so long, such as 30d.")
@click.option("--with", "inputs", metavar="JSON", help="The inputs of a workflow that is started by hand.")
@click.option("--mocks", type=An, help="A YAML file with what vendors answer, as under `mock` in tests.")
@click.option(
    "--approvals",
    type=click.Choice(DECISIONS),
    default="approve",
    show_default=True,
    help="What people say when asked.",
)
@click.option("--brand", default="", help="The brand a run speaks for whose event names none.")
@click.option("--compare", is_flag=True, help="Tell what differs from the version in force.")
@json_option
def simulate(
    workflow: str,
    files: tuple[Path, ...],
    delivery: str | None,
    against: str | None,
    inputs: str | None,
    mocks: Path | None,
    approvals: str,
    brand: str,
    *,
    compare: bool,
    as_json: bool,
) -> int:
    """Play WORKFLOW, a name in the configuration or a file, over events, without calling anybody.

    Nothing leaves this machine, and nothing is written. Where a step reads what a vendor answers, --mocks says it; what
    was written shows in what is read after.
    """
    path = path_of(workflow)
    known = rehearsals.read([path])
    (definition,) = known.definitions
    if brand and brand not in known.settings.brands:
        hint = nearest(brand, known.settings.brands) or f"known are {', '.join(known.settings.brands)}"
        raise CannotSimulate(f"there is no brand {brand!r} ({hint})")
    answers = () if mocks is None else _mocks(mocks, definition, known)
    source = _Source(definition, known, files, delivery, against, inputs, brand)
    with surroundings.ledger(known.settings) if source.needs_ledger or compare else nullcontext() as database:
        coming, seen = source.read(database)
        if not coming:
            raise CannotSimulate(f"nothing that {definition.name} listens to is recorded in the last {against}")
        earlier = _in_force(database, definition) if compare and database is not None else None

    def play(one: Definition) -> Simulated:
        told = _progress(coming)
        return simulation.simulate(
            one, coming, known.props, mocks=answers, decision=approvals, brand=brand, seen=seen, told=told
        )

    after = play(definition)
    before = None if earlier is None else play(earlier)
    if as_json:
        rows = as_rows(after, known)
        print_json(rows if before is None else {**rows, "compared": difference_rows(before, after)})
        return 0
    for line in lines(after, known):
        click.echo(line)
    if before is not None:
        for line in lines_of_differences(differences(before, after), before, after):
            click.echo(line)
    return 0


class _Source:
    """Where the events of a simulation come from."""

    def __init__(
        self,
        definition: Definition,
        known: rehearsals.Known,
        files: Sequence[Path],
        delivery: str | None,
        against: str | None,
        inputs: str | None,
        brand: str,
    ) -> None:
        self._definition = definition
        self._known = known
        self._files = files
        self._delivery = delivery
        self._against = against
        self._inputs = inputs
        self._brand = brand
        begins_itself = definition.trigger.schedule is not None or definition.trigger.manual is not None
        chosen = [one for one in (files, delivery, against) if one]
        if len(chosen) > 1:
            raise click.UsageError("one of --event, --delivery and --against says what to simulate with")
        if not chosen and not begins_itself:
            raise click.UsageError("say what to simulate with: --event FILE, --delivery ID or --against 30d")
        if inputs is not None and definition.trigger.manual is None:
            raise click.UsageError(f"{definition.name} is not started by hand: it takes no --with")

    @property
    def needs_ledger(self) -> bool:
        return bool(self._delivery or self._against)

    def read(self, database: Database | None) -> tuple[list[Coming], set[tuple[str, str]] | None]:
        """What comes, and the milestones before it, where those are known."""
        if database is not None and self._against:
            return self._recorded(database, self._against)
        if database is not None and self._delivery:
            with database.read() as connection:
                found = of_delivery(connection, self._delivery)
            if not found:
                raise NotFound(f"no event came with a delivery {self._delivery}")
            return [Coming(event, _came_at(event)) for event in found], None
        if self._files:
            return list(self._from_files()), None
        return [self._by_itself()], None

    def _from_files(self) -> Iterator[Coming]:
        for number, file in enumerate(self._files, 1):
            given = GivenEvent(Place(str(file), 1, 1), file.name)
            event, said_at = read_event(given, self._known.props.emitted, self._brand, f"event-of-file-{number}")
            yield Coming(event, said_at or event.occurred_at)

    def _by_itself(self) -> Coming:
        now, trigger = utc_now(), self._definition.trigger
        if trigger.schedule is not None:
            now = next_scheduled(trigger.schedule, now)
            return Coming(self._own(SCHEDULED, "schedule", {"due_at": now}, now), now, is_own=True)
        given = load_inputs(trigger.manual or {}, read_inputs(self._inputs) if self._inputs else {})
        return Coming(self._own(MANUAL, "manual", given, now), now, is_own=True)

    def _own(self, kind: str, word: str, data: dict[str, object], at: datetime) -> Event:
        brand = self._brand or self._definition.trigger.brand
        return Event(f"{word}-{at:%Y%m%dT%H%M}", kind, f"{word}:{self._definition.name}", at, data, OURS, "", brand)

    def _recorded(self, database: Database, against: str) -> tuple[list[Coming], set[tuple[str, str]]]:
        try:
            length = duration(against)
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--against") from error
        if not timedelta(0) < length <= LONGEST:
            raise click.BadParameter(f"it is longer than nothing and at most {shown(LONGEST)}", param_hint="--against")
        trigger = self._definition.trigger
        with database.read() as connection:
            now = database.now(connection)
            required = _required(self._definition, self._known)
            kinds = _listened(self._definition) | required | ({MANUAL} if trigger.manual is not None else set())
            found = came_since(connection, kinds, now - length)
            seen = milestones_before(connection, required, now - length)
        mine = f"manual:{self._definition.name}"
        told_again = _emitted(self._definition)  # by the runs that are played
        coming = [
            Coming(event, _came_at(event), is_own=event.type == MANUAL)
            for event in found
            if event.type not in told_again and (event.type != MANUAL or event.subject == mine)
        ]
        if trigger.schedule is not None:
            due_at = next_scheduled(trigger.schedule, now - length)
            while due_at <= now:
                coming.append(Coming(self._own(SCHEDULED, "schedule", {"due_at": due_at}, due_at), due_at, is_own=True))
                due_at = next_scheduled(trigger.schedule, due_at)
        return sorted(coming, key=lambda one: one.at), seen


def _listened(definition: Definition) -> set[str]:
    """The types of events a workflow makes something of."""
    kinds = set(definition.trigger.events)
    kinds |= set(definition.cancel_on.events if definition.cancel_on is not None else ())
    for step in all_steps(definition.steps):
        if isinstance(step.verb, WaitFor):
            kinds |= {kind for item in step.verb.awaited for kind in item.events}
    return kinds


def _emitted(definition: Definition) -> set[str]:
    """The types of events a workflow emits."""
    steps = all_steps((*definition.steps, *definition.on_failure))
    return {step.verb.event for step in steps if isinstance(step.verb, Emit)}


def _required(definition: Definition, known: rehearsals.Known) -> set[str]:
    """The types of events vendors require of the calls of a workflow."""
    kinds: set[str] = set()
    for step in all_steps((*definition.steps, *definition.on_failure)):
        if isinstance(step.verb, Call):
            for need in known.props.catalogue.operation(step.verb.operation).requires:
                kinds |= {need.event} | ({need.never_after} if need.never_after else set())
    return kinds


def _came_at(event: Event) -> datetime:
    return time_of_id(event.id)


def _mocks(file: Path, definition: Definition, known: rehearsals.Known) -> tuple[Mock, ...]:
    """What vendors answer, from a file. Raises DefinitionError."""
    root, problems = examine(decode(file.read_bytes(), str(file)), str(file))
    pieces = Pieces()
    found = TrialReader(pieces).mocks(root)
    problems += pieces.findings.problems
    problems += check_mocks(definition, known.promised, found)
    if problems:
        raise DefinitionError(problems)
    return found


def _in_force(database: Database, definition: Definition) -> Definition | None:
    """The version of a workflow that is in force. Raises CannotSimulate."""
    with database.read() as connection:
        latest = configuration.latest(connection)
        content_hash = None if latest is None else latest.workflows.get(definition.name)
        if content_hash is None:
            raise CannotSimulate(f"no version of {definition.name} is in force to compare with")
        name, source = configuration.definition_source(connection, content_hash)
    return read_definition(source, f"{name}.yml")


def _progress(coming: Sequence[Coming]) -> Callable[[datetime], None]:
    """Says on standard error how far a long simulation is, where somebody looks."""
    if not sys.stderr.isatty():
        return lambda now: None
    first, last = min(one.at for one in coming), max(one.at for one in coming)
    said_at = time.monotonic()

    def tell(now: datetime) -> None:
        nonlocal said_at
        if time.monotonic() - said_at >= TOLD_EVERY_SECONDS:
            said_at = time.monotonic()
            share = 1.0 if last == first else min((now - first) / (last - first), 1.0)
            click.echo(f"{share:4.0%}  {now.astimezone(UTC):%Y-%m-%d %H:%M}", err=True)

    return tell
