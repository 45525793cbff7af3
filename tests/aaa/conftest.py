"""A store of this version, on SQLite or PostgreSQL, with its keys."""

import pytest
from sqlalchemy import Engine

from radius.store.change import change
from radius.store.keyring import Keyring
from radius.store.master_key import MasterKey
from tests.store.conftest import empty_database, empty_template, engine, url

__all__ = ["empty_database", "empty_template", "engine", "url"]


@pytest.fixture
def keyring(engine: Engine) -> Keyring:
    """The keys of the store."""
    with change(engine) as work:
        return Keyring.create(work.connection, MasterKey([bytes(range(32))], "the test"))
