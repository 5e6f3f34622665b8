"""Telling the workers of released effects, and what becomes of those the broker did not take."""

from uuid import uuid4

import pytest
from celery import Celery
from kombu import Queue
from structlog.testing import capture_logs

from tasks.context import Messenger
from tasks.queues import vendor_queue
from workflows.runtime.release import Released

RELEASED = [Released(f"effect-{number}", "symphony.edit_campaign", "symphony") for number in range(3)]


@pytest.fixture
def app() -> Celery:
    # A name of its own: kombu keeps one pool for all who use the same address.
    made = Celery("a test", broker=f"memory://{uuid4()}", set_as_current=False)
    made.conf.update(task_queues=[Queue(vendor_queue("symphony"))], task_create_missing_queues=False)
    return made


def test_each_effect_is_told_of_by_its_id_on_its_vendors_queue(app: Celery):
    assert list(Messenger(app)(RELEASED)) == []
    with app.connection_for_read() as connection:
        queue = connection.SimpleQueue(vendor_queue("symphony"))
        found = [queue.get(block=False) for _ in RELEASED]
    assert [message.headers["task"] for message in found] == ["symphony.edit_campaign"] * 3
    assert [message.payload[0] for message in found] == [["effect-0"], ["effect-1"], ["effect-2"]]


def test_what_the_broker_does_not_take_is_given_back_whatever_kept_it_from_it(app: Celery):
    app.producer_pool.force_close_all()
    with capture_logs() as logs:
        assert list(Messenger(app)(RELEASED)) == RELEASED
    assert [(entry["event"], entry["effects"]) for entry in logs] == [("broker_unavailable", 3)]


def test_only_those_behind_the_one_that_failed_are_given_back(app: Celery):
    beyond = Released("effect-9", "nobody.calls", "nobody")
    with capture_logs():
        assert list(Messenger(app)([RELEASED[0], beyond, RELEASED[1]])) == [beyond, RELEASED[1]]
