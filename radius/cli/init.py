"""`kapija init DIR`: settings, master key and store for a new node."""

from pathlib import Path

import click

from radius.admin.installation import init_home
from radius.cli.frame import json_option, say, show_one


@click.command()
@click.argument("directory", type=click.Path(path_type=Path))
@click.option("--node", default="node1", show_default=True, help="This machine's name in the audit log; each node has its own.")
@click.option(
    "--store-url", default="", help="The SQL store, if it shall not be kapija.db in DIR: postgresql+psycopg://HOST/NAME."
)
@json_option
def init(directory: Path, node: str, store_url: str, as_json: bool) -> None:
    """Prepare DIR as a home directory: settings, master key, store.

    For a further node of the same database, copy master.key into DIR first and name the same --store-url.
    """
    directory = directory.expanduser().absolute()
    home, new = init_home(directory, node, store_url)
    if as_json:
        show_one({"home": str(home.path), "node": home.settings.node, "master_key": str(home.master_key), "new": new}, as_json)
        return
    say(f"{home.path} is ready; its settings are in kapija.toml.")
    if new:
        say(f"Keep a copy of {home.master_key} in another place: without it nothing sealed in the store can be read.")
    say(f"Next: export KAPIJA_HOME='{home.path}', then 'kapija school add', 'kapija client add' and 'kapija check'.")
