"""Sealed deliveries on their whole way: stored, listed, shown, taken in, replayed, rotated, on both engines."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.builders.ledger import catalogue, operation
from tests.unit.webhooks.payloads import SOURCES, campaign_event, encoded
from webhooks.erasing import Eraser
from webhooks.examination import examine
from webhooks.replaying import Replayer
from webhooks.signatures import Presented
from workflows.errors import LedgerUnavailable
from workflows.ledger import details, listing, replays, rotation, schema
from workflows.ledger.arrivals import Arrival
from workflows.ledger.database import Database
from workflows.ledger.inbox import InboxWriter
from workflows.ledger.replays import Which
from workflows.ledger.tables import deliveries, events
from workflows.person import Person
from workflows.runtime.drift import learn_shapes
from workflows.runtime.intake import Intake
from workflows.runtime.rules import Rules
from workflows.settings.keys import SealingKey

OLD, NEW = SealingKey("2025", b"o" * 32), SealingKey("2026", b"n" * 32)
BODY = encoded(campaign_event("campaign.created", contact="ana@example.com"))
HEADERS = {"content-type": "application/json", "user-agent": "Symphony of Ana@home"}


@pytest.fixture
def url(database_url: str) -> str:
    database = Database(database_url)
    schema.upgrade(database)
    database.close()
    return database_url


def store(url: str, *keys: SealingKey, body: bytes = BODY) -> str:
    """What the door does with a request."""
    arrival = examine(SOURCES["symphony"], Presented(body, HEADERS))
    assert isinstance(arrival, Arrival)
    database, writer = Database(url, keys), InboxWriter(url)
    with writer.turn():
        writer.store([database.vault.seal(arrival)])
    writer.close()
    database.close()
    return arrival.id


@pytest.fixture
def opened(url: str) -> Iterator[Database]:
    database = Database(url, [NEW, OLD])
    yield database
    database.close()


def raw(database: Database) -> str:
    columns = [sa.type_coerce(deliveries.c[name], sa.Text) for name in ("headers", "drafts")]
    with database.read() as connection:
        return str([tuple(row) for row in connection.execute(sa.select(*columns, deliveries.c.body))])


def intake(database: Database) -> Intake:
    return Intake(database, Rules(catalogue(operation())))


def test_what_is_stored_tells_nothing_and_what_is_shown_everything(url: str, opened: Database):
    delivery = store(url, NEW)
    assert "ana@" not in raw(opened).lower()
    with opened.read() as connection:
        found = details.delivery(connection, delivery)
        (line,) = listing.deliveries(connection)
    assert (found.body, found.headers) == (BODY, HEADERS)
    assert line.size == found.line.size == len(BODY)


def test_it_is_taken_in_like_any_other(url: str, opened: Database):
    store(url, NEW)
    store(url, OLD, body=BODY + b" ")
    store(url, body=BODY + b"  ")
    while intake(opened).take_batch():
        pass
    with opened.read() as connection:
        assert [row.data["contact"] for row in connection.execute(sa.select(events))] == ["ana@example.com"] * 3
        assert set(connection.scalars(sa.select(deliveries.c.state))) == {"taken"}
    assert learn_shapes(opened)


def test_without_the_key_it_waits_and_is_not_set_aside(url: str):
    store(url, OLD)
    keyless = Database(url, [NEW])
    with pytest.raises(LedgerUnavailable, match="2025"):
        intake(keyless).take_batch()
    with keyless.read() as connection:
        assert list(connection.scalars(sa.select(deliveries.c.state))) == ["pending"]
    keyless.close()


def test_it_can_be_examined_again(url: str, opened: Database):
    delivery = store(url, NEW)
    with opened.write() as connection:
        changed = {"state": "rejected", "drafts": None, "problems": []}
        connection.execute(deliveries.update().values(**changed))
    replayer = Replayer(opened, SOURCES, intake(opened))
    (tally,) = replayer.preview(Which(ids=(delivery,)), ())
    assert tally.counts["fit"] == 1
    with opened.write() as connection:
        begun = replays.begin(
            connection,
            replay_id="r",
            which=Which("rejected"),
            again=(),
            by="ada",
            reason="",
            now=opened.now(connection),
        )
    assert replayer.proceed(begun)
    assert "ana@" not in raw(opened).lower()
    assert intake(opened).take_batch() == 1
    with opened.read() as connection:
        assert list(connection.scalars(sa.select(deliveries.c.state))) == ["taken"]


def test_rotation_leaves_all_under_the_first_key(url: str, opened: Database):
    ids = [store(url, OLD), store(url, NEW, body=BODY + b" "), store(url, body=BODY + b"  ")]
    with opened.read() as connection:
        page = rotation.page(connection, "")
        assert page is not None
        assert (page.last, page.seen, page.stale) == (ids[2], 3, [ids[0], ids[2]])
        assert rotation.page(connection, page.last) is None
    with opened.write() as connection:
        assert rotation.rotate(connection, page.stale) == {"wrapped": 1, "sealed": 1}
    assert "ana@" not in raw(opened).lower()
    alone = Database(url, [NEW])
    with alone.read() as connection:
        assert rotation.page(connection, "").stale == []  # type: ignore[union-attr]
        assert [details.delivery(connection, found).body.strip() for found in ids] == [BODY] * 3
    assert intake(alone).take_batch() > 0
    alone.close()


def test_what_cannot_be_opened_is_counted_and_left(url: str):
    store(url, OLD)
    keyless = Database(url, [NEW])
    with keyless.write() as connection:
        page = rotation.page(connection, "")
        assert page is not None
        assert rotation.rotate(connection, page.stale) == {"cannot be opened": 1}
    keyless.close()


def test_what_was_tampered_with_holds_up_nothing_else(url: str, opened: Database, tmp_path: Path):
    broken, whole = store(url, NEW), store(url, NEW, body=BODY + b" ")
    with opened.write() as connection:
        connection.execute(deliveries.update().where(deliveries.c.id == broken).values(body=b"x" * 60))
        drafts = {"drafts": "nothing that was sealed"}
        connection.execute(deliveries.update().where(deliveries.c.id == broken).values(**drafts))
    while intake(opened).take_batch():
        pass
    with opened.read() as connection:
        states = dict(connection.execute(sa.select(deliveries.c.id, deliveries.c.state)).all())
    assert states == {broken: "rejected", whole: "taken"}
    assert learn_shapes(opened)
    (tally,) = Replayer(opened, SOURCES, intake(opened)).preview(Which("rejected"), ())
    assert list(tally.problems) == [f"$ the body of delivery {broken} is not what was sealed"]
    found = Eraser(opened, tmp_path, Person.of("ana@example.com"), [NEW]).run(is_preview=False)
    assert found.changed["deliveries"] == 1
    with opened.write() as connection:
        page = rotation.page(connection, "")
        assert page is not None
        assert rotation.rotate(connection, [broken]) == {"wrapped": 1}
