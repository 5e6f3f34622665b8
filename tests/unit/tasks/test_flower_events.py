"""Calls that no message asked for show in Flower under the names of their operations."""

from types import SimpleNamespace
from typing import Any

from structlog.testing import capture_logs

from tasks.flower import FollowOns


class Dispatcher:
    def __init__(self) -> None:
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.is_broken = False

    def send(self, kind: str, **fields: Any) -> None:
        if self.is_broken:
            raise ConnectionError("gone")
        self.sent.append((kind, fields))


def made() -> tuple[FollowOns, Dispatcher]:
    dispatcher, follow_ons = Dispatcher(), FollowOns()
    follow_ons.start(SimpleNamespace(consumer=SimpleNamespace(event_dispatcher=dispatcher)))
    return follow_ons, dispatcher


def test_they_show_as_a_task_of_their_own_that_came_of_another():
    follow_ons, dispatcher = made()
    task_id = follow_ons.began("symphony.add_locations", ["e1", "e2"], after="first")
    follow_ons.succeeded(task_id, "done: 2", 0.5)
    kinds = [kind for kind, _ in dispatcher.sent]
    assert kinds == ["task-received", "task-started", "task-succeeded"]
    received, _, succeeded = (fields for _, fields in dispatcher.sent)
    assert {fields["uuid"] for _, fields in dispatcher.sent} == {task_id}
    assert (received["name"], received["args"], received["parent_id"]) == (
        "symphony.add_locations",
        "['e1', 'e2']",
        "first",
    )
    assert (succeeded["result"], succeeded["runtime"]) == ("'done: 2'", 0.5)


def test_a_failure_is_told_as_one():
    follow_ons, dispatcher = made()
    follow_ons.failed(follow_ons.began("symphony.add_locations", ["e1"], after=None), ValueError("e1 is refused"))
    kind, fields = dispatcher.sent[-1]
    assert (kind, fields["exception"]) == ("task-failed", "ValueError('e1 is refused')")


def test_without_a_worker_or_a_broker_nobody_is_told_and_nothing_breaks():
    FollowOns().began("symphony.add_locations", ["e1"], after=None)
    follow_ons, dispatcher = made()
    dispatcher.is_broken = True
    with capture_logs() as logs:
        follow_ons.began("symphony.add_locations", ["e1"], after=None)
    assert {entry["event"] for entry in logs} == {"flower_not_told"}
