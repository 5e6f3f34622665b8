"""The inbox of a process: requests share commits, and none is told more than is true."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import pytest

from tests.waiting import wait_until
from webhooks import inbox as module
from webhooks.inbox import Inbox
from workflows.errors import LedgerUnavailable
from workflows.ledger.arrivals import Arrival, Receipt
from workflows.values import DeliveryId, new_id


class Writer:
    """A ledger that writes when it is let; what it says of a batch can be set."""

    linger_seconds = 0.0

    def __init__(self) -> None:
        self.batches: list[list[Arrival]] = []
        self.may_write = threading.Event()
        self.may_write.set()
        self.answer: Callable[[Sequence[Arrival]], list[Any]] = lambda batch: [Receipt(item.id) for item in batch]
        self.is_closed = False
        self.flushed = 0

    def turn(self) -> AbstractContextManager[None]:
        return nullcontext()

    def store(self, batch: Sequence[Arrival]) -> list[Any]:
        self.batches.append(list(batch))
        assert self.may_write.wait(10)
        return self.answer(batch)

    def flush(self) -> None:
        self.flushed = len(self.batches)

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture
def writer() -> Writer:
    return Writer()


@pytest.fixture
def rings() -> list[str]:
    return []


@pytest.fixture
def inbox(writer: Writer, rings: list[str]) -> Iterator[Inbox]:
    inbox = Inbox(writer, lambda: rings.append("ring"))  # type: ignore[arg-type]
    yield inbox
    writer.may_write.set()
    inbox.close()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(32) as pool:
        yield pool


def arrival(body: bytes = b"{}") -> Arrival:
    number = DeliveryId(new_id())
    return Arrival(number, "shop", f"id:{number}", None, 0, "{}", body, "[]", None)


def store_all(inbox: Inbox, pool: ThreadPoolExecutor, arrivals: Sequence[Arrival]) -> list[Future[Receipt]]:
    """Hand them over from a thread each; returns once all of them wait."""
    before = len(inbox._queue)
    futures = [pool.submit(inbox.store, item) for item in arrivals]
    wait_until(lambda: len(inbox._queue) == before + len(arrivals))
    return futures


def begin(inbox: Inbox, writer: Writer, pool: ThreadPoolExecutor) -> Future[Receipt]:
    """A first arrival that the writer is busy with, so that what comes next gathers."""
    writer.may_write.clear()
    first = pool.submit(inbox.store, arrival())
    wait_until(lambda: len(writer.batches) == 1)
    return first


def test_an_arrival_gets_its_receipt(inbox: Inbox, writer: Writer) -> None:
    given = arrival()
    assert inbox.store(given) == Receipt(given.id)
    assert writer.flushed == 1


def test_what_comes_during_a_commit_shares_the_next(inbox: Inbox, writer: Writer, pool: ThreadPoolExecutor) -> None:
    first = begin(inbox, writer, pool)
    given = [arrival() for _ in range(20)]
    futures = store_all(inbox, pool, given)
    writer.may_write.set()
    assert {future.result(10).delivery_id for future in futures} == {item.id for item in given}
    assert first.result(10)
    assert [len(batch) for batch in writer.batches] == [1, 20]


def test_each_gets_its_own_receipt(inbox: Inbox, writer: Writer, pool: ThreadPoolExecutor) -> None:
    begin(inbox, writer, pool)
    given = [arrival() for _ in range(10)]
    futures = store_all(inbox, pool, given)
    writer.may_write.set()
    assert [future.result(10).delivery_id for future in futures] == [item.id for item in given]


def test_a_batch_is_bounded_in_bytes(inbox: Inbox, writer: Writer, pool: ThreadPoolExecutor) -> None:
    begin(inbox, writer, pool)
    futures = store_all(inbox, pool, [arrival(b"x" * (3 << 20)) for _ in range(5)])
    writer.may_write.set()
    for future in futures:
        future.result(10)
    assert [len(batch) for batch in writer.batches] == [1, 2, 2, 1]


def test_a_batch_is_bounded_in_rows(
    inbox: Inbox, writer: Writer, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_ROWS", 3)
    begin(inbox, writer, pool)
    futures = store_all(inbox, pool, [arrival() for _ in range(7)])
    writer.may_write.set()
    for future in futures:
        future.result(10)
    assert [len(batch) for batch in writer.batches] == [1, 3, 3, 1]


def test_one_that_failed_alone_fails_alone(inbox: Inbox, writer: Writer, pool: ThreadPoolExecutor) -> None:
    begin(inbox, writer, pool)
    given = [arrival() for _ in range(3)]
    futures = store_all(inbox, pool, given)
    writer.answer = lambda batch: [
        LedgerUnavailable("refused") if item is given[1] else Receipt(item.id) for item in batch
    ]
    writer.may_write.set()
    assert futures[0].result(10) == Receipt(given[0].id)
    with pytest.raises(LedgerUnavailable, match="refused"):
        futures[1].result(10)
    assert futures[2].result(10) == Receipt(given[2].id)


def test_a_bug_in_storing_acknowledges_nothing_and_ends_nothing(inbox: Inbox, writer: Writer) -> None:
    def broken(batch: Sequence[Arrival]) -> list[Any]:
        raise ZeroDivisionError

    good = writer.answer
    writer.answer = broken
    with pytest.raises(LedgerUnavailable):
        inbox.store(arrival())
    writer.answer = good
    assert inbox.store(arrival())


def test_who_waits_too_long_is_not_acknowledged(
    inbox: Inbox, writer: Writer, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WAIT_SECONDS", 0.05)
    first = begin(inbox, writer, pool)
    second = pool.submit(inbox.store, arrival())
    for future in (first, second):
        with pytest.raises(LedgerUnavailable, match="has not answered"):
            future.result(10)
    writer.may_write.set()
    wait_until(lambda: not inbox._queue)
    assert len(writer.batches) == 1, "what nobody waits for any more is not stored"


def test_new_deliveries_ring_once_a_commit(
    inbox: Inbox, writer: Writer, pool: ThreadPoolExecutor, rings: list[str]
) -> None:
    begin(inbox, writer, pool)
    futures = store_all(inbox, pool, [arrival() for _ in range(9)])
    writer.may_write.set()
    for future in futures:
        future.result(10)
    wait_until(lambda: len(rings) == 2)


@pytest.mark.parametrize(
    "receipt", [Receipt(DeliveryId("d"), is_repeat=True), Receipt(DeliveryId("d"), ({"code": "missing"},))]
)
def test_repeats_and_rejected_ones_do_not_ring(
    inbox: Inbox, writer: Writer, rings: list[str], receipt: Receipt
) -> None:
    writer.answer = lambda batch: [receipt]
    inbox.store(arrival())
    inbox.close()
    assert rings == []


def test_closing_stores_what_waits_and_takes_no_more(inbox: Inbox, writer: Writer, pool: ThreadPoolExecutor) -> None:
    begin(inbox, writer, pool)
    futures = store_all(inbox, pool, [arrival() for _ in range(5)])
    closing = pool.submit(inbox.close)
    writer.may_write.set()
    closing.result(10)
    assert all(future.result(10) for future in futures)
    assert writer.is_closed
    with pytest.raises(LedgerUnavailable, match="about to stop"):
        inbox.store(arrival())


def test_a_turn_that_cannot_be_had_acknowledges_nothing_and_ends_nothing(inbox: Inbox, writer: Writer) -> None:
    @contextmanager
    def no_turn() -> Iterator[None]:
        raise LedgerUnavailable("the lock cannot be opened")
        yield

    turn = writer.turn
    writer.turn = no_turn  # type: ignore[method-assign]
    with pytest.raises(LedgerUnavailable, match="cannot be opened"):
        inbox.store(arrival())
    writer.turn = turn  # type: ignore[method-assign]
    assert inbox.store(arrival())


def test_an_inbox_nobody_used_closes(writer: Writer) -> None:
    Inbox(writer, lambda: None).close()  # type: ignore[arg-type]
    assert writer.is_closed
