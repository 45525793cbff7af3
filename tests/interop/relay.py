"""A relay between eapol_test and the server that treats packets as networks do: spread over many source ports, doubled."""

import select
import socket
import threading
from itertools import count

MAX_PACKET = 4096  # RFC 2865 section 3
PORTS = 16


class Relay:
    """Forwards to 127.0.0.1:`server`, each request from another of 16 source ports, so that the kernel spreads them over the
    server's sockets; `times` says how often each request is sent. Use as a context manager; `port` is where to ask."""

    def __init__(self, server: int, times: int = 1) -> None:
        self._server = ("127.0.0.1", server)
        self._times = times
        self._front = _socket()
        self._backs = [_socket() for _ in range(PORTS)]
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.port: int = self._front.getsockname()[1]
        self.sent = 0

    def __enter__(self) -> "Relay":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        for each in (self._front, *self._backs):
            each.close()

    def _run(self) -> None:
        turns, asker = count(), ("127.0.0.1", 0)
        while not self._ended.is_set():
            for ready in select.select([self._front, *self._backs], [], [], 0.05)[0]:
                octets, source = ready.recvfrom(MAX_PACKET)
                if ready is self._front:
                    asker = source
                    back = self._backs[next(turns) % PORTS]
                    for _ in range(self._times):
                        back.sendto(octets, self._server)
                        self.sent += 1
                else:
                    self._front.sendto(octets, asker)


def _socket() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind(("127.0.0.1", 0))
    return made
