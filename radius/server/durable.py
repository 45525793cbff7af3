"""Answers that wait for the disk: an Accounting-Response leaves after the fsync of its record, with its whole group at once.

The loop puts the record into the journal and then the answer in here. The journal's thread looks how many answers wait, has
the journal written, and hands exactly so many back to the loop in one call: their records were in the journal before, so they
were in what was written. If writing fails they are dropped, and the access points send their records again; while the
journal fails, nothing new is taken. A record that was written and not answered comes twice, which folding bears.
"""

from collections.abc import Callable
from typing import Final

from policies.value import Value
from radius.audit.journal import Journal
from radius.server.counters import Counters
from radius.server.duplicates import Seen
from radius.server.sockets import Port, Source

AT_MOST: Final = 20_000  # answers that wait: more than a second's, and no access point waits longer than a few


class Waiting(Value):
    """An answer that waits, and where it goes."""

    __slots__ = ("local", "port", "reply", "seen", "source")

    def __init__(self, seen: Seen, reply: bytes, source: Source, port: Port, local: bytes) -> None:
        self.seen: Final = seen
        self.reply: Final = reply
        self.source: Final = source
        self.port: Final = port
        self.local: Final = local


class Durable:
    """One worker's waiting answers. `call(function)` has the loop call a function soon, from any thread."""

    def __init__(
        self,
        journal: Journal,
        counters: Counters,
        call: Callable[[Callable[[], None]], object],
        at_most: int = AT_MOST,
    ) -> None:
        self._journal = journal
        self._counters = counters
        self._call = call
        self._at_most = at_most
        self._waiting: list[Waiting] = []
        self._taken = 0  # answers so far; counted in the loop
        self._told = 0  # of those so many were told to leave; counted in the journal's thread, which may be rounds ahead

    @property
    def under_way(self) -> int:
        """How many answers have not left yet."""
        return len(self._waiting)

    def has_room(self) -> bool:
        """Whether the journal stores and the answer may wait for it."""
        return not self._journal.failing and len(self._waiting) < self._at_most

    def answer(self, waiting: Waiting) -> None:
        """Send this when what was appended to the journal before is durable. In the loop."""
        self._waiting.append(waiting)
        self._taken += 1

    def flush(self) -> None:
        """Have the journal written, and the answers sent whose records were in it. In the journal's thread."""
        number = self._taken - self._told  # first: the records of these are in the journal already
        self._told += number
        stored = False
        try:
            self._journal.flush()
            stored = not self._journal.failing
        finally:
            if number:
                self._call(lambda: self._leave(number, stored))

    def _leave(self, number: int, stored: bool) -> None:
        """In the loop: the first so many answers, together, or silence for them."""
        leaving = self._waiting[:number]
        del self._waiting[:number]
        if not stored:
            self._counters.accounting_unstored += number
            for waiting in leaving:
                waiting.seen.forget()
            return
        self._counters.accounting += number
        ports = {waiting.port.number: waiting.port for waiting in leaving}.values()
        for port in ports:
            port.hold()
        for waiting in leaving:
            waiting.seen.reply = waiting.reply
            waiting.port.send(waiting.reply, waiting.source, waiting.local)
        self._counters.send_failures += sum(port.release() for port in ports)
