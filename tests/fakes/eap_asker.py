"""An access point over real sockets for one device's EAP conversation: it may pause between packets and change its port."""

import os
import socket

from radius.secret import Secret
from radius.wire.attributes import CALLING_STATION_ID, EAP_MESSAGE, MAX_VALUE, STATE, USER_NAME, encode_attribute
from radius.wire.codes import Code
from radius.wire.packet import Packet, decode
from radius.wire.shared_secret import SharedSecret
from tests.fakes import eap_peer
from tests.fakes.eap_peer import Peer


class EapAsker:
    """One device behind one access point, against the server on 127.0.0.1:`port`. Each packet leaves from a new source port,
    so the kernel gives it to any of the workers."""

    def __init__(self, port: int, secret: str, mac: str, peer: Peer, patience: float = 10.0) -> None:
        self._secret = SharedSecret(Secret(secret))
        self._server = ("127.0.0.1", port)
        self._mac = mac
        self._peer = peer
        self._patience = patience
        self._state = b""
        self._identifier = 0
        self.reply: Packet | None = None

    def begin(self) -> Packet | None:
        """Say who it is; the reply, None for silence."""
        self._state = b""
        return self._send(eap_peer.identity(self._peer.name))

    def move_to(self, port: int) -> None:
        """From now on packets go to another server, as behind a balancer."""
        self._server = ("127.0.0.1", port)

    def go_on(self) -> Packet | None:
        """Answer the challenge that was there last."""
        assert self.reply is not None
        return self._send(self._peer.answer(b"".join(self.reply.all(EAP_MESSAGE))))

    def to_the_end(self) -> Packet | None:
        """Go on until there is no more challenge; the last reply."""
        while self.reply is not None and self.reply.code == Code.ACCESS_CHALLENGE:
            self.go_on()
        return self.reply

    def _send(self, eap: bytes) -> Packet | None:
        self._identifier = (self._identifier + 1) & 0xFF
        authenticator = os.urandom(16)
        attributes = encode_attribute(USER_NAME, self._peer.name.encode()) + encode_attribute(
            CALLING_STATION_ID, self._mac.encode()
        )
        if self._state:
            attributes += encode_attribute(STATE, self._state)
        for start in range(0, len(eap), MAX_VALUE):
            attributes += encode_attribute(EAP_MESSAGE, eap[start : start + MAX_VALUE])
        request = self._secret.request(Code.ACCESS_REQUEST, self._identifier, authenticator, attributes)
        self.reply = self._exchange(request, authenticator)
        if self.reply is not None:
            self._state = self.reply.first.get(STATE, b"")
        return self.reply

    def _exchange(self, request: bytes, authenticator: bytes) -> Packet | None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(self._patience)
            sock.sendto(request, self._server)
            try:
                reply = decode(sock.recv(4096))
            except TimeoutError:
                return None
        assert self._secret.response_valid(reply, authenticator)
        assert self._secret.verify_message_authenticator(reply, authenticator)
        return reply
