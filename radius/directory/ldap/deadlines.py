"""A socket that keeps a deadline and a budget over a whole exchange, which neither ldap3 nor a socket's time-out does.

ldap3's `receive_timeout` and a socket's time-out begin anew with each piece that comes, so a server that sends an octet a
second would hold a thread for ever; and ldap3 gathers an answer of any size. Here each call gets what is left of the
exchange's time, and the octets of one exchange are counted.
"""

import socket
import time
from collections.abc import Callable
from typing import Final, TypeVar

T = TypeVar("T")

MAX_ANSWER: Final = 8 * 1024 * 1024  # octets of one exchange; a page of 500 groups has some 100,000
_PIECE: Final = 65_536  # ldap3 asks for 4,096 at a time


class DeadlineSocket:
    """What ldap3 needs of a socket. `begin(deadline)` starts an exchange; until then nothing may be sent or received.

    `trouble` is why the exchange failed, which ldap3 tells in words of its own.
    """

    def __init__(self, raw: socket.socket) -> None:
        self.raw: Final = raw
        self.deadline = 0.0
        self.trouble: OSError | None = None
        self._left = 0

    def begin(self, deadline: float) -> None:
        """The next exchange ends at `deadline` (monotonic seconds)."""
        self.deadline = deadline
        self.trouble = None
        self._left = MAX_ANSWER

    def recv(self, _size: int) -> bytes:
        """Some octets. Raises OSError, also at the end (TimeoutError at the deadline)."""
        return self._in_time(self._receive)

    def sendall(self, octets: bytes) -> None:
        """Raises OSError (TimeoutError at the deadline)."""
        self._in_time(lambda: self.raw.sendall(octets))

    def shutdown(self, how: int) -> None:
        """See socket.shutdown."""
        self.raw.shutdown(how)

    def close(self) -> None:
        """See socket.close."""
        self.raw.close()

    def _receive(self) -> bytes:
        octets = self.raw.recv(_PIECE)
        self._left -= len(octets)
        if not octets:
            raise ConnectionResetError("the server closed the connection")
        if self._left < 0:
            raise OSError(f"the answer is larger than {MAX_ANSWER} octets")
        return octets

    def _in_time(self, call: Callable[[], T]) -> T:
        left = self.deadline - time.monotonic()
        try:
            if left <= 0:
                raise TimeoutError
            self.raw.settimeout(left)
            return call()
        except OSError as error:
            self.trouble = error
            raise
