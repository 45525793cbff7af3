"""`kapija key`: the master key changed, while the server serves."""

import click

from radius.audit.chain import AdminEvent, append_admin
from radius.audit.tags import Tag
from radius.cli.frame import administrator, json_option, pass_home, say, show_one
from radius.settings import Home
from radius.store.change import Work
from radius.store.rotation import rotate_master


@click.group()
def key() -> None:
    """The master key that seals every secret."""


@key.command()
@json_option
@pass_home
def rotate(home: Home, as_json: bool) -> None:
    """Make a new master key and wrap every key of the store under it; the server may go on serving.

    After an interruption run it again: it goes on where it stopped. Backups of the database need the key of their day, so keep
    the former copies of master.key as long as those.
    """
    with administrator(home) as admin:

        def record(work: Work) -> None:
            append_admin(work, admin.keyring, AdminEvent(admin.now(), Tag.KEY_ROTATED, admin.actor, object="master key"))

        rotated = rotate_master(admin.engine, home, record)
    if as_json:
        show_one({"current": rotated.current, "former": rotated.former, "by_hand": rotated.by_hand}, as_json)
        return
    say(f"The master key is now {rotated.current}.")
    if rotated.by_hand:
        say(f"Take {', '.join(rotated.former)} out of KAPIJA_MASTER_KEY before the next start: nothing needs it any more.")
    else:
        say(f"Keep a new copy of {home.master_key} in another place; older backups of the database need the former one.")
