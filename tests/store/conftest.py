"""An empty store of this version, and the rows that tests put into it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from radius.store.engine import open_store
from radius.store.node_writer import NodeWriter
from radius.store.upgrade import upgrade
from tests.fakes.postgres import Cluster


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("template") / "kapija.db"
    _upgraded(f"sqlite:///{path}")  # the last connection's end folds the WAL into the file
    return path.read_bytes()


@pytest.fixture(scope="session")
def empty_template(postgres: Cluster) -> str:
    return postgres.make_template("store", _upgraded)


def _upgraded(url: str) -> None:
    engine = open_store(url)
    upgrade(engine)
    engine.dispose()


@pytest.fixture
def url(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty store of this version."""
    if backend == "sqlite":
        (tmp_path / "kapija.db").write_bytes(request.getfixturevalue("empty_database"))
        yield f"sqlite:///{tmp_path / 'kapija.db'}"
        return
    cluster: Cluster = request.getfixturevalue("postgres")
    with cluster.database(request.getfixturevalue("empty_template")) as made:
        yield made


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    engine = open_store(url)
    yield engine
    engine.dispose()


@pytest.fixture
def node_file(tmp_path: Path) -> Iterator[NodeWriter]:
    writer = NodeWriter.open(tmp_path / "node" / "directory.lmdb")
    yield writer
    writer.close()
