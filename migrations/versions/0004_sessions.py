"""Accounting: sessions, their addresses and records, use by quota, and who with a limit is on now.

Revision 0004, after 0003.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
LIVES = sa.text("ended = 0")


def upgrade() -> None:
    _sessions()
    _of_sessions()
    _of_people()


def downgrade() -> None:
    for table in ("presence", "usage", "accounting", "session_addresses", "sessions"):
        op.drop_table(table)


def _sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", ID, nullable=False),
        sa.Column("identity", sa.LargeBinary(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("school", sa.String(length=64), nullable=False),
        sa.Column("nas", sa.String(length=64), nullable=False),
        sa.Column("client", sa.String(length=64), nullable=False),
        sa.Column("family", sa.String(length=32), nullable=False),
        sa.Column("nas_address", sa.String(length=64), nullable=False),
        sa.Column("nas_identifier", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("multi_session_id", sa.Text(), nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("mac", sa.String(length=17), nullable=False),
        sa.Column("ssid", sa.Text(), nullable=False),
        sa.Column("access_point", sa.String(length=17), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("nas_port", sa.BigInteger(), nullable=False),
        sa.Column("nas_port_id", sa.Text(), nullable=False),
        sa.Column("audit_session_id", sa.Text(), nullable=False),
        sa.Column("cui", sa.Text(), nullable=False),
        sa.Column("authenticated", sa.Boolean(), nullable=False),
        sa.Column("login", sa.String(length=24), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("policy", sa.String(length=64), nullable=False),
        sa.Column("method", sa.String(length=32), nullable=False),
        sa.Column("vlan", sa.Integer(), nullable=False),
        sa.Column("valid_until", sa.Float(), nullable=False),
        sa.Column("limited", sa.Boolean(), nullable=False),
        sa.Column("interim", sa.Integer(), nullable=False),
        sa.Column("started", sa.Float(), nullable=False),
        sa.Column("updated", sa.Float(), nullable=False),
        sa.Column("due", sa.Float(), nullable=False),
        sa.Column("ended", sa.Float(), nullable=False),
        sa.Column("end_reason", sa.String(length=32), nullable=False),
        sa.Column("input_octets", sa.BigInteger(), nullable=False),
        sa.Column("output_octets", sa.BigInteger(), nullable=False),
        sa.Column("input_packets", sa.BigInteger(), nullable=False),
        sa.Column("output_packets", sa.BigInteger(), nullable=False),
        sa.Column("session_time", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
        sa.UniqueConstraint("identity", "number", name=op.f("uq_sessions_identity_number")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_sessions_living", "sessions", ["due"], sqlite_where=LIVES, postgresql_where=LIVES)
    op.create_index("ix_sessions_living_nas", "sessions", ["nas"], sqlite_where=LIVES, postgresql_where=LIVES)
    op.create_index("ix_sessions_mac", "sessions", ["mac", "ended"])
    op.create_index("ix_sessions_started", "sessions", ["started"])
    op.create_index("ix_sessions_subject", "sessions", ["subject", "ended"])
    op.create_index("ix_sessions_user", "sessions", ["user"])


def _of_sessions() -> None:
    op.create_table(
        "session_addresses",
        sa.Column("session", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("school", sa.String(length=64), nullable=False),
        sa.Column("since", sa.Float(), nullable=False),
        sa.Column("until", sa.Float(), nullable=False),
        sa.Column("first", sa.Float(), nullable=False),
        sa.Column("last", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("session", "address", name=op.f("pk_session_addresses")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_session_addresses_address", "session_addresses", ["address", "until", "since", "school"])
    op.create_table(
        "accounting",
        sa.Column("session", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("status", sa.String(length=24), nullable=False),
        sa.Column("event_time", sa.Float(), nullable=False),
        sa.Column("time", sa.Float(), nullable=False),
        sa.Column("input_octets", sa.BigInteger(), nullable=False),
        sa.Column("output_octets", sa.BigInteger(), nullable=False),
        sa.Column("session_time", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("session", "status", "event_time", name=op.f("pk_accounting")),
        sqlite_with_rowid=False,
    )


def _of_people() -> None:
    op.create_table(
        "usage",
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("octets", sa.BigInteger(), nullable=False),
        sa.Column("seconds", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("subject", "day", name=op.f("pk_usage")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "presence",
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("devices", sa.JSON(), nullable=False),
        sa.Column("used_up_until", sa.Float(), nullable=False),
        sa.Column("removed", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_presence")),
    )
    op.create_index(op.f("ix_presence_revision"), "presence", ["revision"])
