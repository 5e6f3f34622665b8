"""One suite over both brokers: a ring arrives, one ring is enough, and a broker that is not there is left quickly."""

import contextlib
import time
from collections.abc import Iterator

import pytest
from kombu import Connection

from tests.servers.server import Server
from webhooks.doorbell import IntakeBell
from webhooks.queues import INTAKE, INTAKE_TASK


@pytest.fixture(params=["valkey", "rabbitmq"])
def broker(request: pytest.FixtureRequest) -> Server:
    server = request.getfixturevalue(f"{request.param}_server")
    assert isinstance(server, Server)
    return server


@pytest.fixture
def bell(broker: Server) -> Iterator[IntakeBell]:
    with contextlib.closing(IntakeBell(broker.url)) as bell:
        yield bell


@pytest.fixture
def queue(broker: Server) -> Iterator[Connection]:
    with Connection(broker.url) as connection:
        INTAKE(connection.default_channel).declare()
        INTAKE(connection.default_channel).purge()
        yield connection


def test_a_ring_is_the_intake_task_without_arguments(bell: IntakeBell, queue: Connection) -> None:
    bell()
    message = INTAKE(queue.default_channel).get(no_ack=True)
    assert message is not None
    assert message.headers["task"] == INTAKE_TASK
    assert message.payload[:2] == [[], {}]


def test_while_a_ring_waits_in_the_queue_another_adds_nothing(bell: IntakeBell, queue: Connection) -> None:
    for _ in range(5):
        bell()
    assert INTAKE(queue.default_channel).queue_declare(passive=True).message_count == 1
    INTAKE(queue.default_channel).get(no_ack=True)
    bell()
    assert INTAKE(queue.default_channel).queue_declare(passive=True).message_count == 1


@pytest.mark.parametrize(
    "url", ["redis://127.0.0.1:1/0", "amqp://127.0.0.1:1//", "redis+socket:///nowhere/broker.sock"]
)
def test_a_broker_that_is_not_there_is_left_quickly(url: str) -> None:
    bell = IntakeBell(url)
    begun = time.monotonic()
    with pytest.raises(Exception):  # noqa: B017 - whatever the broker's library raises
        bell()
    assert time.monotonic() - begun < 4
