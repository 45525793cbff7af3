"""One directory's own threads and the calls that wait for them: a bulkhead, so that nobody else waits for a slow one."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import TypeVar

T = TypeVar("T")


class Lane:
    """`threads` calls run at a time and `waiting` more may wait; threads are made when they are needed."""

    def __init__(self, name: str, threads: int, waiting: int) -> None:
        self.threads = threads
        self._at_most = threads + waiting
        self._under_way = 0
        self._lock = Lock()
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)

    @property
    def busy(self) -> int:
        """How many threads have something to do."""
        return min(self._under_way, self.threads)

    @property
    def waiting(self) -> int:
        """How many calls wait for a thread."""
        return max(0, self._under_way - self.threads)

    def put(self, call: Callable[[], T], done: Callable[["Future[T]"], None]) -> bool:
        """Have `call` run on a thread and then `done`, there too; False when too many wait already. Never blocks."""
        with self._lock:
            if self._under_way >= self._at_most:
                return False
            self._under_way += 1

        def landed(future: "Future[T]") -> None:
            with self._lock:
                self._under_way -= 1
            done(future)

        try:
            future = self._pool.submit(call)
        except RuntimeError:  # closed meanwhile
            with self._lock:
                self._under_way -= 1
            return False
        future.add_done_callback(landed)
        return True

    def close(self) -> None:
        """Take nothing more, and give up what waits; what runs is not waited for."""
        self._pool.shutdown(wait=False, cancel_futures=True)
