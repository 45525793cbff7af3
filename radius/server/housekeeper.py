"""The process beside the workers: it carries SQL's changes into the node file and the journal's events into SQL.

It runs niced, so that on a busy machine people get in first and their audit rows follow. When the database is away it waits
and tries again; workers do not notice.
"""

import logging
import os
import signal
import time
from collections.abc import Callable
from threading import Event

from sqlalchemy.exc import SQLAlchemyError

from radius.audit.carry import Carrier
from radius.errors import KapijaError
from radius.server.supervisor import Ready
from radius.settings import Home
from radius.store.engine import open_store, reading
from radius.store.feed import Feed
from radius.store.keyring import Keyring
from radius.store.master_key import MasterKey
from radius.store.node_writer import NodeWriter

log = logging.getLogger(__name__)

ROUND = 0.2  # seconds between two looks; a change is live in every worker within this and the worker's tick
RETRY = 1.0  # after a failure
LAST_WITHIN = 5.0  # seconds for the last carrying at a stop; the journal keeps the rest for the next start
COMPLAIN_EVERY = 60.0
CARRY_AT_ONCE = 2_000  # events a round: 0.2 s, so that a new policy never waits long behind a backlog
NICE = 15  # 3 % of a saturated core: enough for a new policy, and people get in first


def run_housekeeper(home: Home, ready: Ready) -> None:
    """Work until SIGTERM, or until the supervisor is gone; then carry what is left once more."""
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    os.nice(NICE)
    supervisor = os.getppid()
    rounds = Rounds(home, MasterKey.load(home))
    if not rounds.first():
        raise KapijaError("the database cannot be reached and this node has never been filled from it: run 'kapija check'")
    ready()
    while not stop.wait(rounds.pause) and os.getppid() == supervisor:
        rounds.once()
    rounds.last()


class Rounds:
    """The housekeeper's rounds. Each failure is told once a minute and tried again."""

    def __init__(self, home: Home, master: MasterKey) -> None:
        self._home = home
        self._master = master
        self.engine = open_store(home.database_url)
        home.node_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._writer = NodeWriter.open(home.node_file)
        self._feed = Feed(self.engine, self._writer)
        self._carrier: Carrier | None = None
        self._complained = float("-inf")
        self.pause = ROUND

    def first(self) -> bool:
        """Fill the node file before any worker starts. False when there is neither a database nor an earlier filling."""
        while self._guarded(lambda: self._feed.step() > 0):
            pass
        return self._writer.reader().complete()

    def once(self) -> bool:
        """Feed one set and carry one; neither a long import nor a long backlog keeps the other waiting. True when a further
        round has something to do at once."""
        return self._guarded(self._feed_and_carry)

    def last(self) -> None:
        """Carry what the workers wrote before they ended, as far as the time goes, and let go of the files."""
        deadline = time.monotonic() + LAST_WITHIN
        while self.once() and time.monotonic() < deadline:
            pass
        self._writer.close()
        self.engine.dispose()

    def _feed_and_carry(self) -> bool:
        fed = self._feed.step()
        carrier = self._carrier or self._make_carrier()
        carried = carrier.step(time.time())
        return fed > 0 or carried.more

    def _guarded(self, work: Callable[[], bool]) -> bool:
        """Do it; a database that does not work is told once a minute and tried again in the next round."""
        try:
            more = work()
        except (KapijaError, SQLAlchemyError, OSError) as error:
            self.pause = RETRY
            now = time.monotonic()
            if now - self._complained >= COMPLAIN_EVERY:
                self._complained = now
                log.error("changes and audit events wait, because the database does not work: %s", error)
            return False
        self.pause = 0.0 if more else ROUND
        return more

    def _make_carrier(self) -> Carrier:
        with reading(self.engine) as connection:
            keyring = Keyring.load(connection, self._master)
        settings = self._home.settings
        self._carrier = Carrier(
            self.engine,
            keyring,
            self._home.journal,
            settings.node,
            keep_seconds=settings.journal.keep_seconds,
            limit_bytes=settings.journal.limit_megabytes << 20,
            step_events=CARRY_AT_ONCE,
        )
        return self._carrier
