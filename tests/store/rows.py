"""Rows for the store's tests, and what a node file should hold of a database, read without the feed's code."""

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import Engine, insert, select

from radius.store import tables
from radius.store.change import change
from radius.store.engine import reading
from radius.store.node_file import Kind
from radius.store.node_writer import NodeWriter

PERSON = {
    "display_name": b"sealed",
    "school": "os-vuk",
    "role": "student",
    "groups": ["8-2"],
    "disabled": False,
    "valid_from": 0.0,
    "valid_until": 0.0,
    "verifier": b"v",
    "nt": b"n",
    "plain": b"",
    "argon2": "",
}
DEVICE = {
    "label": "štampač",
    "school": "os-vuk",
    "owner": "",
    "role": "device",
    "groups": [],
    "ownership": "managed",
    "disabled": False,
    "valid_until": 0.0,
    "psk": b"",
}
CLIENT = {
    "name": "hall",
    "school": "os-vuk",
    "family": "generic",
    "location": "",
    "secret": b"s",
    "previous_secret": b"",
    "previous_until": 0.0,
    "mode": "learn",
}
SCHOOL = {
    "title": "ОШ",
    "timezone": "Europe/Belgrade",
    "language": "sr-Cyrl",
    "tags": ["selo"],
    "vlans": {"a": 7},
    "calendar": "",
}
POLICY = {"sha256": "0" * 64, "document": "rules = []", "author": "test", "time": 0.0, "note": ""}

DIRECTORY = {"document": 'kind = "ldap"', "secrets": b"s", "disabled": False}

SUBJECTS = {
    "people": PERSON,
    "devices": DEVICE,
    "clients": CLIENT,
    "schools": SCHOOL,
    "policies": POLICY,
    "directories": DIRECTORY,
    "learned": {"time": 0.0},
}


def add(engine: Engine, table: str, *rows: Mapping[str, Any]) -> None:
    """One change that adds rows, each the table's usual one with its own columns."""
    with change(engine) as work:
        filled = [{**SUBJECTS[table], **row, "revision": work.revision} for row in rows]
        work.connection.execute(insert(tables.metadata.tables[table]), filled)


def alter(engine: Engine, table: str, where: Mapping[str, Any], **values: Any) -> None:
    """One change of the rows that have these columns."""
    target = tables.metadata.tables[table]
    with change(engine) as work:
        statement = target.update().values(**values, revision=work.revision)
        for column, value in where.items():
            statement = statement.where(target.c[column] == value)
        work.connection.execute(statement)


def held(file: NodeWriter) -> dict[str, Any]:
    """Everything that is in the node file but notes and marks."""
    found: dict[str, Any] = {}
    with file._begin() as view, view.cursor() as cursor, view.cursor(file._rows) as rows:
        for key, octets in cursor:
            if key[:1] not in b"#!":
                found[key.decode()] = msgspec.msgpack.decode(octets) if key[:1] not in b"lk" else octets
        for key, octets in rows:
            found[f"row {key[:1].decode()} {int.from_bytes(key[1:], 'big')}"] = octets.decode()
    return found


def expected(engine: Engine) -> dict[str, Any]:
    """What the node file should hold, straight from the rows."""
    found: dict[str, Any] = {}
    with reading(engine) as connection:
        for row in connection.execute(select(tables.people).where(~tables.people.c.removed)):
            fields = (row.disabled, row.valid_from, row.valid_until, row.verifier, row.nt, row.plain, row.argon2)
            found[f"u{row.username}"] = [row.id, row.username, row.school, row.role, row.groups, *fields]
            found[f"row u {row.id}"] = f"u{row.username}"
        for row in connection.execute(select(tables.devices).where(~tables.devices.c.removed)):
            fields = (row.label, row.school, row.role, row.groups, row.ownership, row.disabled, row.valid_until, row.psk)
            found[f"d{row.mac}"] = [row.id, row.mac, *fields]
            found[f"row d {row.id}"] = f"d{row.mac}"
        for row in connection.execute(select(tables.clients).where(~tables.clients.c.removed)):
            kind = Kind.NETWORK if "/" in row.network else Kind.CLIENT
            secrets = (row.secret, row.previous_secret, row.previous_until, row.mode)
            found[kind + row.network] = [row.id, row.network, row.name, row.school, row.family, row.location, *secrets]
            found[f"row c {row.id}"] = kind + row.network
        for row in connection.execute(select(tables.schools).where(~tables.schools.c.removed)):
            found[f"s{row.name}"] = [row.name, row.title, row.timezone, row.language, row.tags, row.vlans, row.calendar]
        for row in connection.execute(
            select(tables.policies).where(~tables.policies.c.removed).order_by(tables.policies.c.version)
        ):
            found[f"o{row.scope}"] = [row.scope, row.version, row.sha256, row.document]
        for row in connection.execute(select(tables.directories).where(~tables.directories.c.removed)):
            if not row.disabled:
                found[f"e{row.name}"] = [row.name, row.document, row.secrets]
        for row in connection.execute(select(tables.learned).where(~tables.learned.c.removed)):
            found[f"l{row.address}"] = b""
        for row in connection.execute(select(tables.keys)):
            found[f"k{row.name}"] = row.wrapped
    return found
