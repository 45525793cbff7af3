"""What grants count: who is on now and how much was used, kept from accounting and logins, and what exceeds a grant ended.

    a login whose grant counts (AccessDecided)  -> its device counts for two minutes, until its accounting begins
    a session that begins or ends               -> table presence, and by way of the node file every worker of every node
    octets and seconds of a session             -> table usage, by day of the school
    more devices, sessions or use than granted  -> an Excess, which the housekeeper puts into the outbox

Workers refuse what is over a limit when somebody comes (radius.aaa.limits). They know who is on a second late, or later in the
morning rush; what slipped through is found here. Only subjects whose grant counts are kept at all.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo

from msgspec import Struct
from sqlalchemy import Connection, select

from policies.grant import Grant
from radius.aaa.quotas import day_of, monday_of, used_up_until
from radius.aaa.session_desk import AT_ONCE, Place
from radius.audit.causes import Cause
from radius.audit.conflict import insert_or
from radius.audit.events import AccessDecided, Event
from radius.audit.tags import Tag
from radius.store.change import Work
from radius.store.tables import presence, sessions, usage

PENDING: Final = 120.0  # seconds for which a login counts whose accounting has not begun
_GRANTED: Final = Tag.ACCESS_GRANTED.value

Devices = dict[str, tuple[float, int]]  # by MAC address: until when it counts (0: its sessions live), and how many those are


class Grants(Protocol):
    """The grants in force (radius.aaa.grants)."""

    def of(self, school: str, rule: str) -> Grant | None:
        """What a rule gives at a school now; None when there is no such rule any more."""

    def zone(self, school: str) -> ZoneInfo:
        """The school's time zone."""


class Excess(Struct, frozen=True):
    """A session that is more than its grant allows: `change` says that the grant names what to give it instead, else it is to
    be ended. `cause` says which limit it is over."""

    session: int
    cause: Cause
    change: bool


Ask = Callable[[Connection, Sequence[Excess], float], None]
"""Puts requests into the outbox, in the transaction of the connection; those that wait there already are not put again."""


class _Living(Struct):
    """A living session of a subject whose grant counts."""

    id: int
    mac: str
    school: str
    rule: str
    started: float


class Counting:
    """Counts for an installation. See radius.aaa.session_keeping.Counts."""

    def __init__(self, grants: Grants, ask: Ask) -> None:
        self._grants = grants
        self._ask = ask

    def count(self, work: Work, places: Sequence[Place], events: Sequence[Event], now: float) -> None:
        """Keep `presence` and `usage` of one batch, and ask for the end of what exceeds a grant."""
        limited = [place for place in places if (login := place.session.login) is not None and login.limited and login.subject]
        logins = [
            event
            for event in events
            if isinstance(event, AccessDecided) and event.counts and event.subject and event.tag == _GRANTED
        ]
        subjects = {place.session.login.subject for place in limited if _came_or_went(place) and place.session.login}
        subjects |= {event.subject for event in logins}
        used = self._use(work.connection, limited)
        if subjects or used:
            self._keep(work, sorted(subjects | used), logins, now)

    def _use(self, connection: Connection, limited: Sequence[Place]) -> set[str]:
        """Add to `usage` what these sessions used since they were last stored. Whose that is."""
        amounts: dict[tuple[str, str], tuple[int, int]] = {}
        for place in limited:
            login, school = place.session.login, str(place.session.fact("school"))
            grant = self._grants.of(school, login.rule) if login is not None else None
            if login is None or grant is None or grant.quota is None:
                continue
            octets, seconds = _used(place)
            if octets or seconds:
                key = (login.subject, day_of(place.session.updated, self._grants.zone(school)))
                former = amounts.get(key, (0, 0))
                amounts[key] = former[0] + octets, former[1] + seconds
        if amounts:
            statement = insert_or(connection, usage)
            added = {name: usage.c[name] + statement.excluded[name] for name in ("octets", "seconds")}
            connection.execute(
                statement.on_conflict_do_update(index_elements=["subject", "day"], set_=added),
                [
                    {"subject": subject, "day": day, "octets": octets, "seconds": seconds}
                    for (subject, day), (octets, seconds) in sorted(amounts.items())
                ],
            )
        return {subject for subject, _ in amounts}

    def _keep(self, work: Work, subjects: list[str], logins: Sequence[AccessDecided], now: float) -> None:
        """Store who is on now, if that is other than what is stored; it is looked at again once the revision is ours, because
        who has that sees what all others have stored."""
        rows, excesses = self._now(work.connection, subjects, logins, now)
        if rows:
            revision = work.revision
            rows, excesses = self._now(work.connection, subjects, logins, now)
            if rows:
                statement = insert_or(work.connection, presence)
                news = {name: statement.excluded[name] for name in ("devices", "used_up_until", "removed", "revision")}
                work.connection.execute(
                    statement.on_conflict_do_update(index_elements=["subject"], set_=news),
                    [row | {"removed": False, "revision": revision} for row in rows],
                )
        if excesses:
            self._ask(work.connection, excesses, now)

    def _now(
        self, connection: Connection, subjects: list[str], logins: Sequence[AccessDecided], now: float
    ) -> tuple[list[dict[str, Any]], list[Excess]]:
        """The rows of `presence` that are other than those stored, and what exceeds a grant."""
        living: dict[str, list[_Living]] = {}
        stored: dict[str, tuple[list[list[Any]], float]] = {}
        for start in range(0, len(subjects), AT_ONCE):
            some = subjects[start : start + AT_ONCE]
            names = ("subject", *_Living.__struct_fields__)
            mine = select(*(sessions.c[name] for name in names)).where(sessions.c.subject.in_(some), sessions.c.ended == 0)
            for subject, *values in connection.execute(mine.order_by(sessions.c.started, sessions.c.id)):
                living.setdefault(subject, []).append(_Living(*values))
            for row in connection.execute(select(presence).where(presence.c.subject.in_(some))):
                stored[row.subject] = row.devices, row.used_up_until
        coming: dict[str, list[AccessDecided]] = {}
        for event in logins:
            coming.setdefault(event.subject, []).append(event)
        rows, excesses = [], []
        for subject in subjects:
            on = living.get(subject, [])
            before, used_up_before = stored.get(subject, ([], 0.0))
            devices = _devices(on, before, coming.get(subject, []), now)
            used_up = self._used_up(connection, subject, on[-1], now) if on else used_up_before
            excesses += self._excesses(on, used_up, used_up_before)
            after = [[mac, until, number] for mac, (until, number) in sorted(devices.items())]
            if (after, used_up) != (before, used_up_before):
                rows.append({"subject": subject, "devices": after, "used_up_until": used_up})
        return rows, excesses

    def _used_up(self, connection: Connection, subject: str, latest: _Living, now: float) -> float:
        """Until when the quota of the latest session's grant is used up; 0 while there is some left."""
        grant, zone = self._grants.of(latest.school, latest.rule), self._grants.zone(latest.school)
        if grant is None or grant.quota is None:
            return 0.0
        monday = monday_of(day_of(now, zone))
        days = select(usage.c.day, usage.c.octets, usage.c.seconds).where(usage.c.subject == subject, usage.c.day >= monday)
        used = {day: (octets, seconds) for day, octets, seconds in connection.execute(days)}
        return used_up_until(grant.quota, used, now, zone)

    def _excesses(self, living: list[_Living], used_up: float, before: float) -> list[Excess]:
        """Of the living sessions of one subject, oldest first, those that are too many or too long. What a quota gives instead
        is asked for when it is used up, and when it begins anew; a session that should not be there, again and again."""
        grant = self._grants.of(living[-1].school, living[-1].rule) if living else None
        if grant is None:
            return []
        if grant.quota is not None:
            if grant.quota.then is None and used_up:
                return [Excess(session.id, Cause.QUOTA_USED_UP, change=False) for session in living]
            if grant.quota.then is not None and bool(used_up) != bool(before):
                return [Excess(session.id, Cause.QUOTA_USED_UP, change=True) for session in living]
        found = {}
        if grant.max_sessions is not None:
            found = {session.id: Cause.SESSION_LIMIT for session in living[grant.max_sessions :]}
        if grant.max_devices is not None:
            allowed = list(dict.fromkeys(session.mac for session in living))[: grant.max_devices]
            found |= {session.id: Cause.DEVICE_LIMIT for session in living if session.mac not in allowed}
        return [Excess(session, cause, change=False) for session, cause in found.items()]


def _came_or_went(place: Place) -> bool:
    before, session = place.before, place.session
    return before is None or before.end != session.end or before.login is None or before.fact("mac") != session.fact("mac")


def _used(place: Place) -> tuple[int, int]:
    """Octets and seconds since the session was last stored."""
    inwards, outwards, _, _, seconds = place.session.counters
    if place.before is None:
        return inwards + outwards, seconds
    former = place.before.counters
    return inwards + outwards - former[0] - former[1], seconds - former[4]


def _devices(living: list[_Living], before: list[list[Any]], logins: list[AccessDecided], now: float) -> Devices:
    """Who is on: devices with living sessions, and those whose login is so young that its accounting may yet begin."""
    devices: Devices = {}
    for mac, until, _ in before:
        if until > now:
            devices[mac] = until, 1
    for event in logins:
        if event.time + PENDING > now:
            devices[event.mac] = event.time + PENDING, 1
    for session in living:
        until, number = devices.get(session.mac, (0.0, 0))
        devices[session.mac] = 0.0, number + 1 if not until else 1
    return devices
