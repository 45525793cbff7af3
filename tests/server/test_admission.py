"""More comes than can be answered: conversations go first, every access point has its turn, late requests are let go."""

import socket
from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radius.server.admission import AHEAD, DRAIN, PATIENCE, Admission, Newcomers, Waiting
from radius.server.counters import Counters
from radius.server.sockets import Port, bind
from radius.server.state import States
from tests.fakes.eap_house import KEY, AccessPoint, eap_of, with_eap
from tests.fakes.eap_peer import MSCHAPV2, Peer, identity
from tests.fakes.requests import pap
from tests.fakes.school_house import SchoolHouse


class Clock:
    """A clock that stands until it is told to go on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Laden:
    """A gate behind an admission on real sockets, whose loop's next turn is the test's to give."""

    def __init__(self, port: Port) -> None:
        self.house = SchoolHouse()
        self.house.add_client("127.0.0.0/8")
        self.house.clients.forget_all()
        self.port = port
        self.clock, self.epoch = Clock(), Clock()
        self.soon: list[object] = []
        self.admission = Admission(self.house.gate, self.house.counters, self.soon.append, self.clock, self.epoch)

    def send(self, number: int, source: socket.socket, first: int = 0) -> None:
        for each in range(number):
            source.sendto(pap(self.house, identifier=(first + each) % 256), self.port.sock.getsockname())

    def press(self) -> None:
        """As after a datagram that has waited for long."""
        self.admission.pressed, self.admission._ahead = True, AHEAD

    def turn(self) -> None:
        """The loop's next turn."""
        waiting, self.soon[:] = list(self.soon), []
        for call in waiting:
            call()  # type: ignore[operator]


@pytest.fixture
def laden() -> Iterator[Laden]:
    with closing(bind("127.0.0.1", 0, 4 << 20)) as sock:
        yield Laden(Port(sock, accounting=False, number=0))


@pytest.fixture
def ap() -> Iterator[socket.socket]:
    with closing(bind("127.0.0.1", 0, 1 << 20)) as sock:
        yield sock


@pytest.fixture
def other_ap() -> Iterator[socket.socket]:
    with closing(bind("127.0.0.2", 0, 1 << 20)) as sock:
        yield sock


def answers(sock: socket.socket) -> int:
    number = 0
    while True:
        try:
            sock.recv(4096)
        except BlockingIOError:
            return number
        number += 1


# --- the row of new requests


def waiting(source: str, came: float, octets: bytes = b"") -> Waiting:
    return Waiting(octets, (source, 1), None, b"", came)  # type: ignore[arg-type]  # no port is needed to stand in a row


def test_each_source_has_its_turn_whatever_one_of_them_sends() -> None:
    row = Newcomers(Counters())
    for number in range(100):
        row.put(waiting("flood", 0.0, b"%d" % number))
    row.put(waiting("quiet", 0.0))
    assert [taken.source[0] for taken in (row.take(0.0), row.take(0.0), row.take(0.0)) if taken] == ["flood", "quiet", "flood"]


def test_of_one_source_the_newest_is_served_first() -> None:
    row = Newcomers(Counters())
    for number in range(3):
        row.put(waiting("a", number * 0.1, b"%d" % number))
    assert [taken.octets for taken in (row.take(0.3), row.take(0.3)) if taken] == [b"2", b"1"]


def test_who_has_waited_for_longer_than_an_access_point_does_is_let_go_and_counted() -> None:
    counters = Counters()
    row = Newcomers(counters)
    row.put(waiting("a", 0.0))
    row.put(waiting("a", 1.0, b"young"))
    taken = row.take(PATIENCE + 0.1)
    assert taken is not None
    assert taken.octets == b"young"
    assert row.take(9.0) is None
    assert (counters.shed_old, len(row)) == (1, 0)


def test_when_there_is_no_room_the_longest_row_gives_way() -> None:
    counters = Counters()
    row = Newcomers(counters, room=10)
    for _ in range(10):
        row.put(waiting("flood", 0.0))
    row.put(waiting("quiet", 0.0))
    assert (counters.shed_full, len(row)) == (1, 10)
    assert {taken.source[0] for taken in (row.take(0.0), row.take(0.0)) if taken} == {"flood", "quiet"}


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans(), st.floats(0, 2)), max_size=80))
def test_whatever_comes_and_goes_nothing_is_lost_uncounted_and_room_is_kept(steps: list[tuple[str, bool, float]]) -> None:
    counters, now, put, taken = Counters(), 0.0, 0, 0
    row = Newcomers(counters, room=8)
    for source, takes, passes in steps:
        now += passes
        if takes:
            taken += row.take(now) is not None
        else:
            row.put(waiting(source, now))
            put += 1
        assert len(row) <= 8
        assert put == taken + len(row) + counters.shed_full + counters.shed_old
    while row.take(now) is not None:
        taken += 1
    assert len(row) == 0
    assert put == taken + counters.shed_full + counters.shed_old


# --- between sockets and gate


def test_a_worker_that_keeps_up_answers_at_once(laden: Laden, ap: socket.socket) -> None:
    laden.send(5, ap)
    laden.admission.drain(laden.port)
    assert answers(ap) == 5
    assert (len(laden.admission), laden.soon) == (0, [])


def test_a_datagram_that_has_waited_for_long_in_the_kernel_presses(laden: Laden, ap: socket.socket) -> None:
    arrived = laden.port.arrived()  # the first call switches the stamps on
    laden.send(DRAIN + 1, ap)
    laden.admission.drain(laden.port)
    assert not laden.admission.pressed
    assert laden.port.arrived() > arrived
    laden.epoch.now = laden.port.arrived() + 0.5
    laden.send(DRAIN, ap, first=100)
    laden.admission.drain(laden.port)
    assert laden.admission.pressed
    assert laden.house.gate.figures.longest_wait == pytest.approx(500_000, rel=0.2)


def test_a_clock_that_was_set_presses_nobody(laden: Laden, ap: socket.socket) -> None:
    laden.port.arrived()
    for jump in (-3600.0, 3600.0):
        laden.epoch.now = laden.port.arrived() + jump
        laden.send(DRAIN, ap, first=int(jump) % 200)
        laden.admission.drain(laden.port)
        assert not laden.admission.pressed


def test_under_pressure_what_waits_is_read_ahead_and_answered_by_turns(laden: Laden, ap: socket.socket) -> None:
    laden.press()
    laden.send(DRAIN + 8, ap)
    laden.admission.drain(laden.port)
    assert answers(ap) == 0
    assert len(laden.admission) == DRAIN + 8
    laden.turn()
    assert answers(ap) == DRAIN
    assert laden.admission.pressed
    laden.turn()
    assert answers(ap) == 8
    assert (laden.admission.pressed, laden.soon) == (False, [])


def test_a_flooding_access_point_takes_nobody_elses_place(laden: Laden, ap: socket.socket, other_ap: socket.socket) -> None:
    laden.press()
    laden.send(200, ap)
    laden.send(10, other_ap)
    laden.admission.drain(laden.port)
    laden.turn()
    assert answers(other_ap) == 10
    assert answers(ap) == DRAIN - 10


def test_a_reading_ahead_is_bounded_so_that_the_loop_comes_round(laden: Laden, ap: socket.socket) -> None:
    laden.press()
    for first in range(0, AHEAD + 100, 100):
        laden.send(100, ap, first)
    laden.admission.drain(laden.port)
    assert len(laden.admission) == AHEAD


def test_requests_that_nobody_waits_for_any_more_get_no_answer(laden: Laden, ap: socket.socket) -> None:
    laden.press()
    laden.send(20, ap)
    laden.admission.drain(laden.port)
    laden.clock.now += PATIENCE + 0.1
    laden.turn()
    assert answers(ap) == 0
    assert laden.house.counters.shed_old == 20
    assert not laden.admission.pressed


def test_nobodys_datagrams_take_no_room(laden: Laden) -> None:
    laden.house.records.all_clients.clear()
    laden.house.clients.forget_all()
    laden.press()
    with closing(bind("127.0.0.3", 0, 65_536)) as stranger:
        laden.send(30, stranger)
        laden.admission.drain(laden.port)
    assert len(laden.admission) == 0
    assert laden.house.counters.unknown_client == 30


def test_conversations_under_way_go_before_everything_new(laden: Laden, ap: socket.socket, other_ap: socket.socket) -> None:
    with_eap(laden.house)
    device = AccessPoint(laden.house)
    peer = Peer("nastavnik.primer", "staff password 1", speaks=(MSCHAPV2,))
    where = laden.port.sock.getsockname()
    other_ap.sendto(device.request(identity(peer.name)), where)
    laden.admission.drain(laden.port)
    challenge = device.read([other_ap.recv(4096)])
    assert challenge is not None
    laden.press()
    laden.send(3 * DRAIN, ap)
    other_ap.sendto(device.request(peer.answer(eap_of(challenge))), where)
    laden.admission.drain(laden.port)
    laden.turn()
    assert answers(other_ap) == 1
    assert answers(ap) == DRAIN - 1


def test_a_forged_or_ended_state_goes_before_nobody(laden: Laden, ap: socket.socket, other_ap: socket.socket) -> None:
    with_eap(laden.house)
    device, where = AccessPoint(laden.house), laden.port.sock.getsockname()
    for state in (b"forged", States(KEY, "node1", 0, 1).write(bytes(8), 1)):
        laden.press()
        laden.send(3 * DRAIN, ap)
        other_ap.sendto(device.request(identity("x"), state=state), where)
        laden.admission.drain(laden.port)
        assert len(laden.admission) == 3 * DRAIN + 1
        assert not laden.admission._under_way
        while laden.soon:
            laden.turn()
