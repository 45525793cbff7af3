"""What a roster file says, in a private database beside the store until all of it is known to be good.

It is SQLite's own temporary database: in memory until the page cache is full, then in a file that has no name. Passwords
in it are sealed under a key that lives as long as the import. `gone` marks what is to be removed, `known` what was not in
the file and was added from the store (radius.admin.roster.overlay), so that both kinds are worked on alike.

Days are texts as 2026-09-01; `end` is the first day that does not count any more; "" is unbounded.
"""

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Struct

from radius.secret import Secret

CACHE_KIB = 65_536
AT_ONCE = 2_000  # rows written together
SHOWN = 100  # problems told one by one

_SCHEMA = """
CREATE TABLE schools (id TEXT, line INT, gone INT, known INT, short TEXT, title TEXT, timezone TEXT, language TEXT, tags TEXT);
CREATE TABLE terms (id TEXT, line INT, gone INT, known INT, title TEXT, first TEXT, "end" TEXT);
CREATE TABLE courses (id TEXT, line INT, gone INT, known INT);
CREATE TABLE classes (id TEXT, line INT, gone INT, known INT, school TEXT, name TEXT, terms TEXT, course TEXT);
CREATE TABLE people (id TEXT, line INT, gone INT, known INT, username TEXT, body BLOB, secret BLOB, touched INT DEFAULT 0);
CREATE TABLE members (person TEXT, kind INT, id TEXT, line INT, gone INT, known INT, target TEXT, role TEXT, main INT,
                      first TEXT, "end" TEXT);
"""
_INDEXES = """
CREATE INDEX schools_id ON schools (id);
CREATE INDEX terms_id ON terms (id);
CREATE INDEX courses_id ON courses (id);
CREATE INDEX classes_id ON classes (id);
CREATE INDEX people_id ON people (id);
CREATE INDEX people_username ON people (username);
CREATE INDEX members_person ON members (person, kind, id);
CREATE INDEX members_id ON members (kind, id);
"""
_PEOPLE = "SELECT id, line, gone, known, username, body, secret FROM people ORDER BY id"
_PEOPLE_TOUCHED = "SELECT id, line, gone, known, username, body, secret FROM people WHERE touched ORDER BY id"
_MEMBERS = """
SELECT m.person, m.kind, m.id, m.target, m.role, m.main, m.first, m.end, c.school, c.name, c.terms
FROM members m LEFT JOIN classes c ON m.kind = 1 AND c.id = m.target AND NOT c.gone
WHERE NOT m.gone ORDER BY m.person, m.kind, m.id
"""
_MEMBERS_TOUCHED = _MEMBERS.replace("NOT m.gone", "NOT m.gone AND m.person IN (SELECT id FROM people WHERE touched)")


class Kind(IntEnum):
    """What a membership is in: a school with a role (OneRoster's roles), or a class (its enrollments)."""

    ROLE = 0
    CLASS = 1


class Member(Struct, frozen=True):
    """A person's place in a school or class, as the file or the store has it."""

    kind: int
    id: str
    target: str
    role: str
    main: bool
    first: str
    end: str


class Place(Struct, frozen=True):
    """A membership with what its class is: the id of the class's school, its name and its terms (JSON); "" for a role."""

    member: Member
    school: str
    name: str
    terms: str


class Said(Struct, frozen=True, array_like=True):
    """What the file says of one person beside her name; None where it says nothing. Times are seconds since the epoch."""

    school: str | None = None
    role: str | None = None
    groups: tuple[str, ...] | None = None
    display_name: str | None = None
    valid_from: float | None = None
    valid_until: float | None = None
    disabled: bool | None = None
    grades: tuple[str, ...] | None = None
    main_school: str | None = None


class StagedPerson(Struct, frozen=True):
    """A person of the file. `line` is where; `secret` is her first password or NT hash."""

    id: str
    line: int
    gone: bool
    known: bool
    username: str
    said: Said
    password: Secret | None
    nt_hash: Secret | None


class Problem(Struct, frozen=True):
    """Something in the file that keeps it from being imported: where it is, and how to mend it."""

    place: str
    message: str


_decode = msgspec.msgpack.Decoder(Said).decode


class Staging:
    """The private database of one import. Use it as a context manager."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.problems: list[Problem] = []
        self.bad = 0
        self._waiting: dict[str, list[Sequence[object]]] = {}
        self._key = AESGCM(os.urandom(32))

    def __enter__(self) -> "Staging":
        self.sql = sqlite3.connect("", isolation_level=None)  # "": private, on disk when the page cache is full
        for statement in (f"PRAGMA cache_size=-{CACHE_KIB}", "PRAGMA journal_mode=OFF", "PRAGMA synchronous=OFF"):
            self.sql.execute(statement)
        self.sql.executescript(_SCHEMA)
        self.sql.execute("BEGIN")
        return self

    def __exit__(self, *_: object) -> None:
        self.sql.close()

    def problem(self, table: str, line: int, message: str) -> None:
        """Count a problem, and keep its words while there are few. `table` is a table of this database, or a file's name."""
        self.bad += 1
        if len(self.problems) < SHOWN:
            place = self.names.get(table, table)
            self.problems.append(Problem(f"{place}, line {line}" if line else place, message))

    def put(self, table: str, *row: object) -> None:
        """Add a row, its values in the order of the columns."""
        waiting = self._waiting.setdefault(table, [])
        waiting.append(row)
        if len(waiting) >= AT_ONCE:
            self._flush(table)

    def put_person(
        self, id_: str, line: int, username: str, said: Said, *, gone: bool = False, known: bool = False, secret: bytes = b""
    ) -> None:
        """Add a person; `secret` is "p" and the canonical password, or "n" and the NT hash."""
        sealed = b""
        if secret:
            nonce = os.urandom(12)
            sealed = nonce + self._key.encrypt(nonce, secret, None)
        self.put("people", id_, line, gone, known, username, msgspec.msgpack.encode(said), sealed, 0)

    def finish_reading(self) -> None:
        """Everything was put: make it searchable, and find what is there twice."""
        for table in list(self._waiting):
            self._flush(table)
        self.sql.executescript(_INDEXES)
        self.sql.execute("BEGIN")
        for table, key in (("schools", "id"), ("terms", "id"), ("courses", "id"), ("classes", "id"), ("people", "id")):
            self._twice(table, key, "the id")
        self._twice("people", "username", "the username", "WHERE NOT gone AND username != ''")
        self._twice("members", "kind, id", "the id")

    def flush(self) -> None:
        """Write what waits."""
        for table in list(self._waiting):
            self._flush(table)

    def people(self, *, touched: bool = False) -> Iterator[tuple[StagedPerson, list[Place]]]:
        """Every person in the order of ids, or each who is marked by `touch`, with her memberships that stay."""
        members = self.sql.execute(_MEMBERS_TOUCHED if touched else _MEMBERS)
        row = next(members, None)
        people = self.sql.execute(_PEOPLE_TOUCHED if touched else _PEOPLE)
        for id_, line, gone, known, username, body, secret in people:
            own: list[Place] = []
            while row is not None and row[0] < id_:
                row = next(members, None)
            while row is not None and row[0] == id_:
                if row[1] == Kind.ROLE or row[8] is not None:
                    member = Member(row[1], row[2], row[3], row[4], bool(row[5]), row[6], row[7])
                    own.append(Place(member, row[8] or "", row[9] or "", row[10] or ""))
                row = next(members, None)
            password, nt_hash = self._secrets(secret)
            yield StagedPerson(id_, line, bool(gone), bool(known), username, _decode(body), password, nt_hash), own

    def touch(self, ids: Iterable[str]) -> None:
        """Mark people whom applying has something to do for."""
        self.sql.executemany("UPDATE people SET touched = 1 WHERE id = ?", [(each,) for each in ids])

    def staying(self, ids: Sequence[str]) -> set[str]:
        """Those of these people whom the file has and who are not to be removed."""
        found: set[str] = set()
        for start in range(0, len(ids), 500):
            some = ids[start : start + 500]
            marks = ",".join("?" * len(some))
            found |= {row[0] for row in self.sql.execute(f"SELECT id FROM people WHERE NOT gone AND id IN ({marks})", some)}  # noqa: S608
        return found

    def _secrets(self, sealed: bytes) -> tuple[Secret | None, Secret | None]:
        if not sealed:
            return None, None
        plain = self._key.decrypt(sealed[:12], sealed[12:], None)
        return (Secret(plain[1:]), None) if plain[:1] == b"p" else (None, Secret(plain[1:]))

    def _flush(self, table: str) -> None:
        rows = self._waiting.pop(table, [])
        if rows:
            self.sql.executemany(f"INSERT INTO {table} VALUES ({','.join('?' * len(rows[0]))})", rows)  # noqa: S608

    def _twice(self, table: str, key: str, what: str, where: str = "") -> None:
        value = key.rpartition(" ")[2]
        twice = f"SELECT {value}, min(line), max(line) FROM {table} {where} GROUP BY {key} HAVING count(*) > 1 ORDER BY 2"  # noqa: S608
        for text, first, last in self.sql.execute(twice):
            self.problem(table, last, f"{what} {text!r} is in line {first} already")
