"""A plain roster: one table of people, or several tables as sheets or CSV files, with columns that a person can read.

docs/roster.md has the columns. A school's id is its short name, a term's its name, a class's `school/name`; a person's is in
the column `id`, or is the username.
"""

import json
from collections.abc import Mapping

from radius.admin import checks
from radius.admin.people_file import COLUMNS as OF_A_ROW
from radius.admin.people_file import read_row
from radius.admin.roster import columns
from radius.admin.roster.columns import find_columns, find_table
from radius.admin.roster.container import Container
from radius.admin.roster.reading import (
    Extent,
    Known,
    Read,
    class_name,
    day,
    day_after,
    each_line,
    grade,
    identifier,
    split,
)
from radius.admin.roster.staging import Kind, Said, Staging
from radius.admin.schools import LANGUAGES
from radius.errors import OperatorError

_TEACHES = frozenset({"teacher", "nastavnik", "nastavnica", "ucitelj", "uciteljica", "staff"})
_ROLES = {
    "ucenik": "student",
    "ucenica": "student",
    "pupil": "student",
    "djak": "student",
    "nastavnik": "staff",
    "nastavnica": "staff",
    "ucitelj": "staff",
    "uciteljica": "staff",
    "profesor": "staff",
    "zaposleni": "staff",
    "teacher": "staff",
    "gost": "guest",
}


def read_plain(container: Container, staging: Staging, known: Known) -> Read:
    """Put everything into the staging database. Raises OperatorError when the file as a whole is of no use."""
    return _Plain(container, staging, known).read()


class _Plain:
    def __init__(self, container: Container, staging: Staging, known: Known) -> None:
        self._container = container
        self._staging = staging
        self._known = known
        self._zones = dict(known.schools)
        self._terms: set[str] = set()
        self._classes: dict[str, str] = {}
        self._people: dict[str, str] = {}
        self._ids: dict[str, str] = {}
        self._notes: list[str] = []

    def read(self) -> Read:
        tables = self._tables()
        if "people" not in tables:
            raise OperatorError(f"{self._container.path} has no table of people: name a sheet or file 'people'")
        extents = dict.fromkeys(("schools", "terms", "classes", "roles", "enrolments"), Extent.ABSENT)
        for name, read in (("schools", self._read_schools), ("terms", self._read_terms), ("classes", self._read_classes)):
            if name in tables:
                read(tables[name])
                extents[name] = Extent.BULK if name != "schools" else Extent.ABSENT
        self._keep_members = "enrolments" in tables
        if self._read_people(tables["people"]) or "enrolments" in tables:
            extents["enrolments"] = extents["classes"] = extents["terms"] = Extent.BULK
        if "enrolments" in tables:
            self._read_enrolments(tables["enrolments"])
        for id_, school in self._classes.items():
            if school:
                self._staging.put("classes", id_, 0, 0, 0, school, id_.partition("/")[2], "[]", "")
        return Read("plain", {**extents, "people": Extent.BULK}, tuple(self._notes))

    def _tables(self) -> Mapping[str, str]:
        """The container's names by what they are. One CSV, or a workbook with one sheet, is of people whatever its name."""
        names = self._container.names
        if self._container.single or len(names) == 1:
            return {"people": names[0]}
        found: dict[str, str] = {}
        for name in names:
            table = find_table(name)
            if table is None:
                self._notes.append(f"{name!r} was passed over: it is none of {', '.join(columns.TABLES)}")
            elif table in found:
                raise OperatorError(f"{self._container.path} has two tables of {table}: {found[table]!r} and {name!r}")
            else:
                found[table] = name
        return found

    def _read_schools(self, name: str) -> None:
        table = self._container.table(name)
        at = find_columns(table.header, columns.SCHOOLS, table.name)
        if "school" not in at:
            raise OperatorError(f"{table.name}, line 1: must name the columns, school among them: {', '.join(columns.SCHOOLS)}")

        def take(line: int, fields: list[str]) -> None:
            value = _Values(at, fields)
            short = checks.slug(value("school"), "column school: the school")
            timezone = checks.timezone(value("timezone") or self._zones.get(short, "Europe/Belgrade"))
            language = value("language") or "sr-Cyrl"
            if language not in LANGUAGES:
                raise OperatorError(f"column language: there is no {language!r}; the languages are: {', '.join(LANGUAGES)}")
            tags = "|".join(checks.slug(tag, "column tags: the tag") for tag in split(value("tags")))
            title = checks.line(value("title"), "column title: the title")
            self._zones[short] = timezone
            self._staging.put("schools", short, line, 0, 0, short, title, timezone, language, tags)

        each_line(self._staging, "schools", table, take)

    def _read_terms(self, name: str) -> None:
        table = self._container.table(name)
        at = find_columns(table.header, columns.TERMS, table.name)
        if "term" not in at:
            raise OperatorError(f"{table.name}, line 1: must name the columns: {', '.join(columns.TERMS)}")

        def take(line: int, fields: list[str]) -> None:
            value = _Values(at, fields)
            id_ = identifier(value("term"), "term")
            first, last = day(value("first_day"), "first_day"), day(value("last_day"), "last_day")
            if first and last and last < first:
                raise OperatorError(f"column last_day: {last} is before the first day {first}")
            self._terms.add(id_)
            self._staging.put("terms", id_, line, 0, 0, id_, first, day_after(last))

        each_line(self._staging, "terms", table, take)

    def _read_classes(self, name: str) -> None:
        table = self._container.table(name)
        at = find_columns(table.header, columns.CLASSES, table.name)
        if "class" not in at:
            raise OperatorError(f"{table.name}, line 1: must name the columns: {', '.join(columns.CLASSES)}")

        def take(line: int, fields: list[str]) -> None:
            value = _Values(at, fields)
            school = self._school(value("school"))
            name = class_name(value("class"), "class")
            terms = list(split(value("terms")))
            for term in terms:
                if term not in self._terms:
                    raise OperatorError(f"column terms: there is no term {term!r}; {checks.near(term, self._terms, 'terms')}")
            self._classes[f"{school}/{name}"] = ""
            listed = json.dumps(terms)
            self._staging.put("classes", f"{school}/{name}", line, 0, 0, school, name, listed, "")

        each_line(self._staging, "classes", table, take)
        self._listed = True

    _listed = False
    _keep_members = False

    def _read_people(self, name: str) -> bool:
        """The people; whether the table says in which classes they are."""
        table = self._container.table(name)
        at = find_columns(table.header, columns.PEOPLE, table.name)
        if "username" not in at:
            raise OperatorError(
                f"{table.name}, line 1: must name the columns, username among them: {', '.join(columns.PEOPLE)}"
            )
        if "school" not in at and self._known.default_school is None:
            raise OperatorError(f"{table.name}, line 1: has no column 'school': add it, or name the school with --school")

        def take(line: int, fields: list[str]) -> None:
            value = _Values(at, fields)
            values = [fields[at[column]] if column in at else None for column in OF_A_ROW]
            if values[5] is not None:
                values[5] = _ROLES.get(columns.plain_form(values[5]), values[5])
            for place in (7, 8):
                if values[place] is not None:
                    values[place] = day(values[place] or "", OF_A_ROW[place])
            if values[3] is None and ("first_name" in at or "last_name" in at):
                values[3] = f"{value('first_name')} {value('last_name')}".strip()
            row = read_row(line, values, self._zones, self._known.default_school, self._known.shortest)
            id_ = identifier(value("id"), "id") if "id" in at else row.username
            grades = tuple(filter(None, map(grade, split(value("grade"))))) if "grade" in at else None
            said = Said(
                row.school,
                row.role,
                row.groups,
                row.display_name,
                row.valid_from,
                row.valid_until,
                row.disabled,
                grades,
            )
            secret = b"p" + row.password.reveal() if row.password else b"n" + row.nt_hash.reveal() if row.nt_hash else b""
            role = "teacher" if row.role == "staff" else "student"
            for text in split(value("classes")):
                class_id = self._class(row.school, class_name(text, "classes"))
                self._staging.put("members", id_, Kind.CLASS, f"{id_}>{class_id}", line, 0, 0, class_id, role, 0, "", "")
            if self._keep_members:
                self._people[id_] = self._people[row.username] = f"{row.school} {role} {id_}"
            self._staging.put_person(id_, line, row.username, said, secret=secret)

        each_line(self._staging, "people", table, take)
        return "classes" in at

    def _read_enrolments(self, name: str) -> None:
        table = self._container.table(name)
        at = find_columns(table.header, columns.ENROLMENTS, table.name)
        if "person" not in at or "class" not in at:
            raise OperatorError(f"{table.name}, line 1: must name the columns: {', '.join(columns.ENROLMENTS)}")

        def take(line: int, fields: list[str]) -> None:
            value = _Values(at, fields)
            person = self._people.get(value("person")) or self._people.get(value("person").casefold())
            if person is None:
                raise OperatorError(f"column person: {value('person')!r} is not among the people")
            home, role, id_ = person.split(" ", 2)
            school = self._school(value("school")) if value("school") else home
            if value("role"):
                role = "teacher" if columns.plain_form(value("role")) in _TEACHES else "student"
            class_id = self._class(school, class_name(value("class"), "class"))
            first, last = day(value("first_day"), "first_day"), day(value("last_day"), "last_day")
            key = f"{id_}>{class_id}>{role}>{first}"
            self._staging.put("members", id_, Kind.CLASS, key, line, 0, 0, class_id, role, 0, first, day_after(last))

        each_line(self._staging, "members", table, take)

    def _school(self, text: str) -> str:
        school = text or self._known.default_school or ""
        if school not in self._zones:
            raise OperatorError(f"column school: there is no school {school!r}; {checks.near(school, self._zones, 'schools')}")
        return school

    def _class(self, school: str, name: str) -> str:
        """The id of a class. Where there is a table of classes it must be in it; elsewhere to be named is to be."""
        id_ = f"{school}/{name}"
        if id_ not in self._classes:
            if self._listed:
                there = [each.partition("/")[2] for each in self._classes if each.startswith(f"{school}/")]
                raise OperatorError(f"there is no class {name!r} in {school}; {checks.near(name, there, 'classes')}")
            self._classes[id_] = school
        return id_


class _Values:
    """A line's texts by column; "" for a column that is not there."""

    def __init__(self, at: Mapping[str, int], fields: list[str]) -> None:
        self._at = at
        self._fields = fields

    def __call__(self, column: str) -> str:
        place = self._at.get(column)
        return "" if place is None else self._fields[place].strip()
