"""The two processes beside the workers: the feeder carries SQL's changes into the node file, the carrier events into SQL.

They are two because they matter differently. The feeder has little to do, and soon: a policy is live within a second. The
carrier has much to do, and later: it takes only time that nobody else wants (SCHED_IDLE), because on a shared core its slices
delay a worker's packets. When the database is away both wait and try again; workers do not notice.
"""

import logging
import os
import signal
import time
from abc import ABC, abstractmethod
from contextlib import suppress
from threading import Event

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from radius.aaa.counting import Counting
from radius.aaa.excesses import Excesses
from radius.aaa.grants import GrantsInForce
from radius.aaa.schools import Schools
from radius.aaa.session_keeping import SWEEP, Keeper
from radius.admin.certificate_checks import warn_of_ends
from radius.admin.context import Admin
from radius.audit.carry import Carrier
from radius.errors import KapijaError
from radius.server.status import KeeperStatus, write_keeper
from radius.server.supervisor import Ready
from radius.settings import Home
from radius.store.change import change
from radius.store.engine import open_store, reading
from radius.store.feed import Feed
from radius.store.keyring import Keyring
from radius.store.lookup import StoreRecords
from radius.store.master_key import MasterKey
from radius.store.node_writer import NodeWriter
from radius.wire import dictionary

log = logging.getLogger(__name__)

ROUND = 0.2  # seconds between two looks; a change is live in every worker within this and the worker's tick
RETRY = 1.0  # after a failure
REPORT_EVERY = 1.0
LAST_WITHIN = 5.0  # seconds for the last carrying at a stop; the journal keeps the rest for the next start
COMPLAIN_EVERY = 60.0
LOOK_EVERY = 3600.0  # between two looks at certificates that end soon
SWEEP_EVERY = 10.0  # seconds between two looks for sessions of which interims are missing
CARRY_AT_ONCE = 2_000  # events a round: SQLite's one writer is free again after 0.2 s


def run_feeder(home: Home, ready: Ready) -> None:
    """Feed until SIGTERM, or until the supervisor is gone. Raises KapijaError when there is nothing to serve from."""
    feeding = Feeding(home)
    if not feeding.first():
        raise KapijaError("the database cannot be reached and this node has never been filled from it: run 'kapija check'")
    _work(feeding, ready)
    feeding.close()


def run_carrier(home: Home, ready: Ready) -> None:
    """Carry until SIGTERM, or until the supervisor is gone; then what the workers wrote last, as far as the time goes."""
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    carrying = Carrying(home)
    _work(carrying, ready)
    deadline = time.monotonic() + LAST_WITHIN
    while carrying.once() and time.monotonic() < deadline:
        pass
    carrying.close()


def _work(rounds: "Rounds", ready: Ready) -> None:
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    supervisor = os.getppid()
    ready()
    while not stop.wait(rounds.pause) and os.getppid() == supervisor:
        rounds.once()
        rounds.report()


class Rounds(ABC):
    """Rounds of some work on the database. A failure is told once a minute and left for the next round."""

    name = ""
    waits = ""  # what waits while the database does not work, for the log

    def __init__(self, home: Home) -> None:
        self.engine: Engine = open_store(home.database_url)
        self.pause = ROUND
        self.numbers: dict[str, float] = {}
        self._folder = home.status
        self._started = time.time()
        self._reported = float("-inf")
        self._failing, self._failing_since = "", 0.0
        self._complained = float("-inf")

    def once(self) -> bool:
        """One round. True when a further one has something to do at once."""
        try:
            more = self.step()
        except (KapijaError, SQLAlchemyError, OSError) as error:
            self.pause = RETRY
            self._failing, self._failing_since = str(error), self._failing_since or time.time()
            now = time.monotonic()
            if now - self._complained >= COMPLAIN_EVERY:
                self._complained = now
                log.error("%s wait, because the database does not work: %s", self.waits, error)
            return False
        self.pause = 0.0 if more else ROUND
        self._failing, self._failing_since = "", 0.0
        return more

    def report(self) -> None:
        """Once a second: how it goes, for `kapija stats` and the metrics."""
        if time.monotonic() - self._reported < REPORT_EVERY:
            return
        self._reported = time.monotonic()
        told = KeeperStatus(
            self.name, os.getpid(), self._started, time.time(), self._failing_since, self._failing, self.numbers
        )
        with suppress(OSError):  # it says nothing then, which is what a full disk leaves of it
            write_keeper(self._folder, told)

    @abstractmethod
    def step(self) -> bool:
        """The work of one round; True when more of it waits."""

    def close(self) -> None:
        """Let go of the database."""
        self.engine.dispose()


class Feeding(Rounds):
    """SQL's changes into the node file."""

    name, waits = "feeder", "changes"

    def __init__(self, home: Home) -> None:
        super().__init__(home)
        home.node_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._writer = NodeWriter.open(home.node_file)
        self._feed = Feed(self.engine, self._writer)

    def first(self) -> bool:
        """Fill the node file before any worker starts. False when there is neither a database nor an earlier filling."""
        while self.once():
            pass
        return self._writer.reader().complete()

    def step(self) -> bool:
        """See `Rounds.step`."""
        return self._feed.step() > 0

    def close(self) -> None:
        """Let go of both files."""
        self._writer.close()
        super().close()


class Carrying(Rounds):
    """The journals' events into SQL: audit rows onto the evidence chain, accounting into sessions. Now and then it ends
    sessions of which nothing is heard, and looks at certificates that end soon."""

    name, waits = "carrier", "audit events"

    def __init__(self, home: Home) -> None:
        super().__init__(home)
        self._home = home
        self._carrier: Carrier | None = None
        self._admin: Admin | None = None
        self._looked = self._swept = float("-inf")
        self._keeper: Keeper | None = None
        self._records = StoreRecords(self.engine)
        self._schools = Schools(self._records, dictionary.load().check)
        self._rules: tuple[int, ...] = ()

    def step(self) -> bool:
        """See `Rounds.step`."""
        carrier = self._carrier or self._make_carrier()
        self._adopt_changes()
        carried = carrier.step(time.time())
        self.numbers["carried"] = self.numbers.get("carried", 0) + carried.events
        self.numbers["lag_seconds"] = carried.lag_seconds
        more = carried.more
        if not more and time.monotonic() - self._swept >= SWEEP_EVERY:
            more = self._sweep()
        if not more and time.monotonic() - self._looked >= LOOK_EVERY and self._admin is not None:
            self._looked = time.monotonic()
            warn_of_ends(self._home, self._admin)
        return more

    def _make_carrier(self) -> Carrier:
        with reading(self.engine) as connection:
            keyring = Keyring.load(connection, MasterKey.load(self._home))
        self._admin = Admin(self.engine, keyring, f"node:{self._home.settings.node}")
        self._keeper = Keeper(keyring, Counting(GrantsInForce(self._schools), Excesses(keyring, self._home.settings.node).ask))
        journal = self._home.settings.journal
        self._carrier = Carrier(
            self.engine,
            keyring,
            self._home.journal,
            self._home.settings.node,
            keep_seconds=journal.keep_seconds,
            limit_bytes=journal.limit_megabytes << 20,
            step_events=CARRY_AT_ONCE,
            appliers=(self._keeper.apply,),
        )
        return self._carrier

    def _adopt_changes(self) -> None:
        """Policies change what grants count."""
        version = self._records.rules_version()
        if version != self._rules:
            self._rules = version
            self._schools.forget_all()

    def _sweep(self) -> bool:
        """End sessions of which interims are missing; True when there are more of them."""
        if self._keeper is None:
            return False
        with change(self.engine) as work:
            more = self._keeper.sweep(work, time.time()) >= SWEEP
        if not more:
            self._swept = time.monotonic()
        return more
