"""Folding: whatever comes twice, late, or in another order, the session is the same."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from radius.aaa.ghosts import replaced, restarted, silent
from radius.aaa.sessions import LONGEST_INTERVAL, MISSED, SessionRow, fold, identity_of, join, row_of
from radius.audit.events import Accounted, Login
from tests.fakes.accounting import LOGIN, NOW, interim, start, stop


def folded(*records: Accounted) -> SessionRow:
    session = None
    for record in records:
        session = fold(session, record)
    assert session is not None
    return session


texts = st.sampled_from(["", "a", "b"])
logins = st.sampled_from([None, LOGIN, Login("b2" * 12, NOW, "person:17", "student", "os-primer:pupils", interim=300)])


@st.composite
def records(draw: st.DrawFn) -> Accounted:
    """Any record of one session."""
    at = float(draw(st.integers(0, 20)))
    make = draw(st.sampled_from([start, interim, stop]))
    return make(
        at,
        status=draw(st.sampled_from(["start", "interim", "stop", "type-200", "failed"])),
        stamped=draw(st.booleans()),
        user=draw(texts),
        ssid=draw(texts),
        addresses=draw(st.sampled_from([(), ("10.0.0.1",), ("10.0.0.2", "2001:db8::1")])),
        input_octets=draw(st.integers(0, 3)),
        output_octets=draw(st.integers(0, 3)),
        session_time=draw(st.integers(-1, 20)),
        terminate_cause=draw(st.integers(0, 3)),
        nas_port=draw(st.integers(-1, 2)),
        login=draw(logins),
    )


@given(st.lists(records(), min_size=1, max_size=7), st.randoms(use_true_random=False))
def test_any_order_and_any_repeats_come_to_the_same_row(some: list[Accounted], chance: random.Random) -> None:
    shuffled = some + [chance.choice(some) for _ in range(chance.randint(0, 4))]
    chance.shuffle(shuffled)
    assert folded(*shuffled) == folded(*some)


@given(st.lists(records(), min_size=1, max_size=6), st.integers(0, 6))
def test_rows_of_parts_join_to_the_row_of_all(some: list[Accounted], at: int) -> None:
    one, other = some[:at], some[at:]
    if one and other:
        assert join(folded(*one), folded(*other)) == join(folded(*other), folded(*one)) == folded(*some)


@given(records())
def test_folding_a_record_again_changes_nothing(record: Accounted) -> None:
    session = row_of(record)
    assert fold(session, record) == fold(fold(session, record), record) == session


def test_a_session_from_its_start_to_its_stop() -> None:
    session = folded(
        start(),
        interim(600, input_octets=5_000_000_000, output_octets=1, input_packets=9, addresses=("10.20.3.5",)),
        stop(900, input_octets=6_000_000_000, output_octets=2, terminate_cause=4, addresses=()),
    )
    assert (session.started, session.updated, session.end) == (NOW, NOW + 900, (NOW + 900, "idle-timeout"))
    assert session.counters == (6_000_000_000, 2, 9, 0, 900)
    assert session.held == (("10.20.3.5",), NOW + 600)
    assert session.login == LOGIN
    assert session.fact("user") == "ucenik.primer"


def test_a_lost_start_is_told_by_the_session_time() -> None:
    assert folded(interim(600)).started == NOW
    assert folded(stop(600)).started == NOW


def test_the_latest_login_is_the_sessions_and_a_record_without_class_takes_none_away() -> None:
    again = replace(LOGIN, id="c3" * 12)
    assert folded(start(), interim(600, login=again), interim(1200, login=None)).login == again


@pytest.mark.parametrize(
    ("after", "lives"), [(interim(930), False), (interim(990), True), (start(901), True), (start(900), False)]
)
def test_an_end_holds_until_the_session_is_heard_of_later(after: Accounted, lives: bool) -> None:
    assert (folded(start(), stop(900), after).end == (0.0, "")) is lives


@pytest.mark.parametrize(
    ("status", "cause", "reason"),
    [
        ("stop", 0, "stopped"),
        ("stop", 99, "cause-99"),
        ("stop", 11, "nas-reboot"),
        ("failed", 0, "failed"),
        ("tunnel-reject", 0, "tunnel-reject"),
    ],
)
def test_why_it_ended_is_a_code(status: str, cause: int, reason: str) -> None:
    assert folded(stop(60, status=status, terminate_cause=cause)).end == (NOW + 60, reason)


# --- which session


def test_an_id_that_is_used_again_after_a_reboot_is_another_session() -> None:
    morning, noon = folded(start(), interim(600)), row_of(start(900))
    assert identity_of(start()) == identity_of(start(900))
    assert not morning.touches(noon)


def test_records_of_one_session_touch_however_late_they_come() -> None:
    late_start = start(0, time=NOW + 4000)
    assert row_of(interim(3600)).touches(row_of(late_start))
    assert row_of(stop(3600)).touches(row_of(interim(600)))


def test_without_a_session_time_a_record_belongs_to_the_last_day() -> None:
    assert row_of(start()).touches(row_of(stop(20_000, lasted=-1)))
    assert not row_of(start()).touches(row_of(stop(200_000, lasted=-1)))


def test_undated_records_may_be_half_a_minute_off() -> None:
    dated, undated = row_of(interim(600, lasted=590)), row_of(interim(600, lasted=590, stamped=False))
    assert not row_of(start(-1, stamped=True)).touches(dated)
    assert row_of(start(-1, stamped=False)).touches(undated)


def test_access_points_devices_and_tunnels_are_told_apart() -> None:
    others = [
        start(nas_identifier="ap-2"),
        start(mac="02-00-00-00-00-02"),
        start(session_id="S2"),
        start(client="192.0.2.0/24"),
        start(status="tunnel-start"),
        start(status="tunnel-link-start"),
    ]
    assert len({identity_of(record) for record in [start(), *others]}) == 7
    assert identity_of(start(nas="192.0.2.99", nas_address="192.0.2.99")) == identity_of(start())


# --- ghosts


def test_an_access_point_that_restarts_ends_its_sessions_and_no_others() -> None:
    session = folded(start(), interim(600))
    ended = restarted(session, start(700, status="on"))
    assert ended is not None
    assert ended.end == (NOW + 700, "nas-restarted")
    assert restarted(session, start(700, status="on", nas_identifier="ap-2")) is None
    assert restarted(session, start(500, status="off")) is None


def test_an_inferred_end_is_taken_back_by_a_later_record_in_any_order() -> None:
    ended = restarted(folded(start(), interim(600)), start(700, status="on"))
    assert ended is not None
    assert fold(ended, interim(1200)).end == (0.0, "")
    late = restarted(folded(start(), interim(1200)), start(700, status="on"))
    assert late is None


def test_a_device_that_comes_elsewhere_leaves_where_it_was() -> None:
    session, newer = folded(start(), interim(600)), row_of(start(700, nas_identifier="ap-2"))
    ended = replaced(session, newer)
    assert ended is not None
    assert ended.end == (NOW + 700, "replaced")
    assert replaced(newer, session) is None
    assert replaced(folded(start(), interim(900)), newer) is None


def test_two_halves_of_one_connection_live_side_by_side() -> None:
    one, other = row_of(start(multi_session_id="M")), row_of(start(5, session_id="S2", multi_session_id="M"))
    assert replaced(one, other) is None
    elsewhere = row_of(start(5, session_id="S2", multi_session_id="M", nas="192.0.2.11"))
    assert replaced(one, elsewhere) is not None


@pytest.mark.parametrize(
    ("session", "interval"),
    [
        (folded(start()), LONGEST_INTERVAL),  # it may send none at all
        (folded(start(), interim(600)), 600),
        (folded(start(), interim(300), interim(600)), 600),  # as was asked
        (folded(start(), interim(900), interim(1800)), 900),  # as it keeps to
        (folded(start(login=None), interim(20, login=None)), 60),
    ],
)
def test_two_and_a_half_intervals_without_a_word_end_it(session: SessionRow, interval: float) -> None:
    last = session.updated
    assert silent(session, last + MISSED * interval) is None
    ended = silent(session, last + MISSED * interval + 1)
    assert ended is not None
    assert ended.end == (last, "silent")
    assert silent(ended, last + 10 * LONGEST_INTERVAL) is None
    assert fold(ended, interim(last - NOW + 1)).end == (0.0, "")
