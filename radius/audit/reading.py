"""One writer's journal read from where SQL has it: groups in order, each link and seal checked, duplicates passed over."""

from pathlib import Path

import msgspec
from msgspec import Struct

from radius.audit.events import Event
from radius.audit.segment import GENESIS, BrokenJournal, Record, WriterSeal, decode_events, read_records


class Group(Struct, frozen=True):
    """A group as it was flushed; `hash` links the next one to it."""

    writer: str
    sequence: int
    hash: bytes
    events: list[Event]


class JournalReader:
    """Reads the groups of one writer that come after (`sequence`, `hash`), which table `carried` remembers.

    `broken` is set where the chain does not hold; what was read before that is good, nothing after it is read.
    """

    def __init__(self, writer: str, key: bytes, sequence: int = 0, head: bytes = GENESIS) -> None:
        self.writer = writer
        self.sequence = sequence
        self.hash = head
        self.broken: BrokenJournal | None = None
        self._seal = WriterSeal(key, writer)
        self._path: Path | None = None
        self._offset = 0

    def read(self, paths: list[Path], wanted: int) -> list[Group]:
        """Groups of at least `wanted` events together if there are so many. `paths` are the writer's segments in order.

        A segment is left for the next one when it is read to its end: the next one's existence says that it is complete.
        """
        groups: list[Group] = []
        try:
            for path in paths:
                if self._path is not None and path < self._path:
                    continue
                if path != self._path:
                    self._path, self._offset = path, 0
                for record in read_records(path, self._offset):
                    group = self._follow(record)
                    self._offset = record.end
                    if group:
                        groups.append(group)
                        wanted -= len(group.events)
                        if wanted <= 0:
                            return groups
        except BrokenJournal as broken:
            self.broken = broken
        return groups

    def finished(self, path: Path) -> bool:
        """Whether everything that `path` holds has been read (its writer may still be adding to the last one)."""
        return self._path is not None and (
            path < self._path or (path == self._path and self._offset >= _complete(path, self._offset))
        )

    def _follow(self, record: Record) -> Group | None:
        """The next group, or None for one that SQL has already."""
        if record.sequence < self.sequence:
            return None
        link = self._seal.link(record.sequence, record.previous, record.sealed)
        if record.sequence == self.sequence:
            if link != self.hash:
                raise BrokenJournal(record.sequence, "the record is another one than the one that was carried")
            return None  # written again after an fsync that failed, or read again after a restart
        if record.sequence > self.sequence + 1:
            raise BrokenJournal(self.sequence + 1, f"records up to {record.sequence - 1} are missing")
        if record.previous != self.hash:
            raise BrokenJournal(record.sequence, "the record does not follow the one before it")
        octets = self._seal.open(record.sequence, record.previous, record.sealed)
        try:
            events = decode_events(octets)
        except msgspec.DecodeError:
            raise BrokenJournal(record.sequence, "the events are of a release that this one does not know") from None
        self.sequence, self.hash = record.sequence, link
        return Group(self.writer, record.sequence, link, events)


def _complete(path: Path, offset: int) -> int:
    """How far the complete records of a segment reach."""
    for record in read_records(path, offset):
        offset = record.end
    return offset
