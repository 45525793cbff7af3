"""Finding audit rows: by user, MAC address, NAS, school, tag and time, newest first, with what is personal unsealed.

User and MAC address are found through their blind indexes. Rows of somebody who was erased are no longer found by name or
address; found by NAS or time, they show `ERASED` where the name was.
"""

from collections.abc import Iterable, Iterator

from msgspec import Struct
from msgspec.structs import asdict, replace
from sqlalchemy import Connection, Row, Select, select

from policies.mac import canonical_mac
from radius.audit import facts
from radius.audit.blind import mac_index, user_index
from radius.audit.subjects import SubjectNamed, living_keys, open_personal
from radius.errors import OperatorError
from radius.store import tables
from radius.store.keyring import Keyring

ERASED = "erased"
UNREADABLE = "unreadable"  # changed by somebody: `verify` names the row


class Entry(Struct, frozen=True, kw_only=True):
    """An audit row for people. Fields that a kind of row does not have are empty; `time` is seconds since the epoch.

    `subject` is "person:17", "device:4" or "unknown:<day>"; `erased` says that it was erased, and `user` and `mac` are then
    the word `ERASED`. `details` holds what else the row tells, personal or not.
    """

    id: int
    chain: str
    number: int
    time: float
    tag: str
    school: str
    nas: str
    subject: str = ""
    erased: bool = False
    user: str = ""
    mac: str = ""
    client: str = ""
    role: str = ""
    ssid: str = ""
    access_point: str = ""
    method: str = ""
    rule: str = ""
    policy: str = ""
    causes: tuple[str, ...] = ()
    vlan: int = 0
    session_timeout: int = 0
    valid_until: float = 0.0
    micros: tuple[int, int, int, int] = (0, 0, 0, 0)
    outer: str = ""
    inner: str = ""
    tls: str = ""
    resumed: bool = False
    rounds: int = 0
    from_cache: bool = False
    detail: str = ""
    actor: str = ""
    object: str = ""
    lost: int = 0
    details: dict[str, str] = {}


class Query(Struct, frozen=True, kw_only=True):
    """What to look for; None for whatever. `since` is included, `until` is not (seconds since the epoch). `tag` is a Tag's
    value or its beginning up to a colon ("access:decide:denied", "access:")."""

    user: str | None = None
    mac: str | None = None
    nas: str | None = None
    school: str | None = None
    since: float | None = None
    until: float | None = None
    tag: str | None = None


def search(
    connection: Connection,
    keyring: Keyring,
    *,
    user: str | None = None,
    mac: str | None = None,
    nas: str | None = None,
    school: str | None = None,
    since: float | None = None,
    until: float | None = None,
    tag: str | None = None,
    limit: int = 100,
) -> list[Entry]:
    """At most `limit` rows, newest first. Raises OperatorError for a MAC address that is none."""
    audit = tables.audit
    query = Query(user=user, mac=mac, nas=nas, school=school, since=since, until=until, tag=tag)
    statement = matching(keyring, query).order_by(audit.c.time.desc(), audit.c.id.desc()).limit(limit)
    return entries(connection, keyring, connection.execute(statement).all())


def tail(connection: Connection, keyring: Keyring, after: int | None = None, limit: int = 100) -> list[Entry]:
    """The rows stored after the row with id `after`, oldest first; without `after` the last `limit` ones."""
    audit = tables.audit
    if after is None:
        newest = connection.execute(select(audit).order_by(audit.c.id.desc()).limit(limit)).all()
        return entries(connection, keyring, list(reversed(newest)))
    rows = connection.execute(select(audit).where(audit.c.id > after).order_by(audit.c.id).limit(limit)).all()
    return entries(connection, keyring, rows)


def matching(keyring: Keyring, query: Query) -> Select[tuple[object, ...]]:
    """The SELECT of the rows that `query` asks for."""
    audit = tables.audit
    statement = select(audit)
    if query.user is not None:
        index = user_index(keyring, query.user)
        if index is None:
            raise OperatorError("an empty user name finds nothing: give the name, or leave it out to see everybody")
        statement = statement.where(audit.c.user_index == index)
    if query.mac is not None:
        mac = canonical_mac(query.mac)
        if mac is None:
            raise OperatorError(f"'{query.mac}' is not a MAC address: write it like 02-00-00-00-05-01")
        statement = statement.where(audit.c.mac_index == mac_index(keyring, mac))
    for column, value in ((audit.c.nas, query.nas), (audit.c.school, query.school)):
        if value is not None:
            statement = statement.where(column == value)
    if query.since is not None:
        statement = statement.where(audit.c.time >= query.since)
    if query.until is not None:
        statement = statement.where(audit.c.time < query.until)
    if query.tag is not None:
        tag = audit.c.tag
        statement = statement.where(tag.startswith(query.tag, autoescape=True) if query.tag.endswith(":") else tag == query.tag)
    return statement


def entries(connection: Connection, keyring: Keyring, rows: Iterable[Row[tuple[object, ...]]]) -> list[Entry]:
    """Rows of table `audit` unsealed. One query for the subjects' keys of them all."""
    rows = list(rows)
    keys = living_keys(connection, keyring, {row.subject_key for row in rows if row.subject_key is not None})
    return list(_unsealed(rows, keys))


def _unsealed(rows: list[Row[tuple[object, ...]]], keys: dict[int, SubjectNamed]) -> Iterator[Entry]:
    for row in rows:
        subject = keys.get(row.subject_key)
        personal = _personal(row, subject)
        base = Entry(
            id=row.id,
            chain=row.chain,
            number=row.number,
            time=row.time,
            tag=row.tag,
            school=row.school,
            nas=row.nas,
            subject=subject.subject if subject else "",
            erased=row.subject_key is not None and subject is None,
            user=personal.user,
            mac=personal.mac,
            outer=personal.outer,
            detail=personal.detail,
        )
        told = facts.decode_facts(row.facts)
        if isinstance(told, facts.BrokenFacts):
            yield replace(base, details={"writer": row.writer, "record": str(told.sequence), "what": told.what})
        elif isinstance(told, facts.AdminFacts):
            yield replace(base, actor=told.actor, object=told.object, details=told.details | personal.details)
        else:
            yield replace(base, **asdict(told))  # the other facts have the names that an Entry has for them


def _personal(row: Row[tuple[object, ...]], subject: SubjectNamed | None) -> facts.Personal:
    """What is personal in the row; the word for it where the key was destroyed or the octets do not open."""
    if row.subject_key is None:
        return facts.Personal()
    octets = open_personal(subject.key, row.personal, row.chain, row.number) if subject else None
    word = UNREADABLE if subject else ERASED
    return facts.Personal(word, word) if octets is None else facts.decode_personal(octets)
