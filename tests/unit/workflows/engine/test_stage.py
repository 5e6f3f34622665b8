"""The stage: what the runtime does with the ledger, several runs beside each other, in memory and at once."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.builders.catalogue import make_catalogue
from tests.builders.stage import make_stage
from workflows.catalogue import Catalogue, Outcome, OutcomeKind, Vendor
from workflows.engine.rehearsal import Decided, Played
from workflows.events import Event
from workflows.language.definition import Definition
from workflows.language.reader import read_definition

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
HEAD = "workflow: w\nwhen: {event: order.placed}\n"
EDIT = "  - {id: edit, call: shop.edit_show, with: {id: =event.data.id}%s}\n"
BUSY = Outcome(OutcomeKind.RETRY, "busy", retry_after_seconds=3600)
DOUBT = Outcome(OutcomeKind.IN_DOUBT, "no answer came")
FINE = Outcome(OutcomeKind.DONE, "")
REFUSED = Outcome(OutcomeKind.REFUSED, "no")


def definition_of(
    steps: str, run: str = "", name: str = "w", when: str = "when: {event: order.placed}\n"
) -> Definition:
    return read_definition(f"workflow: {name}\n{when}{run}steps:\n{steps}", f"{name}.yml")


def order(number: int, after: timedelta = timedelta(0), kind: str = "order.placed", **data: Any) -> Event:
    return Event(
        f"e{number}", kind, f"order:s:{number}", NOW + after, {"id": str(number), "shop": "s", **data}, "s", "d"
    )


def play(definition: Definition, *events: Event, **players: Any) -> Played:
    stage = make_stage(definition, now=NOW, **players)
    for event in events:
        stage.bring(event, event.occurred_at)
    return stage.play()


def endings(played: Played) -> list[str]:
    return [str(run.status) for run in played.runs]


def catalogue_with_subjects() -> Catalogue:
    """The small catalogue, whose edit changes the show it names."""
    (vendor,) = make_catalogue().vendors
    operations = tuple(
        replace(one, subjects=("shop:show:{id}",)) if one.name == "shop.edit_show" else one for one in vendor.operations
    )
    return Catalogue((Vendor("shop", "Shop", operations),))


def test_once_lets_the_second_wait_for_the_first_and_then_skips_it() -> None:
    once = definition_of(
        EDIT % ", once: [edited], retry: {attempts: 3, within: 6h}" + "  - {id: after, wait: {for: 1m}}\n"
    )
    played = play(
        once, order(1), order(2, timedelta(minutes=1)), answers={"edit": [BUSY, Outcome(OutcomeKind.DONE, "")]}
    )
    assert endings(played) == ["done", "done"]
    assert [(call.run, call.attempts) for call in played.calls] == [("run-1", 2)]
    assert any("has done it already" in moment.text for moment in played.moments)


def test_once_lets_the_next_try_where_the_first_was_refused() -> None:
    once = definition_of(EDIT % ", once: [edited]")
    played = play(
        once, order(1), order(2, timedelta(minutes=1)), answers={"edit": [REFUSED, Outcome(OutcomeKind.DONE, "")]}
    )
    assert endings(played) == ["failed", "done"]


def test_once_of_a_call_in_doubt_lets_nobody_else_call() -> None:
    once = definition_of(EDIT % ", once: [edited]", "run: {expires: 2d}\n")
    played = play(once, order(1), order(2, timedelta(minutes=1)), answers={"edit": DOUBT})
    assert endings(played) == ["waiting", "failed"]
    assert len(played.calls) == 1


def test_nothing_else_changes_a_subject_in_doubt() -> None:
    edit = definition_of(EDIT % "", "run: {expires: 2d}\n")
    other = replace(order(2, timedelta(minutes=1)), data={"id": "1", "shop": "s"})
    events = (order(1), other, order(3, timedelta(minutes=2)))
    played = play(edit, *events, catalogue=catalogue_with_subjects(), answers={"edit": [DOUBT, FINE]})
    assert endings(played) == ["waiting", "failed", "done"]
    assert [run.reason for run in played.runs][1] == "it expired before everything was done"


def test_retries_end_with_their_time() -> None:
    edit = definition_of(EDIT % ", retry: {attempts: 100, within: 3.5h}")
    (run,) = play(edit, order(1), answers={"edit": BUSY}).runs
    assert (str(run.status), run.reason, run.elapsed) == (
        "failed",
        "gave up after 4 attempts: busy",
        timedelta(hours=3),
    )


def test_of_a_crowd_one_runs_and_the_others_queue() -> None:
    crowd = definition_of("  - {id: rest, wait: {for: 1h}}\n", "run: {key: event.data.shop, concurrency: {limit: 1}}\n")
    played = play(crowd, order(1), order(2), order(3, timedelta(minutes=90)))
    assert [(run.began_at, run.began_at and run.began_at + run.elapsed) for run in played.runs] == [
        (NOW, NOW + timedelta(hours=1)),
        (NOW, NOW + timedelta(hours=2)),
        (NOW + timedelta(minutes=90), NOW + timedelta(hours=3)),
    ]


def test_a_newer_run_takes_the_place_of_one_that_has_called_nobody() -> None:
    steps = "  - {id: rest, wait: {for: 1h}}\n" + EDIT % ""
    crowd = definition_of(steps, "run: {key: event.data.shop, concurrency: {limit: 1, on_conflict: replace}}\n")
    played = play(crowd, order(1), order(2, timedelta(minutes=30)))
    assert endings(played) == ["cancelled", "done"]
    assert [call.inputs for call in played.calls] == [{"id": "2"}]


def test_a_run_that_queues_for_too_long_gives_up() -> None:
    steps = "  - {id: ask, call: shop.edit_show, with: {id: x}}\n"
    crowd = definition_of(steps, "run: {key: event.data.shop, expires: 1d, concurrency: {limit: 1}}\n")
    played = play(crowd, order(1), order(2), answers={"ask": DOUBT})
    assert endings(played) == ["waiting", "failed"]


def test_what_expires_gives_up_what_is_open_and_cleans_up() -> None:
    definition = read_definition(
        f"{HEAD}run: {{expires: 2h}}\nsteps:\n  - {{id: rest, wait: {{for: 5h}}}}\n"
        "on_failure:\n  - {id: tell, emit: {event: stagedoor.failed, data: {step: =failure.step}}}\n",
        "w.yml",
    )
    (run,) = play(definition, order(1)).runs
    assert (str(run.status), run.at, run.elapsed) == ("failed", "rest", timedelta(hours=2))
    assert [one.event.data for one in run.emitted] == [{"step": "rest"}]


def test_a_workflow_that_starts_itself_without_end_is_stopped() -> None:
    steps = "  - {id: again, emit: {event: stagedoor.again, data: {id: x}}}\n"
    loop = definition_of(steps, when="when: {event: [order.placed, stagedoor.again]}\n")
    played = play(loop, order(1))
    assert endings(played) == [*["done"] * 10, "failed"]
    assert "is this a loop?" in played.runs[-1].reason


def test_another_workflow_is_played_with_its_own_steps() -> None:
    child = definition_of(
        "  - {id: rest, wait: {for: 1h}}\n  - {id: edit, call: shop.edit_show, with: {id: =event.data.id}}\n",
        "result: {id: =event.data.id}\n",
        name="child",
        when="when: {manual: {inputs: {id: text}}}\n",
    )
    parent = definition_of(
        "  - {id: go, run: child, with: {id: =event.data.id}}\n"
        "  - {id: tell, emit: {event: stagedoor.told, data: {id: =go.id}}}\n"
    )
    played = play(parent, order(7), workflows={"child": child})
    assert [(run.workflow, str(run.status), run.parent) for run in played.runs] == [
        ("w", "done", None),
        ("child", "done", "run-1"),
    ]
    assert played.runs[0].elapsed == timedelta(hours=1)
    assert [one.event.data for one in played.emitted] == [{"id": "7"}]


def test_what_takes_too_long_is_given_up_with_the_run_it_began() -> None:
    child = definition_of("  - {id: rest, wait: {for: 5h}}\n", name="child", when="when: {manual: {}}\n")
    parent = definition_of("  - {id: go, run: child, timeout: 2h, on_error: continue}\n")
    played = play(parent, order(7), workflows={"child": child})
    assert endings(played) == ["done", "cancelled"]
    assert [run.elapsed for run in played.runs] == [timedelta(hours=2)] * 2


def test_a_loop_takes_so_many_items_at_a_time() -> None:
    loop = definition_of(
        "  - id: lines\n    for_each:\n      in: [1, 2, 3, 4, 5]\n      concurrency: 2\n"
        "      steps: [{id: rest, wait: {for: 1h}}]\n"
    )
    (run,) = play(loop, order(1)).runs
    assert run.elapsed == timedelta(hours=3)
    assert waits(run.waits) == [0, 0, 1, 1, 2]


def waits(found: Sequence[Any]) -> list[int]:
    """After how many hours each began."""
    return [int((wait.since - NOW) / timedelta(hours=1)) for wait in found]


def test_too_few_of_those_asked_is_nobody() -> None:
    ask = definition_of("  - {id: ask, approve: {title: Go on?, from: [a], count: 2, expires: 1d}}\n")
    both = Decided(is_approved=True, by=("ann", "ben"), after=timedelta(hours=1))
    assert endings(play(ask, order(1), decisions={"ask": both})) == ["done"]
    one = Decided(is_approved=True, by=("ann", "ann"))
    assert endings(play(ask, order(1), decisions={"ask": one})) == ["stopped"]
    late = replace(both, after=timedelta(days=2))
    assert endings(play(ask, order(1), decisions={"ask": late})) == ["stopped"]
