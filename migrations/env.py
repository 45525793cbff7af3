"""Alembic's entry: runs the revisions in the transaction of the connection that radius.store.upgrade hands over."""

from alembic import context

from radius.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite changes a column by copying its table
    compare_type=True,
)
context.run_migrations()
