"""One worker: a loop that drains its sockets through the gate, a thread that fsyncs the journal, and a tick.

Everything is made here, after the fork: LMDB's locks and threads do not survive one.
"""

import asyncio
import gc
import logging
import os
import random
import signal
import time
from concurrent.futures import Future, ThreadPoolExecutor
from socket import socket

from radius.aaa.login_class import LoginSeal
from radius.aaa.schools import Schools
from radius.audit.events import AuthenticatorLearned
from radius.audit.journal import Journal
from radius.directory.chain import Chain
from radius.directory.local import LocalDirectory
from radius.directory.sources import make_source
from radius.eap.resumption import Resumptions
from radius.eap.tls_contexts import TlsContexts
from radius.pki.trust import TrustStore
from radius.server.accounting import Accounting
from radius.server.admission import DRAIN, Admission
from radius.server.clients import Client, Clients
from radius.server.conversations import Conversations
from radius.server.counters import Counters, discarded
from radius.server.directories import Directories, Guards
from radius.server.durable import Durable
from radius.server.eap_server import EapServer
from radius.server.faults import tell_of_loop, where
from radius.server.gate import Gate
from radius.server.hop import Hop, NamedNodes, Seals
from radius.server.journal_writer import JournalWriter
from radius.server.later import LoopLater, read_handed
from radius.server.offers import Offers, Tls
from radius.server.places import Place
from radius.server.randomness import RandomPool
from radius.server.replies import Replies
from radius.server.reporting import Parts, Reporter
from radius.server.sockets import Port
from radius.server.state import States, node_digest
from radius.server.status import DirectoryStatus, directory_status
from radius.server.supervisor import ELDER_GONE, RETIRE, Life, Ready
from radius.settings import Home, Settings
from radius.store.keyring import Keyring
from radius.store.known_file import KnownFile
from radius.store.master_key import MasterKey
from radius.store.node_file import Kind, NodeFile
from radius.store.records import DirectoryRecord
from radius.wire import dictionary

log = logging.getLogger(__name__)

TICK = 0.1  # seconds; a published policy is live within the feeder's round and this
NOTE_EVERY = 1.0  # seconds between two rounds of notes on unknown clients
TELL_EVERY = 60.0  # seconds between two lines on what was discarded
FINISH_WITHIN = 5.0  # what is under way at a stop may take this long: longer than the reject delay and a login
STILL_MOVING = 1.5  # seconds since a device was heard of last, after which a stop does not wait for it
RETIRE_WITHIN = 45.0  # a retiring worker finishes its conversations within this: longer than a device may be silent
READ_AFTER = 0.1  # a successor begins to read when its elder has surely stopped
TRUST_EVERY = 5.0  # seconds between two looks at the files of authorities and revocation lists


def run_worker(home: Home, place: Place, contexts: TlsContexts | None, ready: Ready, life: Life) -> None:
    """Serve until SIGTERM, until retired, or until the supervisor is gone. `ready` is called when requests are being
    answered; `contexts` are the supervisor's, None while there is no certificate."""
    master = MasterKey.load(home)  # read anew: it may have been rotated since the server started
    worker = Worker(home, master, place, contexts, life)
    try:
        worker.serve(ready)
    finally:
        worker.close()


class Worker:
    """All of one worker's parts, put together."""

    def __init__(self, home: Home, master: MasterKey, place: Place, contexts: TlsContexts | None, life: Life) -> None:
        settings = home.settings
        self._supervisor = os.getppid()
        self._place = place
        self._life = life
        self._loop = asyncio.new_event_loop()
        self._node_file = NodeFile.open(home.node_file)
        self._node_file.refresh()
        keyring = Keyring.from_wrapped(self._node_file.wrapped_keys(), master)
        self._journal = Journal(
            home.journal,
            f"{settings.node}-{place.number}",
            keyring.journal_key(settings.node),
            settings.journal.limit_megabytes << 20,
        )
        self.counters = Counters()
        self._durable = Durable(self._journal, self.counters, self._loop.call_soon_threadsafe)
        self._writer = JournalWriter(self._journal, settings.journal.group_milliseconds / 1000, self._durable.flush)
        words = dictionary.load()
        known = KnownFile.open(home.known_file)
        local = LocalDirectory(self._node_file, keyring)
        self._directories = Directories(local, keyring, known, make_source, self.counters)
        self._known = known
        self._directories.adopt(self._directories.prepare(self._node_file.directories()))
        directory = self._directories.chain
        peers = [inbox.theirs for inbox in place.inboxes]
        self._later = LoopLater(
            self._loop,
            directory,
            self._journal.append,
            self.counters,
            settings.radius.reject_delay,
            peers,
            place.inbox.to_elder,
        )
        self._schools = Schools(self._node_file, words.check)
        self._random = RandomPool().take
        seal = LoginSeal(keyring.login_key, self._random)
        self._replies = Replies(
            words,
            settings.radius.reauthentication_jitter,
            self._random,
            random.random,
            seal,
            settings.accounting.interim_seconds,
        )
        self._clients = Clients(self._node_file, keyring.open, self.counters, self._learned)
        self._gate = Gate(
            self._clients,
            self._schools,
            directory,
            self._replies,
            self._journal.append,
            self._later,
            self.counters,
            place.number,
            len(place.inboxes),
            another_server=settings.radius.another_server,
        )
        self._accounting = Accounting(self._clients, seal, self._journal.append, self._durable, self.counters, time.time)
        self._gate.accounting = self._accounting
        self._gate.presence = self._node_file.presence
        steered = any(port.under_way for port in place.conversations)
        self._admission = Admission(self._gate, self.counters, self._loop.call_soon, steered=steered)
        self._hop = self._make_hop(settings, keyring)
        self._later.hop = self._hop
        self._ports = [*place.ports, self._hop.port] if self._hop is not None else place.ports
        self._dropped_before = self._dropped()
        self._trust = TrustStore.of(home)
        self._watcher = ThreadPoolExecutor(1, "trust")
        self._chores = ThreadPoolExecutor(1, "chores")
        self._chore: Future[None] | None = None
        self._eap = self._make_eap(settings, keyring, directory, contexts)
        self._gate.eap = self._eap
        figures, times = self._gate.figures, self._writer.times
        parts = Parts(self.counters, figures, self._journal, times, self._gauges, self._directory_statuses, self._hop)
        self._reporter = Reporter(home.status, place.number, parts)
        self._reporter.inherit()
        self._generation = self._node_file.generation()
        self._ticked = self._told = self._noted = self._watched = time.monotonic()
        self._counted = self.counters.read()

    def _make_eap(self, settings: Settings, keyring: Keyring, directory: Chain, contexts: TlsContexts | None) -> EapServer:
        life, number = self._life, self._place.number
        self._resumptions = Resumptions(settings.eap.resumption_hours * 3600.0)
        tls = None
        if contexts is not None:
            contexts.for_worker(number.to_bytes(1, "big") + life.incarnation.to_bytes(4, "big"))
            tls = Tls(contexts, self._trust, self._resumptions)
        eap = EapServer(
            self._gate,
            States(keyring.state, settings.node, number, life.incarnation),
            Conversations(self._random, self.counters),
            Offers(settings.eap, directory, tls),
            settings.eap,
            self._schools,
            directory,
            self._later,
            self._journal.append,
            self.counters,
            self._random,
            keyring.blind_index,
            len(self._place.inboxes),
        )
        eap.elder = life.elder
        return eap

    def _make_hop(self, settings: Settings, keyring: Keyring) -> Hop | None:
        place, nodes = self._place, settings.nodes
        if place.hop is None:
            return None
        seals = Seals(keyring.state, node_digest(settings.node), self._random, time.time)
        neighbours = NamedNodes(nodes.others, nodes.port)
        return Hop(place.hop, seals, neighbours, place.number, place.ports, self.counters, self._gate.receive)

    def serve(self, ready: Ready) -> None:
        """Answer until stopped."""
        self._loop.set_exception_handler(tell_of_loop)
        for number in (signal.SIGTERM, signal.SIGINT):
            self._loop.add_signal_handler(number, self._finish)
        self._loop.add_signal_handler(RETIRE, self._retire)
        self._loop.add_signal_handler(ELDER_GONE, self._forget_elder)
        if self._life.elder is None:
            self._read()
        else:
            self._loop.call_later(READ_AFTER, self._read)
            self._loop.call_later(RETIRE_WITHIN + FINISH_WITHIN, self._forget_elder)
        self._writer.start()
        self._loop.call_soon(self._tick)
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000, 20, 50)  # almost nothing on the packet's way makes cycles
        ready()
        self._loop.run_forever()

    def close(self) -> None:
        """Write what is left of the journal and let go of everything."""
        self._writer.close()
        self._watcher.shutdown(wait=False, cancel_futures=True)
        self._chores.shutdown(wait=True, cancel_futures=True)
        self._reporter.write()
        self._directories.close()
        self._node_file.close()
        self._loop.close()

    def _read(self) -> None:
        for port in self._sockets():
            port.arrived()  # from now on the kernel stamps datagrams, so that the first overload is seen
            self._loop.add_reader(port.sock, self._admission.drain, port)
        if self._hop is not None:
            self._loop.add_reader(self._hop.sock, self._hop.drain, DRAIN)
        self._loop.add_reader(self._place.inbox.mine, self._drain_inbox, self._place.inbox.mine)

    def _sockets(self) -> list[Port]:
        return [*self._place.conversations, *self._place.ports]

    def _forget_elder(self) -> None:
        self._eap.elder = None

    def _drain_inbox(self, inbox: socket) -> None:
        ports = self._ports
        for port in ports:
            port.hold()
        try:
            for _ in range(DRAIN):
                octets, source, number, local = read_handed(inbox.recv(16_384))
                self._gate.receive(octets, source, ports[number], local, handed=True)
        except BlockingIOError:
            pass
        finally:
            self.counters.send_failures += sum(port.release() for port in ports)

    def _tick(self) -> None:
        """Ten times a second: see what is new in the node file, forget what is old, notice that the supervisor is gone."""
        self._loop.call_later(TICK, self._tick)  # first, so that a fault in one round is not the end of all
        now = time.monotonic()
        stall = int((now - self._ticked - TICK) * 1000)
        self.counters.longest_stall_ms = max(self.counters.longest_stall_ms, stall)
        self._ticked = now
        self._gate.duplicates.tick(now)
        self._accounting.duplicates.tick(now)
        self._eap.tick(time.time())
        if now - self._watched >= TRUST_EVERY:
            self._watched = now
            self._watcher.submit(self._look_at_trust)
        if now - self._noted >= NOTE_EVERY:
            self._noted = now
            self._later.note_unknown(time.time())
            self._directories.chain.tick()
            self.counters.kernel_drops += self._new_drops()
            if self._hop is not None:
                self._hop.tick(now)
            if self._chore is None or self._chore.done():
                self._chore = self._chores.submit(self._do_chores)
        self._known.refresh()
        self._adopt_changes()
        self._writer.tell()
        if now - self._told >= TELL_EVERY:
            self._tell_of_discards(now)
        if os.getppid() != self._supervisor:
            log.error("the supervisor is gone, so this worker stops")
            self._finish()

    def _look_at_trust(self) -> None:
        """On a thread of its own: thousands of files take their time."""
        try:
            self._trust.refresh(time.time())
        except Exception as error:  # noqa: BLE001 - without this thread a revocation would never be felt
            log.error("authorities and revocation lists could not be read again: %s", where(error))

    def _do_chores(self) -> None:
        """Once a second, on a thread of its own: what is known into its file, and how everything is into another."""
        self._known.flush()
        self._reporter.write()

    def _directory_statuses(self) -> tuple[DirectoryStatus, ...]:
        now, monotonic = time.time(), time.monotonic()
        return tuple(directory_status(guard, monotonic, now) for guard in self._directories.chain.guards)

    def _gauges(self) -> dict[str, float]:
        figures = self._gate.figures
        longest, figures.longest_wait = figures.longest_wait, 0
        return {
            "conversations": len(self._eap.conversations),
            "under_way": self._later.under_way,
            "admission_waiting": len(self._admission),
            "admission_pressed": float(self._admission.pressed),
            "queue_age_seconds": longest / 1e6,
            "clients_ready": len(self._clients),
            "clients_counted": len(figures.clients),
            "resumptions": len(self._resumptions),
        }

    def _dropped(self) -> int:
        return sum(port.dropped() for port in self._sockets())

    def _new_drops(self) -> int:
        before, self._dropped_before = self._dropped_before, self._dropped()
        return self._dropped_before - before

    def _prepare_directories(self, records: list[DirectoryRecord]) -> None:
        """On the thread of the chores: making one may take its time."""
        prepared = self._directories.prepare(records)
        self._loop.call_soon_threadsafe(self._adopt_directories, prepared)

    def _adopt_directories(self, prepared: Guards) -> None:
        for guard in self._directories.adopt(prepared):
            self._chores.submit(guard.close)

    def _adopt_changes(self) -> None:
        self._node_file.refresh()
        changes = self._node_file.changes_since(self._generation)
        if not changes:
            return
        self._generation = changes.generation
        learned = changes.of(Kind.LEARNED)
        if learned is None or any(changes.of(kind) != frozenset() for kind in (Kind.CLIENT, Kind.NETWORK)):
            self._clients.forget_all()
        if learned:
            self._clients.forget_learned(learned)
        if changes.of(Kind.DIRECTORY) != frozenset():
            self._chores.submit(self._prepare_directories, self._node_file.directories())
        schools, policies = changes.of(Kind.SCHOOL), changes.of(Kind.POLICY)
        if schools is None or policies is None:
            self._schools.forget_all()
        else:
            for name in schools | policies:
                self._schools.forget(name)
        if schools != frozenset() or policies != frozenset():
            self._replies.forget_all()

    def _tell_of_discards(self, now: float) -> None:
        counted = self.counters.read()
        words = discarded(self._counted, counted)
        if words:
            log.warning("datagrams discarded in the last %.0f s: %s", now - self._told, words)
        self._counted, self._told = counted, now

    def _learned(self, client: Client, address: str) -> None:
        record = client.record
        self._journal.append(AuthenticatorLearned(time.time(), record.school, address, record.network))

    def _retire(self) -> None:
        """There is a successor: it reads from now on, and passes on what belongs to a conversation of ours."""
        self._reporter.retiring = True
        self._stop_reading()
        inbox = self._place.inbox
        self._loop.add_reader(inbox.elder, self._drain_inbox, inbox.elder)
        self._end_when_over(time.monotonic() + RETIRE_WITHIN)

    def _end_when_over(self, deadline: float) -> None:
        if self._eap.conversations and time.monotonic() < deadline:
            self._loop.call_later(TICK, self._end_when_over, deadline)
        else:
            self._finish()

    def _stop_reading(self) -> None:
        for port in self._sockets():
            self._loop.remove_reader(port.sock)
        if self._hop is not None:
            self._loop.remove_reader(self._hop.sock)
        self._loop.remove_reader(self._place.inbox.mine)

    def _finish(self) -> None:
        """Begin nothing new, let what is under way end, then leave the loop. A device that has been silent for a while is not
        waited for."""
        self._gate.closing = True
        self._leave(time.monotonic() + FINISH_WITHIN)

    def _leave(self, deadline: float) -> None:
        under_way = (
            self._later.under_way or self._durable.under_way or self._eap.conversations.moved_since(time.time() - STILL_MOVING)
        )
        if under_way and time.monotonic() < deadline:
            self._loop.call_later(0.02, self._leave, deadline)
        else:
            self._stop_reading()
            self._loop.stop()
