"""The keys of a store."""

import pytest
from sqlalchemy import Engine

from radius.store.change import change
from radius.store.keyring import Keyring
from radius.store.master_key import MasterKey


@pytest.fixture
def keyring(engine: Engine) -> Keyring:
    """The keys of the store."""
    with change(engine) as work:
        return Keyring.create(work.connection, MasterKey([bytes(range(32))], "the test"))
