"""What accounting has of somebody who is erased: sessions stay, without name, device or address; the rest goes.

A session is then of `ERASED`, and stays so when late records of it come (radius.aaa.session_rows). How long it lasted, and how
much went through it, stays for the school's figures.
"""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import delete, select, update

from radius.store.change import Work
from radius.store.session_tables import ERASED, presence, session_addresses, sessions, usage

_NOBODY: Final = {"user": "", "mac": "", "address": "", "cui": "", "login": ERASED, "subject": ERASED, "limited": False}


def forget_sessions(work: Work, subjects: Sequence[str]) -> int:
    """Take what names these people and devices out of accounting, in the transaction that erases them. How many sessions."""
    connection, theirs = work.connection, sessions.c.subject.in_(subjects)
    connection.execute(delete(session_addresses).where(session_addresses.c.session.in_(select(sessions.c.id).where(theirs))))
    found = connection.execute(update(sessions).where(theirs).values(version=sessions.c.version + 1, **_NOBODY)).rowcount
    connection.execute(delete(usage).where(usage.c.subject.in_(subjects)))
    here = presence.c.subject.in_(subjects)
    if connection.execute(select(presence.c.subject).where(here).limit(1)).first() is not None:
        gone = {"devices": [], "used_up_until": 0.0, "removed": True, "revision": work.revision}
        connection.execute(update(presence).where(here).values(**gone))
    return found
