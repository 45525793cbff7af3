"""The audit log as CSV for spreadsheets and as JSON Lines for evidence.

Every line of JSON has, beside what people read, the columns as they are stored (octets in base64), the row's hash and the
hash of the row before, so that anyone can check it with SHA-256 and msgpack alone (docs/audit.md, 'Checking an export');
the signed checkpoints follow. CSV is for reading: it has the hash, and cells that a spreadsheet would take for formulas
begin with an apostrophe (https://owasp.org/www-community/attacks/CSV_Injection).
"""

import csv
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TextIO

import msgspec
from sqlalchemy import Connection, Row, and_, select

from radius.audit.chain import GENESIS
from radius.audit.search import Entry, Query, entries, matching
from radius.store import tables
from radius.store.keyring import Keyring

WINDOW = 2000
_json = msgspec.json.Encoder()
_READ = [field for field in Entry.__struct_fields__ if field != "id"]
_STORED = [column.name for column in tables.audit.columns if column.name not in ("id", "user_index", "mac_index", "hash")]


def export_csv(connection: Connection, keyring: Keyring, query: Query, out: TextIO) -> int:
    """Write the rows that `query` asks for, oldest first, with a header. How many."""
    writer = csv.writer(out)
    writer.writerow(["id", *_READ, "hash"])
    count = 0
    for row, entry in _stream(connection, keyring, query):
        cells = [_cell(name, getattr(entry, name)) for name in _READ]
        writer.writerow([str(entry.id), *(_harmless(cell) for cell in cells), row.hash.hex()])
        count += 1
    return count


def export_json_lines(connection: Connection, keyring: Keyring, query: Query, out: TextIO) -> int:
    """Write the rows that `query` asks for, oldest first, then every checkpoint of their chains. How many rows."""
    count = 0
    chains = set()
    for row, entry in _stream(connection, keyring, query):
        stored = {name: _plain(row._mapping[name]) for name in _STORED}
        previous = row.previous_hash or (GENESIS if row.number == 1 else b"")  # "" when its partition was dropped
        evidence = {"stored": stored, "previous": previous.hex(), "hash": row.hash.hex()}
        out.write(_json.encode({"kind": "row", "entry": entry, **evidence}).decode() + "\n")
        chains.add(row.chain)
        count += 1
    table = tables.checkpoints
    for point in connection.execute(select(table).where(table.c.chain.in_(chains)).order_by(table.c.id)):
        told = {"chain": point.chain, "number": point.number, "hash": point.hash.hex(), "time": point.time}
        proof = {"point": point.kind, "signer": point.signer.hex(), "signature": point.signature.hex()}
        out.write(_json.encode({"kind": "checkpoint", **told, **proof}).decode() + "\n")
    return count


def _stream(connection: Connection, keyring: Keyring, query: Query) -> Iterator[tuple[Row[tuple[object, ...]], Entry]]:
    """Rows as stored and as read, a window in memory at a time."""
    audit = tables.audit
    before = audit.alias()
    linked = and_(before.c.chain == audit.c.chain, before.c.number == audit.c.number - 1)
    statement = matching(keyring, query).add_columns(before.c.hash.label("previous_hash")).outerjoin(before, linked)
    result = connection.execute(statement.order_by(audit.c.id).execution_options(yield_per=WINDOW))
    for rows in result.partitions():
        yield from zip(rows, entries(connection, keyring, rows), strict=True)


def _plain(value: object) -> object:
    return b64encode(value).decode() if isinstance(value, bytes) else value


def _cell(name: str, value: object) -> str:
    if name in ("time", "valid_until") and isinstance(value, float):
        return _iso(value)
    if isinstance(value, tuple):
        return " ".join(str(part) for part in value)
    if isinstance(value, dict):
        return _json.encode(value).decode() if value else ""
    return str(value)


def _iso(time: float) -> str:
    """RFC 3339 in UTC, "" for none or never."""
    try:
        return datetime.fromtimestamp(time, UTC).isoformat(timespec="milliseconds") if time else ""
    except (OverflowError, ValueError):
        return ""


def _harmless(cell: str) -> str:
    return "'" + cell if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "'")) else cell
