"""The thread that writes a worker's journal, a group at a time, and the alarm while it cannot."""

import logging
import threading
import time
from collections.abc import Callable

from radius.audit.journal import Journal
from radius.server.faults import where
from radius.server.figures import Times

log = logging.getLogger(__name__)


class JournalWriter:
    """Flushes `journal` every `group_seconds` while something waits. `times` are those of the flushes, each with its fsync.
    `flush` does more than the journal's own (radius.server.durable)."""

    def __init__(self, journal: Journal, group_seconds: float, flush: Callable[[], object] | None = None) -> None:
        self._journal = journal
        self._flush_now = flush or journal.flush
        self._group_seconds = group_seconds
        self._stopping = False
        self._failing = ""
        self._thread = threading.Thread(target=self._flush, name="journal", daemon=True)
        self.times = Times()

    def start(self) -> None:
        """Write from now on."""
        self._thread.start()

    def close(self) -> None:
        """Write what is left, and let go of the journal."""
        self._stopping = True
        if self._thread.is_alive():
            self._thread.join()
        self._journal.close()

    def tell(self) -> None:
        """Say in the log when writing begins to fail, and when it works again."""
        failing = self._journal.failing
        if failing != self._failing:
            self._failing = failing
            if failing:
                log.error("audit events are not being stored: %s; authentication goes on", failing)
            else:
                log.warning("audit events are stored again; %d were lost and are counted in the audit log", self._journal.lost)

    def _flush(self) -> None:
        journal, pause, times = self._journal, self._group_seconds, self.times
        while not self._stopping:
            time.sleep(pause)  # an Event's wait would cost a lock and a condition a hundred times a second
            if len(journal):
                try:
                    began = time.perf_counter_ns()
                    self._flush_now()
                    times.add((time.perf_counter_ns() - began) // 1000)
                except Exception as error:  # noqa: BLE001 - without this thread events would gather without bound
                    log.error("a group of audit events could not be written: %s", where(error))
