"""The housekeeper's side: carries the journals of all writers into SQL and onto the node's evidence chain.

Each batch is one transaction: audit rows, the chain's head, the row in `carried` that says how far the writer has come, and
what each *applier* makes of the events: notices here, sessions in radius.aaa.session_keeping, which the housekeeper brings.
So a batch is there wholly or not at all, and carrying again changes nothing, whether this process was killed, the database
was restored to an earlier state, or only `carried` was. Where a journal's link or seal does not hold, what comes before is
carried, an audit row tells of it, and the rest of that writer is put aside under `*.broken`.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct
from sqlalchemy import Connection, Engine, select

from radius.audit import facts
from radius.audit.chain import Draft, append
from radius.audit.checkpoints import Checkpointer
from radius.audit.conflict import insert_or
from radius.audit.drafts import Drafter
from radius.audit.events import Event
from radius.audit.notices import store_learned, store_unknown
from radius.audit.reading import Group, JournalReader
from radius.audit.segment import BROKEN, is_open, segments
from radius.audit.tags import Tag
from radius.store import tables
from radius.store.change import Work, change
from radius.store.engine import reading
from radius.store.keyring import Keyring

BATCH_EVENTS = 4000  # some 300 ms: an administrator's change waits no longer than that for SQLite's one writer
BROKEN_POSITION = -1  # of the audit row about a broken record: no event has it


Applier = Callable[[Work, Sequence[Event], float], None]
"""What is done with a batch's events in its transaction, and when that is (seconds since the epoch). It picks the kinds that it
knows, and bears being given the same events again."""


class Carried(Struct, frozen=True):
    """What one step did. `lag_seconds` is how old the oldest event was that it carried; `more` says that a further step
    has something to do at once; `broken` counts journals that it put aside (each is told in an audit row)."""

    events: int = 0
    groups: int = 0
    lag_seconds: float = 0.0
    more: bool = False
    broken: int = 0


class Carrier:
    """Carries one node's journals. One housekeeper a node; it never waits for a worker, nor a worker for it.

    `directory` is the node's journal directory, `node` its name. Carried segments stay `keep_seconds`, so that a database
    that comes back without its last minutes gets them again; beyond half of `limit_bytes` they go at once. `appliers` are
    called in their order; those that take a revision last, because from then on every other change waits.
    """

    def __init__(
        self,
        engine: Engine,
        keyring: Keyring,
        directory: Path,
        node: str,
        *,
        keep_seconds: float = 900.0,
        limit_bytes: int = 4 << 30,
        step_events: int = 20_000,
        appliers: Sequence[Applier] = (),
    ) -> None:
        self._engine = engine
        self._key = keyring.journal_key(node)
        self._directory = directory
        self._keep_seconds = keep_seconds
        self._limit_bytes = limit_bytes
        self._step_events = step_events
        self._appliers: tuple[Applier, ...] = (store_unknown, *appliers, store_learned)
        self.chain = f"node:{node}"
        self._drafter = Drafter(keyring)
        self._checkpointer = Checkpointer(engine, keyring, self.chain)
        self._readers: dict[str, JournalReader] = {}
        self._finished: dict[Path, float] = {}

    def step(self, now: float) -> Carried:
        """Carry what is there, up to `step_events`; sign the chains' heads when it is time; delete what was kept long enough.

        `now` is seconds since the epoch. Raises StoreUnusable while the database is away (nothing is lost: try again).
        """
        found = segments(self._directory)
        self._match_readers(found)
        result = self._carry_all(found, now)
        self._checkpointer.step(now)
        self._tidy(found, now)
        return result

    def _match_readers(self, found: dict[str, list[Path]]) -> None:
        """A reader for each writer, standing where SQL says: a transaction may have failed, or SQL gone back in a failover."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(tables.carried).where(tables.carried.c.writer.in_(found)))
            stored = {row.writer: (row.sequence, row.hash) for row in rows}
        readers = {}
        for writer, paths in found.items():
            reader = self._readers.get(writer)
            position = stored.get(writer)
            if reader is None or (position or (0, reader.hash)) != (reader.sequence, reader.hash):
                if reader is not None:
                    self._drafter.forget()  # the keys of subjects that were made there are gone too
                reader = JournalReader(writer, self._key, *position) if position else JournalReader(writer, self._key)
                self._finished = {path: at for path, at in self._finished.items() if path not in paths}
            readers[writer] = reader
        self._readers = readers

    def _carry_all(self, found: dict[str, list[Path]], now: float) -> Carried:
        self._put_known_broken_aside(found)
        events = groups = broken = 0
        lag = 0.0
        while events < self._step_events:
            share = max(1, BATCH_EVENTS // max(1, len(found)))
            batch = [group for writer, paths in found.items() for group in self._readers[writer].read(paths, share)]
            cracked = [reader for reader in self._readers.values() if reader.broken and reader.writer in found]
            if not batch and not cracked:
                return Carried(events, groups, lag, False, broken)
            self._store(batch, cracked, now)
            for reader in cracked:
                self._put_aside(reader.writer, found.pop(reader.writer))
            events += sum(len(group.events) for group in batch)
            groups += len(batch)
            broken += len(cracked)
            lag = max([lag, *(now - group.events[0].time for group in batch if group.events)])
        return Carried(events, groups, lag, True, broken)

    def _store(self, batch: list[Group], cracked: list[JournalReader], now: float) -> None:
        placed = [
            (group.writer, group.sequence, position, event) for group in batch for position, event in enumerate(group.events)
        ]
        with change(self._engine) as work:
            _give_room(work.connection)
            present = self._present(work, batch, cracked)
            if present:
                placed = [item for item in placed if item[:3] not in present]
            drafts = self._drafter.drafts(work.connection, placed)
            drafts += [
                draft
                for reader in cracked
                if (draft := _crack(reader, now)) and (draft.writer, draft.sequence, draft.position) not in present
            ]
            if drafts:
                append(work.connection, self.chain, drafts)
            self._remember(work, batch, now)
            events = [item[3] for item in placed]
            for apply in self._appliers:
                apply(work, events, now)

    def _present(self, work: Work, batch: list[Group], cracked: list[JournalReader]) -> set[tuple[str, int, int]]:
        """Which (writer, sequence, position) SQL has although `carried` does not say so: after a restore, or a kill
        between telling of a broken journal and putting it aside."""
        reach: dict[str, tuple[int, int]] = {}
        for writer, sequence in [(group.writer, group.sequence) for group in batch] + [_place(reader) for reader in cracked]:
            first, last = reach.get(writer, (sequence, sequence))
            reach[writer] = (min(first, sequence), max(last, sequence))
        audit = tables.audit
        columns = select(audit.c.writer, audit.c.sequence, audit.c.position)
        return {
            (row.writer, row.sequence, row.position)
            for writer, (first, last) in reach.items()
            for row in work.connection.execute(columns.where(audit.c.writer == writer, audit.c.sequence.between(first, last)))
        }

    def _remember(self, work: Work, batch: list[Group], now: float) -> None:
        for group in {group.writer: group for group in batch}.values():
            position = {"sequence": group.sequence, "hash": group.hash, "time": now}
            row = insert_or(work.connection, tables.carried).values(writer=group.writer, **position)
            work.connection.execute(row.on_conflict_do_update(index_elements=["writer"], set_=position))

    def _put_known_broken_aside(self, found: dict[str, list[Path]]) -> None:
        """Segments that a writer began before it saw that its journal was put aside; that was told already."""
        names = [path.name for path in self._directory.glob(f"*{BROKEN}")]
        for writer in [writer for writer in found if any(name.startswith(writer + ".") for name in names)]:
            self._put_aside(writer, found.pop(writer))

    def _put_aside(self, writer: str, paths: list[Path]) -> None:
        """Everything of this writer that is still here, for people to look into; the worker sees the name and begins anew."""
        for path in paths:
            path.rename(path.with_name(path.name + BROKEN))
        del self._readers[writer]

    def _tidy(self, found: dict[str, list[Path]], now: float) -> None:
        """Delete whole segments that are carried, closed by their writer, and old enough or in the way."""
        for writer, paths in found.items():
            for path in paths:
                if path not in self._finished and self._readers[writer].finished(path) and not is_open(path):
                    self._finished[path] = now
        sizes = {path: path.stat().st_size for paths in found.values() for path in paths}
        depth = sum(sizes.values())
        for path, since in sorted(self._finished.items(), key=lambda item: item[1]):
            if now - since >= self._keep_seconds or depth > self._limit_bytes // 2:
                path.unlink(missing_ok=True)
                depth -= sizes.get(path, 0)
                del self._finished[path]


def _give_room(connection: Connection) -> None:
    """SQLite's cache of 2 MB is smaller than what a batch dirties in the indexes, whose keys are random: with room for it
    and rarer checkpoints, 13,500 events a second are carried instead of 10,400."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA cache_size=-32768")  # KiB
        connection.exec_driver_sql("PRAGMA wal_autocheckpoint=8000")  # pages of 4 KiB


def _place(reader: JournalReader) -> tuple[str, int]:
    return reader.writer, reader.sequence + 1


def _crack(reader: JournalReader, now: float) -> Draft | None:
    """The audit row about a journal whose chain does not hold."""
    if reader.broken is None:
        return None
    writer, sequence = _place(reader)
    told = facts.encode(facts.BrokenFacts(sequence, reader.broken.what))
    return Draft(now, Tag.JOURNAL_BROKEN.value, "", "", told, writer, sequence, BROKEN_POSITION)
