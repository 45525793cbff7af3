"""Re-authorisations leave at a bounded pace: in all, and at each school."""

from collections import Counter, defaultdict
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from radius.aaa.pacing import Pacer

NOW = 1_795_420_800.25


@given(st.lists(st.tuples(st.integers(0, 5), st.floats(0, 3)), max_size=200), st.integers(1, 7), st.sampled_from([0.5, 1, 4]))
def test_no_second_has_more_than_the_pace_in_all_and_no_school_more_than_its_own(
    asked: list[tuple[int, float]], in_all: int, per_school: float
) -> None:
    pacer, now = Pacer(per_school, in_all), NOW
    seconds: Counter[int] = Counter()
    schools: defaultdict[int, list[float]] = defaultdict(list)
    for school, passed in asked:
        now += passed
        moment = pacer.next(str(school), now)
        assert moment >= now
        seconds[int(moment)] += 1
        schools[school].append(moment)
    assert max(seconds.values(), default=0) <= in_all
    for moments in schools.values():
        for before, after in pairwise(moments):
            assert after - before >= 1 / per_school - 1e-6


def test_one_alone_leaves_at_once() -> None:
    assert Pacer(5, 200).next("os-vuk", NOW) == NOW


def test_a_large_school_does_not_hold_up_a_small_one() -> None:
    pacer = Pacer(5, 200)
    large = [pacer.next("large", NOW) for _ in range(1000)]
    assert 195 < large[-1] - NOW < 205
    assert pacer.next("small", NOW) < NOW + 1


def test_a_country_takes_as_long_as_the_pace_says() -> None:
    pacer = Pacer(5, 200)
    last = max(pacer.next(f"school-{number % 4000}", NOW) for number in range(20_000))
    assert 95 < last - NOW < 105


def test_what_was_dealt_out_before_is_taken_up() -> None:
    first = Pacer(5, 4)
    moments = [first.next("os-vuk" if number % 2 else "os-dositej", NOW) for number in range(40)]
    second = Pacer(5, 4)
    last = {school: max(moments[number::2]) for number, school in ((1, "os-vuk"), (0, "os-dositej"))}
    second.resume(Counter(int(moment) for moment in moments), last)
    assert second.next("os-vuk", NOW) >= last["os-vuk"] + 0.2 - 1e-6
    assert second.next("third", NOW) > NOW + 3  # the seconds before are full


def test_what_has_left_is_forgotten() -> None:
    pacer = Pacer(1, 1)
    for number in range(50):
        pacer.next(f"school-{number}", NOW)
    assert pacer.next("os-vuk", NOW + 1000) == NOW + 1000
    assert len(pacer._dealt) <= 2
    assert len(pacer._schools) == 1
