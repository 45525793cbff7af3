"""The outbox of requests to access points, how far re-authorisation has come, and a client's own port for them.

Revision 0005, after 0004.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
WAITS = sa.text("state = 'waiting'")
EXPIRES = sa.text("valid_until > 0")


def upgrade() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", ID, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("session", sa.BigInteger(), nullable=False),
        sa.Column("school", sa.String(length=64), nullable=False),
        sa.Column("nas", sa.String(length=64), nullable=False),
        sa.Column("client", sa.String(length=64), nullable=False),
        sa.Column("family", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("login", sa.String(length=24), nullable=False),
        sa.Column("facts", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("created", sa.Float(), nullable=False),
        sa.Column("not_before", sa.Float(), nullable=False),
        sa.Column("give_up", sa.Float(), nullable=False),
        sa.Column("claimed_by", sa.String(length=64), nullable=False),
        sa.Column("claimed_until", sa.Float(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("sent", sa.String(length=16), nullable=False),
        sa.Column("answer", sa.String(length=48), nullable=False),
        sa.Column("error_cause", sa.Integer(), nullable=False),
        sa.Column("answered", sa.Float(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("policy", sa.String(length=64), nullable=False),
        sa.Column("vlan", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_outbox_session"), "outbox", ["session"])
    op.create_index("ix_outbox_waiting", "outbox", ["not_before"], sqlite_where=WAITS, postgresql_where=WAITS)
    op.create_index("ix_outbox_answered", "outbox", ["answered"])
    op.create_table(
        "reauthorization",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("after", sa.BigInteger(), nullable=False),
        sa.Column("time", sa.Float(), nullable=False),
        sa.Column("holder", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_reauthorization")),
    )
    op.add_column("clients", sa.Column("coa_port", sa.Integer(), server_default="0", nullable=False))
    for table in ("people", "devices"):  # who comes to the end of her time is looked for each half minute
        op.create_index(f"ix_{table}_valid_until", table, ["valid_until"], sqlite_where=EXPIRES, postgresql_where=EXPIRES)


def downgrade() -> None:
    for table in ("people", "devices"):
        op.drop_index(f"ix_{table}_valid_until", table)
    op.drop_column("clients", "coa_port")
    op.drop_table("reauthorization")
    op.drop_table("outbox")
