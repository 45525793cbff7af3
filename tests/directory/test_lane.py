"""A lane is bounded, never blocks who puts something in, and lets nobody's fault escape."""

from threading import Event, Semaphore, Thread, get_ident

from radius.directory.lane import QUICK, Lane


def test_calls_run_on_threads_of_the_lane_and_what_comes_of_them_is_told() -> None:
    lane, told, done = Lane("ldap", 2, 2), list[int](), Event()

    def landed(value: int | None, fault: BaseException | None) -> None:
        told.extend([] if value is None or fault else [value])
        done.set()

    assert lane.put(get_ident, landed)
    assert done.wait(5)
    assert len(told) == 1
    assert told != [get_ident()]
    lane.close()


def test_when_too_many_wait_the_next_is_not_taken_and_room_comes_back() -> None:
    lane, hold, ended = Lane("ldap", 1, 2), Event(), Event()
    assert [lane.put(hold.wait, lambda _value, _fault: None) for _ in range(4)] == [True, True, True, False]
    assert (lane.busy, lane.waiting) == (1, 2)
    hold.set()
    while not lane.put(lambda: None, lambda _value, _fault: ended.set()):
        pass
    assert ended.wait(5)
    lane.close()


def test_a_fault_is_told_to_who_waits_and_the_thread_goes_on() -> None:
    lane, faults, done = Lane("ldap", 1, 2), list[BaseException | None](), Event()

    def fail() -> None:
        raise RuntimeError("a fault")

    assert lane.put(fail, lambda _, fault: faults.append(fault))
    assert lane.put(lambda: None, lambda _value, _fault: done.set())
    assert done.wait(5)
    assert isinstance(faults[0], RuntimeError)
    lane.close()


def test_a_closed_lane_takes_nothing_and_gives_up_what_waits() -> None:
    lane, hold, given_up = Lane("ldap", 1, 2), Event(), list[object]()
    lane.put(hold.wait, lambda _value, _fault: None)
    lane.put(lambda: None, lambda value, fault: given_up.append((value, fault)))
    lane.close()
    hold.set()
    assert not lane.put(lambda: None, lambda _value, _fault: None)
    assert given_up == [(None, None)]


def test_calls_that_are_stuck_make_room_for_others_up_to_the_lanes_threads() -> None:
    lane, hold, running = Lane("ldap", 3 * QUICK, 100), Event(), Semaphore(0)

    def call() -> None:
        running.release()
        hold.wait()

    for _ in range(4 * QUICK):
        assert lane.put(call, lambda _value, _fault: None)
    for _ in range(3 * QUICK):
        assert running.acquire(timeout=30)
    assert (lane.busy, lane.waiting) == (3 * QUICK, QUICK)
    assert not running.acquire(blocking=False)
    hold.set()
    for _ in range(QUICK):
        assert running.acquire(timeout=30)
    lane.close()


def test_quick_calls_are_done_one_after_the_other_by_few_threads() -> None:
    lane, threads, done = Lane("ldap", 64, 1000), set[int](), Semaphore(0)
    for _ in range(1000):
        assert lane.put(get_ident, lambda value, _fault: (threads.add(value or 0), done.release()))
    for _ in range(1000):
        assert done.acquire(timeout=30)
    assert 1 <= len(threads) <= 2 * QUICK
    lane.close()


def test_what_is_put_from_many_threads_at_once_is_all_done() -> None:
    lane, done = Lane("ldap", 8, 10_000), Semaphore(0)

    def put() -> None:
        for _ in range(500):
            assert lane.put(lambda: None, lambda _value, _fault: done.release())

    putting = [Thread(target=put) for _ in range(8)]
    for thread in putting:
        thread.start()
    for _ in range(8 * 500):
        assert done.acquire(timeout=30)
    for thread in putting:
        thread.join()
    assert (lane.busy <= 8, lane.waiting) == (True, 0)
    lane.close()
