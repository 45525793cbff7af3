"""After a change of policy, role or account the living sessions that it touches are decided anew, in small steps and paced.

What has changed is found by revision, as the feed finds it (radius.store.feed), so no use case has to think of sessions, and
nothing is forgotten when a server dies: how far each table was looked at stands in SQL and moves with the wishes that
follow from it, in one transaction. One server of an installation leads at a time (a lease).

    people, devices             their own living sessions, a set of rows at a time
    schools, policies, clients  a school's, or with the national policy everybody's: by the sessions' numbers, a set at a time,
                                and from the beginning again when it changes meanwhile
    the end of an account       by the clock: whose last moment has passed since the last look

What touches a whole school or country leaves at one pace and what touches one account at another, so that an account that
was disabled does not wait behind a policy. A removed device's row has lost its address; what it counted for as its owner's
is found by going through its school.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Column, ColumnElement, Connection, Engine, Table, and_, delete, false, or_, select, update

from radius.aaa.deciding import Deciding, Living
from radius.aaa.living import living
from radius.aaa.pacing import Pacer
from radius.aaa.reauthorize import Ability, Course
from radius.aaa.schools import NATIONAL
from radius.audit.chain import AdminEvent, append_admin
from radius.audit.conflict import insert_or
from radius.audit.tags import Tag
from radius.store import outbox
from radius.store.change import Work, change
from radius.store.engine import reading
from radius.store.keyring import Keyring
from radius.store.session_facts import AnyRow
from radius.store.session_wishes import rows_of, wish
from radius.store.tables import clients, devices, people, policies, reauthorization, revision, schools, sessions

AT_ONCE: Final = 200  # sessions in one transaction
LEASE: Final = 30.0  # seconds that the leader has without a word
RENEW: Final = 10.0
KEEP_TRYING: Final = 86_400.0  # seconds after which an access point that never answers is asked no more
LOOK_EVERY: Final = 30.0  # seconds between two looks at accounts that have come to their end
OVERDUE: Final = 30.0  # seconds after which what no server has sent is dealt out anew

POLICY: Final = "policy"  # the reason of what touches many; the others touch one account or device each
SHARE: Final = 0.75  # of the pace in all that is POLICY's

_LEADER, _ENDS = "leader", "ends"
_SCOPE = "scope:"
_lives: Final = (sessions.c.ended == 0) & sessions.c.authenticated.is_(True)

Found = tuple[list[AnyRow] | None, str]
"""Sessions to decide, None for nothing to do, and the reason."""


class Looked(Struct, frozen=True):
    """What a step did: how many sessions it decided, how many wishes followed, and whether there is more to do at once."""

    sessions: int = 0
    wishes: int = 0
    more: bool = False


class Pace(Struct, frozen=True):
    """How many requests may leave in a second at one school, and in all."""

    per_school: float = 5.0
    in_all: float = 200.0

    def lanes(self) -> dict[bool, Pacer]:
        """A pacer for what touches many (True) and one for what touches few."""
        many = max(1, int(self.in_all * SHARE))
        return {True: Pacer(self.per_school, many), False: Pacer(self.per_school, max(1, int(self.in_all) - many))}


class Reauthorizing:
    """One server's part. `node` is its name; `carried()` the revision up to which `deciding` sees changes; `abilities` by NAS
    family."""

    def __init__(
        self,
        engine: Engine,
        keyring: Keyring,
        node: str,
        deciding: Deciding,
        carried: Callable[[], int],
        abilities: Mapping[str, Ability],
        pace: Pace,
        at_once: int = AT_ONCE,
    ) -> None:
        self._engine = engine
        self._keyring = keyring
        self._node = f"node:{node}"
        self._deciding = deciding
        self._carried = carried
        self._abilities = abilities
        self._lanes = pace.lanes()
        self._at_once = at_once
        self._leads = False
        self._seen = -1  # the counter at which there was nothing more to do
        self._again_at = 0.0

    def step(self, now: float) -> Looked:
        """Look at the next set. Does nothing while another server leads, or while `deciding` is behind SQL; costs one query
        when nothing has changed."""
        with reading(self._engine) as connection:
            counter = _counter(connection)
        if counter == self._seen and now < self._again_at:
            return Looked()
        with change(self._engine) as work:
            looked = self._look(work, now)
        if not looked.more:
            self._seen, self._again_at = counter, now + RENEW
        return looked

    def _look(self, work: Work, now: float) -> Looked:
        connection = work.connection
        if not self._lead(connection, now):
            return Looked()
        counter = _counter(connection)
        if self._carried() < counter:
            return Looked(more=True)
        self._note_scopes(connection, counter)
        for find in (self._of_people, self._of_devices, self._of_ends, self._of_scopes):
            rows, reason = find(connection, counter, now)
            if rows is not None:
                return self._decide(work, rows, reason, now)
        return Looked()

    # --- who leads ----------------------------------------------------------------------------------------------------

    def _lead(self, connection: Connection, now: float) -> bool:
        """Take or keep the lease. Who takes it goes on where the last one stopped, and at the pace that it had dealt out."""
        table = reauthorization
        mine = and_(table.c.name == _LEADER, or_(table.c.holder == self._node, table.c.time <= now))
        taken = connection.execute(update(table).where(mine).values(holder=self._node, time=now + LEASE)).rowcount == 1
        if not taken and _mark(connection, _LEADER) is None:
            first = insert_or(connection, table).values(name=_LEADER, revision=0, after=0, time=now + LEASE, holder=self._node)
            taken = connection.execute(first.on_conflict_do_nothing().returning(table.c.name)).first() is not None
        if taken and not self._leads:
            for many, pacer in self._lanes.items():
                pacer.resume(*outbox.schedule(connection, now, POLICY, many))
        self._leads = taken
        if taken:
            for number, school, reason in outbox.overdue(connection, now - OVERDUE, self._at_once):
                outbox.move(connection, number, self._lanes[reason == POLICY].next(school, now))
        return taken

    # --- what has changed ---------------------------------------------------------------------------------------------

    def _since(self, connection: Connection, table: Table, counter: int) -> tuple[int, int]:
        """Revision and row up to which a table was looked at; what is there when this is first asked is no news."""
        mark = _mark(connection, table.name)
        if mark is None:
            _put(connection, table.name, revision=counter)
            return counter, 0
        return mark.revision, mark.after

    def _note_scopes(self, connection: Connection, counter: int) -> None:
        """Schools, policies and clients that have changed: whose sessions are to be gone through, from the beginning."""
        for table, column in ((schools, schools.c.name), (policies, policies.c.scope), (clients, clients.c.school)):
            since, _ = self._since(connection, table, counter)
            names = connection.execute(select(column).where(table.c.revision > since).distinct()).scalars().all()
            for name in names:
                self._go_through(connection, name)
            if names:
                _put(connection, table.name, revision=counter)

    def _go_through(self, connection: Connection, scope: str) -> None:
        _put(connection, f"{_SCOPE}{scope}", after=0)

    def _changed(self, connection: Connection, table: Table, counter: int, *columns: Column[Any]) -> list[AnyRow]:
        """The next rows of a table that have changed, with the mark moved behind them."""
        since, after = self._since(connection, table, counter)
        beyond = table.c.revision > since
        if after:
            beyond = or_(beyond, and_(table.c.revision == since, table.c.id > after))
        query = select(table.c.revision, table.c.id, *columns).where(beyond)
        rows = list(connection.execute(query.order_by(table.c.revision, table.c.id).limit(self._at_once)))
        if rows:
            _put(connection, table.name, revision=rows[-1].revision, after=rows[-1].id)
        return rows

    def _of_people(self, connection: Connection, counter: int, _now: float) -> Found:
        changed = self._changed(connection, people, counter)
        which = sessions.c.subject.in_([f"person:{row.id}" for row in changed])
        return self._sessions_of(connection, which, changed), "account"

    def _of_devices(self, connection: Connection, counter: int, _now: float) -> Found:
        changed = self._changed(connection, devices, counter, devices.c.mac, devices.c.school, devices.c.removed)
        for school in {row.school for row in changed if row.removed}:
            self._go_through(connection, school)
        subjects = [f"device:{row.id}" for row in changed]
        which = or_(sessions.c.subject.in_(subjects), sessions.c.mac.in_([row.mac for row in changed]))
        return self._sessions_of(connection, which, changed), "device"

    def _sessions_of(self, connection: Connection, which: ColumnElement[bool], changed: list[AnyRow]) -> list[AnyRow] | None:
        """The living sessions of what has changed; None when nothing has. A person has few, so a set is not cut."""
        return rows_of(connection, which & _lives, 100 * self._at_once) if changed else None

    def _of_ends(self, connection: Connection, _counter: int, now: float) -> Found:
        """Sessions of accounts and devices whose last moment has passed since the last look."""
        mark = _mark(connection, _ENDS)
        if mark is not None and now < mark.time + LOOK_EVERY:
            return None, ""
        _put(connection, _ENDS, time=now)
        if mark is None:
            return None, ""
        which: ColumnElement[bool] = false()
        for table, prefix in ((people, "person:"), (devices, "device:")):
            over = and_(table.c.valid_until > mark.time, table.c.valid_until <= now, table.c.removed.is_(False))
            ids = connection.execute(select(table.c.id).where(over)).scalars()
            which = or_(which, sessions.c.subject.in_([f"{prefix}{number}" for number in ids]))
        macs = select(devices.c.mac).where(devices.c.valid_until > mark.time, devices.c.valid_until <= now)
        rows = rows_of(connection, or_(which, sessions.c.mac.in_(macs)) & _lives, 100 * self._at_once)
        return (rows or None), "expired"

    def _of_scopes(self, connection: Connection, _counter: int, _now: float) -> Found:
        """The next sessions of the first school that is gone through; the country's last, as it takes longest."""
        table = reauthorization
        scopes = connection.execute(select(table).where(table.c.name.startswith(_SCOPE)).order_by(table.c.name)).all()
        if not scopes:
            return None, ""
        first = min(scopes, key=lambda row: (row.name == f"{_SCOPE}{NATIONAL}", row.name))
        scope = first.name.removeprefix(_SCOPE)
        which = _lives & (sessions.c.id > first.after)
        if scope != NATIONAL:
            which &= sessions.c.school == scope
        rows = rows_of(connection, which, self._at_once)
        if len(rows) < self._at_once:
            connection.execute(delete(table).where(table.c.name == first.name))
        else:
            _put(connection, first.name, after=rows[-1].id)
        return rows, POLICY

    # --- deciding -----------------------------------------------------------------------------------------------------

    def _decide(self, work: Work, rows: list[AnyRow], reason: str, now: float) -> Looked:
        connection = work.connection
        waiting = outbox.waiting_for(connection, [row.id for row in rows])
        pacer = self._lanes[reason == POLICY]
        wishes = []
        for row, session in zip(rows, living(connection, self._keyring, rows), strict=True):
            if row.id in waiting or self._step(session, now) is Course.NOTHING:
                continue
            moment = pacer.next(row.school, now)
            wishes.append(wish(row, outbox.Kind.CHANGE, reason, self._node, moment, moment + KEEP_TRYING))
        outbox.put(connection, self._keyring, wishes, now)
        for school in sorted({each.school for each in wishes}):
            number = sum(each.school == school for each in wishes)
            append_admin(work, self._keyring, _asked(self._node, school, reason, number, now))
        return Looked(len(rows), len(wishes), more=True)

    def _step(self, session: Living, now: float) -> Course:
        return self._deciding.decide(session, self._abilities.get(session.family, Ability()), now).step.course


def _asked(actor: str, school: str, reason: str, number: int, now: float) -> AdminEvent:
    details = {"reason": reason, "sessions": str(number)}
    return AdminEvent(now, Tag.SESSIONS_REAUTHORIZED, actor, school, f"school {school}", details)


def _mark(connection: Connection, name: str) -> AnyRow | None:
    return connection.execute(select(reauthorization).where(reauthorization.c.name == name)).first()


def _put(connection: Connection, name: str, *, revision: int = 0, after: int = 0, time: float = 0.0) -> None:
    values = {"revision": revision, "after": after, "time": time, "holder": ""}
    row = insert_or(connection, reauthorization).values(name=name, **values)
    connection.execute(row.on_conflict_do_update(index_elements=["name"], set_=values))


def _counter(connection: Connection) -> int:
    value: int = connection.execute(select(revision.c.value).where(revision.c.id == 1)).scalar_one()
    return value
