"""What the gate asks of the loop: a directory's slow answer, a delayed reject, a hand-over, a note of unknown clients.

Everything here is bounded. Full means silence for the new request; nothing that is under way is given up for it.
"""

import asyncio
import math
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from contextlib import suppress
from socket import socket
from typing import Protocol, cast

import msgspec

from radius.audit.events import Event, UnknownClientSeen
from radius.directory.question import Answer, CouldNotAsk, Proved, Question
from radius.server.counters import Counters
from radius.server.hop import Hop
from radius.server.sockets import Port, Source
from radius.server.state import State

ASKING_AT_MOST = 8_192  # questions under way; how many a directory may have is its own bound
ANSWER_WITHIN = 4.0  # seconds: below a NAS's usual timeout of 5
BEAT = 0.5  # seconds; see LoopLater.ask
DELAYED_AT_MOST = 20_000
UNKNOWN_AT_MOST = 1_000
UNKNOWN_NOTES_A_ROUND = 50

Handed = tuple[bytes, list[str | int], int, bytes]
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Handed).decode


class Asked(Protocol):
    """Whoever is asked (radius.directory.chain). Neither blocks."""

    def ask(self, question: Question, deadline: float, tell: Callable[[Answer], None]) -> None:
        """Call `tell` with the answer, at once or from another thread; `deadline` is in monotonic seconds."""

    def give_up(self, question: Question) -> Answer:
        """The answer to a question that nobody waits for any longer."""


class LoopLater:
    """The gate's `Later` on an asyncio loop. `peers` are the sockets to each worker's hand-over inbox, by its number; `elder`
    is that to the inbox of this worker's predecessor."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        directory: Asked,
        record: Callable[[Event], None],
        counters: Counters,
        reject_delay: float,
        peers: list[socket],
        elder: socket | None = None,
    ) -> None:
        self._loop = loop
        self._directory = directory
        self._record = record
        self._counters = counters
        self._reject_delay = reject_delay
        self._peers = peers
        self._elder = elder
        self.hop: Hop | None = None  # the way to other nodes, where there are some
        self._asking = 0
        self._told: deque[tuple[_Waiting, Answer]] = deque()
        self._woken = False
        self._delayed = 0
        self._unknown: OrderedDict[str, tuple[int, bytes]] = OrderedDict()

    @property
    def under_way(self) -> int:
        """How many requests still wait for a directory or for their delay."""
        return self._asking + self._delayed

    def ask(self, question: Question, then: Callable[[Answer], None]) -> None:
        """See `attempt.Later.ask`. When too many wait already, the answer is *could not ask*.

        An answer that proves nothing is told on a beat: a search for a name that is nowhere takes a directory less time than
        a password that does not hold, and inside a tunnel no reject delay hides the difference.
        """
        if self._asking >= ASKING_AT_MOST:
            self._loop.call_soon(then, CouldNotAsk("local"))
            return
        self._asking += 1
        waiting = _Waiting(self, question, then, self._loop.time())
        waiting.timer = self._loop.call_later(ANSWER_WITHIN, waiting.give_up)
        self._directory.ask(question, time.monotonic() + ANSWER_WITHIN, waiting.told)

    def told(self, waiting: "_Waiting", answer: Answer) -> None:
        """From whatever thread. The loop is woken once for all that come before it has looked."""
        self._told.append((waiting, answer))
        if not self._woken:
            self._woken = True
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                self._loop.call_soon_threadsafe(self._take_told)

    def _take_told(self) -> None:
        self._woken = False  # before looking: what comes from now on wakes the loop again
        try:
            for _ in range(len(self._told)):
                waiting, answer = self._told.popleft()
                waiting.arrived(answer)
        finally:
            if self._told:
                self._loop.call_soon(self._take_told)

    def delay(self, send: Callable[[], None], began: int) -> bool:
        """See `attempt.Later.delay`."""
        if not self._reject_delay:
            send()
            return True
        if self._delayed >= DELAYED_AT_MOST:
            return False
        self._delayed += 1
        passed = (time.perf_counter_ns() - began) / 1e9
        self._loop.call_later(max(0.0, self._reject_delay - passed), self._send_delayed, send)
        return True

    def _send_delayed(self, send: Callable[[], None]) -> None:
        self._delayed -= 1
        send()

    def hand_over(self, worker: int, octets: bytes, source: Source, port: int, local: bytes) -> None:
        """See `attempt.Later.hand_over`: one datagram on a local socket; when the owner's inbox is full, silence."""
        self._hand(self._peers[worker], octets, source, port, local)

    def hand_to_elder(self, octets: bytes, source: Source, port: int, local: bytes) -> None:
        """See `attempt.Later.hand_to_elder`."""
        if self._elder is not None:
            self._hand(self._elder, octets, source, port, local)

    def _hand(self, inbox: socket, octets: bytes, source: Source, port: int, local: bytes) -> None:
        try:
            inbox.send(_encode((octets, source, port, local)))
            self._counters.handed_over += 1
        except (BlockingIOError, ConnectionError, OSError):
            self._counters.handover_full += 1

    def hand_to_node(self, state: State, octets: bytes, source: Source, port: Port, local: bytes) -> bool:
        """See `attempt.Later.hand_to_node`."""
        if self.hop is None:
            self._counters.eap_state_elsewhere += 1
            return True
        return self.hop.forward(state.node, state.worker, octets, source, port, local)

    def unknown_client(self, address: str, octets: bytes, now: float) -> None:
        """See `attempt.Later.unknown_client`: counted here, noted at the next round, at most 1,000 addresses."""
        count, _ = self._unknown.pop(address, (0, b""))
        self._unknown[address] = (count + 1, octets)
        if len(self._unknown) > UNKNOWN_AT_MOST:
            self._unknown.popitem(last=False)

    def note_unknown(self, now: float) -> None:
        """Write down some of the unknown clients, oldest first; a flood of addresses cannot flood the journal."""
        for _ in range(min(len(self._unknown), UNKNOWN_NOTES_A_ROUND)):
            address, (count, octets) = self._unknown.popitem(last=False)
            self._record(UnknownClientSeen(now, address, count, octets[:4096]))


class _Waiting:
    """One request that waits for its answer: from a thread, or from the timer when that takes too long. Once."""

    __slots__ = ("_began", "_later", "_question", "_then", "timer")

    def __init__(self, later: LoopLater, question: Question, then: Callable[[Answer], None], began: float) -> None:
        self._later = later
        self._question = question
        self._then: Callable[[Answer], None] | None = then
        self._began = began
        self.timer: asyncio.TimerHandle | None = None

    def told(self, answer: Answer) -> None:
        """From whatever thread."""
        self._later.told(self, answer)

    def give_up(self) -> None:
        """The deadline has passed."""
        if self._then is not None:
            self._end(self._later._directory.give_up(self._question))

    def arrived(self, answer: Answer) -> None:
        """In the loop."""
        if self._then is None:
            return
        if self.timer is not None:
            self.timer.cancel()
        if isinstance(answer, Proved | CouldNotAsk):
            self._end(answer)
            return
        loop = self._later._loop
        beats = math.ceil((loop.time() - self._began) / BEAT) or 1
        self.timer = loop.call_at(self._began + beats * BEAT, self._end, answer)

    def _end(self, answer: Answer) -> None:
        then, self._then = self._then, None
        self._later._asking -= 1
        if then is not None:
            then(answer)


def read_handed(octets: bytes) -> tuple[bytes, Source, int, bytes]:
    """What `hand_over` of another worker sent: (octets, source, port number, local)."""
    datagram, source, port, local = _decode(octets)
    return datagram, cast(Source, tuple(source)), port, local
