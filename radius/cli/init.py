"""`kapija init DIR`: settings, master key, store and certificates for a new node."""

from pathlib import Path

import click

from radius.admin.certificates import SERVER_NAME
from radius.admin.installation import init_home
from radius.cli.frame import json_option, say, show_one
from radius.pki.server_certificates import SERVER, file_of


@click.command()
@click.argument("directory", type=click.Path(path_type=Path))
@click.option("--node", default="node1", show_default=True, help="This machine's name in the audit log; each node has its own.")
@click.option(
    "--store-url", default="", help="The SQL store, if it shall not be kapija.db in DIR: postgresql+psycopg://HOST/NAME."
)
@click.option(
    "--server-name",
    default=SERVER_NAME,
    show_default=True,
    help="The name in the server's certificate, which devices compare; it need not be in DNS.",
)
@json_option
def init(directory: Path, node: str, store_url: str, server_name: str, as_json: bool) -> None:
    """Prepare DIR as a home directory: settings, master key, store, a CA and the server's certificate.

    For a further node of the same database, copy master.key and pki/ into DIR first and name the same --store-url.
    """
    directory = directory.expanduser().absolute()
    home, new = init_home(directory, node, store_url, server_name=server_name)
    certified = file_of(home, SERVER[0]).exists() or file_of(home, SERVER[1]).exists()
    if as_json:
        names = {"home": str(home.path), "node": home.settings.node, "master_key": str(home.master_key)}
        show_one({**names, "new": new, "certificate": certified}, as_json)
        return
    say(f"{home.path} is ready; its settings are in kapija.toml.")
    if new:
        say(f"Keep a copy of {home.master_key} in another place: without it nothing sealed in the store can be read.")
    if certified:
        say("Devices must trust this server's CA: 'kapija pki ca' prints it, docs/certificates.md says how.")
    else:
        say(f"It has no server certificate: copy {home.pki.name}/ from the first node, or 'kapija pki import' one.")
    say(f"Next: export KAPIJA_HOME='{home.path}', then 'kapija school add', 'kapija client add' and 'kapija check'.")
