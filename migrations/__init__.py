"""Alembic's migrations: one reason a revision, each up and down. Run by radius.store.upgrade, never by alembic.ini."""
