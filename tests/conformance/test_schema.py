"""The migrations build exactly the tables of the code, on both engines."""

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from workflows.ledger import schema
from workflows.ledger.database import Database
from workflows.ledger.tables import SHARDS, metadata

OF_THE_FIRST_RELEASE = (
    "INSERT INTO deliveries (id, source, received_at, shard, state, headers, body) "
    "VALUES ('d-1', 'shop', 1, 1, 'taken', '{}', '')",
    "INSERT INTO dedup_keys (source, key, delivery_id, until) VALUES ('shop', 'id:1', 'd-1', 5)",
    "INSERT INTO events (id, delivery_id, source, brand, type, subject, occurred_at, data) "
    "VALUES ('e-1', 'd-1', 'shop', 'main', 'order.placed', 'order:shop:1', 1, '{}')",
)


def test_a_migrated_database_has_the_tables_of_the_code(database: Database):
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, metadata) == []
        assert schema.current(connection) == schema.head()


def test_migrating_again_changes_nothing(database: Database):
    schema.upgrade(database)
    with database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM shards").scalar() == SHARDS


def test_a_database_that_was_never_migrated_has_no_revision(database_url: str):
    bare = Database(database_url)
    with bare.read() as connection:
        assert schema.current(connection) is None
    bare.close()


def test_what_the_first_release_kept_is_there_after_the_upgrade(database_url: str):
    database = Database(database_url)
    with database.rebuild() as connection:
        command.upgrade(schema._config(connection), "0001")
    with database.write() as connection:
        for statement in OF_THE_FIRST_RELEASE:
            connection.execute(sa.text(statement))
    schema.upgrade(database)
    with database.read() as connection:
        assert connection.scalar(sa.text("SELECT delivery_id FROM dedup_keys")) == "d-1"
        assert connection.execute(sa.text("SELECT id, delivery_id FROM events")).one() == ("e-1", "d-1")
        if database.is_sqlite:
            assert connection.scalar(sa.text("PRAGMA foreign_keys")) == 1
    database.close()


def test_a_rebuild_that_leaves_a_row_alone_is_undone(database: Database):
    with database.write() as connection:
        for statement in OF_THE_FIRST_RELEASE:
            connection.execute(sa.text(statement))
    with pytest.raises(sa.exc.IntegrityError), database.rebuild() as connection:
        connection.execute(sa.text("DELETE FROM deliveries"))
    with database.read() as connection:
        assert connection.scalar(sa.text("SELECT id FROM deliveries")) == "d-1"
