"""`stagedoor replay`: what was rejected, examined again; what was taken in, run again without a call made twice."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import click

from tasks.cli import surroundings
from tasks.cli.identity import as_option, who
from tasks.cli.output import json_option, print_json
from vendors.catalogue import build_catalogue
from webhooks.replaying import Replayer, Tally
from webhooks.sources import build_sources
from workflows.errors import NotFound
from workflows.language.literals import duration
from workflows.ledger import audit, replays
from workflows.ledger.database import Database
from workflows.ledger.replays import Replay, ReplayState, Which
from workflows.runtime.intake import Intake
from workflows.runtime.rules import Rules
from workflows.settings import Settings
from workflows.values import new_id, utc_now

BEHIND_SECONDS = 0.2
MOST_PROBLEMS = 20
STATES = ("rejected", "quarantined", "filtered", "taken")


class Moment(click.ParamType[datetime]):
    """An instant, or how long ago: `2026-03-01T15:00:00Z`, `2026-03-01`, `24h`."""

    name = "when"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            return utc_now() - duration(value)
        except ValueError:
            pass
        try:
            read = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is neither an instant such as 2026-03-01T15:00:00Z nor a duration such as 24h")
        return read if read.tzinfo is not None else read.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Desk:
    """What the command works with."""

    database: Database
    replayer: Replayer


@click.command()
@click.argument("delivery_ids", metavar="[DELIVERY]...", nargs=-1)
@click.option(
    "--rejected", "state", flag_value="rejected", help="All that were rejected; the same as --state rejected."
)
@click.option("--state", type=click.Choice(STATES), help="All in this state.")
@click.option("--source", help="Only those of this source.")
@click.option("--type", "event_type", metavar="TYPE", help="Only those that carry an event of this type.")
@click.option("--since", type=Moment(), help="Only those that came at or after this instant, or not longer ago.")
@click.option("--until", type=Moment(), help="Only those that came before this instant, or longer ago.")
@click.option(
    "--again", multiple=True, metavar="STEP", help="Make the call of this step once more, though it was made."
)
@click.option("--reason", default="", help="Why; kept in the audit.")
@click.option("--dry-run", is_flag=True, help="Change nothing: say what would happen.")
@click.option("--yes", is_flag=True, help="Do not ask before many are replayed.")
@click.option("--continue", "continued", metavar="REPLAY", help="Go on with a replay that was interrupted.")
@as_option
@json_option
def replay(
    delivery_ids: tuple[str, ...],
    state: str | None,
    source: str | None,
    event_type: str | None,
    since: datetime | None,
    until: datetime | None,
    again: tuple[str, ...],
    reason: str,
    dry_run: bool,
    yes: bool,
    continued: str | None,
    name: str | None,
    as_json: bool,
) -> int:
    """Look at stored deliveries again: those named, or all that the options describe.

    What was rejected is examined by the sources of now; what fits goes the usual way. What was taken in gets new runs
    of the workflows in force, which keep every call that was made or may have been made: only `--again STEP` makes one
    once more. A run that has not ended is left alone.
    """
    which = Which(state, delivery_ids, source, event_type, since, until)
    if continued is None and not delivery_ids and state is None:
        raise click.UsageError("say which: DELIVERY..., --rejected or --state")
    if continued is not None and (which != Which() or again or reason or dry_run or name):
        raise click.UsageError("--continue goes on with what the replay was asked for, and takes nothing else")
    chosen = surroundings.settings()
    with _desk(chosen) as desk:
        if continued is not None:
            return _go_on(desk, _found(desk, continued), as_json)
        _expect(desk, delivery_ids)
        if dry_run:
            _tell_preview(_preview(desk, which, again), as_json)
            return 0
        by = who(chosen, name).name
        if not delivery_ids and not yes:
            _tell_preview(_preview(desk, which, again), as_json=False, err=True)
            click.confirm("Go on?", abort=True, err=True)
        return _go_on(desk, _begin(desk, which, again, by, reason), as_json)


@contextmanager
def _desk(chosen: Settings) -> Iterator[Desk]:
    rules = Rules(build_catalogue(chosen), chosen.expected)
    with surroundings.ledger(chosen) as database:
        yield Desk(database, Replayer(database, build_sources(chosen.sources), Intake(database, rules)))


def _expect(desk: Desk, delivery_ids: tuple[str, ...]) -> None:
    """Raises NotFound for the first that is not there."""
    with desk.database.read() as connection:
        for delivery_id in delivery_ids:
            if not replays.count(connection, Which(ids=(delivery_id,))):
                raise NotFound(f"there is no delivery {delivery_id}")


def _preview(desk: Desk, which: Which, again: tuple[str, ...]) -> Tally:
    total = Tally()
    for tally in desk.replayer.preview(which, again):
        total.add(tally)
    return total


def _begin(desk: Desk, which: Which, again: tuple[str, ...], by: str, reason: str) -> Replay:
    """Write down, and in the audit, that it begins."""
    with desk.database.write() as connection:
        now = desk.database.now(connection)
        begun = replays.begin(connection, replay_id=new_id(), which=which, again=again, by=by, reason=reason, now=now)
        about = which.ids[0] if len(which.ids) == 1 else begun.id
        details = {"replay": begun.id, **which.as_dict(), **({"again": list(again)} if again else {})}
        audit.record(
            connection, by=begun.by, action="delivery.replay", about=about, reason=reason, details=details, now=now
        )
    return begun


def _found(desk: Desk, replay_id: str) -> Replay:
    with desk.database.read() as connection:
        return replays.find(connection, replay_id)


def _go_on(desk: Desk, begun: Replay, as_json: bool) -> int:
    """Replay page by page; Ctrl-C leaves it so that it can be continued."""
    total = Tally()
    at = begun
    try:
        with _progress(desk, begun) as bar:
            while at.state is not ReplayState.DONE:
                while desk.replayer.is_behind():
                    bar.label = "waits for intake"
                    time.sleep(BEHIND_SECONDS)
                before = at
                moved = desk.replayer.proceed(at)
                if moved is None:
                    click.echo(f"another process is at replay {at.id}", err=True)
                    return 1
                at, tally = moved
                total.add(tally)
                bar.label = "replays"
                bar.update(sum(at.counts.get(name, 0) - before.counts.get(name, 0) for name in LOOKED_AT))
    except KeyboardInterrupt:
        _stop(desk, at)
        click.echo(f"\nstopped: `stagedoor replay --continue {at.id}` goes on", err=True)
        return 130
    _tell(at, total, as_json)
    return 0


LOOKED_AT = ("examined", "replayed", "not taken in yet", "superseded by a later one")


@contextmanager
def _progress(desk: Desk, begun: Replay) -> Iterator[Any]:
    with desk.database.read() as connection:
        left = replays.count(connection, begun.which, begun.cursor)
    with click.progressbar(length=left, label="replays", file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
        yield bar


def _stop(desk: Desk, at: Replay) -> None:
    with desk.database.write() as connection:
        replays.stop(connection, at.id, desk.database.now(connection))


def _tell(done: Replay, total: Tally, as_json: bool) -> None:
    if as_json:
        print_json({"replay": done.id, "state": done.state, **_row(total), "counts": done.counts})
        return
    for line in _lines(total, done.counts):
        click.echo(line)
    click.echo(f"replay {done.id}")


def _tell_preview(total: Tally, as_json: bool, *, err: bool = False) -> None:
    if as_json:
        print_json(_row(total))
        return
    for line in _lines(total, total.counts):
        click.echo(line, err=err)


def _row(total: Tally) -> dict[str, Any]:
    return {
        "counts": dict(total.counts),
        "problems": dict(total.problems.most_common(MOST_PROBLEMS)),
        "workflows": {workflow: dict(fates) for workflow, fates in sorted(total.workflows.items())},
    }


def _lines(total: Tally, counts: Mapping[str, int]) -> Iterator[str]:
    if not counts:
        yield "there is nothing to replay"
    yield from (f"{name}: {number}" for name, number in counts.items() if number)
    for sentence, number in total.problems.most_common(MOST_PROBLEMS):
        yield f"  {number} x {sentence}"
    for workflow, fates in sorted(total.workflows.items()):
        yield f"{workflow}: " + ", ".join(f"{number} {fate}" for fate, number in fates.items())
