"""Between nodes: a packet goes to its owner, the answer comes back, and no other datagram, nor one twice, does anything."""

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radius.server.counters import Counters
from radius.server.hop import AWAY_AFTER, PING, REQUEST, WINDOW, Hop, NamedNodes, Seals, read_way, way_back
from radius.server.places import make_places
from radius.server.sockets import Port, Source, bind
from radius.server.state import node_digest
from radius.settings import NodesSettings, RadiusSettings
from tests.fakes.ports import free_port

KEY = b"state key of this installation.."
NOW = 1_795_420_800.0
A, B = node_digest("a"), node_digest("b")


def seals(node: bytes, now: float = NOW, key: bytes = KEY) -> Seals:
    return Seals(key, node, os.urandom, lambda: now)


class Node:
    """A node's worker with one RADIUS port; what its gate is given is kept, and answered with `answer`."""

    def __init__(self, name: str, stack: ExitStack) -> None:
        self.sock = stack.enter_context(closing(bind("127.0.0.1", 0, 1 << 20)))
        self.radius = Port(stack.enter_context(closing(bind("127.0.0.1", 0, 65_536))), False, 0)
        self.name = name
        self.counters = Counters()
        self.taken: list[tuple[bytes, Source]] = []
        self.answer = b"the answer"
        self.now = NOW

    def meet(self, other: "Node") -> None:
        neighbours = NamedNodes({other.name: "127.0.0.1"}, other.sock.getsockname()[1])
        digest = node_digest(self.name)
        mine = Seals(KEY, digest, os.urandom, lambda: self.now)
        self.hop = Hop(self.sock, mine, neighbours, 0, [self.radius], self.counters, self.take)

    def take(self, octets: bytes, source: Source, port: Port, local: bytes) -> None:
        self.taken.append((octets, source))
        port.send(self.answer, source, local)


@pytest.fixture
def nodes() -> Iterator[tuple[Node, Node]]:
    with ExitStack() as stack:
        a, b = Node("a", stack), Node("b", stack)
        a.meet(b)
        b.meet(a)
        yield a, b


@pytest.fixture
def nas() -> Iterator[socket.socket]:
    with closing(bind("127.0.0.1", 0, 65_536)) as sock:
        sock.settimeout(5)
        yield sock


def test_the_owner_gets_the_packet_as_if_the_access_point_had_asked_it_and_the_answer_leaves_where_it_was_asked(
    nodes: tuple[Node, Node], nas: socket.socket
) -> None:
    asked, owner = nodes
    assert asked.hop.forward(B, 0, b"a packet", nas.getsockname(), asked.radius, b"")
    owner.hop.drain(10)
    assert owner.taken == [(b"a packet", nas.getsockname())]
    asked.hop.drain(10)
    assert nas.recvfrom(100) == (b"the answer", asked.radius.sock.getsockname())
    assert (asked.counters.node_sent, owner.counters.node_taken, asked.counters.node_replies) == (1, 1, 1)


def test_a_packet_that_came_from_a_node_is_not_passed_on_again(nodes: tuple[Node, Node], nas: socket.socket) -> None:
    asked, _ = nodes
    assert asked.hop.forward(B, 0, b"a packet", nas.getsockname(), asked.hop.port, b"")
    assert (asked.counters.node_sent, asked.counters.eap_state_elsewhere) == (0, 1)


def test_a_node_that_nobody_named_is_met_with_silence(nodes: tuple[Node, Node], nas: socket.socket) -> None:
    asked, _ = nodes
    assert asked.hop.forward(node_digest("c"), 0, b"a packet", nas.getsockname(), asked.radius, b"")
    assert asked.counters.eap_state_elsewhere == 1


def test_a_node_that_was_heard_of_and_falls_silent_is_away_until_it_is_heard_of_again(
    nodes: tuple[Node, Node], nas: socket.socket
) -> None:
    asked, owner = nodes

    def passes_on() -> bool:
        return asked.hop.forward(B, 0, b"a packet", nas.getsockname(), asked.radius, b"")

    asked.hop.tick(100.0)
    assert passes_on(), "one that was never heard of may be there all the same"
    owner.hop.drain(10)
    asked.hop.drain(10)
    assert asked.hop.heard == {B: 100.0}
    asked.hop.tick(100.0 + AWAY_AFTER + 0.1)
    assert not passes_on()
    owner.hop.drain(10)
    asked.hop.drain(10)
    assert passes_on()


def test_a_recorded_datagram_does_nothing_the_second_time_nor_when_it_is_old(nodes: tuple[Node, Node]) -> None:
    _, owner = nodes
    recorded = seals(A).seal(REQUEST, 0, way_back(0, 0, ("127.0.0.1", 9), b"") + b"a packet")
    with closing(bind("127.0.0.1", 0, 65_536)) as sender:
        for _ in range(2):
            sender.sendto(recorded, owner.sock.getsockname())
        owner.hop.drain(10)
        assert (len(owner.taken), owner.counters.node_unproved) == (1, 1)
        owner.now += WINDOW + 1
        sender.sendto(recorded, owner.sock.getsockname())
        owner.hop.drain(10)
    assert (len(owner.taken), owner.counters.node_unproved) == (1, 2)


def test_the_memory_of_what_was_seen_outlasts_what_it_is_for() -> None:
    now = [NOW]
    receiver = Seals(KEY, B, os.urandom, lambda: now[0])
    early = seals(A, NOW + WINDOW).seal(PING, 0, b"x")  # from a node whose clock is fast
    assert receiver.open(early) is not None
    for _ in range(int(2 * WINDOW)):
        now[0] += 1.0
        receiver.open(seals(A, now[0]).seal(PING, 0, b"y"))
        assert receiver.open(early) is None


@given(st.binary(max_size=200))
def test_octets_of_nobody_do_nothing(octets: bytes) -> None:
    assert seals(B).open(octets) is None


@given(st.integers(0, 7), st.integers(0, 200))
def test_a_changed_bit_is_noticed_wherever_it_is(bit: int, at: int) -> None:
    sealed = bytearray(seals(A).seal(REQUEST, 3, b"content"))
    sealed[at % len(sealed)] ^= 1 << bit
    assert seals(B).open(bytes(sealed)) is None


def test_another_installations_datagram_and_an_own_one_are_not_taken() -> None:
    assert seals(B).open(seals(A, key=b"another installation's state key").seal(PING, 0, b"x")) is None
    assert seals(A).open(seals(A).seal(PING, 0, b"x")) is None
    assert seals(B).open(seals(A).seal(PING, 0, b"x")) == (PING, A, b"x")


@given(
    st.integers(0, 255),
    st.integers(0, 255),
    st.sampled_from([("192.0.2.1", 40_000), ("2001:db8::1", 1812, 7, 3), ("fe80::1%eth0", 1, 0, 2)]),
    st.binary(max_size=64),
    st.binary(max_size=300),
)
def test_the_way_back_is_read_as_it_was_written(worker: int, number: int, source: Source, local: bytes, more: bytes) -> None:
    written = way_back(worker, number, source, local)
    assert read_way(written + more) == (number, source, local, written, more)
    for cut in range(len(written)):
        assert read_way(written[:cut]) is None


def test_the_kernel_gives_a_datagram_between_nodes_to_the_worker_that_it_names() -> None:
    port, hop = free_port(), free_port()
    radius = RadiusSettings(listen=("127.0.0.1",), auth_port=port, acct_port=port + 1)
    places = make_places(radius, NodesSettings(listen="127.0.0.1", port=hop), 3)
    try:
        for number in range(3):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                sender.sendto(seals(A).seal(PING, number, b"x"), ("127.0.0.1", hop))
            sock = places[number].hop
            assert sock is not None
            sock.settimeout(5)
            assert sock.recv(100)[1] == number
    finally:
        for place in places:
            inbox = place.inbox
            for each in (
                place.hop,
                inbox.mine,
                inbox.theirs,
                inbox.elder,
                inbox.to_elder,
                *(it.sock for it in (*place.ports, *place.conversations)),
            ):
                if each is not None:
                    each.close()
