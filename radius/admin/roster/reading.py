"""A roster file into the staging database: what every kind of file shares. The kinds are in plain.py and oneroster.py."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from enum import StrEnum

from msgspec import Struct

from radius.admin import checks
from radius.admin.csv_lines import Problem as BadLine
from radius.admin.roster.container import Table
from radius.admin.roster.staging import Staging
from radius.errors import OperatorError

MAX_ID = 255  # characters
_ROMAN = dict(
    zip(["i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii"], map(str, range(1, 13)), strict=True)
)


class Extent(StrEnum):
    """What it means that something is not in a table (OneRoster CSV binding, section on the manifest)."""

    BULK = "bulk"  # it is no more
    DELTA = "delta"  # nothing: the table has only what changed
    ABSENT = "absent"  # nothing: there is no such table


class Known(Struct, frozen=True):
    """What the store says before the file is read. `schools` are the time zones by short name, `mapped` the short names by
    the roster's ids of earlier imports, `named` those that the operator gave now."""

    schools: Mapping[str, str]
    mapped: Mapping[str, str]
    named: Mapping[str, str]
    default_school: str | None
    shortest: int


class Read(Struct, frozen=True):
    """What was read: the kind of file, and of each of schools, terms, classes, people, roles and enrolments its extent."""

    kind: str
    extents: Mapping[str, Extent]
    notes: tuple[str, ...] = ()


def each_line(staging: Staging, name: str, table: Table, take: Callable[[int, list[str]], None]) -> None:
    """Hand every row of a table to `take`; what it refuses is a problem of that line."""
    staging.names[name] = table.name
    for entry in table.lines():
        if isinstance(entry, BadLine):
            staging.problem(name, entry.line, entry.message)
            continue
        line, fields = entry
        try:
            take(line, fields)
        except OperatorError as error:
            staging.problem(name, line, str(error))


def identifier(text: str, column: str) -> str:
    """An id of the roster's own: any printable text that is not too long."""
    text = text.strip()
    if not text or len(text) > MAX_ID or not text.isprintable():
        raise OperatorError(f"column {column}: an id must have 1 to {MAX_ID} printable characters, not {text!r}")
    return text


def day(text: str, column: str) -> str:
    """A day as 2026-09-01; "" stays. Also taken as 1.9.2026, as Serbian spreadsheets write it."""
    text = text.strip().rstrip(".")
    if not text:
        return ""
    parts = text.split(".")
    try:
        if len(parts) == 3:
            return date(int(parts[2]), int(parts[1]), int(parts[0])).isoformat()
        return date.fromisoformat(text[:10] if "T" in text else text).isoformat()
    except ValueError:
        raise OperatorError(f"column {column}: {text!r} is not a day: write it as 2026-09-01") from None


def day_after(text: str) -> str:
    """The next day; "" stays."""
    return (date.fromisoformat(text) + timedelta(days=1)).isoformat() if text else ""


def class_name(text: str, column: str) -> str:
    """A class's name as it stands in its group: one line of at most 64 characters, without '/' and '|'."""
    text = " ".join(text.split())
    if not text:
        raise OperatorError(f"column {column}: the class has no name")
    return checks.line(text.replace("/", "-").replace("|", "-"), f"column {column}: the class", 64)


def grade(text: str) -> str:
    """A grade as its group has it: 8 for `08`, `8` and `VIII`; "" for what is none."""
    text = text.strip().lower().rstrip(".")
    text = _ROMAN.get(text, text).lstrip("0")
    return text if text.isascii() and text.isalnum() else ""


def split(text: str, separators: str = "|,") -> Iterator[str]:
    """The parts of a field that holds several, without the empty ones."""
    for separator in separators[1:]:
        text = text.replace(separator, separators[0])
    return (part.strip() for part in text.split(separators[0]) if part.strip())
