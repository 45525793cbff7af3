"""Answers of one drain leave together, in order, and one that cannot be sent does not keep back the others."""

import socket
from collections.abc import Iterator
from contextlib import closing, suppress

import pytest

from radius.server.sockets import Port, Source, bind

Pair = tuple[Port, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    with closing(bind("127.0.0.1", 0, 65_536)) as ours, closing(bind("127.0.0.1", 0, 65_536)) as theirs:
        yield Port(ours, accounting=False, number=0), theirs


def ask(pair: Pair, number: int) -> None:
    port, theirs = pair
    for each in range(number):
        theirs.sendto(b"%d" % each, port.sock.getsockname())


def heard(theirs: socket.socket, number: int) -> list[bytes]:
    theirs.settimeout(5)
    return [theirs.recv(10) for _ in range(number)]


def test_answers_leave_in_order_and_only_at_the_end(pair: Pair) -> None:
    port, theirs = pair
    before_the_end: list[bytes] = []

    def echo(octets: bytes, source: Source, port: Port, local: bytes) -> None:
        port.send(octets, source, local)
        theirs.settimeout(0)
        with suppress(BlockingIOError):
            before_the_end.append(theirs.recv(10))

    ask(pair, 5)
    assert port.drain(echo, 32) == 0
    assert before_the_end == []
    assert heard(theirs, 5) == [b"0", b"1", b"2", b"3", b"4"]


def test_no_more_are_taken_than_may_be(pair: Pair) -> None:
    port, _ = pair
    taken: list[bytes] = []
    ask(pair, 5)
    port.drain(lambda octets, *_: taken.append(octets), 3)
    assert taken == [b"0", b"1", b"2"]


def test_an_answer_that_cannot_be_sent_is_counted_and_the_next_leaves(pair: Pair) -> None:
    port, theirs = pair

    def too_long_then_short(octets: bytes, source: Source, port: Port, local: bytes) -> None:
        port.send(b"x" * 70_000, source, local)
        port.send(b"fits", source, local)

    ask(pair, 1)
    assert port.drain(too_long_then_short, 32) == 1
    assert heard(theirs, 1) == [b"fits"]


def test_after_a_drain_answers_leave_at_once_even_when_it_was_broken_off(pair: Pair) -> None:
    port, theirs = pair

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    ask(pair, 1)
    with pytest.raises(ZeroDivisionError):
        port.drain(fail, 32)
    port.send(b"now", theirs.getsockname(), b"")
    assert heard(theirs, 1) == [b"now"]
