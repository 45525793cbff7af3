"""What the tables have in common: their metadata, the kind of their ids, and the columns of those that workers need."""

from sqlalchemy import BigInteger, Boolean, Column, Integer, MetaData

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Id = BigInteger().with_variant(Integer, "sqlite")


def replicated() -> tuple[Column[bool], Column[int]]:
    """The two columns of each table that workers need (radius.store.tables)."""
    return (
        Column("removed", Boolean, nullable=False, default=False),
        Column("revision", BigInteger, nullable=False, index=True),
    )
