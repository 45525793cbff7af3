"""The process beside the workers: it carries SQL's changes into the node file and the journal's events into SQL.

It runs niced, so that on a busy machine people get in first and their audit rows follow. When the database is away it waits
and tries again; workers do not notice.
"""

import logging
import os
import signal
import time
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
COMPLAIN_EVERY = 60.0
NICE = 10


def run_housekeeper(home: Home, master: MasterKey, ready: Ready) -> None:
    """Work until SIGTERM, or until the supervisor is gone; then carry what is left once more."""
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    os.nice(NICE)
    supervisor = os.getppid()
    rounds = Rounds(home, master)
    if not rounds.first():
        raise KapijaError("the database cannot be reached and this node has never been filled from it: run 'kapija check'")
    ready()
    while not stop.wait(rounds.pause) and os.getppid() == supervisor:
        rounds.once()
    rounds.once()
    rounds.close()


class Rounds:
    """The housekeeper's round: feed, then carry. Each failure is told once a minute and tried again."""

    def __init__(self, home: Home, master: MasterKey) -> None:
        self._home = home
        self._master = master
        self._engine = open_store(home.database_url)
        home.node_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._writer = NodeWriter.open(home.node_file)
        self._feed = Feed(self._engine, self._writer)
        self._carrier: Carrier | None = None
        self._complained = float("-inf")
        self.pause = ROUND

    def first(self) -> bool:
        """Fill the node file before any worker starts. False when there is neither a database nor an earlier filling."""
        self.once()
        return self._writer.reader().complete()

    def once(self) -> None:
        """Feed until nothing is new, then carry until nothing waits; a failure is for the next round."""
        try:
            while self._feed.step():
                pass
            carrier = self._carrier or self._make_carrier()
            while carrier.step(time.time()).more:
                pass
            self.pause = ROUND
        except (KapijaError, SQLAlchemyError, OSError) as error:
            self.pause = RETRY
            now = time.monotonic()
            if now - self._complained >= COMPLAIN_EVERY:
                self._complained = now
                log.error("changes and audit events wait, because the database does not work: %s", error)

    def close(self) -> None:
        """Let go of the files."""
        self._writer.close()
        self._engine.dispose()

    def _make_carrier(self) -> Carrier:
        with reading(self._engine) as connection:
            keyring = Keyring.load(connection, self._master)
        settings = self._home.settings
        self._carrier = Carrier(
            self._engine,
            keyring,
            self._home.journal,
            settings.node,
            keep_seconds=settings.journal.keep_seconds,
            limit_bytes=settings.journal.limit_megabytes << 20,
        )
        return self._carrier
