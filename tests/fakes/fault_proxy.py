"""A TCP proxy on loopback that misbehaves when told to, for connections that are there and for those that come.

with FaultProxy(slapd.ldaps_port) as proxy:
    proxy.fail(Fault.HANG)      # and proxy.heal()
"""

import socket
import struct
from contextlib import suppress
from enum import Enum
from threading import Condition, Thread
from typing import Self

from tests.fakes.ports import free_tcp_ports

RESETS = struct.pack("ii", 1, 0)  # SO_LINGER on, zero seconds: close() sends RST


class Fault(Enum):
    """What goes wrong."""

    NONE = "passes on"
    LATE = "passes each piece on after `seconds`"
    HANG = "takes connections and octets, and passes nothing on"
    RESET = "resets every connection at once"
    HALF_CLOSED = "says at once that nothing more will come, and goes on reading"
    REFUSED = "takes no connections"
    DRIP = "passes on one octet of the answers each `seconds`"


class FaultProxy:
    """Use it as a context manager. `port` is its own; `connections` counts those that came."""

    def __init__(self, target: int) -> None:
        self._target = target
        (self.port,) = free_tcp_ports(1)
        self.connections = 0
        self._changed = Condition()
        self._fault = Fault.NONE
        self._seconds = 0.0
        self._ended = False
        self._open: list[socket.socket] = []
        self._threads: list[Thread] = []
        self._listener: socket.socket | None = None

    def __enter__(self) -> Self:
        self._listen()
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        self._stop_listening()
        self._cut()
        for thread in self._threads:
            thread.join()

    def fail(self, fault: Fault, seconds: float = 0.0) -> None:
        """From now on `fault`."""
        with self._changed:
            self._fault, self._seconds = fault, seconds
            self._changed.notify_all()
        if fault in (Fault.RESET, Fault.REFUSED):
            self._cut()
        if fault is Fault.HALF_CLOSED:
            for each in list(self._open):
                with suppress(OSError):
                    each.shutdown(socket.SHUT_WR)
        if fault is Fault.REFUSED:
            self._stop_listening()
        elif self._listener is None:
            self._listen()

    def heal(self) -> None:
        """From now on nothing goes wrong; what a fault held back is passed on."""
        self.fail(Fault.NONE)

    def _listen(self) -> None:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(128)
        self._listener = listener
        self._start(self._accept, listener)

    def _stop_listening(self) -> None:
        if self._listener is not None:
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)  # wakes accept()
            self._listener.close()
            self._listener = None

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            self.connections += 1
            if self._fault is Fault.RESET:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESETS)
                client.close()
                continue
            if self._fault is Fault.HALF_CLOSED:
                client.shutdown(socket.SHUT_WR)
            try:
                server = socket.create_connection(("127.0.0.1", self._target), 2)
            except OSError:
                client.close()
                continue
            server.settimeout(None)
            self._open += [client, server]
            self._start(self._pump, client, server, False)
            self._start(self._pump, server, client, True)

    def _pump(self, source: socket.socket, sink: socket.socket, answers: bool) -> None:
        with suppress(OSError):
            while octets := source.recv(65_536):
                self._pass_on(octets, sink, answers)
            self._hold()
            sink.shutdown(socket.SHUT_WR)

    def _pass_on(self, octets: bytes, sink: socket.socket, answers: bool) -> None:
        self._hold()
        if self._fault is Fault.LATE:
            self._wait(self._seconds)
        at = 0
        while at < len(octets):
            end = at + 1 if self._fault is Fault.DRIP and answers else len(octets)
            if end == at + 1:
                self._wait(self._seconds)
                self._hold()
            sink.sendall(octets[at:end])
            at = end

    def _hold(self) -> None:
        """While the fault is to hang, wait."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended or self._fault is not Fault.HANG)

    def _wait(self, seconds: float) -> None:
        """So many seconds, or until the fault is another one."""
        fault = self._fault
        with self._changed:
            self._changed.wait_for(lambda: self._ended or self._fault is not fault, timeout=seconds)

    def _cut(self) -> None:
        while self._open:
            each = self._open.pop()
            with suppress(OSError):
                each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESETS)
                each.shutdown(socket.SHUT_RD)  # wakes recv()
            each.close()

    def _start(self, work, *given) -> None:  # type: ignore[no-untyped-def]
        thread = Thread(target=work, args=given, daemon=True)
        self._threads.append(thread)
        thread.start()
