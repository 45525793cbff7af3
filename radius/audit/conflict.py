"""INSERT ... ON CONFLICT, which SQLite and PostgreSQL spell alike and SQLAlchemy offers for each apart."""

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert_or(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT to which on_conflict_do_nothing or on_conflict_do_update can be added."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)
