"""Devices that begin 802.1X and never go on: each leaves a conversation open behind the server's first TLS flight."""

import os
import socket
import ssl

from radius.secret import Secret
from radius.wire.attributes import CALLING_STATION_ID, EAP_MESSAGE, STATE, USER_NAME, encode_attribute
from radius.wire.codes import Code
from radius.wire.packet import Packet, decode
from radius.wire.shared_secret import SharedSecret

NAME = b"anonymous"
RESPONSE, IDENTITY = 2, 1  # RFC 3748 sections 4 and 5.1


def open_conversations(port: int, secret: str, number: int, patience: float = 5.0) -> int:
    """Begin `number` conversations with 127.0.0.1:`port`, each from a device of its own, up to the server's first flight.

    The number that the server took; a TLS handshake of version 1.2 waits for its client in each.
    """
    shared, hello, taken = SharedSecret(Secret(secret)), client_hello(), 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(patience)
        sock.connect(("127.0.0.1", port))
        for device in range(number):
            mac = encode_attribute(
                CALLING_STATION_ID, "-".join(f"{o:02X}" for o in b"\x02\xee" + device.to_bytes(4, "big")).encode()
            )
            start = _ask(sock, shared, device, _eap(1, IDENTITY, NAME), mac)
            if start is None or start.code != Code.ACCESS_CHALLENGE:
                continue
            message = eap_message(start)
            answer = _eap(message[1], message[4], b"\x00" + hello)  # no flags: the whole of it in one fragment
            state = encode_attribute(STATE, start.first[STATE])
            flight = _ask(sock, shared, device + 1, answer, mac + state)
            taken += flight is not None and flight.code == Code.ACCESS_CHALLENGE and len(eap_message(flight)) > 500
    return taken


def client_hello() -> bytes:
    """A ClientHello of TLS 1.2."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    sent = ssl.MemoryBIO()
    client = context.wrap_bio(ssl.MemoryBIO(), sent, server_hostname="radius.example.test")
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        return sent.read()
    raise AssertionError("a handshake without a server came to an end")


def eap_message(packet: Packet) -> bytes:
    """The EAP packet that the EAP-Message attributes carry together (RFC 3579 section 3.1)."""
    return b"".join(packet.all(EAP_MESSAGE))


def _eap(identifier: int, kind: int, data: bytes) -> bytes:
    return bytes((RESPONSE, identifier)) + (5 + len(data)).to_bytes(2, "big") + bytes((kind,)) + data


def _ask(sock: socket.socket, shared: SharedSecret, number: int, eap: bytes, more: bytes) -> Packet | None:
    authenticator, identifier = os.urandom(16), number % 256
    attributes = encode_attribute(USER_NAME, NAME) + more
    attributes += b"".join(encode_attribute(EAP_MESSAGE, eap[at : at + 253]) for at in range(0, len(eap), 253))
    sock.send(shared.request(Code.ACCESS_REQUEST, identifier, authenticator, attributes))
    while True:
        try:
            reply = decode(sock.recv(4096))
        except (TimeoutError, ConnectionError):
            return None
        if reply.identifier == identifier and shared.response_valid(reply, authenticator):
            return reply
