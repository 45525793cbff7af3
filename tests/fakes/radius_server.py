"""A RADIUS server on a loopback port of its own, for tests of clients: it answers as the test's function says.

The reply is signed by radius.wire; what reads it in the tests is pyrad, so the two check each other.
"""

import socket
from collections.abc import Callable
from threading import Thread
from typing import Self

from radius.secret import Secret
from radius.wire.packet import Packet, decode
from radius.wire.shared_secret import SharedSecret

Answer = Callable[[Packet, SharedSecret], bytes | None]


class RadiusServer:
    """Use it as a context manager. `requests` are those that came and whose Message-Authenticator was right."""

    def __init__(self, secret: str, answer: Answer) -> None:
        self.requests: list[Packet] = []
        self._shared = SharedSecret(Secret(secret))
        self._answer = answer
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = Thread(target=self._serve)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"stop", ("127.0.0.1", self.port))
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while (received := self._socket.recvfrom(4097))[0] != b"stop":
            octets, source = received
            if len(octets) < 20 or octets[0] == 0:
                continue
            packet = decode(octets)
            if not self._shared.verify_message_authenticator(packet):
                continue  # silence, RFC 3579 section 3.2
            self.requests.append(packet)
            reply = self._answer(packet, self._shared)
            if reply is not None:
                self._socket.sendto(reply, source)
