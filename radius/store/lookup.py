"""The records of workers, looked up one by one in SQL: for commands that explain, and for tests that compare.

The conversion is the feed's own, so what a command explains is what a worker decides on.
"""

from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec
from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, Engine, func, select

from radius.store import tables
from radius.store.engine import reading
from radius.store.records import ClientRecord, DeviceRecord, PersonRecord, PolicyRecord, SchoolRecord
from radius.store.sources import SOURCES, canonical_network

Record = TypeVar("Record", bound=Struct)

_SOURCES = {source.table.name: source for source in SOURCES}


class StoreRecords:
    """Schools, policies and devices as SQL has them at the moment of each look-up, and whether rules may have changed."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def school(self, name: str) -> SchoolRecord | None:
        """See SqlRecords.school."""
        with reading(self._engine) as connection:
            return SqlRecords(connection).school(name)

    def policy(self, scope: str) -> PolicyRecord | None:
        """See SqlRecords.policy."""
        with reading(self._engine) as connection:
            return SqlRecords(connection).policy(scope)

    def device(self, mac: str) -> DeviceRecord | None:
        """See SqlRecords.device."""
        with reading(self._engine) as connection:
            return SqlRecords(connection).device(mac)

    def rules_version(self) -> tuple[int, ...]:
        """Another one whenever a school or a policy has changed."""
        with reading(self._engine) as connection:
            newest = [select(func.max(table.c.revision)) for table in (tables.schools, tables.policies)]
            return tuple(connection.scalar(query) or 0 for query in newest)


class SqlRecords:
    """The look-ups of the node file, answered by SQL as it is within `connection`'s transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def person(self, username: str) -> PersonRecord | None:
        """The person with this username, in its stored (RFC 8265) form."""
        return self._one("people", tables.people.c.username == username, PersonRecord)

    def device(self, mac: str) -> DeviceRecord | None:
        """The registered device with this address, in RFC 3580's spelling."""
        return self._one("devices", tables.devices.c.mac == mac, DeviceRecord)

    def client(self, network: str) -> ClientRecord | None:
        """The client of exactly this address or network, in canonical text."""
        return self._one("clients", tables.clients.c.network == canonical_network(network), ClientRecord)

    def networks(self) -> Iterable[ClientRecord]:
        """The clients that are networks and not one address."""
        return [
            each for each in self._all("clients", tables.clients.c.network.contains("/"), ClientRecord) if "/" in each.network
        ]

    def clients_of(self, school: str) -> list[ClientRecord]:
        """Every client of a school."""
        return self._all("clients", tables.clients.c.school == school, ClientRecord)

    def school(self, name: str) -> SchoolRecord | None:
        """The school with this short name."""
        return self._one("schools", tables.schools.c.name == name, SchoolRecord)

    def policy(self, scope: str) -> PolicyRecord | None:
        """The policy in force in this scope."""
        return self._one("policies", tables.policies.c.scope == scope, PolicyRecord)

    def is_learned(self, address: str) -> bool:
        """Whether this source address must send Message-Authenticator."""
        learned = tables.learned
        where = (learned.c.address == address) & learned.c.removed.is_(False)
        return self._connection.execute(select(learned.c.address).where(where)).first() is not None

    def _one(self, table: str, where: ColumnElement[bool], kind: type[Record]) -> Record | None:
        found = self._all(table, where, kind)
        return found[0] if found else None

    def _all(self, table: str, where: ColumnElement[bool], kind: type[Record]) -> list[Record]:
        source = _SOURCES[table]
        rows: Any = self._connection.execute(select(*source.columns).where(where)).all()
        entries = source.entries(self._connection, rows) if rows else []
        return [msgspec.msgpack.decode(entry.octets, type=kind) for entry in entries if entry.octets is not None]
