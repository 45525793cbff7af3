"""SQLite made ready for hundreds of thousands of rows in a row.

Names come in no order of their own, so each transaction of some thousand rows touches most pages of the index over them.
With the usual cache (2 MB) and checkpoint (every 4 MB) each of these pages is read, written to the log and copied
into the database again and again: 79 us a row at 850,000 people, against 48 us with what is set here.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection

CACHE_KIB = 65_536
CHECKPOINT_PAGES = 16_000  # 64 MB; the log grows that far, and the last connection to close takes it back


@contextmanager
def bulk(engine: Engine) -> Iterator[None]:
    """While inside, the engine's connections work in bulk; afterwards they are closed, so that none keeps the cache."""
    if engine.dialect.name != "sqlite":
        yield
        return
    event.listen(engine, "checkout", _prepare)
    try:
        yield
    finally:
        event.remove(engine, "checkout", _prepare)
        engine.dispose()


def _prepare(connection: DBAPIConnection, *_: object) -> None:
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
    cursor.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
    cursor.close()
