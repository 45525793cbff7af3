"""A loopback server that answers each LDAP request with prepared octets: what no real server could be brought to say.

with LdapOctets(lambda message_id, operation: result(message_id, BIND_RESPONSE, 51)) as server: ...
"""

import socket
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from typing import Self

# RFC 4511 section 4.2 and 4.5: [APPLICATION n]
BIND_REQUEST, BIND_RESPONSE = 0x60, 0x61
SEARCH_REQUEST, SEARCH_ENTRY, SEARCH_DONE = 0x63, 0x64, 0x65

Reply = Callable[[int, int], bytes]


def tlv(tag: int, *values: bytes) -> bytes:
    """One element of BER."""
    value = b"".join(values)
    length = bytes((len(value),)) if len(value) < 128 else b"\x82" + len(value).to_bytes(2, "big")
    return bytes((tag,)) + length + value


def message(message_id: int, operation: bytes) -> bytes:
    """An LDAPMessage."""
    return tlv(0x30, tlv(2, message_id.to_bytes(message_id.bit_length() // 8 + 1, "big")), operation)


def result(message_id: int, operation: int, code: int, text: str = "", *more: bytes) -> bytes:
    """An LDAPResult (RFC 4511 section 4.1.9) as the response `operation`."""
    return message(message_id, tlv(operation, tlv(10, bytes((code,))), tlv(4), tlv(4, text.encode()), *more))


def entry(message_id: int, dn: str, **attributes: str) -> bytes:
    """A SearchResultEntry with one value for each attribute."""
    listed = [tlv(0x30, tlv(4, name.encode()), tlv(0x31, tlv(4, value.encode()))) for name, value in attributes.items()]
    return message(message_id, tlv(SEARCH_ENTRY, tlv(4, dn.encode()), tlv(0x30, *listed)))


class LdapOctets:
    """Use it as a context manager. `operations` are the requests that came."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.operations: list[int] = []
        self._open: list[socket.socket] = []
        self._threads = [Thread(target=self._accept)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._threads[0].join()
        self._listener.close()
        for each in self._open:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads[1:]:
            thread.join()
        for each in self._open:
            each.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._open.append(client)
                self._threads.append(Thread(target=self._serve, args=(client,)))
                self._threads[-1].start()

    def _serve(self, client: socket.socket) -> None:
        with suppress(OSError):
            while octets := client.recv(65_536):
                message_id, operation = _read(octets)
                self.operations.append(operation)
                client.sendall(self._reply(message_id, operation))


def _read(octets: bytes) -> tuple[int, int]:
    at = 2 + (octets[1] & 0x7F if octets[1] & 0x80 else 0)
    size = octets[at + 1]
    return int.from_bytes(octets[at + 2 : at + 2 + size], "big"), octets[at + 2 + size]
