"""A delta made whole: what it does not say, and what it touches depends on, comes from the store into the staging database.

After that a delta and a bulk file are worked on by the same code. Added are all terms, classes and schools that the file does
not have, and the people whom it touches with their memberships: those it names, those in classes or terms that it changes.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Table, select

from radius.admin.roster.reading import Extent
from radius.admin.roster.staging import Kind, Said, Staging
from radius.store.tables import people, roster_classes, roster_members, roster_schools, roster_terms

_AT_ONCE = 5_000


def overlay(connection: Connection, staging: Staging, roster: str, extents: Mapping[str, Extent]) -> None:
    """Add what the store has of `roster` to what the file says. `extents` are of schools, terms, classes, people, roles and
    enrolments. Call it once, after everything was read."""
    sql = staging.sql
    changed_terms = _ids(sql.execute("SELECT id FROM terms"))
    changed_classes = _ids(sql.execute("SELECT id FROM classes"))
    if extents["schools"] is not Extent.BULK:
        for row in _new(connection, staging, roster_schools, roster):
            staging.put("schools", row.id, 0, 0, 1, row.school, "", "", "", "")
    if extents["terms"] is not Extent.BULK:
        for row in _new(connection, staging, roster_terms, roster):
            staging.put("terms", row.id, 0, 0, 1, row.title, row.first, row.end)
    if extents["classes"] is not Extent.BULK:
        for row in _new(connection, staging, roster_classes, roster):
            staging.put("classes", row.id, 0, 0, 1, row.school, row.name, json.dumps(row.terms), "")
            if changed_terms.intersection(row.terms):
                changed_classes.add(row.id)
    staging.flush()
    of_members = {kind: extents[name] for kind, name in ((Kind.ROLE, "roles"), (Kind.CLASS, "enrolments"))}
    kept = [kind for kind, extent in of_members.items() if extent is not Extent.BULK]
    sql.execute("CREATE TEMP TABLE affected (id TEXT PRIMARY KEY) WITHOUT ROWID")
    sql.execute("INSERT OR IGNORE INTO affected SELECT id FROM people")
    if extents["people"] is not Extent.BULK:
        sql.execute("INSERT OR IGNORE INTO affected SELECT DISTINCT person FROM members WHERE person != ''")
        if len(kept) < len(of_members) or extents["schools"] is not Extent.ABSENT:
            _affect(staging, _everybody(connection, roster))
        else:
            _affect(staging, _members_now_elsewhere(connection, staging, roster))
            _affect(staging, _members_of(connection, roster, sorted(changed_classes)))
        _add_people(connection, staging, roster)
    if kept:
        _add_members(connection, staging, roster, kept)
    staging.flush()


def _ids(rows: Iterable[Sequence[str]]) -> set[str]:
    return {row[0] for row in rows}


def _new(connection: Connection, staging: Staging, table: Table, roster: str) -> Iterator[Row[Any]]:
    """The rows of a table of rosters that the file does not have."""
    there = _ids(staging.sql.execute(f"SELECT id FROM {table.name.removeprefix('roster_')}"))  # noqa: S608 - our own names
    rows = connection.execution_options(yield_per=1000).execute(select(table).where(table.c.roster == roster))
    return (row for row in rows if row.id not in there)


def _affect(staging: Staging, ids: Iterable[str]) -> None:
    staging.sql.executemany("INSERT OR IGNORE INTO affected VALUES (?)", ((each,) for each in ids))


def _everybody(connection: Connection, roster: str) -> Iterator[str]:
    query = select(people.c.roster_id).where(people.c.roster == roster, people.c.left_at == 0)
    return (row[0] for row in connection.execution_options(yield_per=10_000).execute(query))


def _members_now_elsewhere(connection: Connection, staging: Staging, roster: str) -> Iterator[str]:
    """Whose the memberships were that the file has."""
    for kind in Kind:
        ids = [row[0] for row in staging.sql.execute("SELECT id FROM members WHERE kind = ?", (kind,))]
        yield from _people_of(connection, roster, roster_members.c.kind == kind, roster_members.c.id, ids)


def _members_of(connection: Connection, roster: str, classes: Sequence[str]) -> Iterator[str]:
    """Who is in these classes."""
    yield from _people_of(connection, roster, roster_members.c.kind == Kind.CLASS, roster_members.c.target, classes)


def _people_of(
    connection: Connection, roster: str, where: ColumnElement[bool], column: ColumnElement[str], values: Sequence[str]
) -> Iterator[str]:
    for start in range(0, len(values), _AT_ONCE):
        some = column.in_(values[start : start + _AT_ONCE])
        query = select(roster_members.c.person).where(roster_members.c.roster == roster, where, some).distinct()
        yield from connection.execute(query).scalars()


def _add_people(connection: Connection, staging: Staging, roster: str) -> None:
    """Those affected whom the file does not name and who are still in the roster."""
    wanted = [row[0] for row in staging.sql.execute("SELECT id FROM affected EXCEPT SELECT id FROM people")]
    for start in range(0, len(wanted), _AT_ONCE):
        here = (people.c.roster == roster, people.c.roster_id.in_(wanted[start : start + _AT_ONCE]), people.c.left_at == 0)
        for row in connection.execute(select(people.c.roster_id, people.c.username).where(*here)):
            staging.put_person(row.roster_id, 0, row.username, Said(), known=True)


def _add_members(connection: Connection, staging: Staging, roster: str, kinds: Sequence[Kind]) -> None:
    """The memberships of those affected that the file does not have."""
    staged = "SELECT 1 FROM members WHERE kind = ? AND id = ?"
    affected = [row[0] for row in staging.sql.execute("SELECT id FROM affected")]
    table = roster_members
    for start in range(0, len(affected), _AT_ONCE):
        some = affected[start : start + _AT_ONCE]
        query = select(table).where(table.c.roster == roster, table.c.person.in_(some), table.c.kind.in_(kinds))
        for row in connection.execute(query):
            if staging.sql.execute(staged, (row.kind, row.id)).fetchone() is None:
                staging.put(
                    "members", row.person, row.kind, row.id, 0, 0, 1, row.target, row.role, row.main, row.first, row.end
                )
