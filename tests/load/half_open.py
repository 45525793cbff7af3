"""Devices that begin 802.1X and never end it: each stops inside the handshake, or in the tunnel before its password."""

import os
import socket
import ssl
from contextlib import suppress

from radius.secret import Secret
from radius.wire.attributes import CALLING_STATION_ID, EAP_MESSAGE, STATE, USER_NAME, encode_attribute
from radius.wire.codes import Code
from radius.wire.packet import Packet, decode
from radius.wire.shared_secret import SharedSecret

NAME = b"anonymous"
RESPONSE, IDENTITY = 2, 1  # RFC 3748 sections 4 and 5.1
LENGTH_INCLUDED, MORE_FRAGMENTS = 0x80, 0x40  # RFC 5216 section 3.1


def open_conversations(port: int, secret: str, number: int, *, in_tunnel: bool, first: int = 0) -> int:
    """Begin `number` conversations with 127.0.0.1:`port`, each from a device of its own (numbered from `first`), and leave
    them: behind the server's first flight, or `in_tunnel`, behind its first words there. The number that went so far. The
    server must offer PEAP first.
    """
    devices = range(first, first + number)
    return sum(_Device(port, secret, device).goes_as_far(in_tunnel=in_tunnel) for device in devices)


class _Device:
    """One device with its access point; TLS 1.2."""

    def __init__(self, port: int, secret: str, number: int) -> None:
        self._port = port
        self._secret = SharedSecret(Secret(secret))
        mac = "-".join(f"{octet:02X}" for octet in b"\x02\xee" + number.to_bytes(4, "big"))
        self._always = encode_attribute(USER_NAME, NAME) + encode_attribute(CALLING_STATION_ID, mac.encode())
        self._state = b""
        self._packet = 0

    def goes_as_far(self, *, in_tunnel: bool) -> bool:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        heard, said = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = context.wrap_bio(heard, said)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(5)
            sock.connect(("127.0.0.1", self._port))
            request = self._answer(sock, bytes((RESPONSE, 1, 0, 5 + len(NAME), IDENTITY)) + NAME)
            for _ in range(3 if in_tunnel else 1):  # ClientHello; our Finished; the answer to the server's Finished
                if request is None:
                    return False
                _hold_hands(client)
                request = self._exchange(sock, request, said.read(), heard)
        return request is not None

    def _exchange(self, sock: socket.socket, request: bytes, message: bytes, heard: ssl.MemoryBIO) -> bytes | None:
        """Answer `request` with a TLS message in one fragment; all fragments of the server's next one go into `heard`."""
        answered = self._answer(sock, _response(request, message))
        while answered is not None:
            flags = answered[5]
            heard.write(answered[10 if flags & LENGTH_INCLUDED else 6 :])
            if not flags & MORE_FRAGMENTS:
                break
            answered = self._answer(sock, _response(answered, b""))
        return answered

    def _answer(self, sock: socket.socket, eap: bytes) -> bytes | None:
        """The EAP-Request in the Access-Challenge that answers `eap`; None for silence and for everything else."""
        self._packet += 1
        authenticator = os.urandom(16)
        attributes = self._always + self._state
        attributes += b"".join(encode_attribute(EAP_MESSAGE, eap[at : at + 253]) for at in range(0, len(eap), 253))
        sock.send(self._secret.request(Code.ACCESS_REQUEST, self._packet, authenticator, attributes))
        try:
            reply = decode(sock.recv(4096))
        except (TimeoutError, ConnectionError):
            return None
        if reply.code != Code.ACCESS_CHALLENGE or not self._secret.response_valid(reply, authenticator):
            return None
        self._state = encode_attribute(STATE, reply.first[STATE])
        return _eap_message(reply)


def _hold_hands(client: ssl.SSLObject) -> None:
    with suppress(ssl.SSLWantReadError):
        client.do_handshake()


def _response(request: bytes, message: bytes) -> bytes:
    """An EAP-Response of the request's type with no flags but version 0."""
    return bytes((RESPONSE, request[1])) + (6 + len(message)).to_bytes(2, "big") + request[4:5] + b"\x00" + message


def _eap_message(packet: Packet) -> bytes:
    """The EAP packet that the EAP-Message attributes carry together (RFC 3579 section 3.1)."""
    return b"".join(packet.all(EAP_MESSAGE))
