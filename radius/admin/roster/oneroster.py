"""OneRoster 1.2 CSV (1EdTech OneRoster CSV Binding 1.2.1) into the staging database.

The manifest says of each file whether it is bulk (all there is), delta (what changed, with its status) or absent. Read are
orgs, academicSessions, courses, classes, users, roles and enrollments; the rest (demographics, grades, resources) is not looked
at. Begin dates are included and end dates are not (section on the data model: "the end date is excluded").
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from radius.admin import checks
from radius.admin.roster.container import Container
from radius.admin.roster.reading import Extent, Known, Read, class_name, day, each_line, grade, identifier, split
from radius.admin.roster.school_names import SchoolNames
from radius.admin.roster.staging import Kind, Said, Staging
from radius.errors import OperatorError
from radius.secret import Secret

FILES = ("orgs", "academicSessions", "courses", "classes", "roles", "users", "enrollments")
_TABLES = {
    "orgs": "schools",
    "academicSessions": "terms",
    "courses": "courses",
    "classes": "classes",
    "users": "people",
    "roles": "roles",
    "enrollments": "enrolments",
}
_NEEDED = {
    "orgs": ("name", "type", "identifier"),
    "academicSessions": ("title", "type", "startDate", "endDate"),
    "courses": ("title",),
    "classes": ("title", "courseSourcedId", "classCode", "schoolSourcedId", "termSourcedIds"),
    "roles": ("userSourcedId", "roleType", "role", "beginDate", "endDate", "orgSourcedId"),
    "users": ("enabledUser", "username", "givenName", "familyName", "grades", "password"),
    "enrollments": ("classSourcedId", "userSourcedId", "role", "beginDate", "endDate"),
}
_ROLES = {  # the binding's role enumeration; None for those that get no account of a school
    "student": "student",
    "teacher": "staff",
    "aide": "staff",
    "counselor": "staff",
    "principal": "staff",
    "proctor": "staff",
    "siteAdministrator": "staff",
    "districtAdministrator": "staff",
    "systemAdministrator": "staff",
    "parent": None,
    "guardian": None,
    "relative": None,
}
_TEACHES = frozenset({"teacher", "aide", "administrator", "proctor"})


def is_oneroster(container: Container) -> bool:
    """Whether there is a manifest."""
    return not container.sheets and "manifest" in container.names


def read_oneroster(container: Container, staging: Staging, known: Known) -> Read:
    """Put everything into the staging database. Raises OperatorError when the file as a whole is of no use."""
    reader = _OneRoster(container, staging, known)
    extents, notes = _manifest(container)
    for name in FILES:
        if extents[name] is not Extent.ABSENT:
            reader.read(name, extents[name])
    if reader.parents:
        notes.append(f"{reader.parents} roles of parents and relatives were passed over: they get no account")
    return Read("oneroster", {_TABLES[name]: extents[name] for name in FILES}, tuple(notes))


def _manifest(container: Container) -> tuple[dict[str, Extent], list[str]]:
    table = container.table("manifest")
    if [text.strip() for text in table.header[:2]] != ["propertyName", "value"]:
        raise OperatorError("manifest.csv, line 1: must be propertyName,value")
    told: dict[str, tuple[int, str]] = {}
    for entry in table.lines():
        if not isinstance(entry, tuple):
            raise OperatorError(f"manifest.csv, line {entry.line}: {entry.message}")
        told[entry[1][0].strip()] = entry[0], entry[1][1].strip()
    line, version = told.get("oneroster.version", (1, ""))
    if version not in {"1.2", "1.2.1"}:
        raise OperatorError(
            f"manifest.csv, line {line}: oneroster.version is {version!r}: export the roster as OneRoster 1.2 CSV"
        )
    extents: dict[str, Extent] = {}
    notes = []
    for name in FILES:
        line, word = told.get(f"file.{name}", (1, "absent"))
        if word not in set(Extent):
            raise OperatorError(f"manifest.csv, line {line}: file.{name} must be bulk, delta or absent, not {word!r}")
        extents[name] = Extent(word)
        there = name.lower() in container.names
        if extents[name] is not Extent.ABSENT and not there:
            raise OperatorError(f"manifest.csv, line {line}: says that {name}.csv is {word}, but there is no such file")
        if extents[name] is Extent.ABSENT and there:
            notes.append(f"{name}.csv was passed over: the manifest calls it absent")
    if all(extent is Extent.ABSENT for extent in extents.values()):
        raise OperatorError("manifest.csv: calls every file absent, so there is nothing to import")
    return extents, notes


class _Line:
    """One row: texts by column, its id, and whether it is to be deleted."""

    __slots__ = ("_at", "_fields", "gone", "id", "number")

    def __init__(self, at: Mapping[str, int], number: int, fields: list[str], extent: Extent) -> None:
        self._at, self._fields, self.number = at, fields, number
        self.id = identifier(fields[at["sourcedId"]], "sourcedId")
        status = fields[at["status"]].strip()
        modified = fields[at["dateLastModified"]].strip()
        if status not in {"active", "tobedeleted", ""} or (extent is Extent.DELTA and not status):
            raise OperatorError(f"column status: must be active or tobedeleted, not {status!r}")
        if extent is Extent.DELTA or modified:
            try:
                datetime.fromisoformat(modified)
            except ValueError:
                raise OperatorError(f"column dateLastModified: {modified!r} is no time: 2026-09-01T08:00:00.000Z") from None
        self.gone = status == "tobedeleted"

    def __getitem__(self, column: str) -> str:
        place = self._at.get(column)
        return "" if place is None else self._fields[place].strip()


class _OneRoster:
    def __init__(self, container: Container, staging: Staging, known: Known) -> None:
        self._container = container
        self._staging = staging
        self._known = known
        self._names = SchoolNames(known)
        self.parents = 0

    def read(self, name: str, extent: Extent) -> None:
        """One file."""
        table = self._container.table(name.lower())
        needed = ("sourcedId", "status", "dateLastModified", *_NEEDED[name])
        at = _places(table.header, needed, f"{name}.csv")
        takers: Mapping[str, Callable[[_Line], None]] = {
            "orgs": self._org,
            "academicSessions": self._session,
            "courses": self._course,
            "classes": self._class,
            "roles": self._role,
            "users": self._user,
            "enrollments": self._enrollment,
        }
        take = takers[name]
        where = {"orgs": "schools", "academicSessions": "terms", "users": "people"}.get(name, name)
        each_line(self._staging, where, table, lambda number, fields: take(_Line(at, number, fields, extent)))

    def _org(self, row: _Line) -> None:
        short = title = ""
        if row["type"] == "school" and not row.gone:
            title = checks.line(row["name"], "column name: the name")
            short = self._names.short(row.id, row["identifier"], title)
        self._staging.put("schools", row.id, row.number, row.gone, 0, short, title, "", "", "")

    def _session(self, row: _Line) -> None:
        first, end = day(row["startDate"], "startDate"), day(row["endDate"], "endDate")
        if not row.gone and (not first or not end or end <= first):
            raise OperatorError(f"column endDate: a session from {first or 'never'} to {end or 'never'} has no days")
        title = checks.line(row["title"], "column title: the title")
        self._staging.put("terms", row.id, row.number, row.gone, 0, title, first, end)

    def _course(self, row: _Line) -> None:
        self._staging.put("courses", row.id, row.number, row.gone, 0)

    def _class(self, row: _Line) -> None:
        name = "" if row.gone else class_name(row["classCode"] or row["title"], "classCode")
        terms = [identifier(term, "termSourcedIds") for term in split(row["termSourcedIds"], ",")]
        school = row["schoolSourcedId"]
        self._staging.put("classes", row.id, row.number, row.gone, 0, school, name, json.dumps(terms), row["courseSourcedId"])

    def _role(self, row: _Line) -> None:
        word = row["role"]
        if not row.gone and word not in _ROLES and not word.startswith("ext:"):
            raise OperatorError(f"column role: {word!r} is none of {', '.join(_ROLES)}")
        role = _ROLES.get(word)
        if role is None and not row.gone:
            self.parents += 1
            row.gone = True  # in a delta she may have had another role before
        main = row["roleType"] == "primary"
        first, end = day(row["beginDate"], "beginDate"), day(row["endDate"], "endDate")
        person = row["userSourcedId"] if row.gone else identifier(row["userSourcedId"], "userSourcedId")
        self._staging.put(
            "members", person, Kind.ROLE, row.id, row.number, row.gone, 0, row["orgSourcedId"], role or "", main, first, end
        )

    def _user(self, row: _Line) -> None:
        enabled = row["enabledUser"].lower()
        if enabled not in {"true", "false", ""}:
            raise OperatorError(f"column enabledUser: must be true or false, not {row['enabledUser']!r}")
        given, family = row["preferredGivenName"] or row["givenName"], row["preferredFamilyName"] or row["familyName"]
        said = Said(
            display_name=checks.line(f"{given} {family}".strip(), "columns givenName and familyName: the name"),
            disabled=enabled == "false",
            grades=tuple(dict.fromkeys(filter(None, map(grade, split(row["grades"], ","))))),
            main_school=row["primaryOrgSourcedId"],
        )
        secret = b""
        if row["password"] and not row.gone:
            secret = b"p" + checks.password(Secret(row["password"]), self._known.shortest)
        username = checks.username(row["username"]) if row["username"] else ""
        self._staging.put_person(row.id, row.number, username, said, gone=row.gone, secret=secret)

    def _enrollment(self, row: _Line) -> None:
        word = row["role"]
        role = "teacher" if word in _TEACHES else "student"
        if not row.gone and word not in _TEACHES and word != "student":
            if word not in {"parent", "guardian", "relative"} and not word.startswith("ext:"):
                raise OperatorError(f"column role: {word!r} is none of student, {', '.join(sorted(_TEACHES))}")
            row.gone = True
        first, end = day(row["beginDate"], "beginDate"), day(row["endDate"], "endDate")
        person, target = row["userSourcedId"], row["classSourcedId"]
        if not row.gone:
            person, target = identifier(person, "userSourcedId"), identifier(target, "classSourcedId")
        self._staging.put("members", person, Kind.CLASS, row.id, row.number, row.gone, 0, target, role, 0, first, end)


def _places(header: Sequence[str], needed: Sequence[str], name: str) -> dict[str, int]:
    at = {text.strip(): place for place, text in enumerate(header)}
    missing = [column for column in needed if column not in at]
    if missing:
        raise OperatorError(f"{name}, line 1: the columns {', '.join(missing)} of OneRoster 1.2 are missing")
    return at
