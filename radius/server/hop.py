"""Between nodes: a conversation's packet that came to the wrong node goes to its owner, and the answer comes back.

One datagram each way, sealed (AES-256-GCM) under a key that only nodes of this installation have:

    0        1         2           14                                                     end - 16
    +--------+---------+-----------+----------+-----------+--------------+--------------+---------+
    | Kind   | Worker  | Nonce     | Time, ms | Node      | Way back     | RADIUS packet| Tag     |
    +--------+---------+-----------+----------+-----------+--------------+--------------+---------+
                                   |<------------------- sealed ----------------------->|

Worker is whom the kernel delivers to (radius.server.steering), here the one that State names, there the one that asked. The way
back says where the access point waits: the node that was asked keeps nothing, and the owner knows by it which client asks. What
is older than WINDOW, or was seen, is discarded: a recorded datagram can be sent again for no more than some seconds, and then
comes to a repeated request, which gets the same octets. Nodes ask each other every second whether they are there.
"""

from collections.abc import Callable
from hashlib import blake2b
from socket import socket
from struct import Struct as Layout
from struct import error as LayoutError  # noqa: N812
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from radius.server.counters import Counters
from radius.server.sockets import Port, Source
from radius.server.state import node_digest

Address = tuple[str, int]

WINDOW: Final = 10.0  # seconds by which clocks of nodes may differ, and for which a datagram is good
AWAY_AFTER: Final = 3.0  # seconds without an answer, once there was one
SEEN_AT_MOST: Final = 65_536  # nonces a generation of WINDOW seconds; more are discarded
LONGEST: Final = 9_000
REQUEST, REPLY, PING, PONG = 1, 2, 3, 4
_HEAD: Final = Layout(">BB12s")
_BODY: Final = Layout(">Q4s")  # milliseconds since the epoch, the sender
_WAY: Final = Layout(">BBHIIBB")  # worker, port number, the NAS's UDP port, flow, scope, length of its address, of `local`


class Neighbours(Protocol):
    """Where the other nodes are."""

    def address_of(self, node: bytes) -> Address | None:
        """Where the node with this digest of its name takes what belongs to it; None for a node that we do not know."""

    def all(self) -> list[tuple[str, Address]]:
        """Every other node's name and address."""


class NamedNodes:
    """The neighbours that [nodes] in kapija.toml names."""

    def __init__(self, others: dict[str, str], port: int) -> None:
        self._all = [(name, (address, port)) for name, address in others.items()]
        self._by_digest = {node_digest(name): place for name, place in self._all}

    def address_of(self, node: bytes) -> Address | None:
        """See `Neighbours.address_of`."""
        return self._by_digest.get(node)

    def all(self) -> list[tuple[str, Address]]:
        """See `Neighbours.all`."""
        return self._all


class Seals:
    """Seals and opens the datagrams of one node. `key` is the keyring's state key, `clock` gives seconds since the epoch."""

    def __init__(self, key: bytes, node: bytes, random: Callable[[int], bytes], clock: Callable[[], float]) -> None:
        self._aead = AESGCM(blake2b(key=key, digest_size=32, person=b"kapija-hop").digest())
        self._node = node
        self._random = random
        self._clock = clock
        self._seen: dict[bytes, None] = {}
        self._seen_before: dict[bytes, None] = {}
        self._swapped = 0.0

    def seal(self, kind: int, worker: int, content: bytes) -> bytes:
        """A datagram for a worker of another node."""
        head = _HEAD.pack(kind, worker & 0xFF, self._random(12))
        body = _BODY.pack(int(self._clock() * 1000), self._node) + content
        return head + self._aead.encrypt(head[2:], body, head[:2])

    def open(self, octets: bytes) -> tuple[int, bytes, bytes] | None:
        """(kind, the sender's digest, content) of a datagram that another node has sent just now, once; None for all else."""
        if len(octets) < _HEAD.size + _BODY.size + 16:
            return None
        nonce, now = octets[2:14], self._clock()
        try:
            body = self._aead.decrypt(nonce, octets[14:], octets[:2])
        except InvalidTag:
            return None
        sent, node = _BODY.unpack_from(body)
        if abs(now - sent / 1000) > WINDOW or node == self._node or not self._is_new(nonce, now):
            return None
        return octets[0], node, body[_BODY.size :]

    def _is_new(self, nonce: bytes, now: float) -> bool:
        if abs(now - self._swapped) > 2 * WINDOW:  # a datagram from a fast clock is good for so long
            self._swapped, self._seen_before, self._seen = now, self._seen, {}
        if nonce in self._seen or nonce in self._seen_before or len(self._seen) >= SEEN_AT_MOST:
            return False
        self._seen[nonce] = None
        return True


class ReturnPort(Port):
    """What the gate answers on when another node asked: `local` is the asking node's address and the way back from there."""

    def __init__(self, sock: socket, number: int, seals: Seals) -> None:
        super().__init__(sock, False, number)
        self._seals = seals

    def _send(self, octets: bytes, source: Source, local: bytes) -> None:
        address, _, rest = local.partition(b"\0")
        port, way = int.from_bytes(rest[:2], "big"), rest[2:]
        self.sock.sendto(self._seals.seal(REPLY, way[0], way + octets), (address.decode(), port))


class Hop:
    """One worker's end. `ports` are its RADIUS ports by their numbers, `take(octets, source, port, local)` is its gate's.

    `heard` says when (on the clock of `tick`) each other node last answered, by its digest.
    """

    def __init__(
        self,
        sock: socket,
        seals: Seals,
        neighbours: Neighbours,
        worker: int,
        ports: list[Port],
        counters: Counters,
        take: Callable[[bytes, Source, Port, bytes], None],
    ) -> None:
        self.sock = sock
        self.port = ReturnPort(sock, len(ports), seals)
        self.neighbours = neighbours
        self.heard: dict[bytes, float] = {}
        self._seals = seals
        self._worker = worker
        self._ports = ports
        self._counters = counters
        self._take = take
        self._now = 0.0

    def forward(self, node: bytes, worker: int, octets: bytes, source: Source, port: Port, local: bytes) -> bool:
        """Send a RADIUS packet to the node that has its conversation; False when that node is away. A node that we do not
        know, and a packet that another node has sent here already, are met with silence."""
        address = self.neighbours.address_of(node)
        if address is None or port is self.port:
            self._counters.eap_state_elsewhere += 1
            return True
        heard = self.heard.get(node)
        if heard is not None and self._now - heard > AWAY_AFTER:
            return False
        way = way_back(self._worker, port.number, source, local)
        try:
            self.sock.sendto(self._seals.seal(REQUEST, worker, way + octets), address)
            self._counters.node_sent += 1
        except OSError:
            self._counters.node_full += 1
        return True

    def drain(self, most: int) -> None:
        """Take up to `most` datagrams of other nodes; the answers of our gate leave together."""
        self.port.hold()
        try:
            for _ in range(most):
                octets, sender = self.sock.recvfrom(LONGEST)
                self._receive(octets, sender)
        except (BlockingIOError, ConnectionError):
            pass
        finally:
            self._counters.send_failures += self.port.release()

    def tick(self, now: float) -> None:
        """Once a second: ask every other node whether it is there. `now` is of the monotonic clock."""
        self._now = now
        ping = bytes((self._worker,))
        for _, address in self.neighbours.all():
            try:
                self.sock.sendto(self._seals.seal(PING, 0, ping), address)
            except OSError:
                continue  # it is not heard of, and that says it

    def _receive(self, octets: bytes, sender: Source) -> None:
        opened = self._seals.open(octets)
        if opened is None:
            self._counters.node_unproved += 1
            return
        kind, node, content = opened
        if kind == PONG:
            self.heard[node] = self._now
        elif kind == PING and content:
            self.sock.sendto(self._seals.seal(PONG, content[0], b""), sender)
        elif kind in (REQUEST, REPLY):
            self._pass_on(kind, content, sender)

    def _pass_on(self, kind: int, content: bytes, sender: Source) -> None:
        parts = read_way(content)
        if parts is None:
            self._counters.node_unproved += 1
            return
        number, source, local, way, packet = parts
        if kind == REQUEST:
            self._counters.node_taken += 1
            asker = sender[0].encode() + b"\0" + sender[1].to_bytes(2, "big")
            self._take(packet, source, self.port, asker + way)
        elif number < len(self._ports):
            self._counters.node_replies += 1
            try:
                self._ports[number].send(packet, source, local)
            except OSError:
                self._counters.send_failures += 1


def way_back(worker: int, number: int, source: Source, local: bytes) -> bytes:
    """Where an access point waits: behind port `number` of this worker, at `source`; `local` as of radius.server.sockets."""
    address = source[0].encode()
    flow, scope = (source[2], source[3]) if len(source) == 4 else (0, 0)
    return _WAY.pack(worker, number, source[1], flow, scope, len(address), len(local)) + address + local


def read_way(content: bytes) -> tuple[int, Source, bytes, bytes, bytes] | None:
    """(port number, source, local, the way back itself, what follows it); None when it is cut short."""
    try:
        _, number, port, flow, scope, address_size, local_size = _WAY.unpack_from(content)
    except LayoutError:
        return None
    end = _WAY.size + address_size + local_size
    if len(content) < end:
        return None
    address = content[_WAY.size : _WAY.size + address_size].decode("ascii", "replace")
    source: Source = (address, port, flow, scope) if ":" in address else (address, port)
    return number, source, content[_WAY.size + address_size : end], content[:end], content[end:]
