"""One administrative change: one transaction, one revision number, so that workers get all of it or nothing."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, update

from radius.store import tables
from radius.store.engine import StoreUnusable, writing


class Work:
    """A change under way. `connection` is its transaction."""

    __slots__ = ("_revision", "connection")

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._revision = 0

    @property
    def revision(self) -> int:
        """The number for every replicated row that this change writes; taken at the first use.

        The UPDATE holds the counter's row until the commit (SQLite: the whole database), so the next change gets its number
        only after this one is committed, and who has carried revision n has missed nothing below it. Take it as late
        as you can: from here on every other change waits.
        """
        if not self._revision:
            counter = tables.revision
            statement = update(counter).where(counter.c.id == 1).values(value=counter.c.value + 1).returning(counter.c.value)
            value = self.connection.execute(statement).scalar_one_or_none()
            if value is None:
                raise StoreUnusable("the database has no revision counter: run 'kapija db upgrade'")
            self._revision = value
        return self._revision


@contextmanager
def change(engine: Engine) -> Iterator[Work]:
    """A transaction for a change and its audit row; committed at the end, rolled back on any exception."""
    with writing(engine) as connection:
        yield Work(connection)
