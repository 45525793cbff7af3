"""UDP sockets as RADIUS needs them: replies leave from the address that was asked, and each worker has its own socket.

A socket bound to one address answers from it by itself. A wildcard socket (0.0.0.0, ::) is told each datagram's destination
by the kernel (IP_PKTINFO, RFC 3542 section 6) and sends the reply with that source; without it a host with two addresses
answers from the wrong one, and the NAS drops the answer.
"""

import fcntl
import socket
import struct
from typing import Final

from radius.errors import OperatorError
from radius.wire.packet import MAX_PACKET

Source = tuple[str, int] | tuple[str, int, int, int]

_IP_PKTINFO = 8  # Linux <linux/in.h>; Python 3.11 does not export it
_IN_PKTINFO = struct.Struct("=i4s4s")  # ipi_ifindex, ipi_spec_dst, ipi_addr
_IN6_PKTINFO = struct.Struct("=16sI")  # ipi6_addr, ipi6_ifindex
_ANCILLARY = 64
_MEMINFO = 55  # SO_MEMINFO of Linux <asm-generic/socket.h>: nine numbers, the last one counts dropped datagrams
_MEMORY = struct.Struct("=9I")
_STAMP = 0x8907  # SIOCGSTAMPNS, socket(7): when the datagram that was read last had come
_MOMENT = struct.Struct("@qq")
_NO_MOMENT: Final = bytes(16)
_ROOM: Final = MAX_PACKET + 1  # one octet more than allowed, so that a longer datagram shows itself


class Port:
    """One bound UDP socket.

    `receive()` gives (octets, source, local), raising BlockingIOError when there is nothing; `send(octets, source, local)`
    answers. `local` is opaque: b"" where the socket has one address. `accounting` tells the two RADIUS ports apart;
    `under_way` says that the kernel delivers here what has a State, and only that (radius.server.steering).

    Between `hold()` and `release()` answers gather and leave together: the first wakes the sleeping reader at the other
    end, and the rest find it awake. With a wake-up for each, sending was the dearest step of all (17 of 108 us).
    """

    def __init__(self, sock: socket.socket, accounting: bool, number: int, under_way: bool = False) -> None:
        self.sock = sock
        self.under_way = under_way
        self.accounting = accounting
        self.number = number
        self.wildcard = sock.getsockname()[0] in ("0.0.0.0", "::")  # noqa: S104
        self._v6 = sock.family == socket.AF_INET6
        self._recvfrom = sock.recvfrom
        self._sendto = sock.sendto
        self._holding = False
        self._held: list[tuple[bytes, Source, bytes]] = []

    def receive(self) -> tuple[bytes, Source, bytes]:
        """The next datagram."""
        if self.wildcard:
            return self._receive_with_destination()
        octets, source = self._recvfrom(_ROOM)
        return octets, source, b""

    def arrived(self) -> float:
        """When the datagram that was read last had come to the kernel, in seconds since the epoch; 0.0 when it does not say.

        The first call has the kernel stamp datagrams. 1.8 us, so it is asked now and then: SO_TIMESTAMPNS would tell it of
        each, for half a microsecond more in each reading, as SO_RXQ_OVFL would of `dropped` (recvmsg: 1.8 us, recvfrom: 1.3).
        """
        try:
            seconds, nanoseconds = _MOMENT.unpack(fcntl.ioctl(self.sock, _STAMP, _NO_MOMENT))
        except OSError:
            return 0.0
        return float(seconds + nanoseconds / 1e9)

    def dropped(self) -> int:
        """How many datagrams the kernel has thrown away since the socket was made, because they were not read in time."""
        try:
            return int(_MEMORY.unpack(self.sock.getsockopt(socket.SOL_SOCKET, _MEMINFO, _MEMORY.size))[8])
        except (OSError, struct.error):
            return 0

    def send(self, octets: bytes, source: Source, local: bytes) -> None:
        """Answer a datagram that came from `source`. Raises OSError, but not while answers are held."""
        if self._holding:
            self._held.append((octets, source, local))
        else:
            self._send(octets, source, local)

    def hold(self) -> None:
        """From now on answers wait for `release`."""
        self._holding = True

    def release(self) -> int:
        """Send what waits, and from now on each answer at once. How many could not be sent."""
        held, failures = self._held, 0
        self._held, self._holding = [], False
        for octets, source, local in held:
            try:
                self._send(octets, source, local)
            except OSError:
                failures += 1
        return failures

    def _receive_with_destination(self) -> tuple[bytes, Source, bytes]:
        octets, ancillary, _flags, source = self.sock.recvmsg(_ROOM, _ANCILLARY)
        return octets, source, ancillary[0][2] if ancillary else b""

    def _send(self, octets: bytes, source: Source, local: bytes) -> None:
        if not local:
            self._sendto(octets, source)
        elif self._v6:
            self.sock.sendmsg([octets], [(socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, local)], 0, source)
        else:
            interface, _, asked = _IN_PKTINFO.unpack(local)
            told = _IN_PKTINFO.pack(interface, asked, asked)
            self.sock.sendmsg([octets], [(socket.IPPROTO_IP, _IP_PKTINFO, told)], 0, source)


def bind(address: str, port: int, receive_buffer: int) -> socket.socket:
    """A non-blocking UDP socket on `address` (IPv4 or IPv6) and `port`, shareable by workers (SO_REUSEPORT).

    Raises OperatorError when the address is not ours or the port is taken.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        else:
            sock.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
        sock.bind((address, port))
    except OSError as error:
        sock.close()
        raise OperatorError(
            f"cannot listen on {address} port {port} (radius.listen in kapija.toml): {error.strerror}"
        ) from None
    return sock


def open_ports(listen: tuple[str, ...], auth: int, acct: int, receive_buffer: int) -> list[Port]:
    """One Port for each address and each of the two RADIUS ports, numbered in this order for the hand-over.

    A host without IPv6 listens on IPv4 alone when the wildcard `::` is asked for beside another address.
    """
    ports: list[Port] = []
    for address in listen:
        if address == "::" and len(listen) > 1 and not _has_ipv6():
            continue
        for number, accounting in ((auth, False), (acct, True)):
            ports.append(Port(bind(address, number, receive_buffer), accounting, len(ports)))
    return ports


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
            sock.bind(("::", 0))
    except OSError:
        return False
    return True
