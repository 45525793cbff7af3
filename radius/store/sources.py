"""The replicated tables, and how their rows become entries of the node file."""

from collections.abc import Callable, Sequence
from ipaddress import ip_network
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Column, Connection, Row, Table, select

from radius.store import tables
from radius.store.node_file import MAX_NAME, Kind, client_kind
from radius.store.node_writer import Entry
from radius.store.records import ClientRecord, DeviceRecord, DirectoryRecord, PersonRecord, PolicyRecord, SchoolRecord

FORMAT = "2"  # of the records and keys; another one fills every node file anew

SET = 10_000  # rows in one LMDB transaction: a few tenths of a second, in which no other change is carried

_encode = msgspec.msgpack.Encoder().encode

Rows = Sequence[Row[*tuple[Any, ...]]]


class Source(Struct, frozen=True):
    """A replicated table: its primary key, the column of its names, what is read of it (`removed` and `revision` last), how
    rows become entries, and how many go at once."""

    table: Table
    key: Column[Any]
    name: Column[Any]
    columns: tuple[Column[Any], ...]
    entries: Callable[[Connection, Rows], list[Entry]]
    limit: int = SET


def canonical_network(text: str) -> str:
    """A client's network as it is looked up: RFC 5952 spelling, and one address without its prefix length."""
    try:
        network = ip_network(text, strict=False)
    except ValueError:  # administration refuses it; if it is there nevertheless, it only matches itself
        return text
    return str(network.network_address) if network.num_addresses == 1 else str(network)


def _columns(table: Table, fields: Sequence[str]) -> tuple[Column[Any], ...]:
    return tuple(table.c[field] for field in (*fields, "removed", "revision"))


def _entry(kind: Kind, name: str, record: Struct, removed: bool, row: int = 0) -> Entry:
    """An entry; a name that no look-up can have (a User-Name has at most 253 octets) stands for nothing, not for a halt."""
    usable = 0 < len(name.encode()) < MAX_NAME
    return Entry(kind, name if usable else "?", _encode(record) if usable and not removed else None, row)


def _schools(_connection: Connection, rows: Rows) -> list[Entry]:
    return [_entry(Kind.SCHOOL, row.name, SchoolRecord(*row[:-2]), row.removed) for row in rows]


def _directories(_connection: Connection, rows: Rows) -> list[Entry]:
    """Workers know nothing of a disabled one."""
    return [_entry(Kind.DIRECTORY, row.name, DirectoryRecord(*row[:-3]), row.removed or row.disabled) for row in rows]


def _policies(connection: Connection, rows: Rows) -> list[Entry]:
    """Of each scope in these rows the version in force, which is the highest."""
    table = tables.policies
    scopes = {row.scope for row in rows}
    statement = select(table).where(table.c.scope.in_(scopes), table.c.removed.is_(False)).order_by(table.c.version)
    records = {
        row.scope: PolicyRecord(row.scope, row.version, row.sha256, row.document) for row in connection.execute(statement)
    }
    gone = [Entry(Kind.POLICY, scope, None) for scope in scopes if scope not in records]
    return gone + [_entry(Kind.POLICY, scope, record, removed=False) for scope, record in records.items()]


def _clients(_connection: Connection, rows: Rows) -> list[Entry]:
    entries = []
    for row in rows:
        record = msgspec.structs.replace(ClientRecord(*row[:-2]), network=canonical_network(row.network))
        entries.append(_entry(client_kind(record.network), record.network, record, row.removed, row.id))
    return entries


def _learned(_connection: Connection, rows: Rows) -> list[Entry]:
    return [Entry(Kind.LEARNED, row.address, None if row.removed else b"") for row in rows]


def _devices(_connection: Connection, rows: Rows) -> list[Entry]:
    return [_entry(Kind.DEVICE, row.mac, DeviceRecord(*row[:-2]), row.removed, row.id) for row in rows]


def _people(_connection: Connection, rows: Rows) -> list[Entry]:
    return [_entry(Kind.PERSON, row.username, PersonRecord(*row[:-2]), row.removed, row.id) for row in rows]


def _source(
    name: Column[Any], fields: Sequence[str], entries: Callable[[Connection, Rows], list[Entry]], limit: int = SET
) -> Source:
    table = name.table
    assert isinstance(table, Table)
    (key,) = table.primary_key
    return Source(table, key, name, _columns(table, fields), entries, limit)


SOURCES = (  # small ones first; columns in the order of the record's fields
    _source(tables.schools.c.name, SchoolRecord.__struct_fields__, _schools),
    _source(tables.directories.c.name, (*DirectoryRecord.__struct_fields__, "disabled"), _directories),
    _source(tables.policies.c.id, ("id", "scope"), _policies, limit=1_000),
    _source(tables.clients.c.network, ClientRecord.__struct_fields__, _clients),
    _source(tables.learned.c.address, ("address",), _learned),
    _source(tables.devices.c.mac, DeviceRecord.__struct_fields__, _devices),
    _source(tables.people.c.username, PersonRecord.__struct_fields__, _people),
)
