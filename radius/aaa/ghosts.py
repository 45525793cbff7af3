"""Sessions that ended without a word: their access point restarted, their device came elsewhere, or nothing was heard of them.

Each rule gives the session with its inferred end. Such an end is taken back by itself when the session is heard of later
(radius.aaa.sessions), so a rule may be wrong about a session of which the records are merely late.
"""

from typing import Final

from msgspec.structs import replace

from radius.aaa.sessions import SessionRow
from radius.audit.events import Accounted

RESTARTED: Final = "nas-restarted"
REPLACED: Final = "replaced"
SILENT: Final = "silent"
_TOGETHER: Final = ("multi_session_id", "nas", "access_point")


def restarted(session: SessionRow, record: Accounted) -> SessionRow | None:
    """The session, ended by an Accounting-On or Accounting-Off (RFC 2866 section 5.1) of its access point; None for one of
    another access point behind the same address, or one that was heard of later."""
    for name, told in (("nas_identifier", record.nas_identifier), ("nas_address", record.nas_address)):
        known = session.fact(name)
        if told and known and told != known:
            return None
    if session.updated > record.event_time:
        return None
    return _ended(session, record.event_time, RESTARTED)


def replaced(session: SessionRow, newer: SessionRow) -> SessionRow | None:
    """The session, ended by a newer one of the same device: it cannot be in two places. None for one that was heard of after
    the newer one began, and for the two halves of one connection (an Acct-Multi-Session-Id in common, RFC 2866 section 5.11)
    at one access point."""
    if session.updated > newer.started or session.started >= newer.started:
        return None
    if session.fact("multi_session_id") and all(session.fact(name) == newer.fact(name) for name in _TOGETHER):
        return None
    return _ended(session, newer.started, REPLACED)


def silent(session: SessionRow, now: float) -> SessionRow | None:
    """The session, ended when it was last heard of, because its interims are missing; None while there is still time."""
    if now <= session.due or session.end[0]:
        return None
    return _ended(session, session.updated, SILENT)


def _ended(session: SessionRow, at: float, reason: str) -> SessionRow:
    ghosted, why = max((session.ghosted, session.ghost_reason), (at, reason))
    return replace(session, ghosted=ghosted, ghost_reason=why)
