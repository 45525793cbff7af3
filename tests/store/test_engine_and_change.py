"""The engine's transactions and sentences, and the order of revisions."""

import sqlite3
import threading
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert, select, text
from sqlalchemy.exc import IntegrityError

from radius.errors import OperatorError
from radius.store import tables
from radius.store.change import change
from radius.store.engine import StoreUnusable, open_store, reading, writing
from radius.store.upgrade import downgrade


def put_learned(engine: Engine, address: str) -> int:
    with change(engine) as work:
        work.connection.execute(insert(tables.learned).values(address=address, time=0.0, revision=work.revision))
        return work.revision


def learned(engine: Engine) -> dict[str, int]:
    with reading(engine) as connection:
        return {row.address: row.revision for row in connection.execute(select(tables.learned))}


def test_sqlite_is_durable_checked_and_patient(engine: Engine) -> None:
    with reading(engine) as connection:
        pragmas = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        values = [connection.exec_driver_sql(f"PRAGMA {pragma}").scalar() for pragma in pragmas]
    assert values == ["wal", 2, 1, 10_000]


def test_a_reader_keeps_its_snapshot_and_stops_no_writer(engine: Engine) -> None:
    with reading(engine) as connection:
        assert connection.execute(select(tables.learned)).all() == []
        put_learned(engine, "192.0.2.1")
        assert connection.execute(select(tables.learned)).all() == []
    assert learned(engine) == {"192.0.2.1": 1}


def test_a_second_writer_waits_for_the_first_and_both_succeed(engine: Engine) -> None:
    inside, done = threading.Event(), []

    def second() -> None:
        inside.wait()
        done.append(put_learned(engine, "192.0.2.2"))

    thread = threading.Thread(target=second)
    thread.start()
    with change(engine) as work:
        before = work.connection.execute(select(tables.learned)).all()  # a snapshot that a deferred BEGIN could not upgrade
        inside.set()
        thread.join(0.2)  # the second is held at its BEGIN; it cannot finish while we are inside
        assert not done
        work.connection.execute(insert(tables.learned).values(address="192.0.2.1", time=0.0, revision=work.revision))
    thread.join()
    assert before == []
    assert done == [2]
    assert learned(engine) == {"192.0.2.1": 1, "192.0.2.2": 2}


def test_many_writers_get_every_revision_once(engine: Engine) -> None:
    def work(number: int) -> None:
        for n in range(5):
            put_learned(engine, f"192.0.2.{number * 10 + n}")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(learned(engine).values()) == list(range(1, 21))


def test_a_change_has_one_revision_taken_when_first_asked_for(engine: Engine) -> None:
    with change(engine) as work:
        counter = select(tables.revision.c.value)
        assert work.connection.execute(counter).scalar() == 0
        assert (work.revision, work.revision) == (1, 1)
        assert work.connection.execute(counter).scalar() == 1
    with change(engine) as work:
        pass
    assert put_learned(engine, "192.0.2.1") == 2


def test_a_failed_change_leaves_neither_rows_nor_a_revision(engine: Engine) -> None:
    put_learned(engine, "192.0.2.1")
    with pytest.raises(IntegrityError):
        put_learned(engine, "192.0.2.1")
    with pytest.raises(ZeroDivisionError), change(engine) as work:
        assert work.revision == 2
        raise ZeroDivisionError
    assert put_learned(engine, "192.0.2.2") == 2


def test_a_locked_database_is_told_in_one_sentence(engine: Engine) -> None:
    with writing(engine), engine.connect() as other:
        other.connection.driver_connection.execute("PRAGMA busy_timeout=1")
        with pytest.raises(StoreUnusable, match=r"kapija\.db has been locked by another program for 10 seconds: let that one"):
            other.execute(text("SELECT 1"))
        other.connection.driver_connection.execute("PRAGMA busy_timeout=10000")


def test_a_missing_directory_is_told_with_its_mend(tmp_path: Path) -> None:
    with pytest.raises(
        StoreUnusable, match=r"nowhere/kapija\.db cannot be opened, its directory does not exist: run 'kapija init'"
    ):
        open_store(f"sqlite:///{tmp_path / 'nowhere' / 'kapija.db'}")


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "kapija.db").write_bytes(b"not a database at all, and longer than a header must be " * 20)
    with pytest.raises(StoreUnusable, match="is no SQLite database: correct"):
        open_store(f"sqlite:///{tmp_path / 'kapija.db'}")


def test_a_database_that_may_not_be_written_is_told(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.connection.driver_connection.execute("PRAGMA query_only=1")
        with pytest.raises(StoreUnusable, match="is not writable: give this user the right to read and write"):
            connection.execute(tables.learned.delete())
        connection.connection.driver_connection.execute("PRAGMA query_only=0")


def test_tables_of_another_version_lead_to_the_upgrade(engine: Engine) -> None:
    downgrade(engine, "base")
    with pytest.raises(StoreUnusable, match=r"has not the tables of this version .* run 'kapija db upgrade'"):
        put_learned(engine, "192.0.2.1")


def test_a_missing_counter_leads_to_the_upgrade(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(tables.revision.delete())
    with pytest.raises(StoreUnusable, match="run 'kapija db upgrade'"):
        put_learned(engine, "192.0.2.1")


@pytest.mark.parametrize("url", ["", "kapija.db", "oracle-of-delphi://x", "postgresql+nosuchdriver://kapija@localhost/kapija"])
def test_a_wrong_url_says_what_to_write(url: str) -> None:
    with pytest.raises(OperatorError, match=r"\[store\] url of kapija.toml cannot be used .* write sqlite:"):
        open_store(url)


def test_the_programs_own_mistakes_are_not_dressed_up_as_the_operators(engine: Engine) -> None:
    with pytest.raises(Exception, match="syntax error") as caught, writing(engine) as connection:
        connection.execute(text("SELEKT 1"))
    assert not isinstance(caught.value, StoreUnusable)


def test_an_errors_text_tells_no_values(engine: Engine) -> None:
    put_learned(engine, "192.0.2.77")
    with pytest.raises(IntegrityError) as caught:
        put_learned(engine, "192.0.2.77")
    assert "192.0.2.77" not in str(caught.value)


def test_text_and_json_keep_their_cyrillic(engine: Engine) -> None:
    with change(engine) as work:
        row = {"name": "os-vuk", "title": "ОШ „Вук“", "timezone": "Europe/Belgrade", "language": "sr-Cyrl", "calendar": ""}
        work.connection.execute(insert(tables.schools).values(**row, tags=["село"], vlans={"ђаци": 20}, revision=work.revision))
        stored = work.connection.execute(text("SELECT tags FROM schools")).scalar()
    assert stored == '["село"]'
    with reading(engine) as connection:
        school = connection.execute(select(tables.schools)).one()
    assert (school.title, school.tags, school.vlans) == ("ОШ „Вук“", ["село"], {"ђаци": 20})


def test_the_driver_underneath_tells_primary_codes() -> None:
    """_sqlite_sentence reads sqlite_errorcode, which Python has had since 3.11."""
    with pytest.raises(sqlite3.OperationalError) as caught:
        sqlite3.connect("/nonexistent-directory/x.db").execute("SELECT 1")
    assert caught.value.sqlite_errorcode == sqlite3.SQLITE_CANTOPEN
