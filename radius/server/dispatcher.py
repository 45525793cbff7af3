"""The process that asks access points to end or change sessions: it works off the outbox and has re-authorisation decided.

A housekeeper of its own, beside the feeder and the carrier: what somebody waits for leaves within a second, which the carrier
(SCHED_IDLE, busy for seconds) cannot promise, and a request under way for ten seconds must not hold up the feeder. One loop
has the requests; everything that touches SQL is done on one thread, a short transaction after the other.
"""

import asyncio
import contextlib
import logging
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, TypeVar

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from radius.aaa.deciding import Deciding
from radius.aaa.former import Former
from radius.aaa.reauthorizing import Pace, Reauthorizing
from radius.aaa.schools import Schools
from radius.directory.local import LocalDirectory
from radius.directory.question import Answer, Question
from radius.directory.sources import make_source
from radius.errors import KapijaError
from radius.server.counters import Counters
from radius.server.directories import Directories
from radius.server.faults import where
from radius.server.originate import AT_MOST, AT_ONE_NAS, Originator
from radius.server.requests import Prepared, Requests, Result, ability_of
from radius.server.supervisor import Ready
from radius.settings import Home
from radius.store.engine import open_store, reading
from radius.store.keyring import Keyring
from radius.store.known_file import KnownFile
from radius.store.master_key import MasterKey
from radius.store.node_file import Kind, NodeFile
from radius.store.outbox import ASKED
from radius.store.records import PolicyRecord
from radius.store.tables import policies
from radius.vendors import FAMILIES
from radius.wire import dictionary

log = logging.getLogger(__name__)

ROUND: Final = 0.1  # seconds between two looks at the outbox
RETRY: Final = 1.0  # after a failure of the database
COMPLAIN_EVERY: Final = 60.0
FOR_PEOPLE: Final = 64  # of the places for requests under way, kept for what somebody waits for
CLAIM_AT_ONCE: Final = 64
MARGIN: Final = 2.0  # seconds before the end of a lease at which we let go of what we claimed
ASK_WITHIN: Final = 2.0  # seconds for a directory; one that is away answers at once, from memory
CLEAN_EVERY: Final = 3600.0
STOP_WITHIN: Final = 5.0  # seconds for what is under way at a stop; its lease lets another server go on

Done = TypeVar("Done")


def run_dispatcher(home: Home, ready: Ready) -> None:
    """Dispatch until SIGTERM, or until the supervisor is gone. Raises KapijaError when there is nothing to begin with."""
    dispatcher = Dispatcher(home)
    try:
        asyncio.run(dispatcher.run(ready))
    finally:
        dispatcher.close()


class Dispatcher:
    """Everything of the process, put together."""

    def __init__(self, home: Home) -> None:
        settings = home.settings
        self._engine = open_store(home.database_url)
        with reading(self._engine) as connection:
            keyring = Keyring.load(connection, MasterKey.load(home))
        self._node_file = NodeFile.open(home.node_file)
        words = dictionary.load()
        self._schools = Schools(self._node_file, words.check)
        self._former = Former(self._versions, self._node_file, words.check)
        self._known = KnownFile.open(home.known_file)
        local = LocalDirectory(self._node_file, keyring)
        self._directories = Directories(local, keyring, self._known, make_source, Counters())
        deciding = Deciding(self._schools, self._former, self._ask, self._node_file.presence)
        holder = f"{settings.node}/{os.getpid()}-{os.urandom(3).hex()}"
        source = partial(source_of, settings.radius.listen)
        self._requests = Requests(self._engine, keyring, settings.node, holder, deciding, words, source)
        abilities = {name: ability_of(family) for name, family in FAMILIES.items()}
        pace = Pace(settings.sessions.reauthorize_per_school, settings.sessions.reauthorize_in_all)
        self._reauthorizing = Reauthorizing(
            self._engine, keyring, settings.node, deciding, self._node_file.carried, abilities, pace
        )
        self._generation = 0
        self._thread = ThreadPoolExecutor(1, "outbox")
        self._results: list[Result] = []
        self._under_way: dict[asyncio.Task[None], tuple[str, bool]] = {}  # its access point, and whether somebody waits
        self._complained = self._cleaned = float("-inf")

    def close(self) -> None:
        """Let go of the database and the node file."""
        self._thread.shutdown()
        self._directories.close()
        self._node_file.close()
        self._engine.dispose()

    async def run(self, ready: Ready) -> None:
        """Round after round."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        supervisor = os.getppid()
        originator = Originator(random.random, os.urandom, time.time)
        ready()
        while not stop.is_set() and os.getppid() == supervisor:
            pause = await self._round(originator)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause)
        await self._finish()

    async def _round(self, originator: Originator) -> float:
        """One look at everything; how long to wait for the next."""
        try:
            await self._in_thread(self._settle)
            for prepared in await self._in_thread(self._claim):
                task = asyncio.create_task(self._send(originator, prepared))
                self._under_way[task] = prepared.target.address, prepared.claimed.wish.reason == ASKED
                task.add_done_callback(self._under_way.pop)
            more = await self._in_thread(self._look)
        except (KapijaError, SQLAlchemyError, OSError) as error:
            if time.monotonic() - self._complained >= COMPLAIN_EVERY:
                self._complained = time.monotonic()
                log.error("requests to access points wait, because the database does not work: %s", error)
            return RETRY
        except Exception as error:  # noqa: BLE001 - without this process no session could be ended
            log.error("a round of requests to access points met a fault and goes on: %s", where(error))
            return RETRY
        return 0.0 if more else ROUND

    async def _in_thread(self, work: Callable[[], Done]) -> Done:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def _finish(self) -> None:
        """What is under way gets a little time; what is heard is written; the rest is another server's when its lease ends."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=STOP_WITHIN)
        for task in list(self._under_way):
            task.cancel()
        with contextlib.suppress(KapijaError, SQLAlchemyError, OSError):
            await self._in_thread(self._settle)

    async def _send(self, originator: Originator, prepared: Prepared) -> None:
        """Ask; where the access point cannot do it, ask for the next thing in the plan. Never beyond the end of the lease."""
        left = prepared.claimed.until - MARGIN - time.time()
        try:
            async with asyncio.timeout(max(0.0, left)):
                for sending in prepared.plan:
                    told = await originator.ask(prepared.target, sending.code, sending.attributes)
                    if not told.answer.is_inability:
                        break
        except TimeoutError:
            return  # it did not get its turn: whoever claims it next asks
        except Exception as error:  # noqa: BLE001 - one request's fault is not the others'
            log.error("session %d could not be asked for: %s", prepared.claimed.wish.session, where(error))
            return
        self._results.append(Result(prepared.claimed, sending, told))

    # --- on the thread ------------------------------------------------------------------------------------------------

    def _settle(self) -> None:
        results, self._results = self._results, []
        if results:
            try:
                self._requests.settle(results, time.time())
            except BaseException:
                self._results = results + self._results
                raise

    def _claim(self) -> list[Prepared]:
        self._refresh()
        waits = [somebody for _, somebody in self._under_way.values()]
        asked = min(CLAIM_AT_ONCE, AT_MOST - len(waits))
        paced = min(CLAIM_AT_ONCE, AT_MOST - FOR_PEOPLE - waits.count(False))
        at_nas = Counter(address for address, _ in list(self._under_way.values()))
        busy = [address for address, number in at_nas.items() if number >= AT_ONE_NAS]
        return self._requests.claim(time.time(), asked, paced, busy)

    def _look(self) -> bool:
        now = time.monotonic()
        if now - self._cleaned >= CLEAN_EVERY:
            self._cleaned = now
            self._requests.clean(time.time())
        self._refresh()
        return self._reauthorizing.step(time.time()).more

    def _refresh(self) -> None:
        """See what is new in the node file, as workers do at each tick, and in what is known of directories' people."""
        self._known.flush()
        self._known.refresh()
        self._directories.chain.tick()
        self._node_file.refresh()
        changes = self._node_file.changes_since(self._generation)
        if self._generation == 0 or changes.of(Kind.DIRECTORY) != frozenset():
            for guard in self._directories.adopt(self._directories.prepare(self._node_file.directories())):
                guard.close()
        self._generation = changes.generation
        changed, published = changes.of(Kind.SCHOOL), changes.of(Kind.POLICY)
        if changed is None or published is None:
            self._schools.forget_all()
            self._former.forget()
        elif changed or published:
            for name in changed | published:
                self._schools.forget(name)
            self._former.forget()

    def _ask(self, question: Question, subject: str) -> Answer:
        """Somebody's own directory is asked, whatever her name says; on the thread, so that requests under way go on."""
        deadline, chain = time.monotonic() + ASK_WITHIN, self._directories.chain
        return chain.answer_of(subject.partition(":")[0], question, deadline) or chain.answer(question, deadline)

    def _versions(self, scope: str) -> list[PolicyRecord]:
        columns = policies.c.scope, policies.c.version, policies.c.sha256, policies.c.document
        query = select(*columns).where(policies.c.scope == scope, policies.c.removed.is_(False))
        with reading(self._engine) as connection:
            return [PolicyRecord(*row) for row in connection.execute(query.order_by(policies.c.version.desc()))]


def source_of(listen: tuple[str, ...], address: str) -> str:
    """The address that access points know us by: the first of ours to listen on of their kind, unless that is all of them."""
    same = [own for own in listen if (":" in own) == (":" in address)]
    return same[0] if same and same[0] not in ("0.0.0.0", "::") else ""  # noqa: S104 - compared, not bound to
