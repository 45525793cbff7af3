"""Changing the master key, in steps each of which may be the last before the power fails.

    1  the new key becomes the first line of the key file, the former ones stay behind it     any of them still unwraps
    2  one transaction wraps every data key under the new one                                 both are still there
    3  this node's file gets the new copies                                                   a start without SQL reads them
    4  the former lines go                                                                    nothing needs them any more

Running it again after an interruption goes on where it stopped and makes no further key. The data keys themselves stay, so
a server at work notices nothing. Other nodes of the same database need the new line in their own key file before step 2 and
drop the former one after their housekeepers have carried it.
"""

import os
from collections.abc import Callable, Mapping

from msgspec import Struct
from sqlalchemy import Engine, select, update

from radius.errors import OperatorError
from radius.settings import Home
from radius.store import tables
from radius.store.change import Work, change
from radius.store.engine import reading
from radius.store.feed import Feed
from radius.store.keyring import Keyring
from radius.store.master_key import ENVIRONMENT, MasterKey, Random
from radius.store.node_writer import NodeWriter


class Rotated(Struct, frozen=True):
    """What was done: the id of the current master key, and the ids of the former ones, which nothing needs any more.

    `by_hand` says that the keys come from the environment, where the administrator takes the former ones out.
    """

    current: str
    former: tuple[str, ...]
    by_hand: bool


def rotate_master(
    engine: Engine,
    home: Home,
    record: Callable[[Work], None] = lambda _work: None,
    environment: Mapping[str, str] = os.environ,
    random: Random = os.urandom,
) -> Rotated:
    """Change the master key of this installation; `record` writes the audit row in the transaction of the rewrapping.

    Raises OperatorError when the present key cannot open the data keys, or when the environment carries only one key.
    """
    master = add_master(engine, home, environment, random)
    with change(engine) as work:
        rewrap(work, master)
        record(work)
    carry(engine, home)
    return drop_former(engine, home, master)


def add_master(
    engine: Engine, home: Home, environment: Mapping[str, str] = os.environ, random: Random = os.urandom
) -> MasterKey:
    """Step 1: the master key with a new current key in front; an interrupted change's new key is taken up again."""
    master = MasterKey.load(home, environment)
    with reading(engine) as connection:
        Keyring.load(connection, master)  # a key that opens nothing must not be put behind a new one
    if len(master.ids) > 1:
        return master
    if master.from_environment:
        raise OperatorError(
            f"the master key comes from {ENVIRONMENT}: set it to 'NEW OLD', with 64 new hexadecimal digits before the present "
            "ones, restart Kapija, and run this again"
        )
    master = master.preceded_by_new(random)
    master.write(home.master_key)
    return master


def rewrap(work: Work, master: MasterKey) -> int:
    """Step 2: wrap every data key under the current master key; how many were not yet."""
    keys = tables.keys
    former = [row for row in work.connection.execute(select(keys.c.name, keys.c.wrapped)) if not master.is_current(row.wrapped)]
    for row in former:
        wrapped = master.wrap(row.name, master.unwrap(row.name, row.wrapped))
        work.connection.execute(update(keys).where(keys.c.name == row.name).values(wrapped=wrapped))
    if former:
        assert work.revision  # taken, so that every housekeeper carries the new copies
    return len(former)


def carry(engine: Engine, home: Home) -> None:
    """Step 3: the new copies into this node's file, beside a housekeeper or without one (LMDB lets one writer in at a time)."""
    if home.node_file.exists():
        writer = NodeWriter.open(home.node_file)
        try:
            Feed(engine, writer).carry_all()
        finally:
            writer.close()


def drop_former(engine: Engine, home: Home, master: MasterKey) -> Rotated:
    """Step 4: write the key file without the former keys, once the current one alone is seen to open everything."""
    alone = master.current_only()
    with reading(engine) as connection:
        Keyring.load(connection, alone)
    by_hand = master.from_environment
    if not by_hand:
        alone.write(home.master_key)
    return Rotated(master.ids[0].hex(), tuple(name.hex() for name in master.ids[1:]), by_hand)
