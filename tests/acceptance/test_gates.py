"""What must not go out yet is held, and says why; and several workers on one ledger do nothing twice."""

from collections.abc import Iterator

import pytest

from tests.acceptance.conftest import MakeStack
from tests.acceptance.definitions import RAISE_EARLY
from tests.acceptance.sender import Sender, deliver
from tests.acceptance.stack import Stack
from tests.acceptance.stand_ins import Row
from tests.acceptance.traffic import EDIT, WORKFLOWS, Traffic, assert_one_run_each, is_about
from tests.waiting import wait_until
from workflows.ledger import tables


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def stack(request: pytest.FixtureRequest, make_stack: MakeStack) -> Iterator[Stack]:
    """A system with two of each kind of worker."""
    made = make_stack(request.param, {**WORKFLOWS, "raise-early": RAISE_EARLY}, workers=2)
    made.start()
    yield made
    made.end()


def test_two_workers_on_one_ledger_do_nothing_twice(stack: Stack) -> None:
    traffic = Traffic(stack, "two", 120)
    for operation in ("cymbal.*", "symphony.*"):
        stack.sandbox.fault(operation, "slow", seconds=0.1, times=traffic.size)
    sender = Sender(stack.url)
    sender.send(traffic.deliveries())
    sender.finish()
    traffic.await_settled()
    assert sender.answers == {202: traffic.size}
    assert_one_run_each(stack, sender)
    assert set(traffic.contacts().values()) == {1}
    assert set(traffic.edits().values()) == {1}
    attempts = stack.rows(tables.attempts)
    assert {row.outcome for row in attempts} == {"done"}
    assert len({row.holder for row in attempts}) == 2, "both took their share"


def test_an_edit_asked_for_too_early_goes_out_once_its_campaign_has_completed(stack: Stack) -> None:
    (campaign,) = stack.sandbox.campaigns(1)
    known = len(stack.rows(tables.deliveries))

    deliver(stack.url, [stack.news(campaign, "created"), stack.news(campaign, "processing")])
    wait_until(lambda: len(stack.rows(tables.events)) == known + 2, within_seconds=20)
    wait_until(lambda: stack.effects(state="held"), within_seconds=20)
    (held,) = stack.effects(state="held")
    told = stack.cli("explain", held.run_id)
    (waits,) = told["waits"]
    assert (waits["kind"], waits["what"]) == ("gate", EDIT)
    assert f"campaign {campaign} has not completed yet" in waits["why"]
    assert waits["opens"] == f"symphony.campaign.completed about symphony:campaign:{campaign}"
    assert edits_of(stack, campaign) == []

    # Once by the workflow that asked early, once by the one that listens to the completion.
    deliver(stack.url, [stack.news(campaign, "completed")])
    stack.await_settled(known + 3)
    assert stack.effects(state="held") == []
    assert [row["status"] for row in edits_of(stack, campaign)] == [200, 200]

    deliver(stack.url, [stack.news(campaign, "processing"), stack.news(campaign, "completed")])
    deliver(stack.url, [stack.news(campaign, "updated")])
    stack.await_settled(known + 4)
    assert len(edits_of(stack, campaign)) == 2
    assert stack.cli("explain", held.run_id)["waits"] == []


def edits_of(stack: Stack, campaign: str) -> list[Row]:
    """The edits of this campaign that reached Symphony."""
    return [row for row in stack.sandbox.journal(EDIT) if is_about(row, campaign)]
