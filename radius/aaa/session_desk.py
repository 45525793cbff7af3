"""The sessions that one batch of records concerns, as they are in SQL, as the records make them, and back into SQL in sets.

Several nodes carry into one PostgreSQL, and records of one session may come to two of them. So each row counts its writes
(`version`), and is written only over the version that was read: who comes second writes nothing, and folds again over what
the first has written. Folding bears that, and nobody waits for a lock but for the rows themselves, which all lock in one order.
"""

from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, select, update

from radius.aaa.session_rows import COLUMNS, columns_of, session_of
from radius.aaa.sessions import SessionRow, fold, identity_of, join, row_of
from radius.audit.conflict import insert_or
from radius.audit.events import Accounted
from radius.store.keyring import Keyring
from radius.store.tables import accounting, session_addresses, sessions

AT_ONCE = 1_000  # values in one IN


class Place:
    """One session of the batch: `before` is what SQL has (None: nothing yet), `session` what it is now, `records` are its
    new ones. `id` is 0 until it is stored; `united` says that it was two sessions in SQL."""

    __slots__ = ("before", "id", "identity", "number", "records", "session", "united", "version")

    def __init__(self, identity: bytes, number: int, session: SessionRow, before: SessionRow | None = None) -> None:
        self.identity = identity
        self.number = number
        self.session = session
        self.before = before
        self.id = 0
        self.version = 0
        self.united = False
        self.records: list[Accounted] = []

    @property
    def changed(self) -> bool:
        """Whether SQL has to be told."""
        return self.session != self.before

    @property
    def key(self) -> tuple[bytes, int]:
        """What is unique in table sessions."""
        return self.identity, self.number


class Desk:
    """The sessions of a batch. Used once, within one transaction."""

    def __init__(self, connection: Connection, keyring: Keyring) -> None:
        self._connection = connection
        self._keyring = keyring
        self._places: dict[bytes, list[Place]] = {}

    def __iter__(self) -> Iterator[Place]:
        return (place for places in self._places.values() for place in places)

    def fold(self, records: Iterable[Accounted]) -> None:
        """Fold records into their sessions, which are fetched."""
        named = [(self._keyring.blind_index("session", identity_of(record)), record) for record in records]
        missing = sorted({identity for identity, _ in named} - self._places.keys())
        for start in range(0, len(missing), AT_ONCE):
            self.fetch(sessions.c.identity.in_(missing[start : start + AT_ONCE]))
        for identity, record in named:
            self._fold(identity, record)

    def fetch(self, which: ColumnElement[bool], limit: int | None = None) -> list[Place]:
        """The sessions of SQL for which `which` holds; those that are here already come as they are here."""
        query = select(*COLUMNS).where(which).order_by(sessions.c.number).limit(limit)
        return [self._place(row) for row in self._connection.execute(query)]

    def _place(self, row: Row[Any]) -> Place:
        places = self._places.setdefault(row.identity, [])
        for place in places:
            if place.number == row.number:
                return place
        session = session_of(row)
        place = Place(row.identity, row.number, session, session)
        place.id, place.version = row.id, row.version
        places.append(place)
        return place

    def _fold(self, identity: bytes, record: Accounted) -> None:
        places = self._places.setdefault(identity, [])
        told = row_of(record)
        mine = [place for place in places if place.session.touches(told)]
        if not mine:
            number = max((place.number for place in places), default=0) + 1
            place = Place(identity, number, told)
            places.append(place)
        else:
            place = mine[0]
            place.session = fold(place.session, record)
            for other in mine[1:]:
                self._unite(place, other)
        place.records.append(record)

    def _unite(self, place: Place, other: Place) -> None:
        """A record shows that two sessions are one: what came of records between which one was missing."""
        place.session = join(place.session, other.session)
        place.records += other.records
        self._places[place.identity].remove(other)
        if other.id and place.id:
            _move(self._connection, other.id, place.id)
            place.united = True
        elif other.id:  # the one that SQL has stays
            place.id, place.number, place.version, place.before = other.id, other.number, other.version, other.before

    # --- back into SQL

    def write(self, places: Sequence[Place]) -> set[bytes]:
        """Store these. The identities of those that somebody else has written meanwhile: nothing of them is stored."""
        if not places:
            return set()
        ordered = sorted(places, key=attrgetter("key"))
        rows = [
            {"identity": place.identity, "number": place.number, "version": place.version + 1, **columns_of(place.session)}
            for place in ordered
        ]
        statement = insert_or(self._connection, sessions)
        news = {column.name: column for column in statement.excluded if column.name not in ("id", "identity", "number")}
        written = self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=["identity", "number"],
                set_=news,
                where=sessions.c.version == statement.excluded.version - 1,
            ).returning(sessions.c.identity, sessions.c.number, sessions.c.id),
            rows,
        )
        ids = {(identity, number): id_ for identity, number, id_ in written}
        for place in ordered:
            place.id = ids.get(place.key, 0)
        return {place.identity for place in ordered if not place.id}


def _move(connection: Connection, former: int, to: int) -> None:
    """History of a session that was part of another one. What both have is kept once."""
    for table, key in ((accounting, ("status", "event_time")), (session_addresses, ("address",))):
        both = select(*(table.c[name] for name in key)).where(table.c.session == to)
        mine = table.c.session == former
        for row in connection.execute(both):
            same = [table.c[name] == value for name, value in zip(key, row, strict=True)]
            connection.execute(delete(table).where(mine, *same))
        connection.execute(update(table).where(mine).values(session=to))
    connection.execute(delete(sessions).where(sessions.c.id == former))
