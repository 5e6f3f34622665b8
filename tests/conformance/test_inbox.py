"""One suite over both engines of the inbox: what is stored once, what is a repeat, and what nothing may be lost to."""

import contextlib
import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from tests.servers.postgresql import PostgreSQL
from workflows import typed_json
from workflows.errors import LedgerUnavailable
from workflows.ledger import schema
from workflows.ledger.arrivals import Arrival, Position, Receipt, shard_of
from workflows.ledger.database import Database
from workflows.ledger.inbox import InboxWriter, Result
from workflows.ledger.tables import SHARDS, dedup_keys, deliveries, repeats, sequences
from workflows.values import DeliveryId, new_id

PROBLEMS = ({"code": "not_json", "message": "Expecting value", "path": "$"},)


@pytest.fixture
def writer(database: Database, database_url: str) -> Iterator[InboxWriter]:
    with contextlib.closing(InboxWriter(database_url)) as writer:
        yield writer


def arrival(key: str = "id:1", **given: Any) -> Arrival:
    defaults: dict[str, Any] = {
        "id": new_id(),
        "source": "shop",
        "window": None,
        "shard": 3,
        "headers": typed_json.dump({"content-type": "application/json"}),
        "body": b'{"id": 1}\x00\xff',
        "drafts": typed_json.dump([{"type": "order.placed"}]),
        "problems": None,
    }
    return Arrival(**{**defaults, "key": key, **given})


def store(writer: InboxWriter, *batch: Arrival) -> list[Result]:
    with writer.turn():
        return writer.store(batch)


def receipts(writer: InboxWriter, *batch: Arrival) -> list[Receipt]:
    results = store(writer, *batch)
    assert all(isinstance(result, Receipt) for result in results), results
    return [result for result in results if isinstance(result, Receipt)]


def stored(database: Database) -> Sequence[Any]:
    with database.read() as connection:
        return connection.execute(sa.select(deliveries).order_by(deliveries.c.id)).all()


def test_a_new_delivery_is_stored_byte_for_byte(database: Database, writer: InboxWriter) -> None:
    new = arrival()
    assert receipts(writer, new) == [Receipt(new.id)]
    (row,) = stored(database)
    assert (row.id, row.source, row.shard, row.state) == (new.id, "shop", 3, "pending")
    assert (row.body, row.headers) == (new.body, {"content-type": "application/json"})
    assert (row.drafts, row.problems, row.taken_at) == ([{"type": "order.placed"}], None, None)


def test_it_is_received_at_the_time_of_the_database(database: Database, writer: InboxWriter) -> None:
    with database.read() as connection:
        before = database.now(connection)
    receipts(writer, arrival())
    with database.read() as connection:
        assert before <= stored(database)[0].received_at <= database.now(connection)


def test_a_repeat_gets_the_first_id(database: Database, writer: InboxWriter) -> None:
    first = arrival()
    receipts(writer, first)
    assert receipts(writer, arrival()) == [Receipt(first.id, is_repeat=True)]
    assert len(stored(database)) == 1


def test_a_repeat_within_the_batch_gets_the_id_of_the_first(database: Database, writer: InboxWriter) -> None:
    first, other, again = arrival("id:1"), arrival("id:2"), arrival("id:1")
    expected = [Receipt(first.id), Receipt(other.id), Receipt(first.id, is_repeat=True)]
    assert receipts(writer, first, other, again) == expected
    assert len(stored(database)) == 2


def test_a_repeat_of_a_rejected_delivery_gets_its_problems(writer: InboxWriter) -> None:
    first = arrival(problems=typed_json.dump(PROBLEMS), drafts=None)
    assert receipts(writer, first) == [Receipt(first.id, PROBLEMS)]
    assert receipts(writer, arrival(problems=None)) == [Receipt(first.id, PROBLEMS, is_repeat=True)]


def test_a_quarantined_delivery_is_kept_with_its_reason(database: Database, writer: InboxWriter) -> None:
    new = arrival(problems=typed_json.dump(PROBLEMS), drafts=None, is_quarantined=True)
    assert receipts(writer, new, arrival()) == [Receipt(new.id, PROBLEMS), Receipt(new.id, PROBLEMS, is_repeat=True)]
    (row,) = stored(database)
    assert (row.state, row.problems, row.drafts) == ("quarantined", list(PROBLEMS), None)


def test_the_same_key_at_two_sources_is_two_deliveries(database: Database, writer: InboxWriter) -> None:
    receipts(writer, arrival(source="shop"), arrival(source="other shop"))
    assert len(stored(database)) == 2


def test_a_key_counts_within_its_window(writer: InboxWriter) -> None:
    first = arrival(window=timedelta(minutes=10))
    receipts(writer, first)
    assert receipts(writer, arrival(window=timedelta(minutes=10))) == [Receipt(first.id, is_repeat=True)]


def test_a_key_counts_no_more_after_its_window(database: Database, writer: InboxWriter) -> None:
    receipts(writer, arrival(window=timedelta(0)))
    second = arrival(window=timedelta(minutes=10))
    assert receipts(writer, second) == [Receipt(second.id)]
    assert receipts(writer, arrival()) == [Receipt(second.id, is_repeat=True)]
    assert len(stored(database)) == 2


def test_a_batch_of_repeats_and_news_keeps_its_order(writer: InboxWriter) -> None:
    old = arrival("id:5")
    receipts(writer, old)
    batch = [arrival(f"id:{number}") for number in (9, 5, 1, 9, 7)]
    ids = [receipt.delivery_id for receipt in receipts(writer, *batch)]
    assert ids == [batch[0].id, old.id, batch[2].id, batch[0].id, batch[4].id]


@pytest.mark.parametrize("text", ["", "ключ", "a" * 300, "quote ' \" \\ {,}", "NULL"])
def test_any_text_is_a_key(database: Database, writer: InboxWriter, text: str) -> None:
    first = arrival(text, headers=typed_json.dump({"x": text}))
    receipts(writer, first)
    assert receipts(writer, arrival(text)) == [Receipt(first.id, is_repeat=True)]
    assert stored(database)[0].headers == {"x": text}


def test_a_row_the_database_refuses_fails_alone(database: Database, writer: InboxWriter) -> None:
    batch = [arrival(f"id:{number}") for number in range(9)]
    batch[4] = arrival("id:4", shard=1 << 70)
    results = store(writer, *batch)
    assert isinstance(results[4], LedgerUnavailable)
    assert [result for result in results if isinstance(result, Receipt)] == [
        Receipt(good.id) for good in batch if good is not batch[4]
    ]
    assert len(stored(database)) == 8


def test_a_ledger_that_is_not_migrated_is_unavailable_until_it_is(database_url: str) -> None:
    database = Database(database_url)
    with database.read():  # which makes the file, on SQLite
        pass
    writer = InboxWriter(database_url)
    assert isinstance(store(writer, arrival())[0], LedgerUnavailable)
    schema.upgrade(database)
    assert receipts(writer, arrival())
    writer.close()
    database.close()


def test_what_intake_set_aside_was_accepted_all_the_same(database: Database, writer: InboxWriter) -> None:
    first = arrival()
    receipts(writer, first)
    with database.write() as connection:
        taken = {"state": "rejected", "problems": [{"code": "intake_failed"}], "taken_at": database.now(connection)}
        connection.execute(deliveries.update().values(**taken))
    assert receipts(writer, arrival()) == [Receipt(first.id, is_repeat=True)]


def test_a_writer_goes_on_after_it_was_closed(database: Database, writer: InboxWriter) -> None:
    receipts(writer, arrival("id:1"))
    writer.close()
    receipts(writer, arrival("id:2"))
    assert len(stored(database)) == 2


def test_two_processes_with_the_same_deliveries_in_opposite_order_store_each_once(
    database: Database, database_url: str
) -> None:
    keys = [f"id:{number:03}" for number in range(200)]
    one, two = _in_processes(_store_batches, [(database_url, keys), (database_url, keys[::-1])])
    assert one.keys() == two.keys() == set(keys)
    assert one == two, "a repeat must name the first delivery"
    assert {row.id for row in stored(database)} == set(one.values())
    with database.read() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(dedup_keys)) == 200


def _store_batches(url: str, keys: Sequence[str]) -> dict[str, str]:
    writer = InboxWriter(url)
    found: dict[str, str] = {}
    for start in range(0, len(keys), 20):
        part = keys[start : start + 20]
        got = receipts(writer, *(arrival(key) for key in part))
        found |= {key: receipt.delivery_id for key, receipt in zip(part, got, strict=True)}
    writer.close()
    return found


def _in_processes(work: Callable[..., Any], arguments: Sequence[tuple[Any, ...]]) -> list[Any]:
    """Do `work` in one process each, begun together, and return what they found."""
    # Not forked: the tests' process may have threads.
    context = multiprocessing.get_context("spawn")
    start = context.Barrier(len(arguments))
    ends = []
    for given in arguments:
        here, there = context.Pipe(duplex=False)
        process = context.Process(target=_work, args=(work, given, start, there), daemon=True)
        process.start()
        there.close()
        ends.append((process, here))
    found = [here.recv() for _process, here in ends]
    for process, _here in ends:
        process.join(30)
    return found


def _work(work: Callable[..., Any], given: tuple[Any, ...], start: Any, answer: Connection) -> None:
    start.wait(60)
    answer.send(work(*given))


def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_bytes(b"no database" * 1000)
    writer = InboxWriter(f"sqlite:///{tmp_path}/ledger.db")
    assert isinstance(store(writer, arrival())[0], LedgerUnavailable)


def test_a_file_that_is_not_there_is_not_begun(tmp_path: Path) -> None:
    writer = InboxWriter(f"sqlite:///{tmp_path}/ledger.db")
    assert isinstance(store(writer, arrival())[0], LedgerUnavailable)
    assert not (tmp_path / "ledger.db").exists()


def test_a_server_that_was_down_is_found_again(postgres_server: PostgreSQL, postgres_database: str) -> None:
    database = Database(postgres_database)
    schema.upgrade(database)
    writer = InboxWriter(postgres_database)
    receipts(writer, arrival("id:1"))
    with psycopg.connect(postgres_server.url, autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name ~ 'inbox'")
    assert isinstance(store(writer, arrival("id:2"))[0], LedgerUnavailable)
    assert receipts(writer, arrival("id:2"))
    writer.close()
    database.close()


def test_a_subject_always_has_the_same_shard() -> None:
    assert shard_of("tickettailor", "order:tickettailor:or_737352") == 12
    shards = {shard_of("symphony", f"symphony:campaign:{number}") for number in range(1000)}
    assert shards == set(range(SHARDS))


def test_ids_are_those_of_the_arrivals(writer: InboxWriter) -> None:
    assert receipts(writer, arrival(id=DeliveryId("mine")))[0].delivery_id == "mine"


def repeats_of(database: Database) -> dict[str, int]:
    with database.read() as connection:
        return {row.delivery_id: row.count for row in connection.execute(sa.select(repeats))}


def states(database: Database) -> list[str]:
    return [row.state for row in stored(database)]


def test_repeats_are_counted_at_the_first(database: Database, writer: InboxWriter) -> None:
    first, other = arrival("id:1"), arrival("id:2")
    receipts(writer, first, other)
    assert repeats_of(database) == {}
    for _ in range(3):
        receipts(writer, arrival("id:1"))
    assert repeats_of(database) == {first.id: 3}
    with database.read() as connection:
        assert connection.scalar(sa.select(repeats.c.last_at)) > stored(database)[0].received_at


def test_repeats_within_a_batch_are_counted_as_well(database: Database, writer: InboxWriter) -> None:
    first, second = arrival("id:1"), arrival("id:2")
    receipts(writer, first, arrival("id:1"), second, arrival("id:1"))
    assert repeats_of(database) == {first.id: 2}
    receipts(writer, arrival("id:1"), arrival("id:2"), arrival("id:1"), arrival("id:3"))
    assert repeats_of(database) == {first.id: 4, second.id: 1}


def test_a_new_delivery_under_an_old_key_begins_to_count_anew(database: Database, writer: InboxWriter) -> None:
    first = arrival(window=timedelta(0))
    receipts(writer, first)
    second = arrival()
    receipts(writer, second, arrival())
    receipts(writer, arrival())
    assert repeats_of(database) == {second.id: 2}


def test_repeats_go_with_their_delivery(database: Database, writer: InboxWriter) -> None:
    receipts(writer, arrival(), arrival())
    with database.write() as connection:
        connection.execute(dedup_keys.delete())
        connection.execute(deliveries.delete())
    assert repeats_of(database) == {}


def test_what_is_filtered_is_kept_with_the_reason(database: Database, writer: InboxWriter) -> None:
    first = arrival(drafts=None, reason="nobody wants it")
    assert receipts(writer, first, arrival()) == [Receipt(first.id), Receipt(first.id, is_repeat=True)]
    (row,) = stored(database)
    assert (row.state, row.reason, row.drafts) == ("filtered", "nobody wants it", None)


def numbered(number: int, subject: str = "campaign:1", **given: Any) -> Arrival:
    return arrival(f"id:{new_id()}", position=Position(subject, number), **given)


def test_what_is_older_than_what_came_is_kept_and_superseded(database: Database, writer: InboxWriter) -> None:
    for number in (5, 3, 5, 6, 4):
        receipts(writer, numbered(number))
    assert states(database) == ["pending", "superseded", "pending", "pending", "superseded"]
    late = stored(database)[1]
    assert (late.drafts, late.reason) == (None, "a later one about the same subject was there already")


def test_within_a_batch_the_order_is_that_of_arrival(database: Database, writer: InboxWriter) -> None:
    receipts(writer, numbered(4))
    batch = [numbered(number) for number in (3, 5, 7, 6, 8)]
    receipts(writer, *reversed(batch))
    assert states(database) == ["pending", "superseded", "pending", "pending", "superseded", "pending"]


def test_every_subject_and_source_has_a_sequence_of_its_own(database: Database, writer: InboxWriter) -> None:
    receipts(writer, numbered(9), numbered(1, "campaign:2"), numbered(1, source="other shop"), arrival())
    receipts(writer, numbered(2, "campaign:2"), numbered(8), arrival("id:2"))
    assert states(database).count("superseded") == 1


def test_a_repeat_of_what_was_superseded_since_is_a_repeat(database: Database, writer: InboxWriter) -> None:
    first = arrival("id:1", position=Position("campaign:1", 1))
    receipts(writer, first)
    receipts(writer, numbered(2))
    again = arrival("id:1", position=Position("campaign:1", 1))
    assert receipts(writer, again) == [Receipt(first.id, is_repeat=True)]
    assert states(database) == ["pending", "pending"]


def test_only_what_would_be_taken_in_is_superseded(database: Database, writer: InboxWriter) -> None:
    receipts(writer, numbered(5))
    receipts(writer, numbered(4, drafts=None, reason="nobody wants it"))
    assert states(database) == ["pending", "filtered"]


def test_two_processes_count_every_repeat_and_leave_one_latest(database: Database, database_url: str) -> None:
    _in_processes(_store_numbered, [(database_url, list(range(100))), (database_url, list(range(99, -1, -1)))])
    assert sum(repeats_of(database).values()) == 100
    with database.read() as connection:
        assert connection.scalar(sa.select(sequences.c.number)) == 99
    assert len(stored(database)) == 100


def _store_numbered(url: str, numbers: Sequence[int]) -> None:
    writer = InboxWriter(url)
    for start in range(0, len(numbers), 10):
        part = numbers[start : start + 10]
        receipts(writer, *(arrival(f"id:{number}", position=Position("campaign:1", number)) for number in part))
    writer.close()
