"""Terms and classes, and which school a roster means: the store's tables brought to what the staging database has."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, Table, delete, insert, select

from radius.admin.roster.reading import Extent, Read
from radius.admin.roster.staging import Staging
from radius.store.tables import roster_classes, roster_schools, roster_terms

_QUERIES: Mapping[str, tuple[Table, str]] = {
    "schools": (roster_schools, "SELECT id, short FROM schools WHERE NOT gone AND short != ''"),
    "terms": (roster_terms, 'SELECT id, title, first, "end" FROM terms WHERE NOT gone'),
    "classes": (roster_classes, "SELECT id, school, name, terms FROM classes WHERE NOT gone"),
}
_AT_ONCE = 2_000


def structure_changes(connection: Connection, staging: Staging, roster: str, read: Read) -> int:
    """How many schools, terms and classes of the roster would be other than they are."""
    return sum(len(gone) + len(new) for _, gone, new in _differences(connection, staging, roster, read))


def write_structure(connection: Connection, staging: Staging, roster: str, read: Read) -> int:
    """Bring the tables of the roster to what was read, in the caller's transaction; how many rows that were."""
    changed = 0
    for table, gone, new in _differences(connection, staging, roster, read):
        ids = [*gone, *(row["id"] for row in new)]
        for start in range(0, len(ids), _AT_ONCE):
            some = ids[start : start + _AT_ONCE]
            connection.execute(delete(table).where(table.c.roster == roster, table.c.id.in_(some)))
        if new:
            connection.execute(insert(table), new)
        changed += len(gone) + len(new)
    return changed


def _differences(
    connection: Connection, staging: Staging, roster: str, read: Read
) -> Iterator[tuple[Table, list[str], list[dict[str, Any]]]]:
    """For each table, the ids that go, and the rows that come or change. A school once mapped stays so."""
    for name, (table, query) in _QUERIES.items():
        columns = [column.name for column in table.columns if column.name != "roster"]
        stored = {row.id: row._mapping for row in connection.execute(select(table).where(table.c.roster == roster))}
        new = []
        for values in staging.sql.execute(query):
            row: dict[str, Any] = {"roster": roster, **dict(zip(columns, values, strict=True))}
            if name == "classes":
                row["terms"] = json.loads(row["terms"])
            before = stored.pop(row["id"], None)
            if before is None or any(before[column] != row[column] for column in columns):
                new.append(row)
        goes = [] if name == "schools" or read.extents[name] is Extent.ABSENT else list(stored)
        yield table, goes, new
