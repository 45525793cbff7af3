"""logonHours: hours of the week in UTC."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radius.directory.active_directory.logon_hours import permitted

HOUR = 3600.0


def only(hour: int) -> bytes:
    """Permits one hour of the week alone."""
    return (1 << hour).to_bytes(21, "little")


@pytest.mark.parametrize(
    ("when", "hour"),
    [
        (datetime(2026, 11, 22, 0, 0, tzinfo=UTC), 0),  # a Sunday
        (datetime(2026, 11, 22, 23, 59, 59, tzinfo=UTC), 23),
        (datetime(2026, 11, 23, 0, 0, tzinfo=UTC), 24),
        (datetime(2026, 11, 25, 8, 30, tzinfo=UTC), 80),
        (datetime(2026, 11, 28, 23, 59, tzinfo=UTC), 167),
        (datetime(1970, 1, 1, 0, 0, tzinfo=UTC), 96),  # a Thursday
    ],
)
def test_each_hour_has_its_bit(when: datetime, hour: int) -> None:
    now = when.timestamp()
    assert permitted(only(hour), now)
    assert not permitted(only((hour + 1) % 168), now)
    assert not permitted(only((hour - 1) % 168), now)


@given(st.floats(0, 4e9), st.binary(min_size=21, max_size=21))
def test_it_is_the_calendars_hour(now: float, hours: bytes) -> None:
    moment = datetime.fromtimestamp(now // HOUR * HOUR, UTC)
    hour = (moment.isoweekday() % 7) * 24 + moment.hour
    assert permitted(hours, now) == bool(int.from_bytes(hours, "little") >> hour & 1)


def test_no_value_restricts_nothing_and_an_odd_one_permits_nothing() -> None:
    assert permitted(b"", 0.0)
    assert not permitted(b"\xff" * 20, 0.0)
    assert not permitted(b"\xff" * 42, 0.0)
