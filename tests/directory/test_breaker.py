"""The breaker: felt once, probed by nobody's login, closed by a real answer. Time is a number."""

from hypothesis import given
from hypothesis import strategies as st

from radius.directory.breaker import FAILURES, PAUSE, Breaker, BreakerState


def opened(now: float = 0.0, at_once: int = 2) -> Breaker:
    breaker = Breaker(at_once, now)
    for _ in range(FAILURES):
        assert breaker.admits(now)
        breaker.failed(now)
    assert breaker.state is BreakerState.OPEN
    return breaker


def half_opened(at_once: int = 2) -> Breaker:
    breaker = opened(0.0, at_once)
    assert breaker.wants_probe(PAUSE)
    breaker.probed(True, PAUSE)
    assert breaker.state is BreakerState.HALF_OPEN
    return breaker


def test_it_begins_closed_and_admits_everything() -> None:
    breaker = Breaker(1, 5.0)
    assert breaker.closed
    assert all(breaker.admits(5.0) for _ in range(100))
    assert breaker.since == 5.0


def test_failures_in_a_row_open_it_and_an_answer_between_them_does_not_let_them() -> None:
    breaker = Breaker(1, 0.0)
    for _ in range(5):
        for _ in range(FAILURES - 1):
            breaker.admits(1.0)
            breaker.failed(1.0)
        breaker.answered(1.0)
    assert breaker.closed
    for _ in range(FAILURES):
        breaker.failed(2.0)
    assert (breaker.state, breaker.since) == (BreakerState.OPEN, 2.0)


def test_while_open_nothing_is_asked_and_one_probe_at_a_time_is_sent_after_a_pause() -> None:
    breaker = opened()
    assert not breaker.admits(0.0)
    assert not breaker.wants_probe(PAUSE / 2)
    assert breaker.wants_probe(PAUSE)
    assert not breaker.wants_probe(PAUSE + 60)
    breaker.probed(False, PAUSE + 2)
    assert not breaker.wants_probe(PAUSE + 2)
    assert breaker.wants_probe(2 * PAUSE + 2)


def test_a_probe_that_was_answered_lets_a_few_through_and_their_answer_closes_it() -> None:
    breaker = half_opened(at_once=2)
    assert [breaker.admits(2.0) for _ in range(3)] == [True, True, False]
    breaker.answered(2.5)
    assert breaker.closed
    assert breaker.since == 2.5


def test_while_half_open_one_that_fails_opens_it_again() -> None:
    breaker = half_opened()
    breaker.admits(2.0)
    breaker.failed(2.0)
    assert breaker.state is BreakerState.OPEN
    assert breaker.wants_probe(2.0 + PAUSE)


def test_a_question_that_was_not_asked_after_all_takes_nobodys_place() -> None:
    breaker = half_opened(at_once=1)
    assert breaker.admits(2.0)
    breaker.withdrawn()
    assert breaker.admits(2.0)


def test_no_probe_is_wanted_while_it_is_closed_or_half_open() -> None:
    assert not Breaker(1, 0.0).wants_probe(100.0)
    assert not half_opened().wants_probe(100.0)


STEPS = st.lists(st.tuples(st.sampled_from(["ask", "answer", "fail", "withdraw", "probe", "probe fails"]), st.floats(0, 5)))


@given(STEPS)
def test_whatever_happens_a_directory_that_answers_again_is_asked_within_two_pauses(steps: list[tuple[str, float]]) -> None:
    breaker, now, under_way, probing = Breaker(3, 0.0), 0.0, 0, False
    for step, later in steps:
        now += later
        if step == "ask" and breaker.admits(now):
            under_way += 1
        elif step in ("answer", "fail", "withdraw") and under_way:
            under_way -= 1
            {"answer": breaker.answered, "fail": breaker.failed, "withdraw": lambda _: breaker.withdrawn()}[step](now)
        elif step == "probe":
            probing = probing or breaker.wants_probe(now)
        elif step == "probe fails" and probing:
            breaker.probed(False, now)
            probing = False
    for _ in range(under_way):  # all that was stuck ends
        breaker.failed(now)
    if probing:
        breaker.probed(False, now)
    if breaker.state is BreakerState.OPEN:
        now += PAUSE
        assert breaker.wants_probe(now)
        breaker.probed(True, now)
    assert breaker.admits(now)
    breaker.answered(now)
    assert breaker.closed
