"""A home whose people are in the private slapd as well: its description, and its row as an administrator would add it."""

import json

from sqlalchemy import delete, insert

from radius.admin.context import open_admin
from radius.audit.tags import Tag
from radius.secret import Secret
from radius.settings import Home
from radius.store.directory_secrets import seal_secrets
from radius.store.tables import directories
from tests.fakes.slapd import HOST, SERVICE, SERVICE_PASSWORD, Slapd
from tests.fakes.slapd_people import PEOPLE_BASE

SECRETS = {"bind_password": Secret(SERVICE_PASSWORD)}


def document(
    slapd: Slapd, port: int, more: str = "", *, realms: tuple[str, ...] = ("", "skola.example"), nt: bool = False
) -> str:
    """The description of `slapd` behind an LDAPS port (its own, or a proxy's): everybody in it is a student of os-primer."""
    return f"""
kind = "ldap"
servers = ["ldaps://127.0.0.1:{port}"]
server_name = "{HOST}"
ca = {json.dumps(slapd.ca)}
bind_dn = "{SERVICE}"
base = "{PEOPLE_BASE}"
[people]
filter = "(uid={{name}})"
nt_hash = "{"sambaNTPassword" if nt else "no"}"
[serve]
realms = {json.dumps(realms)}
{more}
[[map]]
role = "student"
school = "os-primer"
"""


def put_directory(home: Home, name: str, text: str) -> None:
    """Let the installation have this directory, in place of one of that name."""
    with open_admin(home, "test") as admin, admin.change() as change:
        row = {"name": name, "document": text, "disabled": False, "removed": False, "revision": change.revision}
        change.connection.execute(delete(directories).where(directories.c.name == name))
        change.connection.execute(insert(directories).values(secrets=seal_secrets(admin.keyring, name, SECRETS), **row))
        change.audit(Tag.SCHOOL_CHANGED, f"directory {name}")


def remove_directory(home: Home, name: str) -> None:
    """It is asked no more."""
    with open_admin(home, "test") as admin, admin.change() as change:
        change.connection.execute(
            directories.update().where(directories.c.name == name).values(removed=True, revision=change.revision)
        )
        change.audit(Tag.SCHOOL_CHANGED, f"directory {name}")
