"""What is set for bulk work is set inside alone."""

import pytest
from sqlalchemy import Engine

from radius.store.bulk import CACHE_KIB, CHECKPOINT_PAGES, bulk
from radius.store.engine import open_store, reading


def settings(engine: Engine) -> tuple[int, int]:
    with reading(engine) as connection:
        return tuple(connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in ("cache_size", "wal_autocheckpoint"))


def test_connections_work_in_bulk_inside_and_as_usual_outside(tmp_path) -> None:
    engine = open_store(f"sqlite:///{tmp_path / 'kapija.db'}")
    usual = settings(engine)
    with bulk(engine):
        assert settings(engine) == (-CACHE_KIB, CHECKPOINT_PAGES)
    assert settings(engine) == usual
    engine.dispose()


def test_a_failure_inside_ends_it_too(tmp_path) -> None:
    engine = open_store(f"sqlite:///{tmp_path / 'kapija.db'}")
    usual = settings(engine)
    with pytest.raises(KeyboardInterrupt), bulk(engine):
        raise KeyboardInterrupt
    assert settings(engine) == usual
    engine.dispose()
