"""People from a file: first the whole file is checked, then it is applied in chunks while the server serves.

`check_file` changes nothing. `apply_file` reads the same file again and brings the store to what it says, each chunk one
transaction with one audit row: people who are as the file has them get no new revision, so an import that was interrupted
is simply repeated, and repeating it once more changes nothing. Memory is bounded, however long the file is.
"""

import hashlib
import sqlite3
import stat
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from msgspec import Struct
from sqlalchemy import Connection, func, select

from radius.admin import checks
from radius.admin.context import Admin
from radius.admin.csv_lines import Problem
from radius.admin.merge_people import merged, revisions, stored_people, write
from radius.admin.people_file import PeopleFile, Row
from radius.admin.schools import school_named, timezones
from radius.audit.tags import Tag
from radius.errors import OperatorError
from radius.store.bulk import bulk
from radius.store.tables import people

CHUNK = 5_000  # people in one transaction; the store's other writers wait 0.2 s for it
SHOWN = 100  # bad lines told one by one
NAMES_MEMORY = 16 * 1024  # KiB of page cache for the names seen; the rest goes to a temporary file

Progress = Callable[[int], None]
"""Called with the octets of the file that are done."""


class Checked(Struct, frozen=True):
    """A file that was read to its end. `problems` are the first bad lines, `bad` the numbers of all of them; `good` counts
    the other lines, `new` how many of them are people whom the store does not have, `roles` their roles.

    `mark` identifies the file's state, `sha256` its content.
    """

    path: Path
    school: str | None
    shortest: int
    good: int
    new: int
    bad: Sequence[int]
    problems: tuple[Problem, ...]
    roles: dict[str, int]
    sha256: str
    mark: tuple[int, int, int]


class Imported(Struct, frozen=True):
    """What an import did: people added, changed, and found to be as the file has them; lines passed over as bad."""

    added: int
    changed: int
    unchanged: int
    skipped: int


def check_file(
    admin: Admin,
    path: Path,
    school: str | None = None,
    shortest: int = checks.PASSWORD_LENGTH,
    progress: Progress = lambda _: None,
) -> Checked:
    """Read the whole file and find every bad line; the store stays as it is.

    `school` is whose people they are when the file has no such column; `shortest` is the least length of a password.
    Raises OperatorError when the file cannot be read at all, and NotFound for an unknown school.
    """
    mark = _mark(path)
    digest = hashlib.sha256()
    bad, problems, roles = array("Q"), list[Problem](), Counter[str]()
    good = new = 0
    with admin.reading() as connection:
        if school is not None:
            school_named(connection, school)
        file = PeopleFile(path, timezones(connection), school, shortest)
    with _NamesSeen() as names:
        lines = file.read(digest.update)
        while chunk := list(islice(lines, CHUNK)):
            with admin.reading() as connection:
                owners = _owners(connection, [entry.username for entry in chunk if isinstance(entry, Row)])
            for entry in chunk:
                message = entry.message if isinstance(entry, Problem) else _fault(entry, owners, names)
                if message or isinstance(entry, Problem):
                    bad.append(entry.line)
                    if len(problems) < SHOWN:
                        problems.append(Problem(entry.line, message))
                else:
                    good += 1
                    new += entry.username not in owners
                    roles[entry.role or "(as before)"] += 1
            progress(file.octets)
    if _mark(path) != mark:
        raise OperatorError(f"{path} was changed while it was read: wait until it is complete, then try again")
    return Checked(
        path, school, shortest, good, new, bad, tuple(problems), dict(sorted(roles.items())), digest.hexdigest(), mark
    )


def apply_file(
    admin: Admin,
    checked: Checked,
    skip_bad: bool = False,
    progress: Progress = lambda _: None,
    chunk: int = CHUNK,
) -> Imported:
    """Bring the store to what a checked file says. Refused while it has bad lines, unless they are to be skipped.
    `chunk` is how many people go into one transaction.

    Raises OperatorError when the file is no longer the one that was checked; what was applied before that stays.
    """
    if checked.bad and not skip_bad:
        raise OperatorError(f"{checked.path} has {len(checked.bad)} bad lines: mend them, or skip them with --skip-bad")
    if _mark(checked.path) != checked.mark:
        raise OperatorError(f"{checked.path} was changed after it was checked: check it again")
    with admin.reading() as connection:
        file = PeopleFile(checked.path, timezones(connection), checked.school, checked.shortest)
    added = changed = unchanged = 0
    good = _without(file.read(), checked.bad)
    with bulk(admin.engine):
        while rows := list(islice(good, chunk)):
            one, other = _apply(admin, rows, checked.sha256)
            added, changed, unchanged = added + one, changed + other, unchanged + len(rows) - one - other
            progress(file.octets)
    return Imported(added, changed, unchanged, len(checked.bad))


def _apply(admin: Admin, rows: list[Row], sha256: str) -> tuple[int, int]:
    """Apply one chunk; how many people were added and changed.

    What takes time (hashes, seals) is made before the transaction, from a look at the store; the few people whom somebody
    else changed in between are looked at again inside it.
    """
    names = [row.username for row in rows]
    with admin.reading() as connection:
        before = stored_people(connection, names)
    wanted = {row.username: merged(admin.keyring, row, before.get(row.username)) for row in rows}
    if not any(wanted.values()):
        return 0, 0
    with admin.change() as change:
        now = revisions(change.connection, names)
        seen = {name: stored["revision"] for name, stored in before.items()}
        moved = {name for name in names if now.get(name) != seen.get(name)}
        fresh = stored_people(change.connection, list(moved)) if moved else {}
        for row in rows:
            if row.username in moved:
                wanted[row.username] = merged(admin.keyring, row, fresh.get(row.username))
        added, changed = write(change, [values for values in wanted.values() if values is not None])
        change.audit(
            Tag.PEOPLE_IMPORTED,
            "people",
            school=rows[0].school if len({row.school for row in rows}) == 1 else "",
            details={
                "file_sha256": sha256,
                "lines": f"{rows[0].line}-{rows[-1].line}",
                "added": str(added),
                "changed": str(changed),
                "unchanged": str(len(rows) - added - changed),
            },
        )
    return added, changed


def _mark(path: Path) -> tuple[int, int, int]:
    """What differs when the file was written to or replaced."""
    try:
        status = path.stat()
    except OSError as error:
        raise OperatorError(f"{path} cannot be read: {error.strerror}") from None
    if not stat.S_ISREG(status.st_mode):
        raise OperatorError(f"{path} is no file: it is read twice, so save it first")
    return status.st_ino, status.st_size, status.st_mtime_ns


class _Owner(Struct, frozen=True):
    school: str
    provable: bool


def _owners(connection: Connection, names: list[str]) -> dict[str, _Owner]:
    """Of each of these usernames that the store has, the school, and whether there is a proof to keep."""
    proofs = func.length(people.c.verifier) + func.length(people.c.nt) + func.length(people.c.argon2)
    query = select(people.c.username, people.c.school, proofs.label("proofs"))
    query = query.where(people.c.username.in_(names), people.c.removed.is_(False))
    return {row.username: _Owner(row.school, row.proofs > 0) for row in connection.execute(query)}


def _fault(row: Row, owners: dict[str, _Owner], names: "_NamesSeen") -> str:
    """What is wrong with a row that is well-formed by itself; "" for nothing."""
    line = names.first_line(row.username, row.line)
    if line != row.line:
        return f"the username {row.username!r} is in line {line} already"
    owner = owners.get(row.username)
    if owner is not None and owner.school != row.school:
        return f"the username {row.username!r} belongs to {owner.school}: choose another, or erase the person there first"
    if row.password is None and row.nt_hash is None and (owner is None or not owner.provable):
        return f"{row.username!r} has no password yet: fill in password or nt_hash"
    if row.role is None and owner is None:
        return f"{row.username!r} is new: fill in the role ({', '.join(checks.ROLES)} or another)"
    return ""


def _without(entries: Iterator[Row | Problem], bad: Sequence[int]) -> Iterator[Row]:
    """The rows that are not on a bad line; both sequences ascend."""
    at = 0
    for entry in entries:
        if at < len(bad) and bad[at] == entry.line:
            at += 1
        elif isinstance(entry, Problem):
            raise OperatorError(f"line {entry.line}: {entry.message} (this was not so before: check the file again)")
        else:
            yield entry


class _NamesSeen:
    """The usernames of a file and where they were first, in a temporary database that spills to disk: SQLite deletes it."""

    def __enter__(self) -> "_NamesSeen":
        self._store = sqlite3.connect("", isolation_level=None)  # "": private, on disk when the page cache is full
        for statement in (
            f"PRAGMA cache_size=-{NAMES_MEMORY}",
            "PRAGMA journal_mode=OFF",
            "CREATE TABLE seen (name TEXT PRIMARY KEY, line INTEGER) WITHOUT ROWID",
            "BEGIN",
        ):
            self._store.execute(statement)
        return self

    def __exit__(self, *_: object) -> None:
        self._store.close()

    def first_line(self, name: str, line: int) -> int:
        """The line on which `name` was first, which is `line` when this is the first time. 3 us."""
        if self._store.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", (name, line)).rowcount:
            return line
        first: int = self._store.execute("SELECT line FROM seen WHERE name = ?", (name,)).fetchone()[0]
        return first
