"""The State attribute: only what this installation wrote is read, whoever of its workers wrote it."""

from hypothesis import given
from hypothesis import strategies as st

from radius.server.state import SIZE, States
from radius.wire.attributes import MAX_VALUE

KEY = b"k" * 32
CONVERSATION = bytes(range(8))


def states(key: bytes = KEY, node: str = "node1", worker: int = 2, incarnation: int = 77) -> States:
    return States(key, node, worker, incarnation)


def test_it_fits_an_attribute_and_has_its_one_length() -> None:
    assert len(states().write(CONVERSATION, 1)) == SIZE <= MAX_VALUE


def test_garbage_and_the_empty_state_are_nobodys() -> None:
    for octets in (b"", b"x", bytes(SIZE), bytes(SIZE - 1), b"\xff" * SIZE, bytes(253)):
        assert states().read(octets) is None


def test_every_change_of_one_bit_is_found() -> None:
    written = states().write(CONVERSATION, 3)
    for bit in range(8 * SIZE):
        changed = bytearray(written)
        changed[bit // 8] ^= 1 << bit % 8
        assert states().read(bytes(changed)) is None


def test_every_truncation_and_every_tail_is_found() -> None:
    written = states().write(CONVERSATION, 3)
    for size in range(SIZE):
        assert states().read(written[:size]) is None
    assert states().read(written + b"\0") is None


def test_another_installations_key_makes_another_state() -> None:
    assert states().read(states(key=b"K" * 32).write(CONVERSATION, 1)) is None


def test_a_later_versions_state_is_not_guessed_at() -> None:
    ours = states()
    body = b"\x02" + ours.write(CONVERSATION, 1)[1:-8]
    assert ours.read(body + ours._mac(body)) is None


def test_another_workers_node_and_incarnation_are_read_as_they_are() -> None:
    there = states(node="node2", worker=5, incarnation=0xFFFFFFFF)
    read = states().read(there.write(CONVERSATION, 9))
    assert read is not None
    assert (read.node, read.worker, read.incarnation) == (there.node, 5, 0xFFFFFFFF)
    assert read.node != states().node


def test_two_challenges_of_one_conversation_differ() -> None:
    assert states().write(CONVERSATION, 1) != states().write(CONVERSATION, 2)


@given(st.binary(max_size=64))
def test_no_octets_raise_and_none_are_believed(octets: bytes) -> None:
    assert states().read(octets) is None


@given(st.binary(min_size=8, max_size=8), st.integers(0, 255), st.integers(0, 255), st.integers(0, 2**32 - 1))
def test_what_was_written_is_read(conversation: bytes, round_: int, worker: int, incarnation: int) -> None:
    ours = states(worker=worker, incarnation=incarnation)
    read = ours.read(ours.write(conversation, round_))
    assert read is not None
    assert (read.node, read.worker, read.incarnation, read.conversation, read.round) == (
        ours.node,
        worker,
        incarnation,
        conversation,
        round_,
    )
