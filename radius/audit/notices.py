"""What the journal tells that is more than an audit row: clients that learned Message-Authenticator, and unknown ones."""

from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import delete, func, select

from radius.audit.conflict import insert_or
from radius.audit.events import AuthenticatorLearned, Event, UnknownClientSeen
from radius.store import tables
from radius.store.change import Work

MAX_UNKNOWN = 1000


class Unknown(Struct):
    """One address's notices of a batch, summed up."""

    first: float
    last: float
    count: int
    octets: bytes


def store_learned(work: Work, events: Sequence[Event], _now: float) -> None:
    """Mark source addresses that learned, with a revision so that every worker of every node hears of it."""
    learned = tables.learned
    connection = work.connection
    addresses = {event.nas: event.time for event in events if isinstance(event, AuthenticatorLearned)}
    if not addresses:
        return
    known = connection.scalars(select(learned.c.address).where(learned.c.address.in_(addresses), learned.c.removed.is_(False)))
    for address in known.all():
        del addresses[address]
    for address, time in addresses.items():
        values = {"time": time, "removed": False, "revision": work.revision}
        row = insert_or(connection, learned).values(address=address, **values)
        connection.execute(row.on_conflict_do_update(index_elements=["address"], set_=values))


def store_unknown(work: Work, events: Sequence[Event], _now: float) -> None:
    """Count the datagrams of addresses that no client has; at most 1,000 addresses are kept, those seen last."""
    notices = [event for event in events if isinstance(event, UnknownClientSeen)]
    if not notices:
        return
    unknown = tables.unknown_clients
    connection = work.connection
    for address, seen in _summed(notices).items():
        row = insert_or(connection, unknown).values(
            address=address, first=seen.first, last=seen.last, count=seen.count, octets=seen.octets
        )
        news = {"last": seen.last, "count": unknown.c.count + seen.count, "octets": seen.octets}
        connection.execute(row.on_conflict_do_update(index_elements=["address"], set_=news))
    excess = (connection.scalar(select(func.count()).select_from(unknown)) or 0) - MAX_UNKNOWN
    if excess > 0:
        oldest = select(unknown.c.address).order_by(unknown.c.last, unknown.c.address).limit(excess)
        connection.execute(delete(unknown).where(unknown.c.address.in_(oldest)))


def _summed(events: list[UnknownClientSeen]) -> dict[str, Unknown]:
    """By address; of more addresses than are kept only the last ones, so that a flood costs no more than that."""
    summed: dict[str, Unknown] = {}
    for event in events:
        seen = summed.pop(event.nas, None)
        if seen is None:
            summed[event.nas] = Unknown(event.time, event.time, event.count, event.octets)
        else:
            summed[event.nas] = Unknown(seen.first, event.time, seen.count + event.count, event.octets)
    for address in list(summed)[:-MAX_UNKNOWN]:
        del summed[address]
    return summed
