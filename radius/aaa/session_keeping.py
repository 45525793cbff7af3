"""Accounting records into SQL: sessions, their addresses and history, ends of those that went without a word.

`Keeper.apply` is one of the carrier's appliers: it is called with each batch of events inside the batch's transaction. Every
part of it bears being repeated with the same records, which is how a journal is carried again after a failover.
"""

from collections.abc import Sequence
from math import inf
from typing import Any, Protocol

from sqlalchemy import Connection, select

from radius.aaa.addresses import Holding, Sight, holdings, see
from radius.aaa.ghosts import replaced, restarted, silent
from radius.aaa.session_desk import AT_ONCE, Desk, Place
from radius.aaa.sessions import RESTARTS, Fact
from radius.audit.conflict import insert_or
from radius.audit.events import Accounted, Event
from radius.errors import ServiceError
from radius.store.change import Work
from radius.store.keyring import Keyring
from radius.store.tables import accounting, session_addresses, sessions

ATTEMPTS = 5  # at writing what other nodes write at the same time
SWEEP = 500  # sessions that one sweep ends; the next one follows at once if there are more


class Counts(Protocol):
    """Who is told of each batch (radius.aaa.counting)."""

    def count(self, work: Work, places: Sequence[Place], events: Sequence[Event], now: float) -> None:
        """The sessions that changed, each stored already, and all events of the batch."""


class Keeper:
    """Keeps the sessions of an installation. `counting`, if any, is told of each batch's changes in its transaction."""

    def __init__(self, keyring: Keyring, counting: Counts | None = None) -> None:
        self._keyring = keyring
        self._counting = counting

    def apply(self, work: Work, events: Sequence[Event], now: float) -> None:
        """Fold the accounting records among `events` into SQL. `now` is seconds since the epoch."""
        records = [event for event in events if isinstance(event, Accounted)]
        places: list[Place] = []
        if records:
            places = self._keep(work.connection, records)
        if self._counting is not None:
            self._counting.count(work, places, events, now)

    def sweep(self, work: Work, now: float) -> int:
        """End sessions of which interims are missing. How many; SWEEP means that there may be more."""
        desk = Desk(work.connection, self._keyring)
        overdue = desk.fetch((sessions.c.ended == 0) & (sessions.c.due < now), SWEEP)
        for place in overdue:
            place.session = silent(place.session, now) or place.session
        gone = [place for place in overdue if place.changed]
        lost = desk.write(gone)  # somebody has heard of those meanwhile
        kept = [place for place in gone if place.identity not in lost]
        self._keep_addresses(work.connection, kept)
        if self._counting is not None:
            self._counting.count(work, kept, (), now)
        return len(overdue)

    def _keep(self, connection: Connection, records: list[Accounted]) -> list[Place]:
        kept: list[Place] = []
        for _ in range(ATTEMPTS):
            desk = Desk(connection, self._keyring)
            desk.fold(record for record in records if record.status not in RESTARTS)
            _end_restarted(desk, [record for record in records if record.status in RESTARTS])
            _end_replaced(desk)
            changed = [place for place in desk if place.changed or place.records]
            lost = desk.write(changed)
            kept += [place for place in changed if place.identity not in lost]
            if not lost:
                break
            records = [record for place in desk if place.identity in lost for record in place.records] + [
                record for record in records if record.status in RESTARTS
            ]
        else:
            raise ServiceError("other nodes keep changing the same sessions; this is tried again")
        self._keep_addresses(connection, kept)
        _keep_history(connection, kept)
        return kept

    def _keep_addresses(self, connection: Connection, places: list[Place]) -> None:
        """Only where something of them changed: an interim that sees the same address again writes nothing here."""
        places = [place for place in places if _moved(place)]
        if not places:
            return
        known = _sights(connection, [place.id for place in places if place.before is not None])
        rows = []
        for place in places:
            sights, before = _seen(place, known.get(place.id, {}))
            held = holdings(sights, place.session.started, place.session.end[0])
            school = place.session.fact("school")
            for address, holding in held.items():
                sight = sights[address]
                if before.get(address) != (sight, holding):
                    rows.append(
                        {
                            "session": place.id,
                            "address": address,
                            "school": school,
                            "since": holding.since,
                            "until": holding.until,
                            "first": sight.first,
                            "last": sight.last,
                        }
                    )
        if rows:
            statement = insert_or(connection, session_addresses)
            news = {name: statement.excluded[name] for name in ("since", "until", "first", "last")}
            connection.execute(
                statement.on_conflict_do_update(index_elements=["session", "address"], set_=news),
                sorted(rows, key=lambda row: (row["session"], row["address"])),
            )


def _end_restarted(desk: Desk, restarts: list[Accounted]) -> None:
    if not restarts:
        return
    addresses = sorted({record.nas for record in restarts})
    for start in range(0, len(addresses), AT_ONCE):
        desk.fetch((sessions.c.ended == 0) & sessions.c.nas.in_(addresses[start : start + AT_ONCE]))
    behind: dict[Fact, list[Place]] = {}
    for place in desk:
        behind.setdefault(place.session.fact("nas"), []).append(place)
    for record in restarts:
        for place in behind.get(record.nas, ()):
            place.session = restarted(place.session, record) or place.session


def _end_replaced(desk: Desk) -> None:
    """Of a device's living sessions in one school the latest to begin ends the others; looked at when one has begun."""
    began = {
        place.session.fact("mac") for place in desk if place.before is None or place.before.started != place.session.started
    }
    macs = sorted(str(mac) for mac in began if mac)
    for start in range(0, len(macs), AT_ONCE):
        desk.fetch((sessions.c.ended == 0) & sessions.c.mac.in_(macs[start : start + AT_ONCE]))
    devices: dict[tuple[Fact, Fact], list[Place]] = {}
    for place in desk:
        if place.session.fact("mac") in began and not place.session.end[0]:
            devices.setdefault((place.session.fact("school"), place.session.fact("mac")), []).append(place)
    for (_, mac), places in devices.items():
        for place in places if mac and len(places) > 1 else ():
            for newer in places:
                place.session = replaced(place.session, newer.session) or place.session


def _moved(place: Place) -> bool:
    """Whether addresses or their times may have changed."""
    before, session = place.before, place.session
    if session.held[1] == inf:  # of somebody who was erased
        return False
    if before is None or place.united:
        return place.united or any(record.addresses for record in place.records)
    held, at = before.held
    if any(record.addresses and (record.addresses != held or record.event_time < at) for record in place.records):
        return True
    return bool(held or session.held[0]) and (before.started != session.started or before.end != session.end)


def _seen(place: Place, known: dict[str, tuple[Sight, Holding]]) -> tuple[dict[str, Sight], dict[str, tuple[Sight, Holding]]]:
    """All sights of the session's addresses, and what SQL has of them. What the row itself tells last is not in SQL."""
    sights = {address: sight for address, (sight, _) in known.items()}
    for session in (place.before, place.session):
        if session is not None:
            see(sights, *session.held)
    for record in place.records:
        see(sights, record.addresses, record.event_time)
    return sights, known


def _sights(connection: Connection, ids: list[int]) -> dict[int, dict[str, tuple[Sight, Holding]]]:
    found: dict[int, dict[str, tuple[Sight, Holding]]] = {}
    for start in range(0, len(ids), AT_ONCE):
        table = session_addresses
        query = select(table).where(table.c.session.in_(ids[start : start + AT_ONCE]))
        for row in connection.execute(query):
            of_session = found.setdefault(row.session, {})
            of_session[row.address] = Sight(row.first, row.last), Holding(row.since, row.until)
    return found


def _keep_history(connection: Connection, places: list[Place]) -> None:
    rows: list[dict[str, Any]] = [
        {
            "session": place.id,
            "status": record.status,
            "event_time": record.event_time,
            "time": record.time,
            "input_octets": record.input_octets,
            "output_octets": record.output_octets,
            "session_time": max(record.session_time, 0),
        }
        for place in places
        for record in place.records
    ]
    if rows:
        connection.execute(insert_or(connection, accounting).on_conflict_do_nothing(), rows)
