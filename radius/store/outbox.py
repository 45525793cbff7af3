"""The outbox: what access points are to be asked is a row, written in the transaction of whoever wants it, sent by a server.

A row waits until it is due; a server claims it for some seconds (a lease), sends, and settles it with the true answer. Several
servers never have the same row at once, and the row of one that was killed is free again when its lease is over. Settling
says whose claim it was, so a server that slept through its lease cannot overwrite what another one has heard.

What names the session to its access point is personal (a MAC address, a user name). It is sealed in the row, because the
session's own row may be anonymised before the request leaves, and destroyed when the row is settled.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final

import msgspec
from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update

from radius.store.keyring import Keyring
from radius.store.outbox_tables import WAITING, outbox
from radius.store.session_facts import AnyRow, SessionFacts
from radius.store.session_tables import sessions as table

ASKED: Final = "asked"  # the reason of what a person asked for; everything else is paced and waits behind it
ERASED: Final = "erased"  # the reason where the person of the session is nobody any more: nothing of her may be told
NOTHING_SENT: Final = ""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(SessionFacts).decode


class Kind(StrEnum):
    """What is wanted of a session. CHANGE: decide anew, and give it what it would get now."""

    DISCONNECT = "disconnect"
    REAUTHENTICATE = "reauthenticate"
    CHANGE = "change"


class Wish(Struct, frozen=True):
    """One thing that somebody wants of a session. `nas` is where to send to, `client` whose secret it is, `reason` a short word
    (ASKED for what a person waits for), `give_up` when it is no longer worth trying after silence (both times seconds since
    the epoch)."""

    kind: Kind
    session: int
    school: str
    nas: str
    client: str
    family: str
    subject: str
    login: str
    facts: SessionFacts
    reason: str
    asked_by: str
    not_before: float
    give_up: float


class Claimed(Struct, frozen=True):
    """A wish that is ours until `until`, for the `attempt`-th time that somebody has it."""

    id: int
    wish: Wish
    created: float
    attempt: int
    holder: str
    until: float


class Settled(Struct, frozen=True):
    """How a wish ended, or stands for now: `state` and `answer` (radius.audit.answers), what was `sent` last, and of a change
    that was done what the session has since."""

    state: str
    answer: str
    sent: str = NOTHING_SENT
    error_cause: int = 0
    rule: str = ""
    policy: str = ""
    vlan: int = 0


class Standing(Struct, frozen=True):
    """A row as its asker sees it."""

    id: int
    kind: str
    session: int
    state: str
    sent: str
    answer: str
    error_cause: int
    attempts: int
    created: float
    answered: float


_STANDING = tuple(outbox.c[name] for name in Standing.__struct_fields__)


def put(connection: Connection, keyring: Keyring, wishes: Sequence[Wish], now: float) -> list[int]:
    """Write wishes; they leave after the caller's transaction. Their numbers, in order."""
    if not wishes:
        return []
    rows = [
        {
            "kind": str(wish.kind),
            "session": wish.session,
            "school": wish.school,
            "nas": wish.nas,
            "client": wish.client,
            "family": wish.family,
            "subject": wish.subject,
            "login": wish.login,
            "facts": keyring.seal(_encode(wish.facts), _context(wish.session)),
            "reason": wish.reason,
            "asked_by": wish.asked_by,
            "created": now,
            "not_before": wish.not_before,
            "give_up": wish.give_up,
            "claimed_by": "",
            "claimed_until": 0.0,
            "attempts": 0,
            "state": WAITING,
            "sent": NOTHING_SENT,
            "answer": "",
            "error_cause": 0,
            "answered": 0.0,
            "rule": "",
            "policy": "",
            "vlan": 0,
        }
        for wish in wishes
    ]
    statement = insert(outbox).returning(outbox.c.id, sort_by_parameter_order=True)
    return list(connection.execute(statement, rows).scalars())


def any_due(connection: Connection, now: float) -> bool:
    """Whether something may be claimed: a look that makes nobody wait."""
    return connection.execute(select(outbox.c.id).where(_free(now)).limit(1)).first() is not None


def claim(
    connection: Connection,
    keyring: Keyring,
    holder: str,
    now: float,
    lease: float,
    asked: int,
    paced: int,
    busy: Iterable[str] = (),
) -> list[Claimed]:
    """Claim rows that are due: at most `asked` of those that a person waits for and `paced` others, for `lease` seconds; of
    the access points that are `busy` only those that a person waits for."""
    found = _claim(connection, holder, now, lease, outbox.c.reason == ASKED, asked)
    others = (outbox.c.reason != ASKED) & outbox.c.nas.not_in(tuple(busy))
    found += _claim(connection, holder, now, lease, others, paced)
    return [_claimed(keyring, row) for row in found]


def _claim(
    connection: Connection, holder: str, now: float, lease: float, which: ColumnElement[bool], limit: int
) -> list[AnyRow]:
    if limit <= 0:
        return []
    free = _free(now)
    # SKIP LOCKED: two servers that look at the same moment take different rows and wait for nobody (SQLite has one writer)
    due = select(outbox.c.id).where(free, which).order_by(outbox.c.not_before, outbox.c.id).limit(limit)
    ids = list(connection.execute(due.with_for_update(skip_locked=True)).scalars())
    if not ids:
        return []
    statement = update(outbox).where(outbox.c.id.in_(ids), free)
    values = {"claimed_by": holder, "claimed_until": now + lease, "attempts": outbox.c.attempts + 1}
    rows = connection.execute(statement.values(**values).returning(outbox)).all()
    return sorted(rows, key=lambda row: (row.not_before, row.id))


def _free(now: float) -> ColumnElement[bool]:
    return (outbox.c.state == WAITING) & (outbox.c.not_before <= now) & (outbox.c.claimed_until <= now)


def settle(connection: Connection, claimed: Claimed, settled: Settled, now: float) -> str | None:
    """Write the true answer and destroy what named the session. The row's reason now, which is ERASED when the person was
    erased meanwhile; None when the claim is no longer ours: nothing is written."""
    return _write(connection, claimed, answered=now, facts=b"", claimed_until=0.0, **msgspec.structs.asdict(settled))


def postpone(connection: Connection, claimed: Claimed, settled: Settled, not_before: float, now: float) -> str | None:
    """Write what came of this attempt and let it wait for the next. Returns as `settle`."""
    values = msgspec.structs.asdict(settled) | {"state": WAITING}
    return _write(connection, claimed, answered=now, claimed_until=0.0, not_before=not_before, **values)


def _write(connection: Connection, claimed: Claimed, **values: object) -> str | None:
    row = (
        (outbox.c.id == claimed.id)
        & (outbox.c.state == WAITING)
        & (outbox.c.claimed_by == claimed.holder)
        & (outbox.c.attempts == claimed.attempt)
    )
    return connection.execute(update(outbox).where(row).values(**values).returning(outbox.c.reason)).scalar_one_or_none()


def forget(connection: Connection, subject: str) -> None:
    """This person or device is being erased: what waits for her sessions is nobody's from now on."""
    hers = (outbox.c.subject == subject) & (outbox.c.state == WAITING)
    connection.execute(update(outbox).where(hers).values(subject="", reason=ERASED))
    connection.execute(update(outbox).where(outbox.c.subject == subject).values(subject=""))


def standing(connection: Connection, ids: Iterable[int]) -> list[Standing]:
    """The rows of these numbers as they are now, by number."""
    query = select(*_STANDING).where(outbox.c.id.in_(tuple(ids))).order_by(outbox.c.id)
    return [Standing(*row) for row in connection.execute(query)]


def of_session(connection: Connection, session: int) -> list[Standing]:
    """What was wanted of a session, oldest first."""
    return [
        Standing(*row)
        for row in connection.execute(select(*_STANDING).where(outbox.c.session == session).order_by(outbox.c.id))
    ]


def waiting_for(connection: Connection, sessions: Iterable[int]) -> set[int]:
    """Those of these sessions that will be ended or decided anew already, so that nothing more need be wanted of them."""
    kinds = (str(Kind.CHANGE), str(Kind.DISCONNECT))
    query = select(outbox.c.session).where(
        outbox.c.session.in_(tuple(sessions)), outbox.c.state == WAITING, outbox.c.kind.in_(kinds)
    )
    return set(connection.execute(query).scalars())


def changed(connection: Connection, sessions: Iterable[int]) -> dict[int, tuple[str, str, int]]:
    """Rule, policy and VLAN of those sessions that were changed since their latest login: what they have instead of its."""
    query = (
        select(outbox.c.session, outbox.c.rule, outbox.c.policy, outbox.c.vlan)
        .join(table, table.c.id == outbox.c.session)
        .where(outbox.c.session.in_(tuple(sessions)), outbox.c.rule != "", outbox.c.login == table.c.login)
        .order_by(outbox.c.id)
    )
    return {row.session: (row.rule, row.policy, row.vlan) for row in connection.execute(query)}


def schedule(connection: Connection, since: float, reason: str, of_it: bool) -> tuple[dict[int, int], dict[str, float]]:
    """What is paced to leave after `since`, for `reason` or (not `of_it`) another: how many in each second, and when the last
    of each school."""
    why = outbox.c.reason == reason if of_it else outbox.c.reason.not_in((reason, ASKED))
    paced = (outbox.c.state == WAITING) & why & (outbox.c.not_before >= since)
    second = func.floor(outbox.c.not_before)
    counts = connection.execute(select(second, func.count()).where(paced).group_by(second))
    last = connection.execute(select(outbox.c.school, func.max(outbox.c.not_before)).where(paced).group_by(outbox.c.school))
    return {int(row[0]): row[1] for row in counts}, {row[0]: row[1] for row in last}


def overdue(connection: Connection, before: float, limit: int) -> list[tuple[int, str, str]]:
    """Number, school and reason of what was paced to leave before `before` and has not, because no server was there."""
    waits = (outbox.c.state == WAITING) & (outbox.c.reason != ASKED) & (outbox.c.not_before < before)
    query = select(outbox.c.id, outbox.c.school, outbox.c.reason).where(waits, outbox.c.claimed_until <= before)
    rows = connection.execute(query.order_by(outbox.c.not_before, outbox.c.id).limit(limit))
    return [(row.id, row.school, row.reason) for row in rows]


def move(connection: Connection, number: int, not_before: float) -> None:
    """Let a waiting row leave at another time."""
    where = (outbox.c.id == number) & (outbox.c.state == WAITING)
    connection.execute(update(outbox).where(where).values(not_before=not_before))


def clean(connection: Connection, before: float) -> int:
    """Delete rows that were settled before then; the audit log has what they told. How many that were.

    A change that was done stays as long as its session may: it says what the session has.
    """
    old = (outbox.c.state != WAITING) & (outbox.c.answered < before) & (outbox.c.rule == "")
    return connection.execute(delete(outbox).where(old)).rowcount


def _claimed(keyring: Keyring, row: AnyRow) -> Claimed:
    facts = _decode(keyring.open(row.facts, _context(row.session)))
    wish = Wish(
        Kind(row.kind),
        row.session,
        row.school,
        row.nas,
        row.client,
        row.family,
        row.subject,
        row.login,
        facts,
        row.reason,
        row.asked_by,
        row.not_before,
        row.give_up,
    )
    return Claimed(row.id, wish, row.created, row.attempts, row.claimed_by, row.claimed_until)


def _context(session: int) -> str:
    return f"outbox:{session}"
