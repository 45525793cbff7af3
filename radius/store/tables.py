"""The SQL tables. Core, not ORM: what is read and written here are sets of rows.

Each table that workers need (replicated) has `revision`, given from one counter in the changing transaction, so that the
housekeeper can carry exactly what is new into the node file, and `removed`, so that a deletion is carried too.
Times are seconds since the epoch (UTC). Secrets are sealed octets (radius.store.keyring). Names are short lower-case words.
"""

from secrets import token_hex

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Id = BigInteger().with_variant(Integer, "sqlite")


def _replicated() -> tuple[Column[bool], Column[int]]:
    return (
        Column("removed", Boolean, nullable=False, default=False),
        Column("revision", BigInteger, nullable=False, index=True),
    )


revision = Table(  # one row, id 1: the counter, and the random name by which node files know whose database this is
    "revision",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("value", BigInteger, nullable=False),
    Column("installation", String(32), nullable=False, default=lambda: token_hex(16)),
)

keys = Table(  # data keys, wrapped under the master key
    "keys",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("wrapped", LargeBinary, nullable=False),
)

schools = Table(
    "schools",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("title", Text, nullable=False),
    Column("timezone", String(64), nullable=False),
    Column("language", String(8), nullable=False),
    Column("tags", JSON, nullable=False),
    Column("vlans", JSON, nullable=False),
    Column("calendar", Text, nullable=False),
    *_replicated(),
)

clients = Table(
    "clients",
    metadata,
    Column("id", Id, primary_key=True),
    Column("network", String(64), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("school", String(64), nullable=False, index=True),
    Column("family", String(32), nullable=False),
    Column("location", Text, nullable=False),
    Column("secret", LargeBinary, nullable=False),
    Column("previous_secret", LargeBinary, nullable=False),
    Column("previous_until", Float, nullable=False),
    Column("mode", String(16), nullable=False),
    *_replicated(),
)

learned = Table(  # source addresses that must send Message-Authenticator from now on
    "learned",
    metadata,
    Column("address", String(64), primary_key=True),
    Column("time", Float, nullable=False),
    *_replicated(),
)

unknown_clients = Table(
    "unknown_clients",
    metadata,
    Column("address", String(64), primary_key=True),
    Column("first", Float, nullable=False),
    Column("last", Float, nullable=False, index=True),
    Column("count", BigInteger, nullable=False),
    Column("octets", LargeBinary, nullable=False),
)

people = Table(
    "people",
    metadata,
    Column("id", Id, primary_key=True),
    Column("username", Text, nullable=False, unique=True),
    Column("display_name", LargeBinary, nullable=False),  # sealed
    Column("school", String(64), nullable=False, index=True),
    Column("role", String(32), nullable=False),
    Column("groups", JSON, nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("valid_from", Float, nullable=False),
    Column("valid_until", Float, nullable=False),
    Column("verifier", LargeBinary, nullable=False),
    Column("nt", LargeBinary, nullable=False),
    Column("plain", LargeBinary, nullable=False),
    Column("argon2", Text, nullable=False),
    *_replicated(),
)

devices = Table(
    "devices",
    metadata,
    Column("id", Id, primary_key=True),
    Column("mac", String(17), nullable=False, unique=True),
    Column("label", Text, nullable=False),
    Column("school", String(64), nullable=False, index=True),
    Column("owner", Text, nullable=False),
    Column("role", String(32), nullable=False),
    Column("groups", JSON, nullable=False),
    Column("ownership", String(16), nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("valid_until", Float, nullable=False),
    Column("psk", LargeBinary, nullable=False),
    *_replicated(),
)

policies = Table(  # every version ever published; the highest of a scope is the one in force
    "policies",
    metadata,
    Column("id", Id, primary_key=True),
    Column("scope", String(64), nullable=False),
    Column("version", Integer, nullable=False),
    Column("sha256", String(64), nullable=False, index=True),
    Column("document", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("time", Float, nullable=False),
    Column("note", Text, nullable=False),
    *_replicated(),
    UniqueConstraint("scope", "version"),
)

directories = Table(  # external directories: LDAP, Active Directory
    "directories",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("document", Text, nullable=False),  # TOML: radius.directory.description
    Column("secrets", LargeBinary, nullable=False),  # sealed: radius.store.directory_secrets
    Column("disabled", Boolean, nullable=False),
    *_replicated(),
)

subject_keys = Table(  # the key under which a person's or device's parameters in the audit log are sealed; erasing deletes it
    "subject_keys",
    metadata,
    Column("id", Id, primary_key=True),
    Column("subject", Text, nullable=False, unique=True),
    Column("wrapped", LargeBinary, nullable=False),
    sqlite_autoincrement=True,  # an erased number is never given again: audit rows still name it
)

chains = Table(  # the head of each evidence chain
    "chains",
    metadata,
    Column("chain", String(64), primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Id, primary_key=True),
    Column("chain", String(64), nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("time", Float, nullable=False, index=True),
    Column("tag", String(48), nullable=False),
    Column("school", String(64), nullable=False),
    Column("nas", String(64), nullable=False),
    Column("facts", LargeBinary, nullable=False),  # msgpack: what is not personal (rule, policy, causes, method, micros ...)
    Column("subject_key", BigInteger, nullable=True),
    Column("personal", LargeBinary, nullable=False),  # sealed msgpack under the subject's key: user, mac, ssid, access point
    Column("user_index", LargeBinary, nullable=True),
    Column("mac_index", LargeBinary, nullable=True),
    Column("writer", String(64), nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("position", Integer, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    UniqueConstraint("chain", "number"),
    UniqueConstraint("writer", "sequence", "position"),
    Index("ix_audit_subject_key", "subject_key"),  # erasing a person takes its rows out of the blind indexes
    Index("ix_audit_user_index", "user_index", "time"),
    Index("ix_audit_mac_index", "mac_index", "time"),
    Index("ix_audit_nas", "nas", "time"),
)

carried = Table(  # how far each writer's journal has been carried into SQL
    "carried",
    metadata,
    Column("writer", String(64), primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("time", Float, nullable=False),
)

checkpoints = Table(  # the chain's head, signed each minute and when a partition closes
    "checkpoints",
    metadata,
    Column("id", Id, primary_key=True),
    Column("chain", String(64), nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("time", Float, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("signer", LargeBinary, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    UniqueConstraint("chain", "number", "kind"),
)
