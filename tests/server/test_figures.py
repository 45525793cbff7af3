"""Times in fixed buckets, ends of decisions and clients' figures: exact enough, and bounded whatever comes."""

from hypothesis import given
from hypothesis import strategies as st

from radius.audit.causes import Cause
from radius.audit.tags import Tag
from radius.server.figures import BUCKETS, OTHERS, QUEUE, STEPS, Figures, Times, bucket_of, upper_bound
from radius.server.stats import quantile
from radius.server.status import StepTimes
from tests.fakes.requests import pap
from tests.fakes.school_house import NAS, SchoolHouse


@given(st.integers(-5, 1 << 40))
def test_a_time_is_in_a_bucket_that_holds_it_and_is_an_eighth_off_at_most(microseconds: int) -> None:
    bucket = bucket_of(microseconds)
    assert 0 <= bucket < BUCKETS
    if 0 <= microseconds < 1 << 27:
        below = upper_bound(bucket - 1) if bucket else 0
        assert below <= microseconds < upper_bound(bucket)
        assert microseconds < 8 or (upper_bound(bucket) - below) * 4 <= below


def test_buckets_follow_on_each_other() -> None:
    bounds = [upper_bound(bucket) for bucket in range(BUCKETS)]
    assert bounds == sorted(set(bounds))
    assert bounds[-1] == 1 << 27


@given(st.lists(st.integers(0, 1 << 20), min_size=1), st.floats(0.01, 1.0))
def test_a_quantile_is_that_of_the_times_themselves_within_a_bucket(times: list[int], share: float) -> None:
    held = Times()
    for each in times:
        held.add(each)
    rank = next(index for index in range(len(times)) if index + 1 >= share * len(times))
    exact = sorted(times)[rank]
    told = quantile(StepTimes(held.counts, held.sum), share)
    assert abs(told - exact) <= max(1.0, exact / 4)
    assert held.sum == sum(times)


def test_no_times_have_no_quantile() -> None:
    assert quantile(StepTimes([0] * BUCKETS, 0), 0.99) == 0.0


def test_a_decision_is_counted_by_family_method_end_and_cause_and_for_its_client() -> None:
    house = SchoolHouse()
    house.receive(pap(house))
    house.receive(pap(house, password="wrong", identifier=2))
    figures = house.gate.figures
    assert figures.outcomes == {
        ("generic", "pap", str(Tag.ACCESS_GRANTED), ""): 1,
        ("generic", "pap", str(Tag.ACCESS_DENIED), str(Cause.WRONG_PASSWORD)): 1,
    }
    row = figures.clients[NAS]
    assert (row.accepted, row.rejected, row.unanswered, row.discarded, row.repeated) == (1, 1, 0, 0, 0)
    assert row.last == house.now
    totals = dict(zip(STEPS, figures.times, strict=True))
    assert [sum(totals[step].counts) for step in ("decode", "answer", "decide", "total")] == [2, 2, 2, 2]


def test_what_is_discarded_or_repeated_is_counted_for_its_client() -> None:
    house = SchoolHouse()
    request = pap(house)
    house.receive(request)
    house.receive(request)
    house.receive(request[:4] + bytes(16) + request[20:])
    row = house.gate.figures.clients[NAS]
    assert (row.accepted, row.repeated, row.discarded) == (1, 1, 1)


def test_clients_beyond_the_bound_share_a_row() -> None:
    house = SchoolHouse()
    figures = Figures(most_clients=2)
    for number in range(1, 6):
        house.add_client(f"192.0.2.{100 + number}")
        house.clients.forget_all()
        client = house.clients.prepare(f"192.0.2.{100 + number}")
        assert client is not None
        figures.of(client).accepted += 1
    assert set(figures.clients) == {"192.0.2.101", "192.0.2.102", OTHERS}
    assert figures.clients[OTHERS].accepted == 3


def test_the_longest_wait_is_kept_until_it_is_set_back() -> None:
    figures = Figures()
    for microseconds in (5, 9, 7):
        figures.waited(microseconds)
    assert figures.longest_wait == 9
    assert sum(figures.times[QUEUE].counts) == 3
