"""`kapija device`: devices that are known by their MAC address."""

from pathlib import Path

import click

from policies.access import Ownership
from radius.admin import devices
from radius.admin.devices import Device
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
)
from radius.settings import Home

COLUMNS = ("mac", "label", "school", "role", "groups", "ownership", "owner", "valid_until", "psk")
SHORT = ("mac", "label", "school", "role", "groups", "owner", "valid_until")  # what fits a screen


@click.group()
def device() -> None:
    """Devices that are known by their MAC address."""


@device.command()
@click.argument("mac")
@click.option("--school", required=True, help="The short name of the school it belongs to.")
@click.option("--role", default="device", show_default=True)
@click.option("--label", default="", help="What people call it: 'printer, staff room'.")
@click.option(
    "--ownership", type=click.Choice([str(one) for one in Ownership]), default=str(Ownership.MANAGED), show_default=True
)
@click.option("--owner", default="", help="The username of the person whose device it is.")
@click.option("--group", "groups", multiple=True, help="A group that rules may ask for; may be repeated.")
@click.option("--valid-until", default="", metavar="DAY", help="Its last day, as 2027-06-30.  [default: no end]")
@click.option("--generate-psk", is_flag=True, help="Give it a pre-shared key of its own, shown this once.")
@secret_options("psk")
@json_option
@pass_home
def add(
    home: Home,
    mac: str,
    school: str,
    role: str,
    label: str,
    ownership: str,
    owner: str,
    groups: tuple[str, ...],
    valid_until: str,
    generate_psk: bool,
    psk_stdin: bool,
    psk_file: Path | None,
    as_json: bool,
) -> None:
    """Add a device by its MAC address, in any usual spelling."""
    if generate_psk and (psk_stdin or psk_file is not None):
        raise click.UsageError("generate the pre-shared key, or read it from standard input or a file, not both")
    psk = devices.generate_psk() if generate_psk else None
    if psk_stdin or psk_file is not None:
        psk = read_secret("Pre-shared key", psk_stdin, psk_file)
    with administrator(home) as admin:
        added = devices.add_device(admin, mac, school, role, label, ownership, owner, groups, valid_until, psk)
    fields = _fields(added)
    if generate_psk and psk is not None:
        fields["psk"] = psk.reveal().decode()
    show_one(fields, as_json)
    if generate_psk and not as_json:
        say("The pre-shared key is shown this once: type it into the device now.")


@device.command("list")
@click.option("--school", help="Only those of this school.")
@click.option("--owner", help="Only those of this person.")
@json_option
@pass_home
def list_(home: Home, school: str | None, owner: str | None, as_json: bool) -> None:
    """List the devices."""
    with administrator(home) as admin:
        found = devices.list_devices(admin, school, owner)
    columns = COLUMNS if as_json else SHORT
    show_table((tuple(_fields(one)[column] for column in columns) for one in found), columns, as_json)


@device.command()
@click.argument("mac")
@pass_home
def remove(home: Home, mac: str) -> None:
    """Remove a device: it is a stranger from now on."""
    with administrator(home) as admin:
        removed = devices.remove_device(admin, mac)
    say(f"{removed.mac} is removed from {removed.school}.")


def _fields(shown: Device) -> dict[str, Cell]:
    return {
        "mac": shown.mac,
        "label": shown.label,
        "school": shown.school,
        "role": shown.role,
        "groups": shown.groups,
        "ownership": shown.ownership,
        "owner": shown.owner,
        "valid_until": At(shown.valid_until),
        "psk": shown.psk,
    }
