"""Who is served first when more comes than can be answered: conversations under way, then a fair share of what is new.

As long as a worker keeps up, datagrams go straight from the socket to the gate. When one has waited in the kernel for longer
than PRESSED_AFTER, some of what waits is read ahead and put in two rows:

    under way   its State is one of ours and its conversation lives: first, in order; what was begun is finished
    new         by source address in turn, so that one flooding access point takes no other one's place; of one source the
                newest first, because a NAS repeats within seconds and throws a late answer away

and a new request that has waited for PATIENCE is met with silence. So whatever comes, the worker's time goes into answers that
somebody still waits for. Reading ahead may cost a quarter of answering; what is beyond that the kernel throws away for nothing,
from a queue of its own for what is new (radius.server.steering). Bounded: see ROOM.
"""

import logging
from collections import deque
from collections.abc import Callable
from time import monotonic, perf_counter_ns, time
from typing import Final

from radius.server.counters import Counters
from radius.server.gate import Gate
from radius.server.sockets import Port, Source

log = logging.getLogger(__name__)

DRAIN: Final = 32  # datagrams a wake-up; then their answers leave together, and the loop looks at everything else
AHEAD: Final = 512  # datagrams that are read ahead between two servings, at most
LEAST_AHEAD: Final = 40  # and at least: more than are served
READING_SHARE: Final = 4  # reading ahead may take this part of the time that serving takes
READING: Final = 2_000  # nanoseconds for which one datagram is read and sorted
PRESSED_AFTER: Final = 0.1  # seconds in the kernel's queue
PATIENCE: Final = 1.5  # seconds that a new request may wait: below a NAS's first repetition, usually after 2 to 5
ROOM: Final = 16_384  # new requests that wait, and as many of conversations: 10 MB each


class Waiting:
    """One datagram that was read ahead; `came` is of the monotonic clock."""

    __slots__ = ("came", "local", "octets", "port", "source")

    def __init__(self, octets: bytes, source: Source, port: Port, local: bytes, came: float) -> None:
        self.octets: Final = octets
        self.source: Final = source
        self.port: Final = port
        self.local: Final = local
        self.came: Final = came


class Newcomers:
    """New requests in wait: each source in turn, its newest first. The oldest of the longest row gives way when there is no
    room, and the oldest of a row when its patience is over."""

    def __init__(self, counters: Counters, room: int = ROOM) -> None:
        self._counters = counters
        self._room = room
        self._rows: dict[str, deque[Waiting]] = {}
        self._turns: deque[str] = deque()  # each source that has a row, once
        self._longest = ""  # a source whose row was the longest when it last grew
        self._number = 0

    def __len__(self) -> int:
        return self._number

    def put(self, waiting: Waiting) -> None:
        """One more, now."""
        source = waiting.source[0]
        row = self._rows.get(source)
        if row is None:
            row = self._rows[source] = deque()
            self._turns.append(source)
        self._shed_old(row, waiting.came)
        row.append(waiting)
        self._number += 1
        longest = self._rows.get(self._longest)
        if longest is None or len(row) > len(longest):
            self._longest, longest = source, row
        if self._number > self._room and longest:
            longest.popleft()
            self._number -= 1
            self._counters.shed_full += 1

    def take(self, now: float) -> Waiting | None:
        """The next one that somebody still waits for; None when there is none."""
        while self._turns:
            source = self._turns.popleft()
            row = self._rows[source]
            self._shed_old(row, now)
            if not row:
                del self._rows[source]
                continue
            taken = row.pop()
            self._number -= 1
            if row:
                self._turns.append(source)
            else:
                del self._rows[source]
            return taken
        return None

    def _shed_old(self, row: deque[Waiting], now: float) -> None:
        latest = now - PATIENCE
        while row and row[0].came < latest:
            row.popleft()
            self._number -= 1
            self._counters.shed_old += 1


class Admission:
    """Between the sockets and one worker's gate. `soon(call)` has the loop call after it has looked at everything else;
    `clock` is monotonic, in seconds, and `epoch` gives seconds since the epoch; `steered` says that only a port for what is
    under way has datagrams with a State."""

    def __init__(
        self,
        gate: Gate,
        counters: Counters,
        soon: Callable[[Callable[[], None]], object],
        clock: Callable[[], float] = monotonic,
        epoch: Callable[[], float] = time,
        steered: bool = False,
    ) -> None:
        self._gate = gate
        self._counters = counters
        self._soon = soon
        self._clock = clock
        self._epoch = epoch
        self._under_way: deque[Waiting] = deque()
        self._newcomers = Newcomers(counters)
        self._scheduled = False
        self._steered = steered
        self._ahead = AHEAD
        self.pressed = False

    def __len__(self) -> int:
        """How many datagrams wait here."""
        return len(self._under_way) + len(self._newcomers)

    def drain(self, port: Port) -> None:
        """Take what waits at a port, in measure; the answers leave together at the end."""
        if self.pressed:
            self._read_ahead(port)
            return
        gate = self._gate
        port.hold()
        try:
            for _ in range(DRAIN):
                octets, source, local = port.receive()
                gate.receive(octets, source, port, local)
            self._look_back(port)
        except BlockingIOError:
            pass
        except OSError as error:  # an ICMP error of an earlier answer is reported here; the datagram is gone, the socket is not
            log.debug("receiving on a socket failed: %s", error)
        finally:
            self._counters.send_failures += port.release()

    def _look_back(self, port: Port) -> None:
        """How long had the last of a full round waited? That is the queue's age."""
        arrived = port.arrived()
        waited = self._epoch() - arrived if arrived else 0.0
        if 0.0 <= waited < 60.0:  # else the clock was set meanwhile
            self._gate.figures.waited(int(waited * 1e6))
            self.pressed = waited > PRESSED_AFTER

    def _read_ahead(self, port: Port) -> None:
        now = self._clock()
        try:
            for _ in range(self._ahead):
                octets, source, local = port.receive()
                self._sort(Waiting(octets, source, port, local, now))
        except BlockingIOError:
            pass
        except OSError as error:
            log.debug("receiving on a socket failed: %s", error)
        if not self._scheduled:
            self._scheduled = True
            self._soon(self.serve)

    def _sort(self, waiting: Waiting) -> None:
        gate = self._gate
        if not gate.knows(waiting.source[0]):
            gate.receive(waiting.octets, waiting.source, waiting.port, waiting.local)  # silence, a counter
        elif (self._steered and not waiting.port.under_way) or not gate.is_under_way(waiting.octets):
            self._newcomers.put(waiting)
        elif len(self._under_way) < ROOM:
            self._under_way.append(waiting)
        else:
            self._counters.shed_full += 1

    def serve(self) -> None:
        """Answer some of those that wait here, and ask for another turn while there are more."""
        self._scheduled = False
        began = perf_counter_ns()
        now, gate = self._clock(), self._gate
        oldest = now
        held: list[Port] = []
        try:
            for _ in range(DRAIN):
                waiting = self._under_way.popleft() if self._under_way else self._newcomers.take(now)
                if waiting is None:
                    break
                port = waiting.port
                if port not in held:
                    port.hold()
                    held.append(port)
                oldest = min(oldest, waiting.came)
                gate.receive(waiting.octets, waiting.source, port, waiting.local)
        finally:
            for port in held:
                self._counters.send_failures += port.release()
        gate.figures.waited(int((now - oldest) * 1e6))
        self._ahead = max(LEAST_AHEAD, min(AHEAD, (perf_counter_ns() - began) // (READING_SHARE * READING)))
        if len(self):
            self._scheduled = True
            self._soon(self.serve)
        else:
            self.pressed = False
