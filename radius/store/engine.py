"""The SQL store opened: one engine, SQLite in WAL mode or PostgreSQL, with its faults told as one sentence.

Two kinds of transaction:

    with writing(engine) as connection: ...   may write. SQLite: BEGIN IMMEDIATE, so that a second writer waits its turn
    with reading(engine) as connection: ...   only reads. SQLite: BEGIN, a snapshot that waits for nobody

A bare `engine.begin()` is the first kind. That is the safe default: SQLite cannot turn a read snapshot into a write once
somebody else has committed (SQLITE_BUSY_SNAPSHOT, at once and whatever the timeout), so a forgotten mark costs waiting,
never a failed write.

synchronous=FULL, not NORMAL: in WAL mode NORMAL may lose the last commits with the power. The revision counter would then
give numbers again that node files have carried already, and those rows would never reach the workers; and an
administrator was told "done". Commits are few (sets of rows, administrators), so the fsync is not felt.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, ExceptionContext, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.pool import ConnectionPoolEntry

from radius.errors import OperatorError

BUSY_SECONDS = 10  # how long a writer waits for another before it gives up

_READING = "kapija_reading"


class StoreUnusable(OperatorError):  # noqa: N818 - the sentence is what is read
    """The database is missing, locked, not writable, away, or of another version than this program."""


def open_store(url: str) -> Engine:
    """The engine for SQLAlchemy's `url`. A SQLite file is made when its directory exists; tables come from store.upgrade.

    Raises StoreUnusable when the URL is wrong, its driver is not installed, or the database cannot be opened now. Open it
    after fork, never before: a connection belongs to one process.
    """
    try:
        parsed = make_url(url)
        engine = create_engine(
            parsed,
            hide_parameters=True,  # or an error's text would tell who somebody is
            json_serializer=_to_json,
            json_deserializer=msgspec.json.decode,
            **_arguments(parsed),
        )
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise StoreUnusable(
            f"the database URL in [store] url of kapija.toml cannot be used ({_first_line(error)}): "
            "write sqlite:////path/to/kapija.db or postgresql+psycopg://user@host/name with psycopg installed"
        ) from None
    event.listen(engine, "handle_error", _explain)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    with reading(engine) as connection:
        connection.exec_driver_sql("SELECT 1")
    return engine


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that may write; committed at the end, rolled back on any exception."""
    with engine.begin() as connection:
        yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that only reads, one snapshot of SQLite, and blocks no writer."""
    with engine.connect().execution_options(**{_READING: True}) as connection, connection.begin():
        yield connection


def _to_json(value: object) -> str:
    return msgspec.json.encode(value).decode()  # the standard library's costs 7 us a row, which 850,000 rows feel


def _arguments(url: URL) -> dict[str, object]:
    if url.get_backend_name() == "sqlite":
        return {"connect_args": {"timeout": BUSY_SECONDS}}
    return {"pool_pre_ping": True, "pool_recycle": 1800}  # a failover leaves dead connections behind


def _prepare_sqlite(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    assert isinstance(connection, sqlite3.Connection)
    connection.isolation_level = None  # _begin_sqlite says BEGIN; the driver's own begins too late and splits migrations
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY_SECONDS * 1000}"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    reads_only = connection.get_execution_options().get(_READING, False)
    connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")


def _explain(context: ExceptionContext) -> StoreUnusable | None:
    """The driver's fault as a sentence with its mend; what is no fault of the database itself goes on unchanged."""
    url = context.engine.url if context.engine is not None else None
    place = _place(url)
    sentence = _sqlite_sentence(context.original_exception, place, url)
    if sentence is None and context.is_disconnect:
        sentence = f"{place} does not answer: is it running, and reachable from here?"
    if sentence is None and context.connection is None and not isinstance(context.original_exception, sqlite3.Error):
        sentence = f"{place} cannot be reached ({_first_line(context.original_exception)}): check [store] url in kapija.toml"
    return None if sentence is None else StoreUnusable(sentence)


_RIGHTS = "give this user the right to read and write the file and its directory"

_SQLITE = {  # primary result codes, https://sqlite.org/rescode.html
    sqlite3.SQLITE_BUSY: f"has been locked by another program for {BUSY_SECONDS} seconds: let that one finish, then try again",
    sqlite3.SQLITE_READONLY: f"is not writable: {_RIGHTS}",
    sqlite3.SQLITE_PERM: f"is not accessible: {_RIGHTS}",
    sqlite3.SQLITE_CANTOPEN: f"cannot be opened: {_RIGHTS}",
    sqlite3.SQLITE_NOTADB: "is no SQLite database: correct [store] url in kapija.toml, or restore the file from a backup",
    sqlite3.SQLITE_CORRUPT: "is damaged: restore it from a backup",
    sqlite3.SQLITE_FULL: "cannot be written, the disk is full: make room, then try again",
    sqlite3.SQLITE_IOERR: "cannot be read or written, the disk is failing: check it, then try again",
}


def _sqlite_sentence(error: BaseException, place: str, url: URL | None) -> str | None:
    if not isinstance(error, sqlite3.DatabaseError):
        return None
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_CANTOPEN and url is not None and url.database and not Path(url.database).parent.is_dir():
        return f"{place} cannot be opened, its directory does not exist: run 'kapija init', or correct [store] url"
    if code in _SQLITE:
        return f"{place} {_SQLITE[code]}"
    if code == sqlite3.SQLITE_ERROR and str(error).startswith(("no such table", "no such column")):
        return f"{place} has not the tables of this version ({error}): run 'kapija db upgrade'"
    return None


def _place(url: URL | None) -> str:
    if url is None:
        return "the database"
    return f"the database {url.database}" if url.get_backend_name() == "sqlite" else f"the database {url.render_as_string()}"


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0]
