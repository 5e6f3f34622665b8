"""The whole language in the ledger: what each verb, policy and modifier does, on both engines."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from marshmallow import Schema, fields

from tests.builders.ledger import ClockedDatabase, Crew, Inputs, catalogue, operation, store_delivery
from workflows.catalogue import Outcome, OutcomeKind, Repeat
from workflows.language.reader import read_definition
from workflows.ledger import configuration, runs, schema, tables, waits
from workflows.runtime.advance import MOST_OUTPUT
from workflows.runtime.intake import Intake
from workflows.runtime.schedules import plan_schedules
from workflows.runtime.sweep import Sweep
from workflows.values import new_id


class Numbers(Schema):
    n = fields.Integer(required=True)


EDIT = operation("symphony.edit")
PAY = operation("symphony.pay", repeat=Repeat.ASK, method="POST", path="/v1/pay/{id}", subjects=())
READ = operation("symphony.read", method="GET", path="/v1/read/{id}", subjects=(), output=Numbers, inputs=Inputs)


class Stage:
    """A ledger, one process, and workflows in force."""

    def __init__(self, url: str) -> None:
        self.database = ClockedDatabase(url)
        schema.upgrade(self.database)
        self.crew = Crew(self.database, catalogue(EDIT, PAY, READ))
        self.intake = Intake(self.database, self.crew.rules)
        self.sweep = Sweep(self.database, self.crew.rules, self.crew.performer, self.crew.releaser, self.crew.looker)

    def put(self, *texts: str, brands: dict[str, Any] | None = None) -> None:
        """Put workflows into force; the first line of each says its name."""
        definitions = [read_definition(text, f"{text.split()[1]}.yml") for text in texts]
        with self.database.write() as connection:
            now = self.database.time
            configuration.apply(connection, definitions, brands or {"main": {}}, by="a test", now=now)
            plan_schedules(connection, definitions, now)

    def come(self, kind: str, key: str = "7", *, ago: timedelta = timedelta(0), times: int = 1, **data: object) -> None:
        """Let an event come in, so many times with one delivery, and be taken in."""
        self.deliver(kind, key, ago=ago, times=times, **data)
        while self.intake.take_batch():
            pass

    def deliver(
        self, kind: str, key: str = "7", *, ago: timedelta = timedelta(0), times: int = 1, **data: object
    ) -> None:
        """Let an event come in."""
        draft = {
            "type": f"symphony.campaign.{kind}",
            "subject": f"symphony:campaign:{key}",
            "occurred_at": self.database.time - ago,
            "brand": "main",
            "data": {"id": key, **data},
        }
        with self.database.write() as connection:
            store_delivery(connection, new_id(), drafts=[draft] * times)

    def work(self) -> None:
        """Sweep and call until nothing is due."""
        for _ in range(6):
            self.sweep.once()
            self.crew.work()

    def pass_time(self, **duration: float) -> None:
        self.database.pass_time(**duration)
        self.crew.monotonic += timedelta(**duration).total_seconds()
        self.work()

    def runs(self, workflow: str) -> list[tuple[str, str | None, str]]:
        """State, step and reason of each run of a workflow, the oldest first."""
        run = tables.runs
        found = sa.select(run.c.state, run.c.at_step, run.c.reason).where(run.c.workflow == workflow)
        with self.database.read() as connection:
            return [(row[0], row[1], row[2] or "") for row in connection.execute(found.order_by(run.c.id))]

    def states(self, workflow: str) -> list[str]:
        return [state for state, _, _ in self.runs(workflow)]

    def steps(self) -> dict[str, str]:
        step = tables.steps
        with self.database.read() as connection:
            rows = connection.execute(sa.select(step.c.step, step.c.iteration, step.c.state))
            return {f"{row.step} {row.iteration}".strip(): row.state for row in rows}

    def output(self, step: str) -> Any:
        with self.database.read() as connection:
            found = sa.select(tables.steps.c.output).where(tables.steps.c.step == step, tables.steps.c.iteration == "")
            return connection.scalar(found)

    @property
    def sent(self) -> list[str]:
        return [f"{request.operation.partition('.')[2]} {request.path}" for request in self.crew.vendor.received]


@pytest.fixture
def stage(database_url: str) -> Iterator[Stage]:
    made = Stage(database_url)
    yield made
    made.database.close()


def flow(
    name: str, steps: str, *, when: str = "{event: symphony.campaign.created}", run: str = "", more: str = ""
) -> str:
    """A workflow about a campaign."""
    policy = f"run: {run}\n" if run else ""
    return f"workflow: {name}\nwhen: {when}\n{policy}{more}steps:\n{steps}"


CALL = "  - {id: edit, call: symphony.edit, with: {id: =event.data.id}}\n"


# Waiting for events.

WAITS = """
  - id: news
    wait_for:
      event: symphony.campaign.updated
      match: it.data.id == event.data.id
      lookback: 1h
      expires: 2h
      on_timeout: stop
  - {id: edit, call: symphony.edit, with: {id: =news.data.id}}
"""


def test_an_event_releases_those_that_wait_for_it_and_no_others(stage: Stage):
    stage.put(flow("w", WAITS))
    stage.come("created", "7")
    stage.come("created", "8")
    stage.come("updated", "8")
    stage.work()
    assert stage.states("w") == ["running", "done"]
    assert stage.sent == ["edit /v1/campaign/8"]


def test_an_event_that_came_before_the_waiting_counts_within_the_look_back(stage: Stage):
    stage.put(flow("w", WAITS))
    stage.come("created", "9")  # from here on anybody listens
    stage.come("updated", "7")
    stage.database.pass_time(minutes=30)
    stage.come("created", "7")
    stage.work()
    assert stage.states("w") == ["running", "done"]


def test_an_event_that_came_before_the_look_back_does_not_count_and_the_wait_expires(stage: Stage):
    stage.put(flow("w", WAITS))
    stage.come("created", "9")
    stage.come("updated", "7")
    stage.database.pass_time(hours=1, minutes=1)
    stage.come("created", "7")
    stage.pass_time(hours=2, minutes=1)
    assert stage.runs("w")[1] == ("stopped", "news", "symphony.campaign.updated did not come in time")


def test_an_event_that_came_in_the_very_moment_the_waiting_began_is_found_by_looking_again(stage: Stage):
    stage.put(flow("w", WAITS))
    stage.come("created")
    event = {"delivery_id": None, "source": "stagedoor", "brand": "", "type": "symphony.campaign.updated"}
    with stage.database.write() as connection:  # as intake leaves it that could not see the wait
        event_id = new_id()
        data = {"id": "7"}
        connection.execute(
            tables.events.insert().values(id=event_id, subject="s", occurred_at=stage.database.time, data=data, **event)
        )
        key = connection.scalar(sa.select(tables.awaited.c.key))
        connection.execute(tables.event_keys.insert().values(key=key, event_id=event_id, came_at=stage.database.time))
    stage.work()
    assert stage.states("w") == ["running"]
    stage.pass_time(seconds=2)
    assert stage.states("w") == ["done"]


BOTH = """
  - id: news
    wait_for:
      MODE:
        up: {event: symphony.campaign.updated, match: it.data.id == event.data.id}
        on: {event: [symphony.campaign.processing, symphony.campaign.completed], match: it.data.id == event.data.id}
      expires: 2h
"""


def test_all_of_several_events_are_waited_for(stage: Stage):
    stage.put(flow("w", BOTH.replace("MODE", "all")))
    stage.come("created")
    stage.come("completed")
    stage.work()
    assert stage.states("w") == ["running"]
    stage.come("updated")
    stage.work()
    assert stage.states("w") == ["done"]
    assert {name: event["type"] for name, event in stage.output("news").items()} == {
        "up": "symphony.campaign.updated",
        "on": "symphony.campaign.completed",
    }


def test_any_of_several_events_is_enough_and_the_output_says_which(stage: Stage):
    stage.put(flow("w", BOTH.replace("MODE", "any")))
    stage.come("created")
    stage.come("processing")
    stage.work()
    assert stage.states("w") == ["done"]
    assert stage.output("news")["first"] == "on"
    assert "up" not in stage.output("news")


# Steps within steps.


def test_a_choice_takes_the_first_branch_that_holds_and_its_steps_can_be_read_after_it(stage: Stage):
    steps = """
  - id: route
    choose:
      - if: event.data.n > 5
        steps: [{id: big, set: {a: 1}}]
      - if: event.data.n > 1
        steps: [{id: middle, set: {a: 2}}]
      - otherwise: [{id: small, set: {a: 3}}]
  - {id: edit, call: symphony.edit, with: {id: "{{ default(middle.a, 0) }}"}}
"""
    stage.put(flow("w", steps))
    stage.come("created", n=3)
    stage.work()
    assert stage.sent == ["edit /v1/campaign/2"]
    assert stage.steps() == {"route": "done", "middle": "done", "edit": "done"}


LOOP = """
  - id: each_one
    for_each:
      in: [a, b, c, d]
      concurrency: 2
      on_item_error: ON_ERROR
      result: =sent.n
      steps:
        - {id: sent, call: symphony.read, with: {id: =item}}
"""


def test_a_loop_takes_so_many_items_at_a_time_and_tells_how_each_ended(stage: Stage):
    stage.put(flow("w", LOOP.replace("ON_ERROR", "continue")))
    stage.come("created")
    stage.crew.releaser.release_due()
    assert len(stage.crew.told) == 2
    refused = Outcome(OutcomeKind.REFUSED, "no", status=400)
    answers = [Outcome(OutcomeKind.DONE, "ok", status=200, output={"n": number}) for number in (1, 3, 4)]
    stage.crew.vendor.answers = [answers[0], refused, *answers[1:]]
    stage.work()
    told = stage.output("each_one")
    assert (told["done"], told["failed"], told["stopped"]) == (3, 1, 0)
    assert [item.get("result") for item in told["items"]] == [1, None, 3, 4]
    assert stage.states("w") == ["done"]
    assert len(stage.sent) == 4


def test_a_loop_that_is_to_fail_begins_no_item_behind_one_that_failed(stage: Stage):
    stage.put(flow("w", LOOP.replace("ON_ERROR", "fail")))
    stage.come("created")
    stage.crew.vendor.answers = [
        Outcome(OutcomeKind.REFUSED, "no", status=400),
        Outcome(OutcomeKind.DONE, "ok", status=200, output={"n": 1}),
    ]
    stage.work()
    assert stage.runs("w") == [("failed", "each_one", "item 1 failed at sent: no")]
    assert len(stage.sent) == 2


BRANCHES = """
  - id: both
    parallel:
      until: UNTIL
      branches:
        quick: [{id: edit, call: symphony.edit, with: {id: "1"}}]
        slow: [{id: rest, wait: {for: 1h}}, {id: later, call: symphony.edit, with: {id: "2"}}]
"""


def test_branches_run_beside_each_other_until_all_are_done(stage: Stage):
    stage.put(flow("w", BRANCHES.replace("UNTIL", "all")))
    stage.come("created")
    stage.work()
    assert (stage.states("w"), stage.sent) == (["running"], ["edit /v1/campaign/1"])
    stage.pass_time(hours=1, minutes=1)
    assert (stage.states("w"), len(stage.sent)) == (["done"], 2)


def test_when_any_branch_is_enough_the_others_are_given_up(stage: Stage):
    stage.put(flow("w", BRANCHES.replace("UNTIL", "any")))
    stage.come("created")
    stage.work()
    assert stage.states("w") == ["done"]
    assert stage.steps()["rest"] == stage.steps()["both slow"] == "cancelled"
    stage.pass_time(hours=2)
    assert stage.sent == ["edit /v1/campaign/1"]


CHILD = flow(
    "child",
    "  - {id: read, call: symphony.read, with: {id: =event.data.of}}\n",
    when="{manual: {inputs: {of: text}}}",
    more="result: {n: =read.n}\n",
)
PARENT = """
  - {id: part, run: child, with: {of: =event.data.id}}
  - {id: edit, call: symphony.edit, with: {id: "{{ part.n }}"}}
"""


def test_a_run_of_another_workflow_gives_its_result(stage: Stage):
    stage.put(flow("w", PARENT), CHILD)
    stage.come("created")
    stage.crew.vendor.answers = [Outcome(OutcomeKind.DONE, "ok", status=200, output={"n": 42})]
    stage.work()
    assert (stage.states("w"), stage.states("child")) == (["done"], ["done"])
    assert stage.sent == ["read /v1/read/7", "edit /v1/campaign/42"]


def test_the_failure_of_a_run_that_was_begun_is_that_of_its_step(stage: Stage):
    stage.put(flow("w", PARENT), CHILD)
    stage.come("created")
    stage.crew.vendor.answers = [Outcome(OutcomeKind.REFUSED, "gone", status=404)]
    stage.work()
    assert stage.runs("w") == [("failed", "part", "its run was failed: gone")]


def test_inputs_that_do_not_fit_fail_the_step_that_gives_them(stage: Stage):
    stage.put(flow("w", "  - {id: part, run: child, with: {of: =event.data.n}}\n"), CHILD)
    stage.come("created", n=3)
    stage.work()
    ((state, at, reason),) = stage.runs("w")
    assert (state, at) == ("failed", "part")
    assert "number" in reason
    assert stage.states("child") == []


def test_a_run_that_is_cancelled_takes_those_it_began_with_it(stage: Stage):
    waiting = flow("child", "  - {id: rest, wait: {for: 1h}}\n", when="{manual: {inputs: {of: text}}}")
    cancel = "{cancel_on: {event: symphony.campaign.failed, match: it.data.id == event.data.id}}"
    stage.put(flow("w", "  - {id: part, run: child, with: {of: =event.data.id}}\n", run=cancel), waiting)
    stage.come("created")
    stage.work()
    stage.come("failed")
    stage.work()
    assert (stage.states("w"), stage.states("child")) == (["cancelled"], ["cancelled"])


def test_an_event_of_ours_starts_what_listens_to_it(stage: Stage):
    teller = flow("w", "  - {id: tell, emit: {event: stagedoor.told, data: {id: =event.data.id}}}\n")
    stage.put(teller, flow("l", CALL, when="{event: stagedoor.told}"))
    stage.come("created")
    stage.work()
    assert (stage.states("l"), stage.sent) == (["done"], ["edit /v1/campaign/7"])


def test_workflows_that_lead_to_one_another_for_ever_are_stopped_and_said_to_be_a_loop(stage: Stage):
    circle = flow("w", "  - {id: tell, emit: {event: stagedoor.told, data: {}}}\n", when="{event: stagedoor.told}")
    stage.put(flow("s", "  - {id: tell, emit: {event: stagedoor.told, data: {}}}\n"), circle)
    stage.come("created")
    for _ in range(5):
        stage.work()
    states = stage.states("w")
    assert (states[-1], set(states[:-1]), len(states)) == ("failed", {"done"}, 10)
    assert "is this a loop?" in stage.runs("w")[-1][2]


# Policies of runs.

HELD = "  - {id: rest, wait: {for: 1h}}\n" + CALL


def crowd(on_conflict: str, limit: int = 1) -> str:
    return f"{{key: event.data.id, concurrency: {{limit: {limit}, on_conflict: {on_conflict}}}}}"


def test_runs_of_one_key_queue_for_their_places(stage: Stage):
    stage.put(flow("w", HELD, run=crowd("queue", limit=2)))
    for _ in range(4):
        stage.come("created", "7")
    stage.come("created", "8")
    assert stage.states("w") == ["running", "running", "queued", "queued", "running"]
    stage.pass_time(hours=1, minutes=1)
    assert stage.states("w") == ["done", "done", "running", "running", "done"]
    stage.pass_time(hours=1, minutes=1)
    assert stage.states("w") == ["done"] * 5


def test_a_run_is_skipped_while_another_of_its_key_is_under_way(stage: Stage):
    stage.put(flow("w", HELD, run=crowd("skip")))
    stage.come("created")
    stage.come("created")
    assert stage.states("w") == ["running", "stopped"]
    assert "another run of the same key was under way" in stage.runs("w")[1][2]


def test_a_newer_run_replaces_one_that_has_called_nobody(stage: Stage):
    stage.put(flow("w", HELD, run=crowd("replace")))
    stage.come("created")
    stage.come("created")
    assert stage.states("w") == ["cancelled", "running"]
    assert stage.runs("w")[0][2] == "a newer run of the same key has taken its place"


def test_a_run_that_is_replaced_in_the_batch_it_begins_in_is_not_taken_on(stage: Stage):
    stage.put(flow("w", CALL, run=crowd("replace")))
    stage.deliver("created")
    stage.deliver("created")
    stage.intake.take_batch()
    assert stage.states("w") == ["cancelled", "running"]
    with stage.database.read() as connection:
        begun = sa.select(tables.runs.c.state).join(tables.effects, tables.effects.c.run_id == tables.runs.c.id)
        assert connection.scalars(begun).all() == ["running"]


def test_a_run_that_has_called_somebody_is_not_replaced_but_waited_for(stage: Stage):
    stage.put(flow("w", CALL + "  - {id: rest, wait: {for: 1h}}\n", run=crowd("replace")))
    stage.come("created")
    stage.work()
    stage.come("created")
    assert stage.states("w") == ["running", "queued"]


def test_an_event_cancels_the_run_also_when_it_came_before_it(stage: Stage):
    cancel = "{cancel_on: {event: symphony.campaign.failed, match: it.data.id == event.data.id}}"
    stage.put(flow("w", HELD, run=cancel))
    stage.come("created", "7")
    stage.come("failed", "7")
    stage.come("failed", "8")
    stage.come("created", "8", ago=timedelta(minutes=5))
    stage.work()
    assert stage.runs("w") == [("cancelled", None, "symphony.campaign.failed came")] * 2


def test_the_event_a_run_began_with_does_not_cancel_it_but_the_next_of_its_kind_does(stage: Stage):
    cancel = "{cancel_on: {event: symphony.campaign.created, match: it.data.id == event.data.id}}"
    stage.put(flow("w", HELD, run=cancel))
    stage.come("created", "7", ago=timedelta(minutes=5))
    stage.work()
    assert stage.states("w") == ["running"]
    stage.come("created", "7")
    stage.work()
    assert stage.states("w")[0] == "cancelled"


def test_of_events_that_follow_each_other_closely_only_the_last_starts_a_run(stage: Stage):
    stage.put(flow("w", CALL, run="{key: event.data.id, debounce: {for: 10m, at_most: 1h}}"))
    for number in range(3):
        stage.come("created", n=number)
        stage.pass_time(minutes=5)
    assert stage.states("w") == []
    stage.pass_time(minutes=6)
    assert stage.states("w") == ["done"]
    with stage.database.read() as connection:
        data = connection.scalar(
            sa.select(tables.events.c.data).join(tables.runs, tables.runs.c.event_id == tables.events.c.id)
        )
    assert data["n"] == 2


def test_of_very_many_that_follow_each_other_closely_only_the_last_starts_a_run(stage: Stage):
    stage.put(flow("w", CALL, run="{key: event.data.id, debounce: {for: 10m, at_most: 1h}}"))
    stage.come("created", times=1100)
    stage.pass_time(minutes=5)
    stage.come("created")
    stage.pass_time(minutes=6)
    assert stage.states("w") == []
    stage.pass_time(minutes=5)
    assert stage.states("w") == ["done"]


BATCH = flow(
    "w", "  - {id: seen, set: {ids: '=map(event.data.events, each.data.id)'}}\n", run="{batch: {count: 3, within: 30m}}"
)


def test_a_batch_begins_when_it_is_full(stage: Stage):
    stage.put(BATCH)
    for key in ("1", "2", "3", "4"):
        stage.come("created", key)
    stage.work()
    assert stage.states("w") == ["done"]
    assert stage.output("seen") == {"ids": ["1", "2", "3"]}


def test_a_batch_begins_with_as_much_as_a_run_may_hold_and_the_next_with_the_others(stage: Stage):
    stage.put(BATCH.replace("count: 3", "count: 9"))
    for key in ("1", "2", "3"):
        stage.come("created", key, much="x" * 3_000_000)
    stage.work()
    assert stage.states("w") == ["done", "done"]
    stage.pass_time(minutes=31)
    assert stage.states("w") == ["done"] * 3


def test_a_batch_that_is_not_full_begins_when_its_time_is_over(stage: Stage):
    stage.put(BATCH)
    stage.come("created", "1")
    stage.pass_time(minutes=29)
    assert stage.states("w") == []
    stage.pass_time(minutes=2)
    assert (stage.states("w"), stage.output("seen")) == (["done"], {"ids": ["1"]})


def test_an_event_that_comes_too_late_is_parked_for_a_person(stage: Stage):
    stage.put(flow("w", CALL, when="{event: symphony.campaign.created, stale_after: 1h}"))
    stage.come("created", ago=timedelta(hours=3))
    stage.work()
    assert stage.states("w") == ["parked"]
    assert "3.0 hours" in stage.runs("w")[0][2]
    assert stage.sent == []


def test_the_clock_starts_a_workflow_once_also_when_it_was_missed_for_days(stage: Stage):
    stage.put(
        flow("w", "  - {id: at, set: {due: =event.data.due_at}}\n", when='{schedule: "0 9 * * *", zone: Europe/London}')
    )
    stage.work()
    assert stage.states("w") == []
    stage.pass_time(days=3)
    assert stage.states("w") == ["done"]
    stage.pass_time(days=1)
    assert stage.states("w") == ["done", "done"]


# Modifiers of calls.

ONCE = "  - {id: pay, call: symphony.pay, with: {id: =event.data.id}, once: [=event.data.id, first]}\n"


def test_what_is_done_once_is_skipped_by_the_next(stage: Stage):
    stage.put(flow("w", ONCE))
    stage.come("created")
    stage.work()
    stage.come("created")
    stage.work()
    assert (stage.states("w"), stage.sent) == (["done", "done"], ["pay /v1/pay/7"])


def test_what_came_to_nothing_may_be_tried_by_the_next(stage: Stage):
    stage.put(flow("w", ONCE))
    stage.crew.vendor.answers = [Outcome(OutcomeKind.REFUSED, "no", status=400)]
    stage.come("created")
    stage.work()
    stage.come("created")
    stage.work()
    assert (stage.states("w"), len(stage.sent)) == (["failed", "done"], 2)


def test_while_one_is_in_doubt_the_next_waits(stage: Stage):
    stage.put(flow("w", ONCE))
    stage.crew.vendor.answers = [Outcome(OutcomeKind.IN_DOUBT, "dropped")]
    stage.come("created")
    stage.work()
    stage.come("created")
    stage.pass_time(hours=1)
    assert (stage.states("w"), len(stage.sent)) == (["running", "running"], 1)


EXPECTS = """
  - {id: stats, call: symphony.read, with: {id: =event.data.id}}
  - {id: pay, call: symphony.pay, with: {id: =event.data.id}, expects: [stats.n]}
"""


def numbers(*given: int) -> list[Outcome]:
    return [Outcome(OutcomeKind.DONE, "ok", status=200, output={"n": number}) for number in given]


def test_a_call_leaves_when_what_it_was_decided_on_is_still_so(stage: Stage):
    stage.put(flow("w", EXPECTS))
    stage.crew.vendor.answers = numbers(4, 4, 0)
    stage.come("created")
    stage.work()
    assert (stage.states("w"), stage.sent) == (["done"], ["read /v1/read/7", "read /v1/read/7", "pay /v1/pay/7"])


def test_a_call_whose_ground_has_changed_is_refused(stage: Stage):
    stage.put(flow("w", EXPECTS))
    stage.crew.vendor.answers = numbers(4, 5)
    stage.come("created")
    stage.work()
    assert stage.runs("w") == [("failed", "pay", "changed: stats.n was 4 and is 5")]
    assert stage.sent == ["read /v1/read/7", "read /v1/read/7"]


def test_a_step_that_takes_too_long_is_given_up(stage: Stage):
    stage.put(flow("w", "  - {id: edit, call: symphony.edit, with: {id: '7'}, timeout: 30m}\n"))
    stage.crew.vendor.answers = [Outcome(OutcomeKind.NOT_SENT, "no connection")] * 50
    stage.come("created")
    for _ in range(8):
        stage.pass_time(minutes=5)
    assert stage.runs("w") == [("failed", "edit", "it was not done within 30m")]


def test_what_is_to_be_done_on_failure_is_done_and_sees_what_failed(stage: Stage):
    text = flow("w", CALL) + "on_failure:\n  - {id: tell, set: {what: '{{ failure.step }}: {{ failure.reason }}'}}\n"
    stage.put(text)
    stage.crew.vendor.answers = [Outcome(OutcomeKind.REFUSED, "no", status=400)]
    stage.come("created")
    stage.work()
    assert stage.runs("w") == [("failed", "edit", "no")]
    assert stage.output("tell") == {"what": "edit: no"}


def test_a_failure_may_lead_to_a_later_step(stage: Stage):
    steps = """
  - {id: edit, call: symphony.edit, with: {id: "1"}, on_error: sorry}
  - {id: skipped, set: {a: 1}}
  - {id: sorry, set: {a: 2}}
"""
    stage.put(flow("w", steps))
    stage.crew.vendor.answers = [Outcome(OutcomeKind.REFUSED, "no", status=400)]
    stage.come("created")
    stage.work()
    assert (stage.states("w"), stage.steps()["skipped"], stage.steps()["sorry"]) == (["done"], "skipped", "done")


def test_a_question_is_asked_again_when_its_numbers_have_moved_and_later_steps_go_on_with_those_approved(stage: Stage):
    steps = """
  - {id: stats, call: symphony.read, with: {id: =event.data.id}}
  - id: sign_off
    approve: {title: "From {{ stats.n }}?", from: buyers, show: {now: =stats.n}, tolerance: 10%, expires: 1d}
    expects: [stats.n]
  - {id: after, set: {n: =stats.n}}
  - {id: pay, call: symphony.pay, with: {id: =event.data.id}, expects: [stats.n]}
"""
    stage.put(flow("w", steps))
    stage.crew.vendor.answers = numbers(100, 120, 125, 120, 0)
    stage.come("created")
    stage.work()
    for round_ in range(2):
        with stage.database.write() as connection:
            asked = sa.select(tables.waits).where(tables.waits.c.state == "open")
            row = connection.execute(asked).one()
            assert (row.round, row.details["show"]) == (round_, {"now": (100, 120)[round_]})
            run = runs.lock(connection, row.run_id)
            assert run is not None
            said = {"approved": True, "by": ["ann"], "at": stage.database.time, "reason": "fine"}
            assert waits.release(connection, row.id, said, stage.database.time)
            runs.wake(connection, [row.run_id], stage.database.time)
        stage.work()
    assert stage.output("after") == {"n": 120}
    assert (stage.states("w"), len(stage.sent)) == (["done"], 5)


def test_what_a_step_gives_is_kept_only_as_far_as_it_is_bounded(stage: Stage):
    stage.put(flow("w", "  - {id: large, set: {a: =event.data.text}}\n"))
    stage.come("created", text="x" * (MOST_OUTPUT + 1))
    stage.work()
    ((state, at, reason),) = stage.runs("w")
    assert (state, at) == ("failed", "large")
    assert "larger than is kept" in reason
