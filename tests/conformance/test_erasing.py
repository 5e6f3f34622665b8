"""One person's data, out of everything we hold, on both engines."""

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.builders.ledger import ClockedDatabase
from tests.builders.rows import NOW, Rows, request
from webhooks.erasing import Eraser
from workflows.ledger import schema, tables
from workflows.ledger.erasure import Found
from workflows.person import Person
from workflows.settings.keys import SealingKey

EMAIL = "ana@example.com"
OTHER = "bo@example.com"
KEY = SealingKey("k", b"k" * 32)


@pytest.fixture
def rows(database_url: str) -> Iterator[Rows]:
    database = ClockedDatabase(database_url)
    database.time = NOW
    schema.upgrade(database)
    yield Rows(database)
    database.close()


def order(email: str) -> dict[str, Any]:
    return {"id": "12345", "buyer": {"email": email, "first_name": "Ana"}, "items": [{"name": "Seat", "quantity": 2}]}


def story(rows: Rows, email: str = EMAIL, state: str = "done", **event: Any) -> dict[str, str]:
    """An order that was taken in and led to a run with a call."""
    delivery = rows.delivery(body=f'{{"orders": [{{"email": "{email}"}}]}}'.encode())
    subject = {"type": "order.placed", "subject": "order:box-office:12345", **event}
    event_id = rows.event(delivery_id=delivery, data=order(email), **subject)
    ended = None if state == "running" else NOW
    run = rows.run(event_id=event_id, state=state, key=email, ended_at=ended, reason=f"wrote to {email}")
    rows.step(run, output={"contact": {"email": email}, "count": 3})
    effect = rows.effect(
        run,
        "done" if ended else "in_doubt",
        inputs={"email": email, "list": "fans"},
        request=request("POST", f"/contacts/{email.replace('@', '%40')}", f'{{"email": "{email}"}}'),
        output={"id": "c-1", "email": email},
        ended_at=ended,
    )
    rows.attempt(effect, 1, NOW, reason=f"{email} is new")
    return {"delivery": delivery, "event": event_id, "run": run, "effect": effect}


def everything(rows: Rows) -> dict[str, list[Any]]:
    with rows.database.read() as connection:
        return {
            name: [tuple(row) for row in connection.execute(sa.select(table).order_by(*table.primary_key.columns))]
            for name, table in tables.metadata.tables.items()
            if name != "definitions"
        }


def erase(rows: Rows, folder: Path, text: str = EMAIL, *, is_preview: bool = False) -> Found:
    return Eraser(rows.database, folder, Person.of(text), [KEY]).run(is_preview=is_preview)


def test_nothing_of_them_is_left_and_the_rows_stay(rows: Rows, tmp_path: Path):
    ids = story(rows)
    before = everything(rows)
    seen = erase(rows, tmp_path, is_preview=True)
    assert everything(rows) == before
    found = erase(rows, tmp_path)
    assert found.changed == seen.changed
    after = everything(rows)
    assert {name: len(row) for name, row in after.items()} == {name: len(row) for name, row in before.items()}
    assert EMAIL not in str(after)
    assert "Ana" not in str(after)
    assert "ana%40" not in str(after)
    assert not found.under_way
    with rows.database.read() as connection:
        event = connection.execute(sa.select(tables.events).where(tables.events.c.id == ids["event"])).one()
        step = connection.execute(sa.select(tables.steps)).one()
        effect = connection.execute(sa.select(tables.effects)).one()
    assert event.data == {
        "id": "12345",
        "buyer": {"email": "***", "first_name": "***"},
        "items": [{"name": "Seat", "quantity": 2}],
    }
    assert step.output["count"] == 3
    assert (effect.inputs["list"], effect.output["id"], effect.state) == ("fans", "c-1", "done")
    assert +erase(rows, tmp_path).changed == {}, "there is nothing left to find"


def test_others_keep_theirs(rows: Rows, tmp_path: Path):
    story(rows, OTHER)
    before = everything(rows)
    assert +erase(rows, tmp_path).changed == {}
    assert everything(rows) == before


def test_a_subject_takes_what_is_about_it(rows: Rows, tmp_path: Path):
    story(rows)
    story(rows, OTHER, subject="order:box-office:777")
    erase(rows, tmp_path, "order:box-office:12345")
    left = everything(rows)
    assert EMAIL not in str(left)
    assert "ana%40" not in str(left)
    assert str(left["events"]).count(OTHER) == 1


def test_a_number_is_found_as_well(rows: Rows, tmp_path: Path):
    rows.event(data={"buyer": {"phone": "+44 7700 900123"}, "id": "1"})
    erase(rows, tmp_path, "07700900123")
    assert "900123" not in str(everything(rows)["events"])


def test_sealed_and_packed_bodies_are_looked_into(rows: Rows, tmp_path: Path):
    packed = rows.delivery(body=gzip.compress(EMAIL.encode()), headers={"content-encoding": "gzip"})
    kept = rows.delivery(body=gzip.compress(OTHER.encode()), headers={"content-encoding": "gzip"})
    assert erase(rows, tmp_path).changed["deliveries"] == 1
    with rows.database.read() as connection:
        bodies = dict(connection.execute(sa.select(tables.deliveries.c.id, tables.deliveries.c.body)).all())
    assert bodies[packed] == b""
    assert bodies[kept]


def test_names_of_things_become_the_same_everywhere(rows: Rows, tmp_path: Path):
    event = rows.event(subject=f"lead:{EMAIL}", data={"id": "1"})
    effect = rows.effect(None, "done", once_key=f"greet/{EMAIL}", ended_at=NOW)
    with rows.database.write() as connection:
        milestone = {"subject": f"lead:{EMAIL}", "type": "symphony.lead.captured", "reached_at": NOW}
        connection.execute(tables.milestones.insert().values(event_id=event, **milestone))
        connection.execute(tables.once_keys.insert().values(key=f"greet/{EMAIL}", effect_id=effect))
    erase(rows, tmp_path)
    left = everything(rows)
    assert EMAIL not in str(left)
    with rows.database.read() as connection:
        subjects = {
            *connection.scalars(sa.select(tables.events.c.subject)),
            *connection.scalars(sa.select(tables.milestones.c.subject)),
        }
        assert connection.scalar(sa.select(tables.once_keys.c.key)) == connection.scalar(
            sa.select(tables.effects.c.once_key)
        )
    (subject,) = subjects
    assert subject.startswith("lead:erased-")


def test_what_is_under_way_keeps_what_it_needs_and_is_named(rows: Rows, tmp_path: Path):
    ids = story(rows, state="running")
    before = everything(rows)
    found = erase(rows, tmp_path)
    assert found.under_way == {ids["run"]}
    assert found.waiting == {ids["delivery"]}
    for name in ("events", "deliveries", "effects", "steps"):
        assert everything(rows)[name] == before[name]


def test_a_delivery_not_taken_in_yet_is_named(rows: Rows, tmp_path: Path):
    delivery = rows.delivery(state="pending", taken_at=None, drafts=[], body=EMAIL.encode())
    assert erase(rows, tmp_path).waiting == {delivery}


def test_logs_are_written_over_where_they_stand(rows: Rows, tmp_path: Path):
    log = tmp_path / "demo.log"
    lines = [b'{"event": "one"}', f'{{"event": "{EMAIL} came"}}'.encode(), b'{"event": "three"}']
    log.write_bytes(b"\n".join(lines) + b"\n")
    size = log.stat().st_size
    assert erase(rows, tmp_path, is_preview=True).changed["log lines"] == 1
    assert EMAIL.encode() in log.read_bytes()
    erase(rows, tmp_path)
    assert log.stat().st_size == size
    assert log.read_bytes().splitlines() == [lines[0], b'{"event": "*************** came"}', lines[2]]


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Rows]:
    """A ledger of SQLite's, whose files are all there is in their folder."""
    database = ClockedDatabase(f"sqlite:///{tmp_path}/ledger/ledger.db")
    database.time = NOW
    schema.upgrade(database)
    yield Rows(database)
    database.close()


def held(folder: Path) -> set[str]:
    """The files that have them."""
    return {path.name for path in (folder / "ledger").iterdir() if EMAIL.encode() in path.read_bytes()}


def test_the_files_hold_nothing_of_them_either(file: Rows, tmp_path: Path):
    story(file)
    file.database.clear_log()
    assert held(tmp_path) == {"ledger.db"}
    story(file)
    assert not erase(file, tmp_path).is_in_log
    assert held(tmp_path) == set()


def test_a_log_that_somebody_reads_is_told_of(file: Rows, tmp_path: Path):
    story(file)
    with file.database.read() as connection:
        connection.execute(sa.select(tables.runs)).all()
        assert erase(file, tmp_path).is_in_log
    assert held(tmp_path) == {"ledger.db-wal"}
    assert not erase(file, tmp_path).is_in_log
    assert held(tmp_path) == set()


def test_the_digest_is_the_same_for_the_same_person_and_key(rows: Rows, tmp_path: Path):
    def digest(text: str, *keys: SealingKey) -> str:
        return Eraser(rows.database, tmp_path, Person.of(text), keys).digest

    assert digest("ANA@example.com", KEY) == digest(EMAIL, KEY)
    assert digest(EMAIL, KEY) != digest(OTHER, KEY)
    assert digest(EMAIL) != digest(EMAIL), "without a key nobody can make it again"
