"""The migrations build exactly the tables of the code, on both engines."""

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from workflows.ledger import schema
from workflows.ledger.database import Database
from workflows.ledger.tables import SHARDS, metadata


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
