"""A Moment is true now, stays true until its changes, and flips there: in zones with every kind of time change."""

import datetime as dt
from math import inf
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from policies.calendar import parse as parse_calendar
from policies.document import parse
from policies.evaluator import Evaluator
from policies.local_time import local, spans
from policies.time_conditions import calendar_is, dates_are, moment_of, time_is
from tests.policies.generated import (
    CALENDAR,
    CALENDAR_NAMES,
    DATES,
    INSTANTS,
    TIMES,
    ZONE,
    document_text,
    naive_calendar,
    naive_dates,
    naive_time,
)

# Half an hour; at midnight (the day begins at one); just after midnight, so that a date comes back; none at all.
ZONES = (ZONE, "Australia/Lord_Howe", "America/Santiago", "America/St_Johns", "Asia/Gaza", "UTC", "Asia/Kathmandu")

CONDITIONS = st.one_of(
    st.lists(
        st.sampled_from((*TIMES, "23:30-00:30", "sun 02:10-02:50", "mon-sat", "sat 23:00-01:00")), min_size=1, max_size=3
    ).map(lambda texts: ("time", texts)),
    st.lists(st.sampled_from(CALENDAR_NAMES), min_size=1, max_size=3).map(lambda names: ("calendar", names)),
    st.lists(st.sampled_from(DATES), min_size=1, max_size=2).map(lambda texts: ("dates", texts)),
)
MAKERS = {"time": time_is, "calendar": calendar_is, "dates": dates_are}
NAIVE = {"time": naive_time, "calendar": naive_calendar, "dates": naive_dates}
CALENDARS = {zone: parse_calendar(document_text(CALENDAR), zone) for zone in ZONES}


def truth(kind: str, texts: list[str], zone: str, now: float) -> bool:
    wall = dt.datetime.fromtimestamp(now, ZoneInfo(zone)).replace(tzinfo=None)
    return any(NAIVE[kind](text, wall) for text in texts)


@settings(max_examples=400, deadline=None)
@given(CONDITIONS, st.sampled_from(ZONES), INSTANTS, st.lists(st.floats(0, 1, exclude_max=True), max_size=8))
@example(("time", ["sun 02:10-02:50"]), ZONE, 1_806_190_000.0, [0.5])  # the window that the spring change skips
@example(("time", ["sun 01:00-04:00"]), ZONE, 1_792_888_200.0, [0.5])  # 02:30 comes twice
def test_truth_is_constant_until_its_change_and_flips_there(asked, zone, now, fractions):
    kind, texts = asked
    condition = MAKERS[kind](tuple(texts))
    moment = moment_of((condition,), CALENDARS[zone], now)
    holds = condition.text in moment.holding
    assert holds == truth(kind, texts, zone, now)
    change = moment.changes[condition.text]
    assert change > now
    assert moment.until == change
    end = min(change, now + 60 * 86_400)
    for instant in (*(now + (end - now) * fraction for fraction in fractions), end - 1):
        if now <= instant < change:
            assert truth(kind, texts, zone, instant) == holds
    if change < inf:
        assert truth(kind, texts, zone, change) != holds


@settings(max_examples=60, deadline=None)
@given(CONDITIONS, st.sampled_from(ZONES), INSTANTS)
def test_no_quarter_of_an_hour_before_the_change_differs(asked, zone, now):
    kind, texts = asked
    condition = MAKERS[kind](tuple(texts))
    moment = moment_of((condition,), CALENDARS[zone], now)
    instant = now
    while instant < min(moment.until, now + 4 * 86_400):
        assert truth(kind, texts, zone, instant) == (condition.text in moment.holding)
        instant += 900


@given(st.sampled_from(ZONES), INSTANTS)
def test_spans_follow_each_other_and_tell_the_wall_time(zone, now):
    info = ZoneInfo(zone)
    end = now
    for span, _ in zip(spans(info, now), range(6), strict=False):
        assert span.start == end
        for instant in (span.start, (span.start + span.end) // 2, span.end - 1):
            wall = dt.datetime.fromtimestamp(instant, info)
            assert (span.date, instant - span.base) == local(info, instant)
            assert span.date == wall.date()
            assert int(instant - span.base) == wall.hour * 3600 + wall.minute * 60 + wall.second
        end = span.end


def test_a_lesson_that_a_time_change_skips_does_not_ring():
    bells = {**CALENDAR, "bell": [{"name": "dawn", "time": "02:15-02:45", "days": "sun"}]}
    calendar = parse_calendar(document_text(bells), ZONE)
    before = dt.datetime(2027, 3, 28, 1, 0, tzinfo=ZoneInfo(ZONE)).timestamp()
    change = moment_of((calendar_is(("dawn",)),), calendar, before).until
    assert dt.datetime.fromtimestamp(change, ZoneInfo(ZONE)) == dt.datetime(2027, 4, 4, 2, 15, tzinfo=ZoneInfo(ZONE))


@pytest.mark.parametrize("minute", range(0, 180, 7))
@pytest.mark.parametrize("asked", ["2010-11-06", "2010-11-07", "2010-11-01..2010-11-05", "2010-11-06..2010-11-07"])
def test_a_date_that_comes_back_for_an_hour_flips_twice(asked, minute):
    # Newfoundland, 7 November 2010: one minute after midnight the clock went back to 23:01 of the day before.
    zone = ZoneInfo("America/St_Johns")
    now = dt.datetime(2010, 11, 6, 22, 30, 30, tzinfo=zone).timestamp() + 60 * minute
    moment = moment_of((dates_are((asked,)),), CALENDARS["America/St_Johns"], now)
    ahead = (now + second for second in range(1, 3 * 86_400, 30))
    holds = truth("dates", [asked], "America/St_Johns", now)
    assert bool(moment.holding) == holds
    flip = next((instant for instant in ahead if truth("dates", [asked], "America/St_Johns", instant) != holds), inf)
    assert flip - 30 < moment.until <= flip or moment.until == flip


def test_a_lesson_that_lasts_until_midnight_ends_there():
    night = {"term": CALENDAR["term"], "bell": [{"name": "stars", "time": "23:00-24:00", "days": "fri"}]}
    calendar = parse_calendar(document_text(night), ZONE)
    now = dt.datetime(2026, 9, 4, 23, 30, tzinfo=ZoneInfo(ZONE)).timestamp()
    moment = moment_of((calendar_is(("lesson",)),), calendar, now)
    assert (bool(moment.holding), moment.until) == (True, now + 1800)


@pytest.mark.parametrize(("condition", "holds"), [(time_is(("mon-sun",)), True), (calendar_is(("none such",)), False)])
def test_what_never_changes_changes_at_infinity(condition, holds):
    moment = moment_of((condition,), CALENDARS[ZONE], 1_790_000_000.0)
    assert (bool(moment.holding), moment.until) == (holds, inf)


def test_a_policy_without_time_has_a_moment_for_ever():
    moment = Evaluator(None, parse("", "os-vuk", lambda *_: None)).moment(CALENDARS[ZONE], 5.0)
    assert (moment.now, moment.holding, moment.changes, moment.until) == (5.0, frozenset(), {}, inf)
