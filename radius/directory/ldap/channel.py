"""A TCP connection, with TLS or without, that keeps a deadline and a budget over a whole exchange.

A socket's time-out begins anew with each piece that comes, so a server that sends an octet a second would hold a thread for
ever, and it would gather an answer of any size. Here each call gets what is left of the exchange's time, and the octets of one
exchange are counted.

TLS is OpenSSL's on memory: an exchange is then one `send` and seldom more than one `recv`, where Python's TLS socket reads each
record in pieces and asks the kernel before each. The kernel keeps the time (SO_RCVTIMEO), which saves asking it twice.
"""

import socket
import ssl
import struct
import time
from typing import Final

MAX_ANSWER: Final = 8 * 1024 * 1024  # octets of one exchange; a page of 500 groups has some 100,000
PIECE: Final = 65_536  # octets that are read at once
_LEAST: Final = 1e-6  # seconds; zero would mean for ever


class Channel:
    """`begin(deadline)` starts an exchange. Everything raises OSError: TimeoutError at the deadline, ssl.SSLError for TLS,
    ConnectionResetError at the end of what the server sends."""

    __slots__ = ("_arrived", "_deadline", "_leaving", "_left", "_raw", "_tls")

    def __init__(self, raw: socket.socket) -> None:
        self._raw: Final = raw
        self._deadline = 0.0
        self._left = 0
        self._tls: ssl.SSLObject | None = None
        self._arrived = ssl.MemoryBIO()
        self._leaving = ssl.MemoryBIO()
        raw.settimeout(None)

    def begin(self, deadline: float) -> None:
        """The next exchange ends at `deadline` (monotonic seconds)."""
        self._deadline = deadline
        self._left = MAX_ANSWER

    def encrypt(self, context: ssl.SSLContext, server_name: str) -> None:
        """The TLS handshake, in which the server's certificate is checked for `server_name`."""
        tls = context.wrap_bio(self._arrived, self._leaving, server_hostname=server_name)
        while True:
            try:
                tls.do_handshake()
            except ssl.SSLWantReadError:
                self._flush()
                self._arrived.write(self._recv())
            except ssl.SSLError:
                self._flush()  # the alert that tells the server why
                raise
            else:
                break
        self._flush()
        self._tls = tls

    def send(self, octets: bytes) -> None:
        """All of it."""
        tls = self._tls
        if tls is not None:
            tls.write(octets)
            octets = self._leaving.read()
        try:
            self._send(octets)
        except (BrokenPipeError, ConnectionResetError):
            self.recv()  # what the server said before it closed, such as TLS's alert that it wants a certificate
            raise ConnectionResetError("the server closed the connection") from None

    def recv(self) -> bytes:
        """Some octets, at least one."""
        tls = self._tls
        if tls is None:
            return self._recv()
        while True:
            try:
                octets: bytes = tls.read(PIECE)
            except ssl.SSLWantReadError:
                self._flush()  # seldom: an answer of TLS itself
                self._arrived.write(self._recv())
                continue
            except ssl.SSLZeroReturnError:
                octets = b""
            if not octets:
                raise ConnectionResetError("the server closed the connection")
            return octets

    def quiet(self) -> bool:
        """Whether nothing came unasked: a server that closed, or said good-bye, is seen so before it is used."""
        tls = self._tls
        try:
            octets = self._raw.recv(PIECE, socket.MSG_DONTWAIT)
            if tls is None or not octets:
                return False
            self._arrived.write(octets)
        except BlockingIOError:
            if tls is None:
                return True
        except OSError:
            return False
        try:
            tls.read(1)
        except ssl.SSLWantReadError:
            return True
        except OSError:
            return False
        return False

    def close(self) -> None:
        """Without a word: a server that hangs could not even take that."""
        self._raw.close()

    def _recv(self) -> bytes:
        self._raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, self._time_left())
        try:
            octets = self._raw.recv(PIECE)
        except BlockingIOError:
            raise TimeoutError from None
        self._left -= len(octets)
        if not octets:
            raise ConnectionResetError("the server closed the connection")
        if self._left < 0:
            raise OSError(f"the answer is larger than {MAX_ANSWER} octets")
        return octets

    def _flush(self) -> None:
        if self._leaving.pending:
            self._send(self._leaving.read())

    def _send(self, octets: bytes) -> None:
        """At once, as nearly always; else in pieces as the server takes them."""
        try:
            sent = self._raw.send(octets, socket.MSG_DONTWAIT)
        except BlockingIOError:
            sent = 0
        while sent < len(octets):
            self._raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, self._time_left())
            try:
                sent += self._raw.send(octets[sent:])
            except BlockingIOError:
                raise TimeoutError from None

    def _time_left(self) -> bytes:
        """As the kernel takes it (struct timeval). Raises TimeoutError when it is over."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        seconds = int(left)
        return struct.pack("@ll", seconds, int((max(left - seconds, _LEAST)) * 1_000_000))
