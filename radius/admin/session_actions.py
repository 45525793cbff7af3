"""What administrators ask of living sessions: an end, a new authentication, or what they would get now.

Asking is a row in the outbox, in the transaction of its audit row. A server sends it, and the true answer comes back there.
"""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from sqlalchemy import ColumnElement

from radius.admin.context import Admin, Change
from radius.admin.schools import school_named
from radius.admin.sessions import Filter, matching
from radius.audit.subjects import subject_of
from radius.audit.tags import Tag
from radius.errors import NotFound, OperatorError
from radius.store import outbox
from radius.store.outbox import ASKED, ERASED, Kind, Standing
from radius.store.session_facts import AnyRow
from radius.store.session_wishes import rows_of, wish
from radius.store.tables import sessions

AT_MOST: Final = 1000  # sessions at once: more is a policy's matter, which is paced for the whole country
A_SECOND: Final = 20.0  # of several sessions: whom one command ends does not log in again all at once
TRY_FOR: Final = 86_400.0  # seconds for which an access point that does not answer is asked to end an erased person's session


class Asked(Struct, frozen=True):
    """What was asked: the request's number in the outbox, and the session's."""

    request: int
    session: int


def ask_disconnect(admin: Admin, number: int, note: str = "") -> Asked:
    """Ask for the end of a session. Raises NotFound, or OperatorError when it has ended already."""
    return _ask_one(admin, Kind.DISCONNECT, number, note)


def ask_reauthenticate(admin: Admin, number: int, note: str = "") -> Asked:
    """Ask that a session be authenticated again: where its access point cannot be told to, it is ended, and the device comes
    again by itself. Raises as ask_disconnect."""
    return _ask_one(admin, Kind.REAUTHENTICATE, number, note)


def ask_change(admin: Admin, number: int, note: str = "") -> Asked:
    """Ask that a session be given what it would get now (radius.aaa.reauthorize). Raises as ask_disconnect."""
    return _ask_one(admin, Kind.CHANGE, number, note)


def ask_of_all(admin: Admin, kind: Kind, wanted: Filter, note: str = "", at_most: int = AT_MOST) -> list[Asked]:
    """Ask the same of every living session that fits, the first at once and the others A_SECOND. Raises NotFound when none
    does, OperatorError when there are more than `at_most` (then nothing is asked)."""
    with admin.change() as change:
        if wanted.school:
            school_named(change.connection, wanted.school)
        which: ColumnElement[bool] = sessions.c.ended == 0
        for condition in matching(wanted):
            which &= condition
        rows = rows_of(change.connection, which, at_most + 1)
        if not rows:
            raise NotFound("no living session fits: 'kapija session list' shows those there are")
        if len(rows) > at_most:
            raise OperatorError(
                f"more than {at_most} sessions fit, which is too many at once: narrow it down, or change the rule"
            )
        return _ask(admin, change, kind, rows, note)


def ask_end_of_erased(admin: Admin, change: Change, subject: str) -> int:
    """Ask for the end of every living session of a person or device that is going to be erased, in that transaction: what
    names them is sealed in the outbox until they are ended, and destroyed then. How many that are."""
    outbox.forget(change.connection, subject)
    rows = rows_of(change.connection, (sessions.c.ended == 0) & (sessions.c.subject == subject), AT_MOST)
    until = change.now + TRY_FOR
    wishes = [wish(row, Kind.DISCONNECT, ERASED, admin.actor, change.now, until, subject="") for row in rows]
    return len(outbox.put(change.connection, admin.keyring, wishes, change.now))


def answers(admin: Admin, asked: Sequence[Asked]) -> list[Standing]:
    """How these requests stand, in the order of their numbers."""
    with admin.reading() as connection:
        return outbox.standing(connection, [each.request for each in asked])


def requests_of(admin: Admin, number: int) -> list[Standing]:
    """What was asked of a session, by whomever, oldest first."""
    with admin.reading() as connection:
        return outbox.of_session(connection, number)


def _ask_one(admin: Admin, kind: Kind, number: int, note: str) -> Asked:
    with admin.change() as change:
        rows = rows_of(change.connection, sessions.c.id == number, 1)
        if not rows:
            raise NotFound(f"there is no session {number}: 'kapija session list' shows those there are")
        if rows[0].ended:
            raise OperatorError(f"session {number} has ended already: 'kapija session list' shows where the device is now")
        return _ask(admin, change, kind, rows, note)[0]


def _ask(admin: Admin, change: Change, kind: Kind, rows: list[AnyRow], note: str) -> list[Asked]:
    moments = [change.now + at / A_SECOND for at in range(len(rows))]
    wishes = [wish(row, kind, ASKED, admin.actor, moment, moment) for row, moment in zip(rows, moments, strict=True)]
    numbers = outbox.put(change.connection, admin.keyring, wishes, change.now)
    for row, number in zip(rows, numbers, strict=True):
        change.audit(
            Tag.SESSION_ASKED,
            f"session {row.id}",
            school=row.school,
            subject=subject_of(row.subject, change.now),
            user=row.user,
            mac=row.mac,
            details={"wanted": str(kind), "request": str(number), "nas": row.nas} | ({"note": note} if note else {}),
        )
    return [Asked(number, row.id) for number, row in zip(numbers, rows, strict=True)]
