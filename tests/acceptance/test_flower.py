"""What Flower shows of the crew: which operation, on which queue, how it ended, and nothing about anybody."""

import base64
from socket import gethostname
from typing import Any

import pytest
import requests

from tests.acceptance.conftest import MakeStack
from tests.acceptance.sender import address, deliver
from tests.acceptance.stack import FLOWER_PASSWORD, Stack
from tests.acceptance.traffic import CONTACT, EDIT, WORKFLOWS, Traffic
from tests.waiting import wait_until

USER = "stagedoor"
EVERYBODY = {f"{name}@{gethostname()}": True for name in ("intake", "worker")}


@pytest.fixture(scope="module")
def stack(make_stack: MakeStack) -> Stack:
    """A system that has made two calls that went well and one that was refused."""
    made = make_stack("sqlite", WORKFLOWS, with_flower=True)
    made.start()
    wait_until(lambda: look(made, "/api/workers?status=1").json() == EVERYBODY, within_seconds=30, every_seconds=0.2)
    traffic = Traffic(made, "flower", 2)
    deliver(made.url, traffic.deliveries())
    traffic.await_settled()
    made.sandbox.fault(CONTACT, "status", status=400)
    deliver(made.url, [made.order("refused")])
    made.await_settled(traffic.known + 3)
    wait_until(lambda: len(ended(made)) >= 3, within_seconds=20, every_seconds=0.2)
    return made


def look(stack: Stack, path: str, password: str | None = FLOWER_PASSWORD) -> requests.Response:
    proof = base64.b64encode(f"{USER}:{password}".encode()).decode()
    with requests.Session() as session:
        session.trust_env = False
        headers = {} if password is None else {"Authorization": f"Basic {proof}"}
        return session.get(stack.flower_url + path, headers=headers, timeout=10)


def tasks(stack: Stack) -> list[dict[str, Any]]:
    """The tasks Flower knows, but for intake."""
    found = look(stack, "/api/tasks").json().values()
    return [task for task in found if task["name"] != "stagedoor.intake"]


def ended(stack: Stack) -> list[dict[str, Any]]:
    return [task for task in tasks(stack) if task["state"] in ("SUCCESS", "FAILURE")]


def test_there_is_one_task_for_each_vendor_call_named_as_the_operation(stack: Stack) -> None:
    assert sorted((task["name"], task["state"]) for task in tasks(stack)) == [
        (CONTACT, "FAILURE"),
        (CONTACT, "SUCCESS"),
        (EDIT, "SUCCESS"),
    ]


def test_a_call_that_went_well_shows_its_outcome_and_a_refused_one_which_effect_to_look_at(stack: Stack) -> None:
    assert {task["result"] for task in ended(stack) if task["state"] == "SUCCESS"} == {"'done'"}
    (refused,) = [task for task in ended(stack) if task["state"] == "FAILURE"]
    (effect,) = stack.effects(state="refused")
    assert refused["exception"] == f"Refused('effect {effect.id} is refused')"


def test_of_a_call_flower_knows_the_effects_id_and_nothing_else(stack: Stack) -> None:
    ids = {row.id for row in stack.effects()}
    assert {task["args"] for task in tasks(stack)} == {f"['{effect_id}']" for effect_id in ids}
    assert {task["kwargs"] for task in tasks(stack)} == {"{}"}
    told = look(stack, "/api/tasks").text + look(stack, "/tasks").text
    assert address("flower-0") not in told
    assert address("refused") not in told


def test_each_vendor_has_a_queue_and_intake_is_apart(stack: Stack) -> None:
    names = ("symphony", "cymbal", "constant_contact", "evvnt", "partner_api", "eventbrite")
    vendors = {f"vendor.{name}" for name in names}
    expected = {"intake": {"intake"}, "worker": vendors}
    # A worker that is busy may miss the one second Flower gives everybody to answer.
    wait_until(lambda: queues_by_worker(stack) == expected, within_seconds=20)
    lengths = look(stack, "/api/queues/length").json()["active_queues"]
    assert {queue["name"]: queue["messages"] for queue in lengths} == dict.fromkeys(["intake", *vendors], 0)


def queues_by_worker(stack: Stack) -> dict[str, set[str]]:
    crew = look(stack, "/api/workers?refresh=1").json().items()
    return {name.partition("@")[0]: {queue["name"] for queue in told["active_queues"]} for name, told in crew}


@pytest.mark.parametrize("password", [None, "wrong"])
def test_without_its_password_flower_shows_nothing(stack: Stack, password: str | None) -> None:
    for path in ("/api/tasks", "/api/workers", "/tasks", "/"):
        assert look(stack, path, password).status_code == 401
