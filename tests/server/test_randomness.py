"""The pool gives out each of the kernel's octets once, whatever is asked for."""

from hypothesis import given
from hypothesis import strategies as st

from radius.server.randomness import PAGE, RandomPool


@given(st.lists(st.integers(16, PAGE + 10), max_size=400))
def test_no_octet_is_given_out_twice(wanted: list[int]) -> None:
    pool = RandomPool()
    taken = [pool.take(number) for number in wanted]
    assert [len(octets) for octets in taken] == wanted
    pieces = [octets[at : at + 16] for octets in taken for at in range(0, len(octets) - 15, 16)]
    assert len(set(pieces)) == len(pieces)


def test_the_kernel_is_asked_once_a_page() -> None:
    asked: list[int] = []

    def fetch(number: int) -> bytes:
        asked.append(number)
        return bytes(number)

    pool = RandomPool(fetch)
    for _ in range(PAGE // 16):
        pool.take(16)
    assert asked == [PAGE]
    pool.take(1)
    assert asked == [PAGE, PAGE]
    pool.take(PAGE + 1)
    assert asked == [PAGE, PAGE, PAGE + 1]


def test_two_pools_do_not_say_the_same_and_neither_prints_what_it_holds() -> None:
    one, other = RandomPool(), RandomPool()
    assert one.take(16) != other.take(16)
    assert repr(one) == "RandomPool(***)"
