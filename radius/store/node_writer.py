"""The node file as the housekeeper writes it: sets of changes, each whole or not at all."""

from collections.abc import Iterable
from pathlib import Path

import lmdb
from msgspec import Struct
from msgspec.msgpack import Decoder, Encoder

from radius.store.node_file import (
    MAP_SIZE,
    NOTE,
    RECORDS,
    ROWS,
    Kind,
    NodeFile,
    NodeFileUnusable,
    integer,
    note_prefix,
    open_environment,
    record_key,
)
from radius.store.records import ClientRecord, DeviceRecord, PersonRecord

NOTES = 1000  # change notes kept for each kind

_ROW_OF: dict[
    bytes, Decoder[PersonRecord] | Decoder[DeviceRecord] | Decoder[ClientRecord]
] = {  # of which row a record is; kinds that are not here never change their names
    b"u": Decoder(PersonRecord),
    b"d": Decoder(DeviceRecord),
    b"c": Decoder(ClientRecord),
    b"n": Decoder(ClientRecord),
}
_encode = Encoder().encode


class Entry(Struct, frozen=True):
    """One thing as it is now: `octets` under kind and name, or None when it is gone.

    `row` is its SQL id where names can change (people, devices, clients), 0 elsewhere: what stood under the row's former
    name then goes with the same entry.
    """

    kind: Kind
    name: str
    octets: bytes | None
    row: int = 0


class Batch(Struct, frozen=True):
    """What `apply` writes in one transaction: entries, and the marks that say how far they go.
    A mark of None goes. `clear` empties the file first."""

    entries: list[Entry]
    marks: dict[str, bytes | None] = {}
    clear: bool = False


class NodeWriter(NodeFile):
    """The node file open for writing. LMDB lets one writer in at a time, over processes; the housekeeper is the usual one."""

    def __init__(self, environment: lmdb.Environment, path: Path) -> None:
        """Use `open`."""
        environment.open_db(RECORDS)
        self._rows = environment.open_db(ROWS)
        super().__init__(environment, path)

    @classmethod
    def open(cls, path: Path, map_size: int = MAP_SIZE) -> "NodeWriter":
        """Open or make `path`; `map_size` is where its map begins (octets). Raises NodeFileUnusable."""
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise NodeFileUnusable(f"{path.parent} cannot be made ({error.strerror}): give this user the right to") from None
        return cls(open_environment(path, readonly=False, map_size=map_size), path)

    def reader(self) -> NodeFile:
        """A reader in this same process, which LMDB does not let open the file twice. It ends when the writer is closed."""
        return NodeFile(self._environment, self._path)

    def mark(self, word: str) -> bytes | None:
        """A mark that some batch has left."""
        return self.octets(b"!" + word.encode())

    def apply(self, batch: Batch) -> int:
        """Write a batch, durably, and return the generation after it, which grows when anything changed.

        Raises NodeFileUnusable when the disk is full or failing; the file is then as it was before.
        """
        self._environment.reader_check()  # a killed reader's slot would keep its pages for ever
        while True:
            try:
                with self._environment.begin(db=self._records, write=True) as transaction:
                    return Writing(transaction, self._records, self._rows).apply(batch)
            except lmdb.MapFullError:
                self.grow()
            except lmdb.MapResizedError:
                self._environment.set_mapsize(0)
            except lmdb.DiskError as error:
                raise NodeFileUnusable(f"{self._path} cannot be written ({error}): make room on the disk") from None

    def grow(self) -> None:
        """Double the map. Readers in other processes adopt it with their next view."""
        self._view = None
        self._environment.set_mapsize(self._environment.info()["map_size"] * 2)


class Writing:
    """One write transaction under way; `transaction` has `records` as its own database."""

    def __init__(self, transaction: "lmdb.Transaction[bytes]", records: lmdb._Database, rows: lmdb._Database) -> None:
        self._transaction = transaction
        self._records = records
        self._rows = rows
        self._generation = integer(transaction.get(b"!generation")) + 1

    def apply(self, batch: Batch) -> int:
        if batch.clear:
            self._clear()
        changed: dict[Kind, list[str]] = {}
        for entry in batch.entries:
            for key in self._carry(entry):
                changed.setdefault(Kind(chr(key[0])), []).append(key[1:].decode())
        for word, octets in batch.marks.items():
            self._set(b"!" + word.encode(), octets)
        for kind, names in changed.items():
            self._note(kind, names)
        if not changed and not batch.clear:
            return self._generation - 1
        self._transaction.put(b"!generation", self._generation.to_bytes(8, "big"))
        return self._generation

    def _clear(self) -> None:
        self._transaction.drop(self._records, delete=False)
        self._transaction.drop(self._rows, delete=False)
        for kind in Kind:
            self._raise_floor(kind)

    def _carry(self, entry: Entry) -> Iterable[bytes]:
        """Write one entry; the keys under which something is different now."""
        transaction = self._transaction
        if not entry.row:
            key = record_key(entry.kind, entry.name)
            return [key] if self._set(key, entry.octets) else []
        family = Kind.CLIENT if entry.kind is Kind.NETWORK else entry.kind
        row = family.encode() + entry.row.to_bytes(8, "big")
        key = b"" if entry.octets is None else record_key(entry.kind, entry.name)
        former = transaction.get(row, db=self._rows)
        changed = []
        if former is not None and former != key and self._stands(former, entry.row):
            transaction.delete(former)
            changed.append(former)
        if entry.octets is None:
            transaction.delete(row, db=self._rows)
            return changed
        if former != key:
            transaction.put(row, key, db=self._rows)
        if self._set(key, entry.octets):
            changed.append(key)
        return changed

    def _set(self, key: bytes, octets: bytes | None) -> bool:
        if octets is None:
            return self._transaction.delete(key)
        if self._transaction.get(key) == octets:  # carried again after a kill: no note, no dirty page
            return False
        self._transaction.put(key, octets)
        return True

    def _stands(self, key: bytes, row: int) -> bool:
        """Whether what is under `key` is still that row's: another row may have taken the name since."""
        octets = self._transaction.get(key)
        return octets is not None and _ROW_OF[key[:1]].decode(octets).id == row

    def _note(self, kind: Kind, names: list[str]) -> None:
        """Note what changed, and drop the oldest notes beyond NOTES; the floor tells how far back the notes still reach."""
        prefix = note_prefix(kind)
        first, last = self._span(prefix)
        floor = b""
        for number in range(first, min(last, last + len(names) - NOTES) + 1):
            floor = self._transaction.pop(prefix + number.to_bytes(8, "big")) or b""
        if len(names) > NOTES:
            self._raise_floor(kind)
            return
        if floor:
            self._transaction.put(b"!floor" + kind.encode(), NOTE.decode(floor)[0].to_bytes(8, "big"))
        for number, name in enumerate(names, last + 1):
            self._transaction.put(prefix + number.to_bytes(8, "big"), _encode((self._generation, name)))

    def _span(self, prefix: bytes) -> tuple[int, int]:
        """The numbers of the first and the last note; (1, 0) when there is none."""
        with self._transaction.cursor() as cursor:
            if not cursor.set_range(prefix) or not cursor.key().startswith(prefix):
                return 1, 0
            first = integer(cursor.key()[len(prefix) :])
            if cursor.set_range(prefix + b"\xff" * 9):
                cursor.prev()
            else:
                cursor.last()
            return first, integer(cursor.key()[len(prefix) :])

    def _raise_floor(self, kind: Kind) -> None:
        self._transaction.put(b"!floor" + kind.encode(), self._generation.to_bytes(8, "big"))
