"""What a worker writes about itself once a second (radius.server.status), and what it takes over from one that died before it.

Collected beside the packet's way, on the thread of the chores: plain integers are read as they are, a moment apart.
"""

import logging
import os
import time
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from radius.audit.journal import Journal
from radius.server.counters import MAXIMA, Counters
from radius.server.figures import STEPS, ClientFigures, Figures, Times
from radius.server.hop import Hop
from radius.server.state import node_digest
from radius.server.status import (
    ClientRow,
    DirectoryStatus,
    JournalStatus,
    StepTimes,
    WorkerStatus,
    forget,
    lives,
    read_all,
    read_clients,
    write_clients,
    write_status,
)

log = logging.getLogger(__name__)

CLIENTS_EVERY = 10.0  # seconds between two files of clients: 16,384 of them are 700 KB


class Parts(Struct):
    """What a report is about. `gauges()` gives how things are now, `directories()` each external one's status."""

    counters: Counters
    figures: Figures
    journal: Journal
    flushes: Times
    gauges: Callable[[], dict[str, float]]
    directories: Callable[[], tuple[DirectoryStatus, ...]]
    hop: Hop | None = None


class Reporter:
    """The reports of one worker, number `worker`, into `folder`."""

    def __init__(self, folder: Path, worker: int, parts: Parts) -> None:
        self._folder = folder
        self._worker = worker
        self._pid = os.getpid()
        self._parts = parts
        self._started = time.time()
        self._told_clients = float("-inf")
        self._failed = False
        self._before = JournalStatus(0, 0, 0, 0, 0, "")  # what those who are dead have written
        self.retiring = False

    def inherit(self) -> None:
        """Begin with the counts of those that had this place and are dead; their files go."""
        counters, figures = self._parts.counters, self._parts.figures
        for dead in [each for each in read_all(self._folder, self._worker) if not lives(each.pid)]:
            for name, value in dead.counters.items():
                if hasattr(counters, name):
                    own = getattr(counters, name)
                    setattr(counters, name, max(own, value) if name in MAXIMA else own + value)
            steps = dict(zip(STEPS, figures.times, strict=True)) | {"journal": self._parts.flushes}
            for step, times in dead.times.items():
                if step in steps and len(times.counts) == len(steps[step].counts):
                    steps[step].counts[:] = [a + b for a, b in zip(steps[step].counts, times.counts, strict=True)]
                    steps[step].sum += times.sum
            for *key, count in dead.outcomes:
                family, method, tag, cause = map(str, key)
                figures.outcomes[family, method, tag, cause] = figures.outcomes.get((family, method, tag, cause), 0) + count
            for network, row in read_clients(self._folder, self._worker, dead.pid).items():
                _add(figures.clients.setdefault(network, ClientFigures()), row)
            if dead.journal is not None:
                self._before = _more(self._before, dead.journal)
            forget(self._folder, self._worker, dead.pid)

    def write(self) -> None:
        """The report of now. A disk that takes none is told of once; nothing else suffers."""
        try:
            write_status(self._folder, self._status(time.time()))
            if time.monotonic() - self._told_clients >= CLIENTS_EVERY:
                self._told_clients = time.monotonic()
                write_clients(self._folder, self._worker, self._pid, self._clients())
            self._failed = False
        except OSError as error:
            if not self._failed:
                log.warning("the worker's status could not be written: %s", error)
            self._failed = True

    def _status(self, now: float) -> WorkerStatus:
        parts, figures = self._parts, self._parts.figures
        times = dict(zip(STEPS, figures.times, strict=True)) | {"journal": parts.flushes}
        journal = parts.journal
        return WorkerStatus(
            self._worker,
            self._pid,
            self._started,
            now,
            parts.counters.read(),
            parts.directories(),
            {step: StepTimes(list(each.counts), each.sum) for step, each in times.items()},
            [(*key, count) for key, count in list(figures.outcomes.items())],
            parts.gauges(),
            _more(
                self._before,
                JournalStatus(
                    len(journal), journal.written, journal.lost, journal.groups, journal.depth_bytes, journal.failing
                ),
            ),
            _heard(parts.hop),
            self.retiring,
        )

    def _clients(self) -> dict[str, ClientRow]:
        return {
            network: ClientRow(each.accepted, each.rejected, each.unanswered, each.discarded, each.repeated, each.last)
            for network, each in list(self._parts.figures.clients.items())
        }


def _more(before: JournalStatus, now: JournalStatus) -> JournalStatus:
    """The counts together; the rest as it is now."""
    written, lost, groups = before.written + now.written, before.lost + now.lost, before.groups + now.groups
    return JournalStatus(now.waiting, written, lost, groups, now.spool_bytes, now.failing)


def _heard(hop: Hop | None) -> dict[str, float]:
    if hop is None:
        return {}
    now, heard = time.monotonic(), hop.heard
    names = {name: heard.get(node_digest(name)) for name, _ in hop.neighbours.all()}
    return {name: now - at for name, at in names.items() if at is not None}


def _add(figures: ClientFigures, row: ClientRow) -> None:
    figures.accepted += row.accepted
    figures.rejected += row.rejected
    figures.unanswered += row.unanswered
    figures.discarded += row.discarded
    figures.repeated += row.repeated
    figures.last = max(figures.last, row.last)
