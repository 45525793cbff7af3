"""One directory's own threads and the calls that wait for them: a bulkhead, so that nobody else waits for a slow one.

A directory that answers quickly is asked by few threads, one call after the other: each thread more that could run is one more
that wants Python's interpreter lock, and every turn of it costs. A call that takes longer than STUCK waits for its directory
and not for us; it makes room for another one, up to all threads of the lane.
"""

import time
from collections import deque
from collections.abc import Callable
from threading import Lock, Thread
from typing import Any, Final, TypeVar

T = TypeVar("T")
Done = Callable[[T | None, BaseException | None], None]

QUICK: Final = 4  # threads that work at a time while none is stuck
STUCK: Final = 0.01  # seconds
LOOK: Final = 0.005  # seconds between looks at how long calls have taken, while others wait


class Lane:
    """`threads` calls run at a time and `waiting` more may wait; threads are made when they are needed."""

    def __init__(self, name: str, threads: int, waiting: int) -> None:
        self.threads = threads
        self._name = name
        self._at_most = threads + waiting
        self._lock = Lock()
        self._calls: deque[tuple[Callable[[], Any], Done[Any]]] = deque()
        self._under_way = 0
        self._working = 0  # threads that run a call, or are about to
        self._stuck = 0  # of these, as it was seen last
        self._running: dict[Lock, float] = {}  # since when
        self._parked: list[Lock] = []  # threads that have nothing to do: releasing the lock wakes one
        self._made = 0
        self._watching = False
        self._watch: Lock | None = None
        self._closed = False

    @property
    def busy(self) -> int:
        """How many threads have something to do."""
        return self._working

    @property
    def waiting(self) -> int:
        """How many calls wait for a thread."""
        return max(0, self._under_way - self._working)

    def put(self, call: Callable[[], T], done: Done[T]) -> bool:
        """Have `call` run on a thread and then `done`, there too, with what came of it: the value, or the fault that was
        raised, or neither when it was given up. False when too many wait already. Never blocks."""
        with self._lock:
            if self._closed or self._under_way >= self._at_most:
                return False
            self._under_way += 1
            self._calls.append((call, done))
            if self._working < QUICK:
                self._add_thread()
            elif not self._watching:
                self._watching = True
                self._begin_watch()
        return True

    def close(self) -> None:
        """Take nothing more, and give up what waits; what runs is not waited for."""
        with self._lock:
            self._closed = True
            given_up = list(self._calls)
            self._calls.clear()
            self._under_way -= len(given_up)
            for parked in self._parked:
                parked.release()
            self._parked.clear()
            if self._watch is not None and not self._watching:
                self._watching = True
                self._watch.release()
        for _, done in given_up:
            done(None, None)

    # --- with the lock held

    def _add_thread(self) -> None:
        """One more that works, if the lane has one."""
        if self._working >= self.threads:
            return
        self._working += 1
        if self._parked:
            self._parked.pop().release()
        else:
            self._made += 1
            Thread(target=self._work, name=f"{self._name} {self._made}", daemon=True).start()

    def _begin_watch(self) -> None:
        if self._watch is None:
            self._watch = Lock()
            self._watch.acquire()
            Thread(target=self._look_after, args=(self._watch,), name=f"{self._name} watch", daemon=True).start()
        else:
            self._watch.release()

    def _next(self, thread: Lock) -> tuple[Callable[[], Any], Done[Any]] | None:
        """What this thread does next; None to park it."""
        if self._calls and self._working <= QUICK + self._stuck:
            self._running[thread] = time.monotonic()
            return self._calls.popleft()
        self._working -= 1
        if not self._closed:
            self._parked.append(thread)
        return None

    # --- on threads of the lane

    def _work(self) -> None:
        thread = Lock()
        thread.acquire()
        while not self._closed:
            with self._lock:
                taken = self._next(thread)
            while taken is not None:
                call, done = taken
                value, fault = None, None
                try:
                    value = call()
                except BaseException as raised:  # noqa: BLE001 - it is told to who waits, and the thread goes on
                    fault = raised
                with self._lock:
                    self._under_way -= 1
                    del self._running[thread]
                done(value, fault)
                del taken, call, done, value, fault  # a thread that is parked keeps nobody's password
                with self._lock:
                    taken = self._next(thread)
            thread.acquire()

    def _look_after(self, watch: Lock) -> None:
        """While calls wait: a thread more for each that is stuck."""
        while not self._closed:
            time.sleep(LOOK)
            with self._lock:
                late = time.monotonic() - STUCK
                self._stuck = sum(began < late for began in self._running.values())
                for _ in range(min(len(self._calls), QUICK + self._stuck - self._working)):
                    self._add_thread()
                over = not self._calls and not self._closed
                if over:
                    self._watching = False
            if over:
                watch.acquire()
