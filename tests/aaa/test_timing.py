"""How long a session lasts: the smallest limit wins, and a bell does not disconnect a nation at once."""

from math import inf

from hypothesis import given
from hypothesis import strategies as st

from policies.grant import Grant
from radius.aaa.timing import SHORTEST, SessionTiming, session_timing

limits = st.none() | st.integers(60, 100_000)


def test_a_grant_without_limits_gives_none() -> None:
    assert session_timing(Grant(), inf, 0.0, 0.5, 300) == SessionTiming(0, False)


def test_a_session_timeout_ends_the_session_and_is_never_exceeded() -> None:
    timing = session_timing(Grant(session_timeout=3600), inf, 0.0, 0.999, 300)
    assert 3300 <= timing.seconds <= 3600
    assert not timing.reauthenticate


def test_the_smaller_of_both_limits_wins_and_says_what_happens_then() -> None:
    assert session_timing(Grant(session_timeout=7200, reauthenticate=600), inf, 0.0, 0.0, 300) == SessionTiming(600, True)
    assert session_timing(Grant(session_timeout=600, reauthenticate=7200), inf, 0.0, 0.0, 300) == SessionTiming(600, False)


def test_a_decision_that_ends_with_the_bell_is_asked_again_after_the_bell() -> None:
    bell = 1000.0
    timings = [session_timing(Grant(session_timeout=86_400), bell, 100.0, random / 10, 300) for random in range(10)]
    assert all(900 < timing.seconds <= 900 + 301 and timing.reauthenticate for timing in timings)
    assert len({timing.seconds for timing in timings}) == 10


def test_a_decision_about_to_end_is_not_asked_again_within_a_minute() -> None:
    assert session_timing(Grant(), 100.5, 100.0, 0.0, 300).seconds == SHORTEST


@given(limits, limits, st.floats(0, 50_000) | st.just(inf), st.floats(0, 1, exclude_max=True), st.integers(0, 300))
def test_no_session_outlives_what_the_administrator_wrote(
    session: int | None, again: int | None, remaining: float, random: float, jitter: int
) -> None:
    timing = session_timing(Grant(session_timeout=session, reauthenticate=again), 5.0 + remaining, 5.0, random, jitter)
    for limit in (session, again):
        if limit is not None:
            assert 0 < timing.seconds <= limit
    if remaining != inf:
        assert 0 < timing.seconds <= max(SHORTEST, remaining + 1 + jitter)
    assert timing.seconds >= 0
