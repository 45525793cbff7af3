"""The SQL tables of dynamic authorization: what access points are to be asked, and how far re-authorisation has come."""

from sqlalchemy import BigInteger, Column, Float, Index, Integer, LargeBinary, String, Table, Text

from radius.store.schema import Id, metadata

WAITING, DONE, REFUSED, FAILED = "waiting", "done", "refused", "failed"

outbox = Table(  # one row for each thing that somebody wants of a session; radius.store.outbox says how it is worked off
    "outbox",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", String(16), nullable=False),  # disconnect, reauthenticate, change
    Column("session", BigInteger, nullable=False, index=True),
    Column("school", String(64), nullable=False),
    Column("nas", String(64), nullable=False),
    Column("client", String(64), nullable=False),
    Column("family", String(32), nullable=False),
    Column("subject", Text, nullable=False),
    Column("login", String(24), nullable=False),  # the session's when it was asked
    Column("facts", LargeBinary, nullable=False),  # sealed SessionFacts; emptied when the row is settled
    Column("reason", String(32), nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("created", Float, nullable=False),
    Column("not_before", Float, nullable=False),
    Column("give_up", Float, nullable=False),  # whom nobody has answered by then is asked no more
    Column("claimed_by", String(64), nullable=False),
    Column("claimed_until", Float, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("sent", String(16), nullable=False),  # what was sent last: disconnect, coa, "" for nothing
    Column("answer", String(48), nullable=False),
    Column("error_cause", Integer, nullable=False),
    Column("answered", Float, nullable=False),
    Column("rule", Text, nullable=False),  # of a change that was done: what the session has since
    Column("policy", String(64), nullable=False),
    Column("vlan", Integer, nullable=False),
    sqlite_autoincrement=True,  # the audit log names rows by their number
)
_waits = outbox.c.state == WAITING
Index("ix_outbox_waiting", outbox.c.not_before, sqlite_where=_waits, postgresql_where=_waits)
Index("ix_outbox_answered", outbox.c.answered)

reauthorization = Table(  # the leader's lease, how far each table's changes were looked at, and the schools under way
    "reauthorization",
    metadata,
    Column("name", String(80), primary_key=True),
    Column("revision", BigInteger, nullable=False),
    Column("after", BigInteger, nullable=False),
    Column("time", Float, nullable=False),
    Column("holder", String(64), nullable=False),
)
