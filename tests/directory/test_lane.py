"""A lane is bounded, never blocks who puts something in, and lets nobody's fault escape."""

from concurrent.futures import Future
from threading import Event, get_ident

from radius.directory.lane import Lane


def test_calls_run_on_threads_of_the_lane_and_what_comes_of_them_is_told() -> None:
    lane, told, done = Lane("ldap", 2, 2), list[int](), Event()

    def landed(future: "Future[int]") -> None:
        told.append(future.result())
        done.set()

    assert lane.put(get_ident, landed)
    assert done.wait(5)
    assert told != [get_ident()]
    lane.close()


def test_when_too_many_wait_the_next_is_not_taken_and_room_comes_back() -> None:
    lane, hold, ended = Lane("ldap", 1, 2), Event(), Event()
    assert [lane.put(hold.wait, lambda _: None) for _ in range(4)] == [True, True, True, False]
    assert (lane.busy, lane.waiting) == (1, 2)
    hold.set()
    while not lane.put(lambda: None, lambda _: ended.set()):
        pass
    assert ended.wait(5)
    lane.close()


def test_a_fault_is_told_to_who_waits_and_the_thread_goes_on() -> None:
    lane, faults, done = Lane("ldap", 1, 2), list[BaseException | None](), Event()

    def fail() -> None:
        raise RuntimeError("a fault")

    assert lane.put(fail, lambda future: faults.append(future.exception()))
    assert lane.put(lambda: None, lambda _: done.set())
    assert done.wait(5)
    assert isinstance(faults[0], RuntimeError)
    lane.close()


def test_a_closed_lane_takes_nothing_and_gives_up_what_waits() -> None:
    lane, hold, cancelled = Lane("ldap", 1, 2), Event(), list[bool]()
    lane.put(hold.wait, lambda _: None)
    lane.put(lambda: None, lambda future: cancelled.append(future.cancelled()))
    lane.close()
    hold.set()
    assert not lane.put(lambda: None, lambda _: None)
    assert cancelled == [True]
