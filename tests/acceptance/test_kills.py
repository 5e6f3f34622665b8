"""Whatever is killed without warning in the middle of the work, what was acknowledged is carried out, and once.

On each engine one system runs; its web process, its broker and its worker are killed one after another, each amid
deliveries of its own, and started again. Both engines at the same time, and each kill before all has settled after the
one before, for most of that is waiting for leases. The tests then look at what became of it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from tests.acceptance.conftest import MakeStack
from tests.acceptance.definitions import LAUNCH
from tests.acceptance.sender import Sender
from tests.acceptance.stack import Stack
from tests.acceptance.traffic import CONTACT, EDIT, WORKFLOWS, Traffic, is_about

ENGINES = ("sqlite", "postgresql")
CREATE = "symphony.create_campaign"
LAUNCH_ORDER = "launch-order"

SYMPHONY_SECONDS = 4
"""Deadline of a call; one whose worker vanished is in doubt after twice that and the lease's 5 s of margin."""
CYMBAL_SECONDS = 2
SLOW_SECONDS = 0.3
LANES = 8
"""How many calls of one vendor are under way at a time."""
RECOVERY_SECONDS = 100.0
"""Of 60 deliveries; for more, as much again for each 300."""


@dataclass(frozen=True)
class Aftermath:
    """What a kill left behind, once everything had settled. `claimed` were with the crew when it was killed."""

    stack: Stack
    traffic: Traffic
    acknowledged: Mapping[str, set[str]]
    answers: Mapping[int, int]
    claimed: frozenset[str] = frozenset()
    runs: Mapping[str, list[str]] = field(default_factory=dict)
    effects: Sequence[Any] = ()
    journal: Sequence[Mapping[str, Any]] = ()

    def settled(self, claimed: frozenset[str]) -> "Aftermath":
        """The same, with what ledger and journal say now."""
        return replace(
            self,
            claimed=claimed,
            runs=self.stack.runs_by_delivery(),
            effects=self.stack.effects(),
            journal=self.stack.sandbox.journal(),
        )

    def calls(self, operation: str, name: str) -> list[Mapping[str, Any]]:
        """What the vendor received about an order or a campaign."""
        return [row for row in self.journal if row["operation"] == operation and is_about(row, name)]

    def effect(self, operation: str, name: str) -> Any:
        """The one effect about an order or a campaign."""
        (found,) = [row for row in self.effects if row.operation == operation and is_about(row.request, name)]
        return found


def kill_web(stack: Stack, size: int) -> Aftermath:
    traffic = Traffic(stack, "web", size)
    sender = Sender(stack.url, threads=8)
    sender.send(traffic.deliveries())
    sender.await_acknowledged(size // 4)
    stack["web"].kill9()
    stack["web"].restart()
    sender.finish()
    return Aftermath(stack, traffic, sender.acknowledged, sender.answers)


def kill_broker(stack: Stack, size: int) -> Aftermath:
    """Kill it while calls are under way: those who make them must outlive it."""
    traffic = Traffic(stack, "broker", size)
    contacts = len(stack.sandbox.journal(CONTACT))
    stack.sandbox.fault(CONTACT, "slow", seconds=1, times=4)
    sender = Sender(stack.url, threads=8)
    sender.send(traffic.deliveries()[: size // 2])
    stack.sandbox.wait_for(CONTACT, contacts + 1, RECOVERY_SECONDS)
    stack.broker.kill9()
    sender.send(traffic.deliveries()[size // 2 :])
    sender.finish()
    stack.broker.start()
    return Aftermath(stack, traffic, sender.acknowledged, sender.answers)


def kill_worker(stack: Stack, size: int) -> Aftermath:
    """Kill it, and intake that makes calls as well, while they create a campaign, and their successors while these
    create several contacts at a time."""
    traffic = Traffic(stack, "worker", size)
    sender = Sender(stack.url, threads=8)
    stack.sandbox.fault(CREATE, "slow", seconds=4 * SYMPHONY_SECONDS)
    created = len(stack.sandbox.journal(CREATE))
    sender.send([stack.order(LAUNCH_ORDER, show="launch")])
    stack.sandbox.wait_for(CREATE, created + 1, RECOVERY_SECONDS)
    claimed = kill_and_restart_crew(stack)
    stack.sandbox.fault(CONTACT, "slow", seconds=SLOW_SECONDS, times=size)
    contacts = len(stack.sandbox.journal(CONTACT))
    sender.send(traffic.deliveries())
    stack.sandbox.wait_for(CONTACT, contacts + LANES, RECOVERY_SECONDS)
    claimed |= kill_and_restart_crew(stack)
    sender.finish()
    return Aftermath(stack, traffic, sender.acknowledged, sender.answers, claimed)


def kill_and_restart_crew(stack: Stack) -> frozenset[str]:
    """The calls they had under way, as the ledger has them."""
    crew = (stack["worker"], stack["intake"])
    for service in crew:
        service.kill9()
    claimed = frozenset(row.id for row in stack.effects(state="claimed"))
    for service in crew:
        service.restart()
    return claimed


KILLS: Mapping[str, Callable[[Stack, int], Aftermath]] = {
    "web": kill_web,
    "broker": kill_broker,
    "worker": kill_worker,
}


def kill_one_after_another(stack: Stack, size: int) -> dict[str, Aftermath]:
    """Kill each while the work of those before is still going on, and let all settle together."""
    stack.start()
    aftermaths = {victim: kill(stack, size) for victim, kill in KILLS.items()}
    known = sum(len(item.acknowledged) for item in aftermaths.values())
    stack.await_settled(known, RECOVERY_SECONDS * (1 + size / 300))
    claimed = frozenset().union(*(item.claimed for item in aftermaths.values()))
    return {victim: aftermath.settled(claimed) for victim, aftermath in aftermaths.items()}


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(60, id="60 deliveries"),
        pytest.param(500, id="500 deliveries", marks=[pytest.mark.acceptance_long, pytest.mark.timeout(900)]),
    ],
)
def both_engines(request: pytest.FixtureRequest, make_stack: MakeStack) -> Iterator[Mapping[str, Future[Any]]]:
    """The aftermaths by engine, under way at the same time."""
    options = {"symphony_seconds": SYMPHONY_SECONDS, "cymbal_seconds": CYMBAL_SECONDS}
    stacks = {engine: make_stack(engine, {**WORKFLOWS, "launch": LAUNCH}, **options) for engine in ENGINES}
    with ThreadPoolExecutor(len(stacks)) as pool:
        yield {engine: pool.submit(kill_one_after_another, stack, request.param) for engine, stack in stacks.items()}
    for stack in stacks.values():
        stack.end()


@pytest.fixture(params=ENGINES)
def aftermaths(request: pytest.FixtureRequest, both_engines: Mapping[str, Future[Any]]) -> Mapping[str, Aftermath]:
    found: Mapping[str, Aftermath] = both_engines[request.param].result()
    return found


@pytest.fixture(params=KILLS)
def aftermath(request: pytest.FixtureRequest, aftermaths: Mapping[str, Aftermath]) -> Aftermath:
    return aftermaths[request.param]


def test_every_acknowledged_delivery_led_to_exactly_one_run(aftermath: Aftermath) -> None:
    assert set(aftermath.acknowledged) >= {*aftermath.traffic.orders, *aftermath.traffic.campaigns}
    for name, ids in aftermath.acknowledged.items():
        (delivery_id,) = ids
        assert len(aftermath.runs[delivery_id]) == 1, name


def test_every_repeatable_call_arrived_at_least_once_always_in_the_same_bytes(aftermath: Aftermath) -> None:
    for campaign in aftermath.traffic.campaigns:
        calls = aftermath.calls(EDIT, campaign)
        assert {(row["method"], row["path"], row["body"]) for row in calls} == {
            ("PUT", f"/symphony/advertising/v1/campaign/{campaign}", '{"budget":{"value":400,"currency":"USD"}}')
        }
        assert aftermath.effect(EDIT, campaign).state == "done"


def test_every_other_call_arrived_at_most_once_and_is_in_doubt_where_nobody_can_know(aftermath: Aftermath) -> None:
    for name in aftermath.traffic.orders:
        effect, calls = aftermath.effect(CONTACT, name), aftermath.calls(CONTACT, name)
        assert effect.state == ("in_doubt" if effect.id in aftermath.claimed else "done")
        assert len(calls) <= 1 if effect.state == "in_doubt" else len(calls) == 1


def test_nothing_is_left_running_but_what_stands_in_doubt(aftermath: Aftermath) -> None:
    doubtful = [row for row in aftermath.effects if row.state == "in_doubt"]
    states = [state for delivery in aftermath.runs.values() for state in delivery]
    assert states.count("running") == len(doubtful)
    assert set(states) <= {"done", "running"}
    assert {row.state for row in aftermath.effects} <= {"done", "in_doubt"}


def test_the_kill_came_in_the_middle(aftermaths: Mapping[str, Aftermath]) -> None:
    assert aftermaths["web"].answers[0], "some delivery was not answered, and came again"
    assert set(aftermaths["broker"].answers) == {202}, "a broker that is gone keeps nobody from delivering"
    assert len(aftermaths["worker"].claimed) > 1, "the crew had calls under way"


def test_a_campaign_being_created_when_its_worker_was_killed_exists_once_and_its_effect_is_in_doubt(
    aftermaths: Mapping[str, Aftermath],
) -> None:
    aftermath = aftermaths["worker"]
    stack = aftermath.stack
    assert stack.sandbox.created("Launch") == 1
    (effect,) = stack.effects(operation=CREATE)
    assert effect.id in aftermath.claimed
    assert (effect.state, effect.attempts) == ("in_doubt", 1)
    assert "vanished" in effect.reason


def test_what_is_in_doubt_is_shown_on_the_console_and_on_the_command_line(
    aftermaths: Mapping[str, Aftermath],
) -> None:
    stack = aftermaths["worker"].stack
    (effect,) = stack.effects(operation=CREATE)
    listed = stack.cli("effects", "list", "--state", "in_doubt")
    assert effect.id in [line["id"] for line in listed]
    page = stack.get("/").text
    assert CREATE in page
    assert "in doubt" in page
