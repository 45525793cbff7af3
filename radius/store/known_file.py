"""A node's memory of what its directories said, in one LMDB file that all workers read and write (ADR 0010).

Keys and values are octets that mean nothing without the keyring. What a worker writes waits in its memory for `flush`, which
one of its threads calls about once a second: one transaction, synced, so the file is whole after a power cut too, and a kill
costs the last second. Nothing in it is needed: a damaged file is put aside and begun anew, and when the disk fails, workers
go on with what they have in memory.

Bounded by generations. What is written goes into the newer one; when that has GENERATION entries, the older one is emptied
and becomes the newer. A look-up tries the newer first. So what was not written anew for long
goes, a generation at a time.
"""

import logging
from contextlib import suppress
from pathlib import Path
from threading import Lock

import lmdb

log = logging.getLogger(__name__)

MAP_SIZE = 1 << 30  # address space; 2 x GENERATION entries of 300 octets take 250 MB
GENERATION = 400_000
LARGEST = 8_192  # octets of a value; a larger one is not kept
PENDING_AT_MOST = 50_000  # entries that wait for a flush
_NEWER = b"newer"


class KnownFile:
    """The file, opened by one process after its fork. Threads may share it; `flush` is called by one at a time."""

    def __init__(self, environment: lmdb.Environment | None, path: Path, generation: int = GENERATION) -> None:
        """Use `open`; without an environment nothing is kept beyond this process."""
        self._environment = environment
        self._path = path
        self._generation = generation
        self._pending: dict[bytes, bytes | None] = {}
        self._flushing: dict[bytes, bytes | None] = {}
        self._flushed = False
        self._lock = Lock()
        self._view: lmdb.Transaction[bytes] | None = None
        self._failing = False
        if environment is not None:
            self._marks = environment.open_db(b"marks")
            self._tables = (environment.open_db(b"a"), environment.open_db(b"b"))
            self.refresh()

    @classmethod
    def open(cls, path: Path, generation: int = GENERATION) -> "KnownFile":
        """Open or make `path`. One that cannot be used is put aside (`.broken`); then nothing is known at first."""
        for _ in range(2):
            try:
                return cls(_open(path), path, generation)
            except (lmdb.Error, OSError) as error:
                log.error("%s cannot be used (%s) and is begun anew", path, error)
                with suppress(OSError):
                    path.replace(path.with_suffix(".broken"))
        log.error("%s cannot be made; what directories said is forgotten when a worker ends", path)
        return cls(None, path, generation)

    def get(self, key: bytes) -> bytes | None:
        """What stands under a key. 0.5 us when the newer generation has it."""
        if key in self._pending:
            return self._pending[key]
        if key in self._flushing:
            return self._flushing.get(key)
        view = self._view
        if view is None:
            return None
        newer, older = self._order
        octets = view.get(key, db=newer)
        return view.get(key, db=older) if octets is None else octets or None

    def put(self, key: bytes, octets: bytes | None) -> None:
        """Let `octets` stand under a key, or nothing."""
        if octets is not None and len(octets) > LARGEST:
            octets = None
        with self._lock:
            if len(self._pending) < PENDING_AT_MOST or key in self._pending:
                self._pending[key] = octets

    def refresh(self) -> None:
        """See what is in the file now; called from a tick, at most a few times a second."""
        if self._environment is None:
            return
        flushed = self._flushed
        self._view = None
        try:
            view = self._begin()
            self._order = self._tables if view.get(_NEWER, db=self._marks) != b"b" else self._tables[::-1]
            self._view = view
        except lmdb.Error as error:
            self._complain(error)
        if flushed:  # what was written before this view is in it
            self._flushing = {}
            self._flushed = False

    def flush(self) -> None:
        """Write what waits, durably. Blocks; nothing is raised for a disk that fails."""
        with self._lock:
            if not self._pending or self._flushing or self._environment is None:
                return
            self._flushing, self._pending = self._pending, {}
        try:
            self._write(self._environment, self._flushing)
            self._failing = False
        except (lmdb.Error, OSError) as error:
            self._complain(error)
        self._flushed = True

    def close(self) -> None:
        """Write what waits and let go of the file."""
        self.refresh()
        self.flush()
        self._view = None
        if self._environment is not None:
            self._environment.close()

    def _write(self, environment: lmdb.Environment, entries: dict[bytes, bytes | None]) -> None:
        environment.reader_check()
        with environment.begin(write=True) as transaction:
            swapped = transaction.get(_NEWER, db=self._marks) == b"b"
            newer, older = self._tables[::-1] if swapped else self._tables
            if transaction.stat(newer)["entries"] >= self._generation:
                newer, older = older, newer
                transaction.drop(newer, delete=False)
                transaction.put(_NEWER, b"a" if swapped else b"b", db=self._marks)
            for key, octets in entries.items():
                if octets is None:
                    transaction.delete(key, db=newer)
                    transaction.delete(key, db=older)
                else:
                    transaction.put(key, octets, db=newer)

    def _begin(self) -> "lmdb.Transaction[bytes]":
        assert self._environment is not None
        return self._environment.begin()

    def _complain(self, error: Exception) -> None:
        if not self._failing:
            self._failing = True
            log.error("%s cannot be written or read (%s): make room on the disk; logins go on", self._path, error)


def _open(path: Path) -> lmdb.Environment:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    environment = lmdb.open(
        str(path), subdir=False, map_size=MAP_SIZE, max_dbs=3, max_readers=510, max_spare_txns=4, readahead=False, mode=0o600
    )
    path.chmod(0o600)
    return environment
