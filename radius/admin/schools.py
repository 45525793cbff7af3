"""Schools: added, listed, their VLAN names mapped to their own ids, their calendars set."""

from collections.abc import Iterable, Mapping
from typing import cast

from sqlalchemy import Connection, insert, select, update

from policies.calendar import parse as parse_calendar
from policies.parse_grant import NAME
from policies.rule import NATIONAL
from radius.admin import checks
from radius.admin.context import Admin
from radius.audit.tags import Tag
from radius.errors import NotFound, OperatorError
from radius.store.records import SchoolRecord
from radius.store.tables import schools

LANGUAGES = ("en", "sr-Cyrl", "sr-Latn")
VLAN_IDS = range(1, 4095)  # IEEE 802.1Q: 0 and 4095 are reserved
MAX_VLANS = 256
MAX_CALENDAR = 65_536  # characters

_COLUMNS = (
    schools.c.name,
    schools.c.title,
    schools.c.timezone,
    schools.c.language,
    schools.c.tags,
    schools.c.vlans,
    schools.c.calendar,
)


def add_school(
    admin: Admin,
    name: str,
    title: str,
    timezone: str = "Europe/Belgrade",
    language: str = "sr-Cyrl",
    tags: Iterable[str] = (),
) -> SchoolRecord:
    """Add a school. `timezone` is an IANA name; `tags` are short names that rules may ask for (a region, a project)."""
    checks.slug(name, "the school")
    if name == NATIONAL:
        raise OperatorError(f"'{NATIONAL}' is the scope of the rules for all schools: choose another short name")
    checks.timezone(timezone)
    if language not in LANGUAGES:
        raise OperatorError(f"there is no language {language!r}; the languages are: {', '.join(LANGUAGES)}")
    title = checks.line(title.strip(), "the title") or name
    record = SchoolRecord(name, title, timezone, language, tuple(sorted({checks.slug(tag, "the tag") for tag in tags})), {}, "")
    row = {
        "title": record.title,
        "timezone": timezone,
        "language": language,
        "tags": list(record.tags),
        "vlans": {},
        "calendar": "",
        "removed": False,
    }
    with admin.change() as change:
        found = change.connection.execute(select(schools.c.removed).where(schools.c.name == name)).scalar_one_or_none()
        if found is False:
            raise OperatorError(f"there is a school {name!r} already")
        statement = insert(schools) if found is None else update(schools).where(schools.c.name == name)
        change.connection.execute(statement.values(name=name, revision=change.revision, **row))
        change.audit(
            Tag.SCHOOL_ADDED,
            f"school {name}",
            school=name,
            details={"title": title, "timezone": timezone, "language": language, "tags": ", ".join(record.tags)},
        )
    return record


def list_schools(admin: Admin) -> list[SchoolRecord]:
    """Every school, by name."""
    with admin.reading() as connection:
        rows = connection.execute(select(*_COLUMNS).where(schools.c.removed.is_(False)).order_by(schools.c.name))
        return [_record(row) for row in rows]


def school_named(connection: Connection, name: str) -> SchoolRecord:
    """The school of that name. Raises NotFound, naming the schools that look like it."""
    row = connection.execute(select(*_COLUMNS).where(schools.c.name == name, schools.c.removed.is_(False))).first()
    if row is not None:
        return _record(row)
    raise NotFound(f"there is no school {name!r}; {checks.near(name, timezones(connection), 'schools')}")


def get_school(admin: Admin, name: str) -> SchoolRecord:
    """The school of that name. Raises NotFound."""
    with admin.reading() as connection:
        return school_named(connection, name)


def timezones(connection: Connection) -> dict[str, str]:
    """Each school's time zone by its name."""
    rows = connection.execute(select(schools.c.name, schools.c.timezone).where(schools.c.removed.is_(False)))
    return {row.name: row.timezone for row in rows}


def map_vlan(admin: Admin, school: str, vlan: str, number: int) -> SchoolRecord:
    """Let the VLAN name `vlan` mean the id `number` in this school, instead of what it meant before."""
    if not NAME.fullmatch(vlan):
        raise OperatorError(f"the VLAN name {vlan!r} must be at most 63 of a-z, 0-9, '-' and '_'")
    if number not in VLAN_IDS:
        raise OperatorError(f"{number} is no VLAN id: it must be 1 to 4094")
    with admin.change() as change:
        record = school_named(change.connection, school)
        if vlan not in record.vlans and len(record.vlans) >= MAX_VLANS:
            raise OperatorError(f"{school} maps {MAX_VLANS} VLAN names already: remove one first")
        vlans = {**record.vlans, vlan: number}
        change.connection.execute(update(schools).where(schools.c.name == school).values(vlans=vlans, revision=change.revision))
        change.audit(
            Tag.SCHOOL_CHANGED,
            f"school {school}",
            school=school,
            details={"vlan": vlan, "id": str(number), "before": str(record.vlans.get(vlan, ""))},
        )
    return _with_vlans(record, vlans)


def unmap_vlan(admin: Admin, school: str, vlan: str) -> SchoolRecord:
    """Take the VLAN name away: a grant that names it is refused there from now on. Raises NotFound."""
    with admin.change() as change:
        record = school_named(change.connection, school)
        if vlan not in record.vlans:
            raise NotFound(f"{school} maps no VLAN name {vlan!r}; {checks.near(vlan, record.vlans, 'names')}")
        vlans = {name: number for name, number in record.vlans.items() if name != vlan}
        change.connection.execute(update(schools).where(schools.c.name == school).values(vlans=vlans, revision=change.revision))
        details = {"vlan": vlan, "id": "", "before": str(record.vlans[vlan])}
        change.audit(Tag.SCHOOL_CHANGED, f"school {school}", school=school, details=details)
    return _with_vlans(record, vlans)


def set_calendar(admin: Admin, school: str, text: str) -> None:
    """Set the school's calendar from TOML (terms, holidays, bells); "" for none. Raises OperatorError with the place."""
    if len(text) > MAX_CALENDAR:
        raise OperatorError(f"the calendar is longer than {MAX_CALENDAR} characters: split the years")
    with admin.change() as change:
        record = school_named(change.connection, school)
        try:
            parse_calendar(text, record.timezone)
        except ValueError as error:
            raise OperatorError(f"the calendar of {school} cannot be used: {error}") from None
        change.connection.execute(
            update(schools).where(schools.c.name == school).values(calendar=text, revision=change.revision)
        )
        details = {"calendar": "set" if text.strip() else "none"}
        change.audit(Tag.SCHOOL_CHANGED, f"school {school}", school=school, details=details)


def _with_vlans(record: SchoolRecord, vlans: dict[str, int]) -> SchoolRecord:
    return SchoolRecord(record.name, record.title, record.timezone, record.language, record.tags, vlans, record.calendar)


def _record(row: object) -> SchoolRecord:
    name, title, timezone, language, tags, vlans, calendar = cast(
        "tuple[str, str, str, str, list[str], Mapping[str, int], str]", row
    )
    return SchoolRecord(name, title, timezone, language, tuple(tags), dict(vlans), calendar)
