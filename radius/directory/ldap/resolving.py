"""Host names to addresses under a deadline: the system's resolver has none, so it runs on a thread of its own.

Answers are remembered; while the name servers are away, the last addresses that were known go on being used.
"""

import socket
import time
from ipaddress import ip_address
from threading import Event, Lock, Thread
from typing import Final

FRESH: Final = 60.0  # seconds
IMPATIENCE: Final = 0.2  # seconds to wait for a new answer when an old one is there

Address = tuple[int, str]  # family, numeric address


class Resolver:
    """One host's addresses. Thread-safe; at most one look-up runs at a time."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._lock = Lock()
        self._known: list[Address] = []
        self._fresh_until = 0.0
        self._running: Event | None = None
        self._trouble = ""
        try:
            literal = ip_address(host)
        except ValueError:
            return
        self._known = [(socket.AF_INET6 if literal.version == 6 else socket.AF_INET, host)]
        self._fresh_until = float("inf")

    def addresses(self, deadline: float) -> list[Address]:
        """The addresses, in the system's order. Raises OSError when none is known by `deadline`."""
        now = time.monotonic()
        with self._lock:
            if now < self._fresh_until:
                return self._known
            if self._running is None:
                self._running = Event()
                Thread(target=self._look_up, args=(self._running,), name="kapija-resolver", daemon=True).start()
            running, patience = self._running, min(deadline - now, IMPATIENCE) if self._known else deadline - now
        done = running.wait(max(patience, 0.0))
        with self._lock:
            if self._known:
                return self._known
            raise OSError(self._trouble if done else "the name could not be looked up in time")

    def _look_up(self, done: Event) -> None:
        try:
            found = socket.getaddrinfo(self._host, None, type=socket.SOCK_STREAM)
            known, trouble = [(int(family), str(sockaddr[0])) for family, _, _, _, sockaddr in found], ""
        except (OSError, UnicodeError) as error:
            known, trouble = [], str(error)
        with self._lock:
            if known:
                self._known = known
            self._trouble = trouble
            self._fresh_until = time.monotonic() + FRESH if known else 0.0
            self._running = None
        done.set()
