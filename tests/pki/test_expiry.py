"""Warnings before a certificate ends: at 60, 30 and 7 days, and then every day; never twice a day."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radius.pki.expiry import DAY, Ending, Told, due, read_told, stage, write_told

END = 20_000 * DAY
ONE = Ending("server-ec", "aa", END)


def days_warned(moments: list[float]) -> list[int]:
    told: dict[str, Told] = {}
    return [ONE.days_left(now) for now in moments for _ in due([ONE], told, now)]


def test_a_year_of_hours_gives_the_warnings_that_are_promised() -> None:
    moments = [END - 365 * DAY + (hour + 0.5) * 3600 for hour in range(365 * 24 + 48)]
    assert days_warned(moments) == [59, 29, 6, 5, 4, 3, 2, 1, 0, -1, -2]


def test_a_server_that_slept_is_told_the_present_stage_alone() -> None:
    assert days_warned([END - 20 * DAY, END - 19 * DAY, END - 5 * DAY]) == [20, 5]


@given(st.lists(st.floats(min_value=END - 100 * DAY, max_value=END + 100 * DAY), max_size=60).map(sorted))
def test_never_two_warnings_on_one_day(moments) -> None:
    told: dict[str, Told] = {}
    days = [int(now // DAY) for now in moments for _ in due([ONE], told, now)]
    stages = [day for day in days if days.count(day) > 1]
    assert len(stages) <= 2  # only where a stage is crossed within the day


def test_a_renewed_certificate_begins_anew_and_the_old_one_is_forgotten() -> None:
    told: dict[str, Told] = {}
    assert due([ONE], told, END - 59.5 * DAY)
    renewed = Ending("server-ec", "bb", END + 365 * DAY)
    assert due([renewed], told, END - 59 * DAY) == []
    assert told == {}
    assert due([renewed], told, END + 330 * DAY) == [renewed]


@pytest.mark.parametrize(("left", "expected"), [(60, None), (59, 60), (30, 60), (29, 30), (7, 30), (6, 7), (-100, 7)])
def test_the_stages_begin_below_their_days(left, expected) -> None:
    assert stage(left) == expected


def test_what_was_told_survives_a_restart_and_a_damaged_file_only_repeats(tmp_path) -> None:
    file = tmp_path / "told"
    assert read_told(file) == {}
    write_told(file, {"aa": Told(30, 5)})
    assert read_told(file) == {"aa": Told(30, 5)}
    for octets in (b"", b"[]", b'{"aa": {"stage": "x"}}', b"\xff"):
        file.write_bytes(octets)
        assert read_told(file) == {}
