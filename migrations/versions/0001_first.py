"""The first tables: schools, clients, people, devices, policies, keys and the audit log's evidence.

Revision 0001, after none.
"""

from secrets import token_hex

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _foundation()
    _places()
    _accounts()
    _evidence()


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)


TABLES = (
    "revision",
    "keys",
    "schools",
    "clients",
    "learned",
    "unknown_clients",
    "people",
    "devices",
    "policies",
    "subject_keys",
    "chains",
    "audit",
    "carried",
    "checkpoints",
)


def _foundation() -> None:
    counter = op.create_table(
        "revision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("installation", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revision")),
    )
    op.bulk_insert(counter, [{"id": 1, "value": 0, "installation": token_hex(16)}])
    op.create_table(
        "keys",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_keys")),
    )


def _places() -> None:
    op.create_table(
        "schools",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("vlans", sa.JSON(), nullable=False),
        sa.Column("calendar", sa.Text(), nullable=False),
        sa.Column("removed", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_schools")),
    )
    op.create_index(op.f("ix_schools_revision"), "schools", ["revision"])
    op.create_table(
        "clients",
        sa.Column("id", ID, nullable=False),
        sa.Column("network", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("school", sa.String(length=64), nullable=False),
        sa.Column("family", sa.String(length=32), nullable=False),
        sa.Column("location", sa.Text(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("previous_secret", sa.LargeBinary(), nullable=False),
        sa.Column("previous_until", sa.Float(), nullable=False),
        sa.Column("mode", sa.String(length=16), nullable=False),
        sa.Column("removed", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clients")),
        sa.UniqueConstraint("network", name=op.f("uq_clients_network")),
    )
    op.create_index(op.f("ix_clients_revision"), "clients", ["revision"])
    op.create_index(op.f("ix_clients_school"), "clients", ["school"])
    op.create_table(
        "learned",
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("time", sa.Float(), nullable=False),
        sa.Column("removed", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("address", name=op.f("pk_learned")),
    )
    op.create_index(op.f("ix_learned_revision"), "learned", ["revision"])
    op.create_table(
        "unknown_clients",
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("first", sa.Float(), nullable=False),
        sa.Column("last", sa.Float(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("octets", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("address", name=op.f("pk_unknown_clients")),
    )
    op.create_index(op.f("ix_unknown_clients_last"), "unknown_clients", ["last"])


def _accounts() -> None:
    op.create_table(
        "people",
        sa.Column("id", ID, nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("display_name", sa.LargeBinary(), nullable=False),
        sa.Column("school", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("groups", sa.JSON(), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("valid_from", sa.Float(), nullable=False),
        sa.Column("valid_until", sa.Float(), nullable=False),
        sa.Column("verifier", sa.LargeBinary(), nullable=False),
        sa.Column("nt", sa.LargeBinary(), nullable=False),
        sa.Column("plain", sa.LargeBinary(), nullable=False),
        sa.Column("argon2", sa.Text(), nullable=False),
        sa.Column("removed", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
        sa.UniqueConstraint("username", name=op.f("uq_people_username")),
    )
    op.create_index(op.f("ix_people_revision"), "people", ["revision"])
    op.create_index(op.f("ix_people_school"), "people", ["school"])
    op.create_table(
        "devices",
        sa.Column("id", ID, nullable=False),
        sa.Column("mac", sa.String(length=17), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("school", sa.String(length=64), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("groups", sa.JSON(), nullable=False),
        sa.Column("ownership", sa.String(length=16), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("valid_until", sa.Float(), nullable=False),
        sa.Column("psk", sa.LargeBinary(), nullable=False),
        sa.Column("removed", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_devices")),
        sa.UniqueConstraint("mac", name=op.f("uq_devices_mac")),
    )
    op.create_index(op.f("ix_devices_revision"), "devices", ["revision"])
    op.create_index(op.f("ix_devices_school"), "devices", ["school"])
    op.create_table(
        "policies",
        sa.Column("id", ID, nullable=False),
        sa.Column("scope", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("time", sa.Float(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("removed", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policies")),
        sa.UniqueConstraint("scope", "version", name=op.f("uq_policies_scope_version")),
    )
    op.create_index(op.f("ix_policies_revision"), "policies", ["revision"])
    op.create_index(op.f("ix_policies_sha256"), "policies", ["sha256"])


def _evidence() -> None:
    op.create_table(
        "subject_keys",
        sa.Column("id", ID, nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subject_keys")),
        sa.UniqueConstraint("subject", name=op.f("uq_subject_keys_subject")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "chains",
        sa.Column("chain", sa.String(length=64), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("chain", name=op.f("pk_chains")),
    )
    op.create_table(
        "audit",
        sa.Column("id", ID, nullable=False),
        sa.Column("chain", sa.String(length=64), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("time", sa.Float(), nullable=False),
        sa.Column("tag", sa.String(length=48), nullable=False),
        sa.Column("school", sa.String(length=64), nullable=False),
        sa.Column("nas", sa.String(length=64), nullable=False),
        sa.Column("facts", sa.LargeBinary(), nullable=False),
        sa.Column("subject_key", sa.BigInteger(), nullable=True),
        sa.Column("personal", sa.LargeBinary(), nullable=False),
        sa.Column("user_index", sa.LargeBinary(), nullable=True),
        sa.Column("mac_index", sa.LargeBinary(), nullable=True),
        sa.Column("writer", sa.String(length=64), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
        sa.UniqueConstraint("chain", "number", name=op.f("uq_audit_chain_number")),
        sa.UniqueConstraint("writer", "sequence", "position", name=op.f("uq_audit_writer_sequence_position")),
    )
    op.create_index("ix_audit_mac_index", "audit", ["mac_index", "time"])
    op.create_index("ix_audit_nas", "audit", ["nas", "time"])
    op.create_index("ix_audit_subject_key", "audit", ["subject_key"])
    op.create_index(op.f("ix_audit_time"), "audit", ["time"])
    op.create_index("ix_audit_user_index", "audit", ["user_index", "time"])
    op.create_table(
        "carried",
        sa.Column("writer", sa.String(length=64), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("time", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("writer", name=op.f("pk_carried")),
    )
    op.create_table(
        "checkpoints",
        sa.Column("id", ID, nullable=False),
        sa.Column("chain", sa.String(length=64), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("time", sa.Float(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("signer", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checkpoints")),
        sa.UniqueConstraint("chain", "number", "kind", name=op.f("uq_checkpoints_chain_number_kind")),
    )
