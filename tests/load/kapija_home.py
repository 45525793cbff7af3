"""A home directory for the benchmarks: users, devices and clients as many as wanted, written in sets.

Everything goes through the store's own functions and seals, only the rows are written in sets instead of one by one: 850,000
people take half a minute. All passwords are `password`, and each is kept so that CHAP can be checked too.
"""

import os
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from sqlalchemy import Table, insert

from radius.admin.clients import add_client, secret_context
from radius.admin.context import Admin, open_admin
from radius.admin.credentials import Keeping, from_password
from radius.admin.installation import init_home
from radius.admin.people import columns
from radius.admin.policies import publish
from radius.admin.schools import add_school, map_vlan
from radius.audit.tags import Tag
from radius.secret import Secret
from radius.store.keyring import Keyring
from radius.store.tables import clients, devices, people
from radius.vendors import FAMILIES
from radius.wire.dictionary import load as load_dictionary

SCHOOL = "os-primer"
PASSWORD = b"password"
CHUNK = 20_000
DEVICES = 2_000

POLICY = """\
[[rule]]
id = "people"
when = { role = "student" }
grant = { vlan = "pupils" }

[[rule]]
id = "devices"
when = { role = "device" }
grant = { vlan = "devices" }
"""

SETTINGS = """\
node = "bench"

[radius]
listen = ["127.0.0.1"]
auth_port = {port}
acct_port = {acct}
workers = {workers}
{more}
[metrics]
port = 0
"""

Rows = Iterator[dict[str, object]]


def prepare(path: Path, port: int, secret: str, *, users: int, more_clients: int = 0, workers: int = 1) -> None:
    """Make `path` a home whose server listens on 127.0.0.1:`port` and knows `users` people and 2,000 devices."""
    home, _ = init_home(path, "bench")
    settings_for(path, port, workers)
    with open_admin(home, "bench") as admin:
        add_school(admin, SCHOOL, "Пример")
        map_vlan(admin, SCHOOL, "pupils", 20)
        map_vlan(admin, SCHOOL, "devices", 30)
        publish(admin, SCHOOL, POLICY, load_dictionary().check, FAMILIES)
        add_client(admin, "127.0.0.0/8", SCHOOL, "generic", FAMILIES, "load generator", secret=Secret(secret))
        _write(admin, devices, _devices(DEVICES))
        _write(admin, people, _people(admin.keyring, users))
        _write(admin, clients, _clients(admin.keyring, more_clients))


def settings_for(path: Path, port: int, workers: int, more: str = "") -> None:
    """Let an existing home listen elsewhere, with another number of workers; `more` is TOML that goes to the end."""
    (path / "kapija.toml").write_text(SETTINGS.format(port=port, acct=port + 1, workers=workers, more=more))


def command(path: Path) -> list[str]:
    """The command line that serves a home; KAPIJA_PYTHON names another installation's interpreter (`make compiled`)."""
    # -P: what is installed there, not this checkout's sources
    return [os.environ.get("KAPIJA_PYTHON", sys.executable), "-P", "-m", "radius", "--home", str(path), "serve"]


def _write(admin: Admin, table: Table, rows: Rows) -> None:
    while chunk := list(islice(rows, CHUNK)):
        with admin.change() as change:
            for row in chunk:
                row["revision"] = change.revision
                row["removed"] = False
            change.connection.execute(insert(table), chunk)
            change.audit(Tag.PEOPLE_IMPORTED, f"school:{SCHOOL}", school=SCHOOL, details={"rows": str(len(chunk))})


def _people(keyring: Keyring, number: int) -> Rows:
    make: Callable[[str], dict[str, object]] = lambda name: columns(from_password(keyring, name, PASSWORD, Keeping.CHAP))  # noqa: E731
    for index in range(number):
        name = f"user{index:06d}"
        yield {
            "username": name,
            "display_name": b"",
            "school": SCHOOL,
            "role": "student",
            "groups": ["8-2"],
            "disabled": False,
            "valid_from": 0.0,
            "valid_until": 0.0,
            **make(name),
        }


def _devices(number: int) -> Rows:
    for index in range(number):
        yield {
            "mac": "-".join(f"{octet:02X}" for octet in b"\x02\x00" + index.to_bytes(4, "big")),
            "label": "",
            "school": SCHOOL,
            "owner": "",
            "role": "device",
            "groups": [],
            "ownership": "managed",
            "disabled": False,
            "valid_until": 0.0,
            "psk": b"",
        }


def _clients(keyring: Keyring, number: int) -> Rows:
    for index in range(number):
        network = f"10.{index >> 16}.{index >> 8 & 255}.{index & 255}"
        yield {
            "network": network,
            "name": network,
            "school": SCHOOL,
            "family": "generic",
            "location": "",
            "secret": keyring.seal(b"a-secret-of-its-own-%08d" % index, secret_context(network)),
            "previous_secret": b"",
            "previous_until": 0.0,
            "mode": "learn",
        }
