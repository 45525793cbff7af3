"""Rosters: what they say of people, and their schools, terms, classes and memberships.

Revision 0003, after 0002.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_OF_PEOPLE = (
    ("enrolled", sa.JSON(), "[]"),
    ("roster", sa.String(length=64), ""),
    ("roster_id", sa.Text(), ""),
    ("roster_facts", sa.JSON(), "{}"),
    ("barred", sa.Boolean(), sa.false()),
    ("left_at", sa.Float(), "0"),
)


def upgrade() -> None:
    for name, kind, default in _OF_PEOPLE:
        op.add_column("people", sa.Column(name, kind, nullable=False, server_default=default))
    in_one = sa.text("roster != ''")
    op.create_index(
        "ix_people_roster", "people", ["roster", "roster_id"], unique=True, sqlite_where=in_one, postgresql_where=in_one
    )
    op.create_table(
        "rosters",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("time", sa.Float(), nullable=False),
        sa.Column("file_sha256", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_rosters")),
    )
    op.create_table(
        "roster_schools",
        sa.Column("roster", sa.String(length=64), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("school", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("roster", "id", name=op.f("pk_roster_schools")),
    )
    op.create_table(
        "roster_terms",
        sa.Column("roster", sa.String(length=64), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("first", sa.String(length=10), nullable=False),
        sa.Column("end", sa.String(length=10), nullable=False),
        sa.PrimaryKeyConstraint("roster", "id", name=op.f("pk_roster_terms")),
    )
    op.create_table(
        "roster_classes",
        sa.Column("roster", sa.String(length=64), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("school", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("terms", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("roster", "id", name=op.f("pk_roster_classes")),
    )
    op.create_table(
        "roster_members",
        sa.Column("roster", sa.String(length=64), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("kind", sa.Integer(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("main", sa.Boolean(), nullable=False),
        sa.Column("first", sa.String(length=10), nullable=False),
        sa.Column("end", sa.String(length=10), nullable=False),
        sa.PrimaryKeyConstraint("roster", "person", "kind", "id", name=op.f("pk_roster_members")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    for name in ("roster_members", "roster_classes", "roster_terms", "roster_schools", "rosters"):
        op.drop_table(name)
    op.drop_index("ix_people_roster", "people")
    for name, _, _ in reversed(_OF_PEOPLE):
        op.drop_column("people", name)
