"""The private PostgreSQL is one: separate databases, a crash and a standstill as a test orders them, and no service left."""

from signal import SIGQUIT

import psutil
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from tests.fakes.postgres import cluster
from tests.fakes.serving import eventually


def test_each_database_is_new_and_a_template_is_copied(postgres) -> None:
    def fill(url: str) -> None:
        engine = create_engine(url)
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE things (name text)"))
            connection.execute(text("INSERT INTO things VALUES ('chalk')"))
        engine.dispose()

    postgres.make_template("things", fill)
    for _ in range(2):
        with postgres.database("things") as url:
            engine = create_engine(url)
            with engine.begin() as connection:
                assert connection.execute(text("DELETE FROM things RETURNING name")).scalars().all() == ["chalk"]
            engine.dispose()


def test_a_crash_and_a_standstill_are_what_they_say(peer) -> None:
    peer("postgres")
    with cluster(durable=True) as running:
        engine = create_engine(running.url(tcp=True), connect_args={"connect_timeout": 2})
        with engine.connect() as connection:
            assert connection.execute(text("SHOW fsync")).scalar() == "on"
            family = psutil.Process(running.pid).children()
            running.pause()
            try:
                eventually(lambda: {process.status() for process in family} == {psutil.STATUS_STOPPED}, "all stand still")
            finally:
                running.resume()
            assert connection.execute(text("SELECT 1")).scalar() == 1
            running.stop(SIGQUIT)
            with pytest.raises(OperationalError):
                connection.execute(text("SELECT 1"))
        engine.dispose()
    assert not psutil.pid_exists(running.pid)
    assert not running.directory.exists()
