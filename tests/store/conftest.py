"""A node file for the store's tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from radius.store.node_writer import NodeWriter


@pytest.fixture
def node_file(tmp_path: Path) -> Iterator[NodeWriter]:
    writer = NodeWriter.open(tmp_path / "node" / "directory.lmdb")
    yield writer
    writer.close()
