"""Many rows at once, by the driver's quickest way: SQLite's executemany, PostgreSQL's COPY.

Handing each value over by SQLAlchemy costs 30 us a row of the audit log, a third of everything, and an executemany is a
message for each row on PostgreSQL. Values go as they are stored: JSON as its text, times as numbers.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import msgspec
from sqlalchemy import JSON, Connection, Table

_encode = msgspec.json.Encoder().encode


def insert_rows(connection: Connection, table: Table, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Add rows whose values are those of `columns`, in the caller's transaction."""
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        _copy(connection, _quoted(connection, table.name), _names(connection, columns), rows)
    else:
        marks = ",".join("?" * len(columns))
        statement = f"INSERT INTO {table.name} ({_names(connection, columns)}) VALUES ({marks})"  # noqa: S608 - our own names
        connection.exec_driver_sql(statement, cast("list[tuple[object, ...]]", rows))


def update_rows(connection: Connection, table: Table, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Set `columns` of rows, the first of which is the primary key and says which row, in the caller's transaction."""
    if not rows:
        return
    key, *others = columns
    if connection.dialect.name == "postgresql":
        kinds = ", ".join(f"{_names(connection, [name])} {table.c[name].type.compile(connection.dialect)}" for name in columns)
        connection.exec_driver_sql(f"CREATE TEMPORARY TABLE incoming ({kinds}) ON COMMIT DROP")
        _copy(connection, "incoming", _names(connection, columns), rows)
        each = ", ".join(f"{name} = incoming.{name}" for name in (_names(connection, [other]) for other in others))
        connection.exec_driver_sql(
            f"UPDATE {table.name} SET {each} FROM incoming WHERE {table.name}.{key} = incoming.{key}"  # noqa: S608
        )
        connection.exec_driver_sql("DROP TABLE incoming")
    else:
        each = ", ".join(f"{_names(connection, [name])} = ?" for name in others)
        statement = f"UPDATE {table.name} SET {each} WHERE {key} = ?"  # noqa: S608
        connection.exec_driver_sql(statement, [(*values, key_value) for key_value, *values in rows])


def as_rows(table: Table, columns: Sequence[str], values: Iterable[Mapping[str, Any]]) -> list[tuple[object, ...]]:
    """Values by column as rows for `insert_rows` and `update_rows`."""
    texts = [isinstance(table.c[name].type, JSON) for name in columns]
    plan = list(zip(columns, texts, strict=True))
    return [tuple(_encode(each[name]).decode() if text else each[name] for name, text in plan) for each in values]


def _copy(connection: Connection, table: str, names: str, rows: Iterable[Sequence[object]]) -> None:
    cursor = cast("Any", connection.connection.cursor())
    with cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _names(connection: Connection, columns: Sequence[str]) -> str:
    return ", ".join(_quoted(connection, name) for name in columns)


def _quoted(connection: Connection, name: str) -> str:
    return connection.dialect.identifier_preparer.quote(name)
