"""Walks the evidence chains and names the first row of each that does not hold, and tells of the gaps that are known.

Four things are checked: that the numbers run without holes, that each row's octets give its hash, that the head in table
`chains` is the last row, and that every signed checkpoint is genuine and agrees with the row of its number. With a
keyring, the blind indexes too, which are not under the hash. Erasing a person changes nothing that is checked.
"""

from collections.abc import Callable, Iterator
from enum import StrEnum

from msgspec import Struct
from sqlalchemy import Connection, Row, func, select, union

from radius.audit import facts
from radius.audit.blind import mac_index, user_index
from radius.audit.chain import GENESIS, canonical, step
from radius.audit.checkpoints import genuine
from radius.audit.subjects import living_keys, open_personal
from radius.audit.tags import Tag
from radius.store import tables
from radius.store.keyring import Keyring

WINDOW = 5000  # rows read at a time
_MAX_NUMBER = 2**63 - 1


class Wrong(StrEnum):
    """What can be wrong with a row."""

    CHANGED = "changed"
    MISSING = "missing"
    OUT_OF_ORDER = "out of order"
    CUT_AT_THE_END = "cut at the end"
    CUT_AT_THE_BEGINNING = "cut at the beginning"
    REWRITTEN = "rewritten"
    FORGED_CHECKPOINT = "forged checkpoint"
    INDEX_CHANGED = "search index changed"


class Fault(Struct, frozen=True):
    """The first broken row of a chain: its number there, its `id` and `time` as stored (0 when it is not there)."""

    chain: str
    number: int
    id: int
    time: float
    wrong: Wrong
    words: str


class ChainReport(Struct, frozen=True):
    """One chain: the rows that hold, from `first` to `last`; `fault` is None when all do. `signed` is the number of the last
    checkpoint: who holds the database alone could have rewritten what comes after it."""

    chain: str
    rows: int
    first: int
    last: int
    hash: bytes
    signed: int
    fault: Fault | None


class Gap(Struct, frozen=True):
    """Events that are known to be lost or put aside: a row that says so."""

    chain: str
    number: int
    time: float
    lost: int
    words: str


class Report(Struct, frozen=True):
    """Every chain, and the known gaps. `whole` says that no chain has a fault; gaps are told, not faults of the chain."""

    chains: tuple[ChainReport, ...]
    gaps: tuple[Gap, ...]

    @property
    def whole(self) -> bool:
        """No chain has a fault."""
        return all(chain.fault is None for chain in self.chains)


def verify(
    connection: Connection,
    signer: bytes,
    keyring: Keyring | None = None,
    progress: Callable[[int], None] | None = None,
) -> Report:
    """Verify every chain. `signer` is the public key that checkpoints must be signed with (Keyring.signer, or the copy that
    an auditor keeps); `progress` is called with the number of rows walked, some thousands at a time."""
    walks = [_Walk(connection, chain, signer, keyring, progress) for chain in _chains(connection)]
    return Report(tuple(walk.report() for walk in walks), tuple(_gaps(connection)))


def _chains(connection: Connection) -> list[str]:
    names = [select(table.c.chain).distinct() for table in (tables.chains, tables.checkpoints)]
    found = set(connection.scalars(union(*names)))
    audit = tables.audit
    name = connection.scalar(select(func.min(audit.c.chain)))  # one jump in the index for each, not a walk over all rows
    while name is not None:
        found.add(name)
        name = connection.scalar(select(func.min(audit.c.chain)).where(audit.c.chain > name))
    return sorted(found)


class _Walk:
    """One chain walked row by row; `previous` is the hash that the next row must take in."""

    def __init__(
        self,
        connection: Connection,
        chain: str,
        signer: bytes,
        keyring: Keyring | None,
        progress: Callable[[int], None] | None,
    ) -> None:
        self._connection = connection
        self._chain = chain
        self._signer = signer
        self._keyring = keyring
        self._progress = progress
        self._number = self._rows = self._first = self._signed = 0
        self._previous = GENESIS
        self._checkpoints: dict[int, list[Row[tuple[object, ...]]]] = {}

    def report(self) -> ChainReport:
        fault, before = self._walk() or self._check_end(), 0
        while fault and fault.wrong is Wrong.CUT_AT_THE_END and self._number > before:
            # Rows may have been appended since the last window was read: only what stays away is missing.
            before = self._number
            fault = self._walk() or self._check_end()
        return ChainReport(self._chain, self._rows, self._first, self._number, self._previous, self._signed, fault)

    def _walk(self) -> Fault | None:
        for window in self._windows():
            self._read_checkpoints(window[0].number - 1, window[-1].number)
            if self._first == 0 and (fault := self._begin(window[0])):
                return fault
            for at, row in enumerate(window):
                if fault := self._check_row(row, window[at + 1 :]):
                    return fault
            if self._keyring and (fault := self._check_indexes(window, self._keyring)):
                return fault
            if self._progress:
                self._progress(len(window))
        return None

    def _read_checkpoints(self, first: int, last: int) -> None:
        table = tables.checkpoints
        here = (table.c.chain == self._chain, table.c.number.between(first, last))
        self._checkpoints = {}
        for point in self._connection.execute(select(table).where(*here).order_by(table.c.number, table.c.id)):
            self._checkpoints.setdefault(point.number, []).append(point)

    def _genuine(self, point: Row[tuple[object, ...]]) -> bool:
        signed = (point.chain, point.number, point.hash, point.time, point.kind, point.signature)
        return bool(point.signer == self._signer) and genuine(self._signer, *signed)

    def _forged(self, point: Row[tuple[object, ...]]) -> Fault:
        words = f"the {point.kind} checkpoint of this row is not signed by this installation"
        return Fault(self._chain, point.number, 0, point.time, Wrong.FORGED_CHECKPOINT, words)

    def _windows(self) -> Iterator[list[Row[tuple[object, ...]]]]:
        audit = tables.audit
        reached = self._number if self._rows else -_MAX_NUMBER
        while True:
            statement = select(audit).where(audit.c.chain == self._chain, audit.c.number > reached)
            window = list(self._connection.execute(statement.order_by(audit.c.number).limit(WINDOW)))
            if not window:
                return
            yield window
            reached = window[-1].number

    def _begin(self, row: Row[tuple[object, ...]]) -> Fault | None:
        """A chain begins with number 1, or, when old partitions were dropped, behind a signed checkpoint."""
        self._first = row.number
        if row.number == 1:
            return None
        points = [point for point in self._checkpoints.get(row.number - 1, ()) if self._genuine(point)]
        if not points:
            words = f"rows 1 to {row.number - 1} are missing, and no checkpoint vouches for the place where the chain begins"
            return self._fault(row, Wrong.CUT_AT_THE_BEGINNING, words, number=row.number - 1)
        self._number, self._previous = row.number - 1, points[0].hash
        return None

    def _check_row(self, row: Row[tuple[object, ...]], following: list[Row[tuple[object, ...]]]) -> Fault | None:
        expected = self._number + 1
        if row.number != expected:
            words = (
                f"rows {expected} to {row.number - 1} are missing"
                if row.number - 1 > expected
                else f"row {expected} is missing"
            )
            return self._fault(row, Wrong.MISSING, f"{words} before this one", number=expected)
        digest = self._digest(row, expected)
        if digest != row.hash:
            displaced = next((other for other in following if self._digest(other, expected) == other.hash), None)
            if displaced is not None:
                words = f"what belongs here stands in row {displaced.number} (id {displaced.id})"
                return self._fault(row, Wrong.OUT_OF_ORDER, words)
            return self._fault(row, Wrong.CHANGED, "its octets do not give the hash that it has")
        for point in self._checkpoints.get(expected, ()):
            if not self._genuine(point):
                return self._forged(point)
            if point.hash != digest:
                words = f"it or a row after row {self._signed} was rewritten after the signed {point.kind} checkpoint"
                return self._fault(row, Wrong.REWRITTEN, words)
            self._signed = expected
        self._number, self._previous = expected, digest
        self._rows += 1
        return None

    def _digest(self, row: Row[tuple[object, ...]], number: int) -> bytes:
        octets = canonical(
            self._chain,
            number,
            row.time,
            row.tag,
            row.school,
            row.nas,
            row.facts,
            row.subject_key,
            row.personal,
            row.writer,
            row.sequence,
            row.position,
        )
        return step(self._previous, octets)

    def _check_indexes(self, window: list[Row[tuple[object, ...]]], keyring: Keyring) -> Fault | None:
        keys = living_keys(self._connection, keyring, {row.subject_key for row in window if row.subject_key is not None})
        for row in window:
            subject = keys.get(row.subject_key)
            octets = open_personal(subject.key, row.personal, row.chain, row.number) if subject else None
            personal = facts.decode_personal(octets) if octets else facts.Personal()
            if row.user_index != user_index(keyring, personal.user) or row.mac_index != mac_index(keyring, personal.mac):
                return self._fault(row, Wrong.INDEX_CHANGED, "a search for this person or device would not find it")
        return None

    def _check_end(self) -> Fault | None:
        head = self._connection.execute(select(tables.chains).where(tables.chains.c.chain == self._chain)).first()
        self._read_checkpoints(self._number + 1, _MAX_NUMBER)
        later = [point for points in self._checkpoints.values() for point in points]
        if forged := next((point for point in later if not self._genuine(point)), None):
            return self._forged(forged)
        signed = max(self._checkpoints, default=0)
        known = max(head.number if head else 0, signed)
        if known > self._number:
            by = "a signed checkpoint" if signed > self._number else "the chain's head"
            words = f"rows {self._number + 1} to {known} are missing at the end: {by} knows of them"
            return Fault(self._chain, self._number + 1, 0, 0.0, Wrong.CUT_AT_THE_END, words)
        if head is None or head.number != self._number or head.hash != self._previous:
            words = "the chain's head in the database is not its last row"
            return Fault(self._chain, self._number, 0, 0.0, Wrong.CHANGED, words)
        return None

    def _fault(self, row: Row[tuple[object, ...]], wrong: Wrong, words: str, number: int | None = None) -> Fault:
        return Fault(self._chain, row.number if number is None else number, row.id, row.time, wrong, words)


def _gaps(connection: Connection) -> Iterator[Gap]:
    audit = tables.audit
    told = select(audit).where(audit.c.tag.in_([Tag.JOURNAL_GAP.value, Tag.JOURNAL_BROKEN.value])).order_by(audit.c.id)
    for row in connection.execute(told):
        fact = facts.decode_facts(row.facts)
        if isinstance(fact, facts.GapFacts):
            words = f"{fact.lost} events were lost: the journal of {row.writer} was full or could not be written"
            yield Gap(row.chain, row.number, row.time, fact.lost, words)
        elif isinstance(fact, facts.BrokenFacts):
            words = f"the journal of {row.writer} was put aside at record {fact.sequence}: {fact.what}"
            yield Gap(row.chain, row.number, row.time, 0, words)
