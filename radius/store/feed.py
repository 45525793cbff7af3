"""The feed: what is new in SQL goes into the node file, in sets, repeatable at any moment.

Every replicated row has the revision of the change that wrote it, and revisions are committed in their order
(radius.store.change). So one query, the counter, tells whether there is anything to carry. If there is, each table gives
its rows beyond the mark (revision, primary key), and the mark moves in the same LMDB transaction as the rows: who is
killed before that commit carries them again, who is killed after it does not. Small tables go first, so that a
new policy does not wait behind an import of 850,000 people.

The file is filled from the beginning when it is new, when it belongs to another database (installation or format), and when
the counter is behind what was carried, as after a restored backup. Filling goes by name and not by revision: keys that
come in their order pack the pages full, at random they leave a third of each empty and rewrite every page for each set
(ADR 0004). What changes meanwhile has a revision beyond the counter at the start, and is carried after.
"""

from collections.abc import Sequence

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, Engine, and_, or_, select

from radius.store import tables
from radius.store.engine import StoreUnusable, reading
from radius.store.node_file import Kind, integer
from radius.store.node_writer import Batch, Entry, NodeWriter
from radius.store.sources import FORMAT, SOURCES, Source

_encode = msgspec.msgpack.Encoder().encode


class Mark(Struct, frozen=True, array_like=True):
    """How far a table has been carried: every row up to this revision and, in that revision, this primary key."""

    revision: int = 0
    key: int | str | None = None


_mark = msgspec.msgpack.Decoder(Mark)


class Fill(Struct, frozen=True, array_like=True):
    """How far filling has come: the counter at its start, the place of the table in SOURCES, the last name carried."""

    counter: int
    source: int = 0
    after: int | str | None = None


_fill = msgspec.msgpack.Decoder(Fill)


class Feed:
    """Carries from one database into one node file."""

    def __init__(self, engine: Engine, node_file: NodeWriter, sources: Sequence[Source] = SOURCES) -> None:
        self._engine = engine
        self._file = node_file
        self._sources = sources

    def step(self) -> int:
        """Carry one set and return how many rows it had; 0 when the node file has everything. Call again while it is not 0.

        Costs one query when nothing changed. Raises StoreUnusable while the database is away, NodeFileUnusable when
        the node file cannot be written; both leave everything as it was.
        """
        with reading(self._engine) as connection:
            counter, installation = _counter(connection)
            name = f"{FORMAT}:{installation}".encode()
            carried = integer(self._file.mark("carried"))
            if self._file.mark("installation") != name or counter < carried:
                self._file.apply(Batch([], {"installation": name, "fill": _encode(Fill(counter))}, clear=True))
            elif counter == carried and self._file.complete():
                return 0
            rows = self._fill(connection)
            for source in self._sources:
                if rows:
                    break
                rows = self._carry(connection, source)
            return rows or self._finish(connection, counter)

    def carry_all(self) -> int:
        """Step until nothing is left; how many rows that were."""
        total = 0
        while rows := self.step():
            total += rows
        return total

    def _fill(self, connection: Connection) -> int:
        """Carry the next set by name; 0 when the file is filled, and the marks then stand at the counter of the start."""
        octets = self._file.mark("fill")
        if octets is None:
            return 0
        fill = _fill.decode(octets)
        for place in range(fill.source, len(self._sources)):
            source = self._sources[place]
            statement = select(*source.columns).where(source.table.c.removed.is_(False))
            if place == fill.source and fill.after is not None:
                statement = statement.where(source.name > fill.after)
            rows = connection.execute(statement.order_by(source.name).limit(source.limit)).all()
            if rows:
                mark = Fill(fill.counter, place, rows[-1]._mapping[source.name])
                self._file.apply(Batch(source.entries(connection, rows), {"fill": _encode(mark)}))
                return len(rows)
        start = _encode(Mark(fill.counter))
        marks: dict[str, bytes | None] = {_word(source): start for source in self._sources}
        self._file.apply(Batch([], marks | {"fill": None}))
        return 0

    def _carry(self, connection: Connection, source: Source) -> int:
        octets = self._file.mark(_word(source))
        mark = _mark.decode(octets) if octets else Mark()
        revision = source.table.c.revision
        beyond = revision > mark.revision
        if mark.key is not None:
            beyond = or_(beyond, and_(revision == mark.revision, source.key > mark.key))
        rows = connection.execute(
            select(*source.columns).where(beyond).order_by(revision, source.key).limit(source.limit)
        ).all()
        if rows:
            last = rows[-1]
            mark = Mark(last.revision, last._mapping[source.key])
            self._file.apply(Batch(source.entries(connection, rows), {_word(source): _encode(mark)}))
        return len(rows)

    def _finish(self, connection: Connection, counter: int) -> int:
        """The wrapped keys, which have no revisions of their own, and the marks that there is nothing more to carry."""
        wrapped = {row.name: row.wrapped for row in connection.execute(select(tables.keys.c.name, tables.keys.c.wrapped))}
        former = self._file.wrapped_keys()
        entries = [Entry(Kind.KEY, name, octets) for name, octets in wrapped.items() if former.get(name) != octets]
        entries += [Entry(Kind.KEY, name, None) for name in former if name not in wrapped]
        self._file.apply(Batch(entries, {"carried": counter.to_bytes(8, "big"), "complete": b"1"}))
        return len(entries)


def _word(source: Source) -> str:
    return f"mark:{source.table.name}"


def _counter(connection: Connection) -> tuple[int, str]:
    counter = tables.revision
    row = connection.execute(select(counter.c.value, counter.c.installation).where(counter.c.id == 1)).first()
    if row is None:
        raise StoreUnusable("the database has no revision counter: run 'kapija db upgrade'")
    return row.value, row.installation
