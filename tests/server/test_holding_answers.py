"""Answers of one drain leave together, in order, and one that cannot be sent does not keep back the others."""

from contextlib import closing

from radius.server.sockets import Port, bind


def test_held_answers_leave_in_order_at_the_release() -> None:
    with closing(bind("127.0.0.1", 0, 65_536)) as ours, closing(bind("127.0.0.1", 0, 65_536)) as theirs:
        port = Port(ours, accounting=False, number=0)
        port.hold()
        for number in range(5):
            port.send(b"%d" % number, theirs.getsockname(), b"")
        theirs.settimeout(0)
        assert port.release() == 0
        theirs.settimeout(5)
        assert [theirs.recv(10) for _ in range(5)] == [b"0", b"1", b"2", b"3", b"4"]


def test_an_answer_that_cannot_be_sent_is_counted_and_the_next_leaves() -> None:
    with closing(bind("127.0.0.1", 0, 65_536)) as ours, closing(bind("127.0.0.1", 0, 65_536)) as theirs:
        port = Port(ours, accounting=False, number=0)
        port.hold()
        port.send(b"x" * 70_000, theirs.getsockname(), b"")
        port.send(b"fits", theirs.getsockname(), b"")
        assert port.release() == 1
        theirs.settimeout(5)
        assert theirs.recv(10) == b"fits"


def test_after_the_release_answers_leave_at_once() -> None:
    with closing(bind("127.0.0.1", 0, 65_536)) as ours, closing(bind("127.0.0.1", 0, 65_536)) as theirs:
        port = Port(ours, accounting=False, number=0)
        port.hold()
        port.release()
        port.send(b"now", theirs.getsockname(), b"")
        theirs.settimeout(5)
        assert theirs.recv(10) == b"now"
