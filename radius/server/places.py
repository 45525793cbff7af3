"""The sockets of each worker, made once by the supervisor before it forks and never closed by it.

So whoever takes a worker's place, after a death or as a successor, reads from the very same sockets, with what waits in them.
"""

import socket
from collections.abc import Sequence

from msgspec import Struct

from radius.admin.ports import try_to_bind
from radius.errors import OperatorError
from radius.server.sockets import Port, bind, open_ports
from radius.server.steering import steer, steer_by_octet
from radius.settings import NodesSettings, RadiusSettings

_HAND_OVER_BUFFER = 4 * 1024 * 1024
_WORKER_AT = 1  # where a datagram between nodes names its worker (radius.server.hop)


class Inbox(Struct, frozen=True):
    """A worker's hand-over: it reads `mine`, the others write `theirs`. When it retires it reads `elder` instead, into which
    its successor writes `to_elder`."""

    mine: socket.socket
    theirs: socket.socket
    elder: socket.socket
    to_elder: socket.socket


class Place(Struct, frozen=True):
    """Where a worker stands: its number, its ports, its inbox and everybody's, its ports for conversations under way, if the
    kernel tells them apart, and its socket to other nodes, if there are any."""

    number: int
    ports: list[Port]
    inboxes: list[Inbox]
    conversations: Sequence[Port] = ()
    hop: socket.socket | None = None

    @property
    def inbox(self) -> Inbox:
        """Its own."""
        return self.inboxes[self.number]


def make_places(radius: RadiusSettings, nodes: NodesSettings, workers: int) -> list[Place]:
    """The places of so many workers. Raises OperatorError when an address cannot be had, or somebody has it."""
    wanted = [(address, port) for address in radius.listen for port in (radius.auth_port, radius.acct_port)]
    for address, port in [*wanted, (nodes.listen, nodes.port)] if nodes.listen else wanted:
        if port:
            ensure_free(address, port)
    ports = [open_ports(radius.listen, radius.auth_port, radius.acct_port, radius.receive_buffer) for _ in range(workers)]
    conversations = _steer(ports, radius.receive_buffer) if radius.steer else [()] * workers
    inboxes = [_make_inbox() for _ in range(workers)]
    hops = [bind(nodes.listen, nodes.port, radius.receive_buffer) for _ in range(workers)] if nodes.listen else []
    steer_by_octet(hops, _WORKER_AT)
    return [
        Place(number, ports[number], inboxes, conversations[number], hops[number] if hops else None)
        for number in range(workers)
    ]


def _steer(ports: list[list[Port]], receive_buffer: int) -> list[Sequence[Port]]:
    """Each worker's ports for conversations, beside those for authentication; none where the kernel cannot do it."""
    made = list[list[Port]]()
    for group in zip(*ports, strict=True):
        first = group[0]
        if first.accounting:
            steer([port.sock for port in group])
            continue
        address, number = first.sock.getsockname()[:2]
        beside = [Port(bind(address, number, receive_buffer), False, first.number, True) for _ in group]
        made.append(beside)
        if not steer([port.sock for port in group], [port.sock for port in beside]):
            for port in beside:
                port.under_way = False
    return list(zip(*made, strict=True))


def ensure_free(address: str, port: int) -> None:
    """Raise OperatorError when somebody listens there: SO_REUSEPORT alone would let two servers share the requests."""
    problem = try_to_bind(address, port)
    if problem is None or (address == "::" and problem.no_such_family):  # open_ports leaves `::` out where there is no IPv6
        return
    raise OperatorError(
        f"cannot listen on {address} port {port}: {problem.words}; stop the other server there"
        " or change [radius] listen, auth_port and acct_port in kapija.toml"
    )


def _make_inbox() -> Inbox:
    ends = (*socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM), *socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM))
    for end in ends:
        end.setblocking(False)
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _HAND_OVER_BUFFER)
    return Inbox(*ends)
