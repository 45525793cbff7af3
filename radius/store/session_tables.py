"""The SQL tables of accounting: sessions, their addresses and records, and what grants count.

`presence` alone is replicated. None of the others is needed on a packet's way.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from radius.store.schema import Id, metadata, replicated

ERASED = "erased"  # the subject of sessions of somebody who was erased
OPEN = 1e12  # `session_addresses.until` while the address is held: later than any time that somebody asks about

sessions = Table(  # one row a session, folded from its accounting records (radius.aaa.sessions says how)
    "sessions",
    metadata,
    Column("id", Id, primary_key=True),
    Column("identity", LargeBinary, nullable=False),  # access point, Acct-Session-Id and device, hashed
    Column("number", Integer, nullable=False),  # access points use an Acct-Session-Id again: the how manieth session of it
    Column("version", BigInteger, nullable=False),  # counts the writes, so that two nodes cannot overwrite each other's
    Column("school", String(64), nullable=False),
    Column("nas", String(64), nullable=False),
    Column("client", String(64), nullable=False),
    Column("family", String(32), nullable=False),
    Column("nas_address", String(64), nullable=False),
    Column("nas_identifier", Text, nullable=False),
    Column("session_id", Text, nullable=False),
    Column("multi_session_id", Text, nullable=False),
    Column("user", Text, nullable=False),
    Column("mac", String(17), nullable=False),
    Column("ssid", Text, nullable=False),
    Column("access_point", String(17), nullable=False),
    Column("address", String(64), nullable=False),  # the latest; all of them are in session_addresses
    Column("nas_port", BigInteger, nullable=False),  # -1: unknown
    Column("nas_port_id", Text, nullable=False),
    Column("audit_session_id", Text, nullable=False),
    Column("cui", Text, nullable=False),
    Column("authenticated", Boolean, nullable=False),  # whether it has a login of ours
    Column("login", String(24), nullable=False),
    Column("subject", Text, nullable=False),
    Column("role", String(32), nullable=False),
    Column("rule", Text, nullable=False),
    Column("policy", String(64), nullable=False),
    Column("method", String(32), nullable=False),
    Column("vlan", Integer, nullable=False),
    Column("valid_until", Float, nullable=False),
    Column("limited", Boolean, nullable=False),
    Column("interim", Integer, nullable=False),  # seconds between interims that were asked for
    Column("started", Float, nullable=False),
    Column("updated", Float, nullable=False),
    Column("due", Float, nullable=False),  # without a sign of life until then it has ended
    Column("ended", Float, nullable=False),  # 0: it lives
    Column("end_reason", String(32), nullable=False),
    Column("input_octets", BigInteger, nullable=False),
    Column("output_octets", BigInteger, nullable=False),
    Column("input_packets", BigInteger, nullable=False),
    Column("output_packets", BigInteger, nullable=False),
    Column("session_time", BigInteger, nullable=False),
    Column("state", LargeBinary, nullable=False),  # what folding needs besides: radius.aaa.sessions.State
    UniqueConstraint("identity", "number"),
    Index("ix_sessions_mac", "mac", "ended"),
    Index("ix_sessions_subject", "subject", "ended"),
    Index("ix_sessions_user", "user"),
    Index("ix_sessions_started", "started"),
    sqlite_autoincrement=True,  # a number is never given again: history and requests to access points name it
)
_lives = sessions.c.ended == 0
Index("ix_sessions_living", sessions.c.due, sqlite_where=_lives, postgresql_where=_lives)
Index("ix_sessions_living_nas", sessions.c.nas, sqlite_where=_lives, postgresql_where=_lives)

session_addresses = Table(  # which session had which address when; `first` and `last` are when a record said so
    "session_addresses",
    metadata,
    Column("session", BigInteger, primary_key=True, autoincrement=False),
    Column("address", String(64), primary_key=True),
    Column("school", String(64), nullable=False),
    Column("since", Float, nullable=False),
    Column("until", Float, nullable=False),
    Column("first", Float, nullable=False),
    Column("last", Float, nullable=False),
    Index("ix_session_addresses_address", "address", "until", "since", "school"),
    sqlite_with_rowid=False,
)

accounting = Table(  # every record once, for graphs and for proof
    "accounting",
    metadata,
    Column("session", BigInteger, primary_key=True, autoincrement=False),
    Column("status", String(24), primary_key=True),
    Column("event_time", Float, primary_key=True),
    Column("time", Float, nullable=False),
    Column("input_octets", BigInteger, nullable=False),
    Column("output_octets", BigInteger, nullable=False),
    Column("session_time", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

usage = Table(  # how much a person or device with a quota used on a day of its school
    "usage",
    metadata,
    Column("subject", String(255), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("octets", BigInteger, nullable=False),
    Column("seconds", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

presence = Table(  # whose grant counts: the devices that are on now, and until when a quota is used up
    "presence",
    metadata,
    Column("subject", String(255), primary_key=True),
    Column("devices", JSON, nullable=False),
    Column("used_up_until", Float, nullable=False),
    *replicated(),
)
