"""Changing the master key: at every step, whatever is on the disk opens whatever is stored."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from radius.errors import OperatorError
from radius.secret import Secret
from radius.settings import Home, Settings
from radius.store import tables
from radius.store.change import Work, change
from radius.store.directory_secrets import open_secrets, seal_secrets
from radius.store.engine import reading, writing
from radius.store.feed import Feed
from radius.store.keyring import NAMES, Keyring, MasterKey, WrongMasterKey
from radius.store.node_file import NodeFile
from radius.store.node_writer import NodeWriter
from radius.store.rotation import add_master, carry, drop_former, rewrap, rotate_master
from tests.store.rows import add

CONTEXT = "client:192.0.2.1"
SECRETS = {"bind_password": Secret("of the service account"), "client_key": Secret(b"\x00\xff")}


class House:
    """A home directory whose secrets must stay readable."""

    def __init__(self, engine: Engine, path: Path) -> None:
        self.engine = engine
        self.home = Home(path, Settings())
        self.master = MasterKey.create(self.home.master_key)
        with writing(engine) as connection:
            keyring = Keyring.create(connection, self.master)
        self.sealed = keyring.seal(b"a client's secret", CONTEXT)
        add(engine, "directories", {"name": "ldap", "secrets": seal_secrets(keyring, "ldap", SECRETS)})
        writer = NodeWriter.open(self.home.node_file)
        Feed(engine, writer).carry_all()
        writer.close()

    def still_reads(self) -> None:
        """A start with SQL and a start without it, both with the key file as it is now."""
        master = MasterKey.load(self.home, {})
        with reading(self.engine) as connection:
            assert Keyring.load(connection, master).open(self.sealed, CONTEXT) == b"a client's secret"
        file = NodeFile.open(self.home.node_file)
        keyring = Keyring.from_wrapped(file.wrapped_keys(), master)
        assert keyring.open(self.sealed, CONTEXT) == b"a client's secret"
        (directory,) = file.directories()
        assert open_secrets(keyring, directory.name, directory.secrets) == SECRETS
        file.close()

    def lines(self) -> int:
        return sum(not line.startswith("#") for line in self.home.master_key.read_text().splitlines())


@pytest.fixture
def house(engine: Engine, tmp_path: Path) -> House:
    return House(engine, tmp_path)


def test_after_a_change_of_the_master_key_the_old_one_opens_nothing(house: House) -> None:
    done = rotate_master(house.engine, house.home, environment={})
    house.still_reads()
    new = MasterKey.load(house.home, {})
    assert (done.current, done.former, done.by_hand) == (new.ids[0].hex(), (house.master.ids[0].hex(),), False)
    assert new.ids != house.master.ids
    assert house.lines() == 1
    assert house.home.master_key.stat().st_mode & 0o077 == 0
    with reading(house.engine) as connection, pytest.raises(WrongMasterKey):
        Keyring.load(connection, house.master)


def test_every_step_may_be_the_last_and_the_next_run_goes_on(house: House) -> None:
    master = add_master(house.engine, house.home, {})
    house.still_reads()
    assert house.lines() == 2
    assert add_master(house.engine, house.home, {}).ids == master.ids, "an interrupted change makes no further key"

    with change(house.engine) as work:
        assert rewrap(work, master) == len(NAMES)
    house.still_reads()
    with change(house.engine) as work:
        assert rewrap(work, master) == 0

    carry(house.engine, house.home)
    house.still_reads()

    drop_former(house.engine, house.home, master)
    house.still_reads()
    assert house.lines() == 1


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_a_whole_run_after_an_interruption_ends_with_the_key_that_was_begun(house: House, steps: int) -> None:
    master = add_master(house.engine, house.home, {})
    if steps > 1:
        with change(house.engine) as work:
            rewrap(work, master)
    if steps > 2:
        carry(house.engine, house.home)
    rotate_master(house.engine, house.home, environment={})
    house.still_reads()
    assert MasterKey.load(house.home, {}).ids == master.ids[:1]


def test_the_audit_row_is_in_the_transaction_of_the_rewrapping(house: House) -> None:
    def fail(_work: Work) -> None:
        raise ZeroDivisionError

    with reading(house.engine) as connection:
        before = connection.execute(select(tables.revision.c.value)).scalar_one()
    with pytest.raises(ZeroDivisionError):
        rotate_master(house.engine, house.home, fail, {})
    house.still_reads()
    with reading(house.engine) as connection:
        Keyring.load(connection, house.master)  # nothing was rewrapped
        assert connection.execute(select(tables.revision.c.value)).scalar() == before


def test_the_former_key_stays_while_anything_needs_it(house: House) -> None:
    master = add_master(house.engine, house.home, {})
    with pytest.raises(WrongMasterKey):
        drop_former(house.engine, house.home, master)
    assert house.lines() == 2
    house.still_reads()


def test_a_key_that_opens_nothing_is_not_put_behind_a_new_one(house: House) -> None:
    house.home.master_key.unlink()
    MasterKey.create(house.home.master_key)
    with pytest.raises(WrongMasterKey, match="restore that key"):
        rotate_master(house.engine, house.home, environment={})
    assert house.lines() == 1


def test_a_key_from_the_environment_is_changed_by_hand(house: House) -> None:
    old = house.home.master_key.read_text().split()[-1]
    house.home.master_key.unlink()
    with pytest.raises(OperatorError, match="set it to 'NEW OLD'"):
        rotate_master(house.engine, house.home, environment={"KAPIJA_MASTER_KEY": old})
    done = rotate_master(house.engine, house.home, environment={"KAPIJA_MASTER_KEY": "ab" * 32 + " " + old})
    assert done.by_hand
    assert not house.home.master_key.exists()
    with reading(house.engine) as connection:
        Keyring.load(connection, MasterKey.load(house.home, {"KAPIJA_MASTER_KEY": "ab" * 32}))


def test_a_node_that_was_never_filled_is_no_hindrance(house: House) -> None:
    house.home.node_file.unlink()
    rotate_master(house.engine, house.home, environment={})
    assert not house.home.node_file.exists()
    assert house.lines() == 1
