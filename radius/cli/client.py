"""`kapija client`: RADIUS clients, their secrets and what they must sign."""

from ipaddress import ip_network
from pathlib import Path

import click

from radius.admin import clients
from radius.admin.clients import Client, Mode
from radius.admin.unknown_clients import list_unknown
from radius.cli.frame import (
    At,
    Cell,
    administrator,
    json_option,
    pass_home,
    read_secret,
    say,
    secret_options,
    show_one,
    show_table,
    warn,
)
from radius.secret import Secret
from radius.settings import Home

COLUMNS = ("network", "name", "school", "family", "location", "mode", "previous_until", "coa_port")


@click.group()
def client() -> None:
    """RADIUS clients: access points, switches and controllers."""


@client.command()
@click.argument("network")
@click.option("--school", required=True, help="The short name of the school it stands in.")
@click.option("--family", default="generic", show_default=True, help="Whose attributes it understands: cisco, aruba, unifi ...")
@click.option("--name", default="", help="What people call it.  [default: its address]")
@click.option("--location", default="", help="Where it stands; rules may ask for it.")
@click.option(
    "--mode",
    type=click.Choice([str(one) for one in Mode]),
    default=str(Mode.LEARN),
    show_default=True,
    help="About Message-Authenticator.",
)
@click.option("--coa-port", type=click.IntRange(0, 65535), default=0, help="Where it takes CoA.  [default: its family's port]")
@click.option("--ask-secret", is_flag=True, help="Ask for the shared secret instead of generating one.")
@secret_options("secret")
@json_option
@pass_home
def add(
    home: Home,
    network: str,
    school: str,
    family: str,
    name: str,
    location: str,
    mode: str,
    coa_port: int,
    ask_secret: bool,
    secret_stdin: bool,
    secret_file: Path | None,
    as_json: bool,
) -> None:
    """Add a client by its address or CIDR network (IPv4 or IPv6).

    Without a secret a strong one is generated and shown once: type it into the access point now.
    """
    from radius.vendors import FAMILIES  # noqa: PLC0415 - the other commands start faster without the dialects

    given = _given_secret(ask_secret, secret_stdin, secret_file)
    with administrator(home) as admin:
        added, secret = clients.add_client(admin, network, school, family, FAMILIES, name, location, given, mode, coa_port)
    _show_with_secret(added, None if given is not None else secret, as_json)
    if mode == Mode.OPTIONAL:
        warn(
            "without Message-Authenticator anyone between the access point and here can forge replies (CVE-2024-3596);"
            " use the mode learn unless its firmware cannot do better"
        )


@client.command("list")
@click.option("--school", help="Only those of this school.")
@json_option
@pass_home
def list_(home: Home, school: str | None, as_json: bool) -> None:
    """List the clients."""
    with administrator(home) as admin:
        found = clients.list_clients(admin, school)
    in_order = sorted(found, key=_by_address)
    show_table((tuple(_fields(one).values()) for one in in_order), COLUMNS, as_json)


@client.command()
@click.argument("network")
@pass_home
def remove(home: Home, network: str) -> None:
    """Remove a client: what it sends is met with silence from now on."""
    with administrator(home) as admin:
        removed = clients.remove_client(admin, network)
    say(f"{removed.network} ({removed.name}) is removed.")


@client.command("rotate-secret")
@click.argument("network")
@click.option(
    "--keep-days",
    type=click.FloatRange(0, 90),
    default=clients.ROTATION_SECONDS / 86_400,
    show_default=True,
    help="How long the old secret stays valid too; 0 ends it at once.",
)
@click.option("--ask-secret", is_flag=True, help="Ask for the new secret instead of generating one.")
@secret_options("secret")
@json_option
@pass_home
def rotate_secret(
    home: Home,
    network: str,
    keep_days: float,
    ask_secret: bool,
    secret_stdin: bool,
    secret_file: Path | None,
    as_json: bool,
) -> None:
    """Give a client a new secret; for some days the old one stays valid, so access points can be changed one by one."""
    given = _given_secret(ask_secret, secret_stdin, secret_file)
    with administrator(home) as admin:
        changed, secret = clients.rotate_secret(admin, network, given, keep_days * 86_400)
    _show_with_secret(changed, None if given is not None else secret, as_json)


@client.command()
@click.argument("network")
@click.argument("mode", type=click.Choice([str(one) for one in Mode]))
@pass_home
def mode(home: Home, network: str, mode: str) -> None:
    """Say whether a client's requests must carry Message-Authenticator: require, learn or optional."""
    with administrator(home) as admin:
        changed = clients.set_mode(admin, network, mode)
    say(f"{changed.network} ({changed.name}) has the mode {changed.mode}.")


@client.command("coa-port")
@click.argument("network")
@click.argument("port", type=click.IntRange(0, 65535))
@pass_home
def coa_port(home: Home, network: str, port: int) -> None:
    """Say at which UDP port a client takes requests to end or change sessions (RFC 5176); 0: the usual one of its family."""
    with administrator(home) as admin:
        changed = clients.set_coa_port(admin, network, port)
    listens = f"port {changed.coa_port}" if changed.coa_port else "the usual port of its family"
    say(f"{changed.network} ({changed.name}) takes requests about sessions at {listens}.")


@client.command("forget-authenticator")
@click.argument("network")
@pass_home
def forget_authenticator(home: Home, network: str) -> None:
    """Undo learning: access points in NETWORK may leave out Message-Authenticator again, until they next send one.

    Needed when an access point was replaced by an older one at the same address.
    """
    with administrator(home) as admin:
        addresses = clients.forget_authenticator(admin, network)
    say(f"Forgotten: {', '.join(addresses[:20])}{f' and {len(addresses) - 20} more' if len(addresses) > 20 else ''}.")


@client.command()
@click.option("--try-secrets", is_flag=True, help="Try each client's secret on the last packet of each address.")
@json_option
@pass_home
def unknown(home: Home, try_secrets: bool, as_json: bool) -> None:
    """List addresses that sent packets and are no client, the latest first."""
    with administrator(home) as admin:
        found = list_unknown(admin, try_secrets)
    show_table(
        ((one.address, At(one.first), At(one.last), one.count, one.sent, one.secret_of) for one in found),
        ("address", "first", "last", "count", "sent", "secret_of"),
        as_json,
    )


def _given_secret(ask: bool, stdin: bool, file: Path | None) -> Secret | None:
    if ask and (stdin or file is not None):
        raise click.UsageError("ask for the secret, or read it from standard input or a file, not both")
    if ask or stdin or file is not None:
        return read_secret("Shared secret", stdin, file, confirm=True)
    return None


def _show_with_secret(shown: Client, generated: Secret | None, as_json: bool) -> None:
    """The client, and a generated secret: this once, as nothing can read it out again."""
    fields = _fields(shown)
    if generated is not None:
        fields["secret"] = generated.reveal().decode()
    show_one(fields, as_json)
    if generated is not None and not as_json:
        say("The secret is shown this once: type it into the access point now.")


def _fields(shown: Client) -> dict[str, Cell]:
    return {
        "network": shown.network,
        "name": shown.name,
        "school": shown.school,
        "family": shown.family,
        "location": shown.location,
        "mode": shown.mode,
        "previous_until": At(shown.previous_until),
        "coa_port": shown.coa_port,
    }


def _by_address(shown: Client) -> tuple[str, int, int, int]:
    network = ip_network(shown.network)
    return shown.school, network.version, int(network.network_address), network.prefixlen
