"""A set of people as the roster has them beside the same people as the store has them: what would change about each."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from hashlib import blake2b
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, RowMapping, select

from radius.admin.merge_people import Rostered, Values, left, merged
from radius.admin.people import COLUMNS, Stored
from radius.admin.people_file import Row
from radius.admin.roster.enrolled import Standing, Surroundings, standing
from radius.admin.roster.staging import Member, Place, StagedPerson
from radius.errors import OperatorError
from radius.store.keyring import Keyring
from radius.store.tables import people, roster_members

Pair = tuple[StagedPerson, list[Place]]


_encode = msgspec.msgpack.Encoder().encode


class What(StrEnum):
    """What happens to a person."""

    ADDED = "added"
    CHANGED = "changed"
    RETURNED = "returned"
    LEFT = "left"
    UNCHANGED = "unchanged"
    PASSED_OVER = "passed over"


class Outcome(Struct, frozen=True):
    """What happens to one person: her row as it shall be (None: as it is), memberships that end, change and begin. `school` and
    `role` are those that she has afterwards, or had before she left; `fields` what differs; `classless` whether she loses all
    her groups of classes."""

    what: What
    id: str
    username: str
    school: str
    role: str
    fields: tuple[str, ...] = ()
    before: Stored | None = None
    values: Values | None = None
    ended: Sequence[Member] = ()
    begun: Sequence[Member] = ()
    classless: bool = False

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to write."""
        return self.values is None and not self.ended and not self.begun


class Comparison:
    """Compares sets of people of one roster."""

    def __init__(self, keyring: Keyring, roster: str, around: Surroundings, now: float) -> None:
        self._keyring = keyring
        self._roster = roster
        self._around = around
        self._now = now

    def compare(self, connection: Connection, pairs: Sequence[Pair], dry: bool) -> Iterable[Outcome | tuple[int, str]]:
        """What happens to each; (line, message) for somebody who cannot be. With `dry` no new person's password is hashed,
        so `values` of somebody new are only good for looking at."""
        digests = {person.id: self._digest(person, places) for person, places in pairs}
        same = self._same_as_last_time(connection, pairs, digests)
        yield from same.values()
        pairs = [pair for pair in pairs if pair[0].id not in same]
        if not pairs:
            return
        before = stored_by_id(connection, self._roster, [person.id for person, _ in pairs])
        names = {
            person.username: person.id
            for person, _ in pairs
            if not person.gone and (person.id not in before or before[person.id]["username"] != person.username)
        }
        holders = _holders(connection, list(names))
        members = _members(connection, self._roster, list(before))
        for person, places in pairs:
            own = before.get(person.id)
            try:
                if own is None and not person.gone and person.username in holders:
                    own = self._adopted(person, places, holders[person.username])
                elif own is not None and person.username in holders and not person.gone:
                    raise OperatorError(_taken(holders[person.username]))
                yield self._outcome(person, places, own, members.get(person.id, ()), digests[person.id], dry)
            except OperatorError as error:
                yield person.line, f"{person.username or person.id!r}: {error}"

    def _digest(self, person: StagedPerson, places: Sequence[Place]) -> bytes:
        """Of all that the file says of her and all that this depends on; empty when it does not say all."""
        if person.gone or person.known:
            return b""
        around = self._around
        parts = [
            (
                member.kind,
                member.id,
                member.target,
                member.role,
                member.main,
                member.first,
                member.end,
                place.name,
                around.described(place.school or member.target, place.terms),
            )
            for place in places
            for member in (place.member,)
        ]
        return blake2b(_encode((person.id, person.username, person.said_octets, parts)), digest_size=16).digest()

    def _same_as_last_time(
        self, connection: Connection, pairs: Sequence[Pair], digests: Mapping[str, bytes]
    ) -> dict[str, Outcome]:
        """Those of whom the file says what it said when they were last written, and whom nobody enabled or disabled since."""
        columns = (people.c.roster_id, people.c.roster_digest, people.c.disabled, people.c.barred, people.c.left_at)
        ids = [person.id for person, _ in pairs if digests[person.id]]
        if not ids:
            return {}
        query = select(*columns).where(people.c.roster == self._roster, people.c.roster_id.in_(ids))
        stored = {row[0]: row for row in connection.execute(query).all()}
        same = {}
        for person, _ in pairs:
            row = stored.get(person.id)
            if row is None or row[1] != digests[person.id] or row[4]:
                continue
            if (person.said.disabled and not row[2]) or (not person.said.disabled and row[3]):
                continue
            same[person.id] = Outcome(What.UNCHANGED, person.id, person.username, "", "")
        return same

    def _adopted(self, person: StagedPerson, places: Sequence[Place], holder: RowMapping) -> RowMapping:
        """Somebody who was there before the roster, at the same school, is taken into it."""
        wanted = standing(self._around, person.said, {}, places)
        if holder["roster"] or wanted is None or wanted.school != holder["school"]:
            raise OperatorError(_taken(holder))
        return holder

    def _outcome(
        self,
        person: StagedPerson,
        places: Sequence[Place],
        own: RowMapping | None,
        stored: Iterable[Member],
        digest: bytes,
        dry: bool,
    ) -> Outcome:
        wanted = None if person.gone else standing(self._around, person.said, own["roster_facts"] if own else {}, places)
        ended, begun = _differing(stored, [place.member for place in places])
        if wanted is None:
            if own is None:
                return Outcome(What.PASSED_OVER, person.id, person.username, "", "")
            values = left(own, self.gone(person.id))
            what = What.UNCHANGED if own["left_at"] else What.LEFT
            return Outcome(
                what, person.id, own["username"], own["school"], own["role"], (), own, values, ended, begun, _loses(own, [])
            )
        out = own["barred"] if person.known and own is not None else bool(person.said.disabled)
        rostered = Rostered(self._roster, person.id, wanted.enrolled, wanted.facts, digest, out)
        username = own["username"] if person.known and own is not None else person.username
        row = _row(person, username, wanted)
        if own is None:
            if not username:
                raise OperatorError("has no username: give one")
            if wanted.role is None:
                raise OperatorError("is new: fill in the role (student, staff, guest or another)")
            made = {} if dry else merged(self._keyring, row, None, rostered)
            return Outcome(What.ADDED, person.id, username, wanted.school, wanted.role, (), None, made, ended, begun)
        values = merged(self._keyring, row, own, rostered)
        if values is None:
            return Outcome(What.UNCHANGED, person.id, username, own["school"], own["role"], (), own, None, ended, begun)
        what = What.RETURNED if own["left_at"] else What.CHANGED
        fields = tuple(sorted(name for name in values if values[name] != own[name]))
        classless = _loses(own, wanted.enrolled)
        return Outcome(
            what, person.id, username, values["school"], values["role"], fields, own, values, ended, begun, classless
        )

    def gone(self, id_: str) -> Rostered:
        """What the roster says of somebody who is in it no more."""
        return Rostered(self._roster, id_, [], {}, out=True, left_at=self._now)


def stored_by_id(connection: Connection, roster: str, ids: Sequence[str]) -> dict[str, RowMapping]:
    """The roster's people with these ids whom the store has."""
    query = select(*COLUMNS).where(people.c.roster == roster, people.c.roster_id.in_(ids))
    return {row["roster_id"]: row for row in connection.execute(query).mappings().all()}


def _holders(connection: Connection, names: Sequence[str]) -> dict[str, RowMapping]:
    query = select(*COLUMNS).where(people.c.username.in_(names), people.c.removed.is_(False))
    return {row["username"]: row for row in connection.execute(query).mappings().all()} if names else {}


def _members(connection: Connection, roster: str, ids: Sequence[str]) -> dict[str, list[Member]]:
    table = roster_members
    columns = (table.c.kind, table.c.id, table.c.target, table.c.role, table.c.main, table.c.first, table.c.end)
    found: dict[str, list[Member]] = {}
    if ids:
        query = select(table.c.person, *columns).where(table.c.roster == roster, table.c.person.in_(ids))
        for person, *rest in connection.execute(query).all():
            found.setdefault(person, []).append(Member(*rest))
    return found


def _differing(stored: Iterable[Member], wanted: Sequence[Member]) -> tuple[list[Member], list[Member]]:
    """Memberships that are no more, and those that begin; one that changed is both."""
    remaining = {(member.kind, member.id): member for member in stored}
    begun = []
    for member in wanted:
        if remaining.get((member.kind, member.id)) == member:
            del remaining[member.kind, member.id]
        else:
            begun.append(member)
    return list(remaining.values()), begun


def _row(person: StagedPerson, username: str, wanted: Standing) -> Row:
    said = person.said
    return Row(
        person.line,
        username,
        wanted.school,
        wanted.role,
        said.groups,
        said.display_name,
        wanted.valid_from,
        wanted.valid_until,
        None,
        person.password,
        person.nt_hash,
    )


def _taken(holder: Stored) -> str:
    whose = f"somebody of {holder['school']}"
    if holder["roster"]:
        whose += f" ({holder['roster_id']} in roster {holder['roster']!r}{', who left' if holder['left_at'] else ''})"
    return f"the username belongs to {whose}: give another, or erase that one first with 'kapija user erase'"


def _loses(own: Stored, enrolled: Sequence[Sequence[Any]]) -> bool:
    def of_classes(spans: Iterable[Sequence[Any]]) -> bool:
        return any(str(span[0]).startswith(("class:", "teaches:")) for span in spans)

    return of_classes(own["enrolled"]) and not of_classes(enrolled)
