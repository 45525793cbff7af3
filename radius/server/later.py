"""What the gate asks of the loop: a directory's slow answer, a delayed reject, a hand-over, a note of unknown clients.

Everything here is bounded. Full means silence for the new request; nothing that is under way is given up for it.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from socket import socket
from typing import cast

import msgspec

from radius.audit.events import Event, UnknownClientSeen
from radius.directory.question import Answer, CouldNotAsk, Directory, Question
from radius.server.counters import Counters
from radius.server.sockets import Source

ASKING_THREADS = 4
ASKING_AT_MOST = 256  # questions that wait for a thread; a NAS gives up long before the last would be answered
ANSWER_WITHIN = 4.0  # seconds: below a NAS's usual timeout of 5
DELAYED_AT_MOST = 20_000
UNKNOWN_AT_MOST = 1_000
UNKNOWN_NOTES_A_ROUND = 50

Handed = tuple[bytes, list[str | int], int, bytes]
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Handed).decode


class LoopLater:
    """The gate's `Later` on an asyncio loop. `peers` are the sockets to each worker's hand-over inbox, by its number; `elder`
    is that to the inbox of this worker's predecessor."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        directory: Directory,
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
        self._threads = ThreadPoolExecutor(ASKING_THREADS, thread_name_prefix="directory")
        self._asking = 0
        self._delayed = 0
        self._unknown: OrderedDict[str, tuple[int, bytes]] = OrderedDict()

    @property
    def under_way(self) -> int:
        """How many requests still wait for a directory or for their delay."""
        return self._asking + self._delayed

    def ask(self, question: Question, then: Callable[[Answer], None]) -> None:
        """See `attempt.Later.ask`. When too many wait already, the answer is *could not ask*."""
        if self._asking >= ASKING_AT_MOST:
            self._loop.call_soon(then, CouldNotAsk("local"))
            return
        self._asking += 1
        deadline = time.monotonic() + ANSWER_WITHIN
        future = self._loop.run_in_executor(self._threads, self._directory.answer, question, deadline)
        future.add_done_callback(lambda done: self._asked(done, then))

    def _asked(self, done: "asyncio.Future[Answer]", then: Callable[[Answer], None]) -> None:
        self._asking -= 1
        if done.cancelled() or done.exception() is not None:
            self._counters.faults += 1
            then(CouldNotAsk("local"))
        else:
            then(done.result())

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

    def close(self) -> None:
        """Let go of the directory's threads; what they still ask is not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def read_handed(octets: bytes) -> tuple[bytes, Source, int, bytes]:
    """What `hand_over` of another worker sent: (octets, source, port number, local)."""
    datagram, source, port, local = _decode(octets)
    return datagram, cast(Source, tuple(source)), port, local
