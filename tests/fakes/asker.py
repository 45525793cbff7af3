"""A RADIUS client for tests that need many requests or odd ones: one socket, every reply verified."""

import os
import socket

from radius.crypto.chap import chap_response
from radius.secret import Secret
from radius.wire.attributes import CALLING_STATION_ID, CHAP_PASSWORD, USER_NAME, USER_PASSWORD, encode_attribute
from radius.wire.codes import Code
from radius.wire.packet import Packet, decode
from radius.wire.shared_secret import SharedSecret


class Asker:
    """Asks the server on 127.0.0.1:`port`. Use as a context manager."""

    def __init__(self, port: int, secret: str, patience: float = 5.0) -> None:
        self._secret = SharedSecret(Secret(secret))
        self._server = ("127.0.0.1", port)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.settimeout(patience)
        self._identifier = 0

    def __enter__(self) -> "Asker":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def pap(self, name: str, password: str, mac: str = "") -> Packet | None:
        """The reply to a PAP request, None for silence."""
        authenticator = os.urandom(16)
        hidden = self._secret.hide_password(password.encode(), authenticator)
        return self._ask(authenticator, name, encode_attribute(USER_PASSWORD, hidden), mac)

    def begin_pap(self, name: str, password: str, mac: str = "") -> None:
        """Send a PAP request and wait for nothing."""
        authenticator = os.urandom(16)
        hidden = self._secret.hide_password(password.encode(), authenticator)
        self._send(authenticator, name, encode_attribute(USER_PASSWORD, hidden), mac)

    def fileno(self) -> int:
        """The socket, for a selector."""
        return self._socket.fileno()

    def chap(self, name: str, password: str, mac: str = "") -> Packet | None:
        """The reply to a CHAP request, None for silence."""
        authenticator = os.urandom(16)
        response = b"\x01" + chap_response(1, password.encode(), authenticator)
        return self._ask(authenticator, name, encode_attribute(CHAP_PASSWORD, response), mac)

    def send(self, octets: bytes) -> None:
        """Any octets whatever."""
        self._socket.sendto(octets, self._server)

    def _send(self, authenticator: bytes, name: str, proof: bytes, mac: str) -> None:
        self._identifier = (self._identifier + 1) % 256
        attributes = encode_attribute(USER_NAME, name.encode()) + proof
        if mac:
            attributes += encode_attribute(CALLING_STATION_ID, mac.encode())
        self.send(self._secret.request(Code.ACCESS_REQUEST, self._identifier, authenticator, attributes))

    def _ask(self, authenticator: bytes, name: str, proof: bytes, mac: str) -> Packet | None:
        self._send(authenticator, name, proof, mac)
        while True:
            try:
                reply = decode(self._socket.recv(4096))
            except (TimeoutError, ConnectionError):
                return None
            if reply.identifier == self._identifier and self._secret.response_valid(reply, authenticator):
                assert self._secret.verify_message_authenticator(reply, authenticator)
                return reply
