"""A CSV file of people: read line by line in bounded memory, each line a Row or a Problem with its number.

The format is in docs/people.md. Nothing here looks at the store; radius.admin.importing does.
"""

import csv
from array import array
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from radius.admin import checks
from radius.errors import OperatorError
from radius.secret import Secret

COLUMNS = (
    "username",
    "password",
    "nt_hash",
    "display_name",
    "school",
    "role",
    "groups",
    "valid_from",
    "valid_until",
    "disabled",
)
MAX_LINE = 65_536  # octets
ABSENT = -1  # of a column that the file does not have
FALSE = frozenset({"", "0", "false", "no", "ne", "не"})
TRUE = frozenset({"1", "true", "yes", "da", "да"})


class Row(Struct, frozen=True):
    """One person as the file has her. None means that the file does not say (no such column, or no credential): what the
    store has is kept. Times are seconds since the epoch, 0 for unbounded."""

    line: int
    username: str
    school: str
    role: str | None
    groups: tuple[str, ...] | None
    display_name: str | None
    valid_from: float | None
    valid_until: float | None
    disabled: bool | None
    password: Secret | None
    nt_hash: Secret | None


class Problem(Struct, frozen=True):
    """Why a line cannot be taken; the message has no password in it."""

    line: int
    message: str


class _Places(Struct, frozen=True):
    """Where each of COLUMNS is in a row of `width` fields."""

    width: int
    at: tuple[int, ...]


class PeopleFile:
    """An open CSV file. `timezones` maps each school's name to its time zone; `school` is used when there is no such
    column; `shortest` is the least length of a password. Raises OperatorError when the file as a whole is of no use."""

    def __init__(self, path: Path, timezones: Mapping[str, str], school: str | None, shortest: int) -> None:
        self._path = path
        self._timezones = timezones
        self._school = school
        self._shortest = shortest
        self._line = 0
        self.octets = 0
        self._bad_octets = array("Q")  # lines that are not UTF-8; the few that are waiting to be parsed

    def read(self, on_octets: Callable[[bytes], None] = lambda _: None) -> Iterator[Row | Problem]:
        """Every line but the header and blank ones. `on_octets` is called with each line's octets (for a digest)."""
        try:
            with self._path.open("rb", buffering=1 << 20) as file:
                yield from self._rows(file, on_octets)
        except OSError as error:
            raise OperatorError(f"{self._path} cannot be read: {error.strerror}") from None

    def _rows(self, file: BinaryIO, on_octets: Callable[[bytes], None]) -> Iterator[Row | Problem]:
        lines = self._lines(file, on_octets)
        header = next(lines, "").removeprefix("\ufeff")
        if self._bad_octets:
            raise OperatorError(f"{self._path}, line 1: is not UTF-8; save the file as 'CSV UTF-8'")
        delimiter = ";" if header.count(";") > header.count(",") else ","
        places = self._header(next(csv.reader([header], delimiter=delimiter), []))
        rows = csv.reader(lines, delimiter=delimiter, strict=True)
        while True:
            first = self._line + 1
            try:
                fields = next(rows)
            except StopIteration:
                return
            except csv.Error as error:
                yield Problem(first, f"is not valid CSV ({error}): put a field with quotes, separators or line ends in quotes")
                continue
            if not fields:
                continue
            if self._bad_octets and self._forget_bad(self._line):
                yield Problem(first, "is not UTF-8; save the file as 'CSV UTF-8'")
            elif len(fields) != places.width:
                yield Problem(first, f"has {len(fields)} fields where the header has {places.width}")
            else:
                try:
                    yield self._row(first, [*fields, None], places.at)
                except OperatorError as error:
                    yield Problem(first, str(error))

    def _lines(self, file: BinaryIO, on_octets: Callable[[bytes], None]) -> Iterator[str]:
        while octets := file.readline(MAX_LINE):
            self._line += 1
            self.octets += len(octets)
            if len(octets) == MAX_LINE:
                raise OperatorError(f"{self._path}, line {self._line}: is longer than {MAX_LINE} octets; is this a CSV file?")
            on_octets(octets)
            try:
                yield octets.decode()
            except UnicodeDecodeError:
                self._bad_octets.append(self._line)
                yield octets.decode(errors="replace")

    def _forget_bad(self, last: int) -> bool:
        """Whether one of the lines up to `last`, those of the row just parsed, was not UTF-8."""
        found = any(number <= last for number in self._bad_octets)
        del self._bad_octets[:]
        return found

    def _header(self, names: Collection[str]) -> _Places:
        place: dict[str, int] = {}
        for position, text in enumerate(names):
            name = text.strip().lower()
            if name not in COLUMNS:
                raise OperatorError(
                    f"{self._path}, line 1: there is no column {name!r}; {checks.near(name, COLUMNS, 'columns')}"
                )
            if name in place:
                raise OperatorError(f"{self._path}, line 1: the column {name!r} is there twice")
            place[name] = position
        if "username" not in place:
            raise OperatorError(f"{self._path}, line 1: must name the columns, username among them: {', '.join(COLUMNS)}")
        if "school" not in place and self._school is None:
            raise OperatorError(f"{self._path}, line 1: has no column 'school': add it, or name the school with --school")
        return _Places(len(names), tuple(place.get(name, ABSENT) for name in COLUMNS))

    def _row(self, number: int, fields: Sequence[str | None], places: tuple[int, ...]) -> Row:
        """`fields` have None behind the last one, where the places of absent columns point."""
        username, password, nt_hash, display_name, school, role, groups, valid_from, valid_until, disabled = [
            fields[place] for place in places
        ]
        school = (school or "").strip() or self._school or ""
        timezone = self._timezones.get(school)
        if timezone is None:
            raise OperatorError(f"there is no school {school!r}; {checks.near(school, self._timezones, 'schools')}")
        username = checks.username((username or "").strip())
        nt_hash = (nt_hash or "").strip()
        if password and nt_hash:
            raise OperatorError("has both a password and an nt_hash: leave one of them empty")
        return Row(
            number,
            username,
            school,
            checks.role(role.strip()) if role and role.strip() else None,
            _groups(groups) if groups is not None else None,
            checks.line(display_name.strip(), "the display_name") if display_name is not None else None,
            checks.first_moment(valid_from.strip(), timezone) if valid_from is not None else None,
            checks.last_moment(valid_until.strip(), timezone) if valid_until is not None else None,
            _flag(disabled) if disabled is not None else None,
            Secret(checks.password(Secret(password), self._shortest)) if password else None,
            _nt_hash(nt_hash) if nt_hash else None,
        )


@lru_cache(maxsize=4096)
def _groups(text: str) -> tuple[str, ...]:
    return checks.groups(tuple(text.split("|")))


def _flag(text: str) -> bool:
    word = text.strip().lower()
    if word not in FALSE and word not in TRUE:
        raise OperatorError(f"disabled must be yes or no, not {text!r}")
    return word in TRUE


def _nt_hash(text: str) -> Secret:
    try:
        octets = bytes.fromhex(text.strip())
    except ValueError:
        octets = b""
    if len(octets) != 16:
        raise OperatorError("nt_hash must be 32 hexadecimal digits")
    return Secret(octets)
