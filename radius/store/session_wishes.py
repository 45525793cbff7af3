"""A session's row as those read it who want something of the session, and what they want of it as a row of the outbox."""

from typing import Final

from sqlalchemy import ColumnElement, Connection, select

from radius.store.outbox import Kind, Wish
from radius.store.session_facts import FACTS, AnyRow, facts_of
from radius.store.tables import sessions

_REST: Final = (
    "id",
    "school",
    "nas",
    "client",
    "family",
    "subject",
    "login",
    "ssid",
    "access_point",
    "method",
    "rule",
    "policy",
    "vlan",
)
_COLUMNS: Final = (*FACTS, *(sessions.c[name] for name in _REST), sessions.c.authenticated, sessions.c.ended)


def rows_of(connection: Connection, which: ColumnElement[bool], limit: int) -> list[AnyRow]:
    """At most `limit` rows of table sessions, by their number, with what `wish` and radius.aaa.living read."""
    return list(connection.execute(select(*_COLUMNS).where(which).order_by(sessions.c.id).limit(limit)))


def wish(
    row: AnyRow, kind: Kind, reason: str, asked_by: str, not_before: float, give_up: float, subject: str | None = None
) -> Wish:
    """What is wanted of a row's session. `subject` is given where its own is going to be nobody's."""
    return Wish(
        kind,
        row.id,
        row.school,
        row.nas,
        row.client,
        row.family,
        row.subject if subject is None else subject,
        row.login,
        facts_of(row),
        reason,
        asked_by,
        not_before,
        give_up,
    )
