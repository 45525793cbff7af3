"""Answers of one drain leave together, in order, and one that cannot be sent does not keep back the others."""

import socket
from collections.abc import Iterator
from contextlib import closing

import pytest

from radius.server.admission import DRAIN, Admission
from radius.server.sockets import Port, Source, bind
from tests.fakes.requests import pap
from tests.fakes.school_house import SchoolHouse

Pair = tuple[Port, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    with closing(bind("127.0.0.1", 0, 65_536)) as ours, closing(bind("127.0.0.1", 0, 65_536)) as theirs:
        theirs.settimeout(5)
        yield Port(ours, accounting=False, number=0), theirs


def where(theirs: socket.socket) -> Source:
    name: Source = theirs.getsockname()
    return name


def nothing_came(theirs: socket.socket) -> bool:
    theirs.settimeout(0)
    try:
        theirs.recv(10)
    except BlockingIOError:
        return True
    finally:
        theirs.settimeout(5)
    return False


def house_for(*addresses: str) -> SchoolHouse:
    house = SchoolHouse()
    for address in addresses:
        house.add_client(address)
    return house


def ask(pair: Pair, house: SchoolHouse, number: int) -> list[bytes]:
    """Send as many Access-Requests; their identifiers."""
    port, theirs = pair
    for each in range(number):
        theirs.sendto(pap(house, identifier=each), port.sock.getsockname())
    return [bytes((each,)) for each in range(number)]


def admission_of(house: SchoolHouse) -> Admission:
    return Admission(house.gate, house.counters, lambda call: None)


def answered(theirs: socket.socket, number: int) -> list[bytes]:
    """The identifiers of the next answers."""
    return [theirs.recv(4096)[1:2] for _ in range(number)]


def test_held_answers_leave_in_order_at_the_release(pair: Pair) -> None:
    port, theirs = pair
    port.hold()
    for number in range(5):
        port.send(b"%d" % number, where(theirs), b"")
    assert nothing_came(theirs)
    assert port.release() == 0
    assert [theirs.recv(10) for _ in range(5)] == [b"0", b"1", b"2", b"3", b"4"]


def test_an_answer_that_cannot_be_sent_is_counted_and_the_next_leaves(pair: Pair) -> None:
    port, theirs = pair
    port.hold()
    port.send(b"x" * 70_000, where(theirs), b"")
    port.send(b"fits", where(theirs), b"")
    assert port.release() == 1
    assert theirs.recv(10) == b"fits"


def test_after_the_release_answers_leave_at_once(pair: Pair) -> None:
    port, theirs = pair
    port.hold()
    port.release()
    port.send(b"now", where(theirs), b"")
    assert theirs.recv(10) == b"now"


def test_a_drain_takes_what_waits_and_no_more_than_it_may(pair: Pair) -> None:
    house = house_for("127.0.0.1")
    identifiers = ask(pair, house, DRAIN + 5)
    admission = admission_of(house)
    admission.drain(pair[0])
    assert answered(pair[1], DRAIN) == identifiers[:DRAIN]
    assert nothing_came(pair[1])
    admission.drain(pair[0])
    assert answered(pair[1], 5) == identifiers[DRAIN:]
    assert house.counters.accepts == DRAIN + 5


def test_a_drain_that_is_broken_off_has_sent_its_answers_and_holds_no_more(pair: Pair) -> None:
    port, theirs = pair
    house = house_for("127.0.0.1")
    ask(pair, house, 1)
    admission = admission_of(house)
    admission.drain(port)
    ask(pair, house, 2)

    def broken(network: str) -> None:
        raise ZeroDivisionError

    house.records.client = broken  # type: ignore[method-assign, assignment]  # the records fail at an address not yet known
    with closing(bind("127.0.0.2", 0, 65_536)) as stranger:
        stranger.sendto(pap(house), port.sock.getsockname())
        with pytest.raises(ZeroDivisionError):
            admission.drain(port)
    assert len(answered(theirs, 3)) == 3
    port.send(b"now", where(theirs), b"")
    assert theirs.recv(10) == b"now"
