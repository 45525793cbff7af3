"""A register of two schools, ways to import it, and what the store then says of people."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from sqlalchemy import select

from radius.admin.context import Admin
from radius.admin.roster.applying import Applied, apply
from radius.admin.roster.rosters import USUAL, Options, Plan, planned
from radius.store import tables
from radius.store.lookup import SqlRecords
from tests.fakes import oneroster as one

SEPTEMBER, DECEMBER, MARCH, AUGUST = 1_790_000_000.0, 1_797_000_000.0, 1_803_000_000.0, 1_818_000_000.0

REGISTER: dict[str, list[dict[str, str]]] = {
    "orgs": [
        {"sourcedId": "d", "name": "Округ", "type": "district", "identifier": "okrug"},
        one.org("s1", "os-vuk", parentSourcedId="d"),
        one.org("s2", "os-nova", parentSourcedId="d"),
    ],
    "academicSessions": [one.session("t1", "2026-09-01", "2027-01-01"), one.session("t2", "2027-01-20", "2027-06-21")],
    "courses": [one.COURSE],
    "classes": [
        one.class_("c1", "8-2", "s1", "t1,t2"),
        one.class_("c2", "Хемија 8", "s1", "t2"),
        one.class_("c3", "1-1", "s2", "t1,t2"),
    ],
    "users": [
        one.user("u1", "ana", grades="08"),
        one.user("u2", "mika", grades="08", enabledUser="false"),
        one.user("u3", "petar", primaryOrgSourcedId="s1"),
        one.user("u4", "jova", grades="01"),
        one.user("u5", "mama"),
    ],
    "roles": [
        one.role("u1", "s1"),
        one.role("u2", "s1"),
        one.role("u3", "s1", "teacher"),
        one.role("u3", "s2", "teacher", roleType="secondary"),
        one.role("u4", "s2"),
        one.role("u5", "s1", "parent"),
    ],
    "enrollments": [
        one.enrollment("u1", "c1"),
        one.enrollment("u1", "c2", beginDate="2027-02-01"),
        one.enrollment("u2", "c1"),
        one.enrollment("u3", "c1", "teacher"),
        one.enrollment("u3", "c3", "teacher"),
        one.enrollment("u4", "c3"),
    ],
    "demographics": [{"sourcedId": "u1", "birthDate": "2012-01-01", "sex": "female"}],
}


class House:
    """Imports into one store."""

    def __init__(self, admin: Admin, folder: Path) -> None:
        self.admin = admin
        self.folder = folder
        self._made = 0

    def write(self, register: one.Set, extents: Mapping[str, str] | None = None) -> Path:
        """The register as a zip."""
        self._made += 1
        return one.write_zip(self.folder / f"roster-{self._made}.zip", one.texts(register, extents))

    def look(self, path: Path, act: Callable[[Plan], object], options: Options = USUAL, name: str = "register") -> object:
        """Plan the import of a file, and let `act` look at the plan."""
        with planned(self.admin, name, path, options) as plan:
            return act(plan)

    def run(self, path: Path, options: Options = USUAL, name: str = "register", **confirmed: int) -> Applied:
        """Import a file."""
        with planned(self.admin, name, path, options) as plan:
            assert plan.problems == ()
            return apply(self.admin, plan, **confirmed)

    def groups(self, username: str, time: float) -> set[str]:
        """The groups that count for somebody at a time."""
        with self.admin.reading() as connection:
            person = SqlRecords(connection).person(username)
            assert person is not None
            return set(person.groups_at(time))

    def everything(self) -> dict[str, list[dict[str, object]]]:
        """What the store has, without numbers that only count changes and what is sealed."""
        sealed = {"id", "revision", "display_name", "nt", "verifier"}
        found = {}
        with self.admin.reading() as connection:
            for table in (
                tables.people,
                tables.roster_members,
                tables.roster_classes,
                tables.roster_terms,
                tables.roster_schools,
            ):
                rows = [dict(row._mapping) for row in connection.execute(select(table))]
                if table is tables.people:
                    rows = [{name: value for name, value in row.items() if name not in sealed} for row in rows]
                found[table.name] = sorted(rows, key=str)
        return found

    def revision(self) -> int:
        """The store's counter of changes."""
        with self.admin.reading() as connection:
            return connection.scalar(select(tables.revision.c.value)) or 0


@pytest.fixture
def house(admin: Admin, tmp_path: Path) -> House:
    return House(admin, tmp_path)
