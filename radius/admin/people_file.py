"""A CSV file of people: read line by line in bounded memory, each line a Row or a Problem with its number.

The format is in docs/people.md. Nothing here looks at the store; radius.admin.importing does.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from radius.admin import checks
from radius.admin.csv_lines import CsvLines, Problem
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


class PeopleFile:
    """An open CSV file. `timezones` maps each school's name to its time zone; `school` is used when there is no such
    column; `shortest` is the least length of a password. Raises OperatorError when the file as a whole is of no use."""

    def __init__(self, path: Path, timezones: Mapping[str, str], school: str | None, shortest: int) -> None:
        self._path = path
        self._timezones = timezones
        self._school = school
        self._shortest = shortest
        self._lines: CsvLines | None = None

    @property
    def octets(self) -> int:
        """How many octets of the file were read."""
        return self._lines.octets if self._lines else 0

    def read(self, on_octets: Callable[[bytes], None] = lambda _: None) -> Iterator[Row | Problem]:
        """Every line but the header and blank ones. `on_octets` is called with each line's octets (for a digest)."""
        try:
            with self._path.open("rb", buffering=1 << 20) as file:
                yield from self._rows(file, on_octets)
        except OSError as error:
            raise OperatorError(f"{self._path} cannot be read: {error.strerror}") from None

    def _rows(self, file: BinaryIO, on_octets: Callable[[bytes], None]) -> Iterator[Row | Problem]:
        self._lines = CsvLines(file, str(self._path), on_octets)
        places = self._header(self._lines.header)
        for entry in self._lines.rows():
            if isinstance(entry, Problem):
                yield entry
                continue
            line, fields = entry
            try:
                values = [None if at == ABSENT else fields[at] for at in places]
                yield read_row(line, values, self._timezones, self._school, self._shortest)
            except OperatorError as error:
                yield Problem(line, str(error))

    def _header(self, names: Collection[str]) -> tuple[int, ...]:
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
        return tuple(place.get(name, ABSENT) for name in COLUMNS)


def read_row(
    line: int, values: Sequence[str | None], timezones: Mapping[str, str], default_school: str | None, shortest: int
) -> Row:
    """The Row of one line's `values`, in the order of COLUMNS, None for a column that is not there. Raises OperatorError."""
    username, password, nt_hash, display_name, school, role, groups, valid_from, valid_until, disabled = values
    school = (school or "").strip() or default_school or ""
    timezone = timezones.get(school)
    if timezone is None:
        raise OperatorError(f"there is no school {school!r}; {checks.near(school, timezones, 'schools')}")
    username = checks.username((username or "").strip())
    nt_hash = (nt_hash or "").strip()
    if password and nt_hash:
        raise OperatorError("has both a password and an nt_hash: leave one of them empty")
    return Row(
        line,
        username,
        school,
        checks.role(role.strip()) if role and role.strip() else None,
        _groups(groups) if groups is not None else None,
        checks.line(display_name.strip(), "the display_name") if display_name is not None else None,
        checks.first_moment(valid_from.strip(), timezone) if valid_from is not None else None,
        checks.last_moment(valid_until.strip(), timezone) if valid_until is not None else None,
        _flag(disabled) if disabled is not None else None,
        Secret(checks.password(Secret(password), shortest)) if password else None,
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
