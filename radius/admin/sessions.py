"""Sessions as administrators see them: who is on now, who was, and who had an address at a moment."""

from ipaddress import ip_address, ip_network
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import ColumnElement, Row, Select, or_, select

from policies.mac import canonical_mac
from radius.admin.context import Admin
from radius.admin.schools import school_named
from radius.errors import NotFound, OperatorError
from radius.store.tables import OPEN, accounting, session_addresses, sessions

SHORTEST_PREFIX: Final = 32  # of IPv6 that somebody could be given whole; longer ones that hold an address are looked for


class Session(Struct, frozen=True, kw_only=True):
    """A session. Times are seconds since the epoch; `ended` is 0 while it lives, and then `end_reason` is "".

    `nas` is the address that its accounting came from; `nas_port` is -1 when unknown. `authenticated` says that the access
    point gave us back the Class of a login of ours; without it what we know of the login, from `login` to `method`, is "".
    `valid_until` is when its decision has to be made anew, 0 for never. `input` is what came from the device.
    """

    id: int
    school: str
    nas: str
    client: str
    family: str
    nas_address: str
    nas_identifier: str
    session_id: str
    multi_session_id: str
    user: str
    mac: str
    ssid: str
    access_point: str
    address: str
    nas_port: int
    nas_port_id: str
    audit_session_id: str
    cui: str
    authenticated: bool
    login: str
    subject: str
    role: str
    rule: str
    policy: str
    method: str
    vlan: int
    valid_until: float
    started: float
    updated: float
    ended: float
    end_reason: str
    input_octets: int
    output_octets: int
    input_packets: int
    output_packets: int
    session_time: int


class Held(Struct, frozen=True):
    """An address or prefix that a session had `since` a time and `until` another, 0 while it has it (seconds since the
    epoch)."""

    address: str
    since: float
    until: float


class Heard(Struct, frozen=True):
    """One accounting record: what it said happened, when it happened and when it came (seconds since the epoch), and the
    session's counters then."""

    status: str
    event_time: float
    time: float
    input_octets: int
    output_octets: int
    session_time: int


class Details(Struct, frozen=True):
    """A session with its addresses and its records, each oldest first."""

    session: Session
    addresses: tuple[Held, ...]
    records: tuple[Heard, ...]


class Holder(Struct, frozen=True):
    """Who had an address: the session, and the address or prefix by which it had it."""

    session: Session
    held: Held


class Filter(Struct, frozen=True, kw_only=True):
    """Which sessions; None for whatever. `living` True for those that are on now, False for those that have ended; `user` is
    the name that the access point reports, `subject` "person:17". `since` and `until` (seconds since the epoch): those that
    were on at some moment between."""

    school: str | None = None
    user: str | None = None
    subject: str | None = None
    mac: str | None = None
    nas: str | None = None
    ssid: str | None = None
    living: bool | None = None
    authenticated: bool | None = None
    since: float | None = None
    until: float | None = None


_COLUMNS = tuple(sessions.c[name] for name in Session.__struct_fields__)


def matching(wanted: Filter) -> list[ColumnElement[bool]]:
    """The conditions of a filter on table sessions. Raises OperatorError for a MAC address that is none."""
    table = sessions.c
    conditions = [
        table[name] == value for name in ("school", "user", "subject", "nas", "ssid") if (value := getattr(wanted, name))
    ]
    if wanted.mac is not None:
        conditions.append(table.mac == _mac(wanted.mac))
    if wanted.living is not None:
        conditions.append(table.ended == 0 if wanted.living else table.ended > 0)
    if wanted.authenticated is not None:
        conditions.append(table.authenticated.is_(wanted.authenticated))
    if wanted.since is not None:
        conditions.append(or_(table.ended == 0, table.ended >= wanted.since))
    if wanted.until is not None:
        conditions.append(table.started < wanted.until)
    return conditions


def list_sessions(admin: Admin, wanted: Filter, limit: int = 100) -> list[Session]:
    """At most `limit` sessions, those that began last first. Raises NotFound for an unknown school, OperatorError for a MAC
    address that is none."""
    newest = select(*_COLUMNS).where(*matching(wanted)).order_by(sessions.c.started.desc(), sessions.c.id.desc())
    with admin.reading() as connection:
        if wanted.school:
            school_named(connection, wanted.school)
        return [_session(row) for row in connection.execute(newest.limit(limit))]


def show_session(admin: Admin, number: int) -> Details:
    """A session by its number, with its addresses and records. Raises NotFound."""
    held, heard = session_addresses.c, accounting.c
    with admin.reading() as connection:
        row = connection.execute(select(*_COLUMNS).where(sessions.c.id == number)).first()
        if row is None:
            raise NotFound(f"there is no session {number}: 'kapija session list' shows those there are")
        addresses = connection.execute(
            select(held.address, held.since, held.until).where(held.session == number).order_by(held.since, held.address)
        )
        columns = [heard[name] for name in Heard.__struct_fields__]
        records = connection.execute(select(*columns).where(heard.session == number).order_by(heard.event_time, heard.time))
        return Details(
            _session(row),
            tuple(_held(each.address, each.since, each.until) for each in addresses),
            tuple(Heard(*each) for each in records),
        )


def who_had(admin: Admin, address: str, at: float, school: str | None = None) -> list[Holder]:
    """Every session that had this IPv4 or IPv6 address at `at`, itself or within a prefix; those of the most exact prefix and
    then the latest first. Schools that use the same private addresses are told apart by `school`.

    Raises OperatorError for what is no address, NotFound for an unknown school.
    """
    with admin.reading() as connection:
        if school is not None:
            school_named(connection, school)
        found = [
            Holder(_session(row[3:]), _held(row[0], row[1], row[2])) for row in connection.execute(holders(address, at, school))
        ]
    return sorted(found, key=lambda each: (_size(each.held.address), -each.held.since))


def holders(address: str, at: float, school: str | None = None) -> Select[Any]:
    """The query of `who_had`: one look into one index, ix_session_addresses_address, and then each session by its number.

    PostgreSQL is told so (MATERIALIZED): it takes the hundred prefixes of an IPv6 address for far more rows than they are."""
    table = session_addresses.c
    conditions = [table.address.in_(spellings(address)), table.until >= at, table.since <= at]
    if school is not None:
        conditions.append(table.school == school)
    held = select(table.session, table.address, table.since, table.until).where(*conditions).cte("held")
    held = held.prefix_with("MATERIALIZED", dialect="postgresql")
    joined = held.join(sessions, sessions.c.id == held.c.session)
    return select(held.c.address, held.c.since, held.c.until, *_COLUMNS).select_from(joined)


def spellings(address: str) -> list[str]:
    """Under which texts an address may stand in session_addresses: itself, and of IPv6 each prefix that holds it."""
    try:
        wanted = ip_address(address.strip())
    except ValueError:
        raise OperatorError(f"{address!r} is no IP address: write it like 10.20.3.4 or 2001:db8::5") from None
    if wanted.version == 4:
        return [str(wanted)]
    prefixes = (ip_network((wanted, length), strict=False) for length in range(127, SHORTEST_PREFIX - 1, -1))
    return [str(wanted), *map(str, prefixes)]


def _size(address: str) -> int:
    """How many bits of an address or prefix are free."""
    network = ip_network(address)
    return network.max_prefixlen - network.prefixlen


def _mac(text: str) -> str:
    mac = canonical_mac(text.strip())
    if mac is None:
        raise OperatorError(f"{text!r} is no MAC address: write 02-00-00-00-05-01 or 02:00:00:00:05:01")
    return mac


def _held(address: str, since: float, until: float) -> Held:
    return Held(address, since, until if until < OPEN else 0.0)


def _session(row: Row[Any] | tuple[Any, ...]) -> Session:
    return Session(**dict(zip(Session.__struct_fields__, row, strict=True)))
