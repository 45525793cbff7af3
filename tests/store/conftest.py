"""An empty store of this version, and the rows that tests put into it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from radius.store.engine import open_store
from radius.store.node_writer import NodeWriter
from radius.store.upgrade import upgrade


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("template") / "kapija.db"
    engine = open_store(f"sqlite:///{path}")
    upgrade(engine)
    engine.dispose()  # the last connection's end folds the WAL into the file
    return path.read_bytes()


@pytest.fixture
def engine(empty_database: bytes, tmp_path: Path) -> Iterator[Engine]:
    (tmp_path / "kapija.db").write_bytes(empty_database)
    engine = open_store(f"sqlite:///{tmp_path / 'kapija.db'}")
    yield engine
    engine.dispose()


@pytest.fixture
def node_file(tmp_path: Path) -> Iterator[NodeWriter]:
    writer = NodeWriter.open(tmp_path / "node" / "directory.lmdb")
    yield writer
    writer.close()
