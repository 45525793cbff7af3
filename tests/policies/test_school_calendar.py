"""The calendar's text is read strictly, with the place of each mistake, and its states are what a school means by them."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.calendar import CalendarError, parse
from policies.weekly import parse_window
from tests.policies.generated import CALENDAR, ZONE, document_text

HERE = parse(document_text(CALENDAR), ZONE)


def at(text: str) -> tuple[dt.date, float]:
    moment = dt.datetime.fromisoformat(text)
    return moment.date(), moment.hour * 3600 + moment.minute * 60


@pytest.mark.parametrize(
    ("when", "states"),
    [
        ("2026-09-01 07:59", "term"),
        ("2026-09-01 08:00", "term, lesson, 1. cas"),
        ("2026-09-01 08:45", "term, break"),
        ("2026-09-01 09:35", "term"),
        ("2026-09-05 08:10", "term"),  # a Saturday
        ("2026-10-27 08:10", "holiday"),
        ("2026-10-31 08:10", "term, lesson, 1. cas"),  # a Saturday with Monday's bells
        ("2027-01-10 08:10", "holiday"),
        ("2027-08-01 08:10", "holiday"),
    ],
)
def test_the_states_of_a_day(when, states):
    names = ("term", "holiday", "lesson", "break", "1. cas", "2. cas")
    assert ", ".join(name for name in names if HERE.holds(name, *at(when))) == states


def test_a_calendar_without_terms_is_neither_term_nor_holiday():
    empty = parse("", ZONE)
    assert not any(empty.holds(name, *at("2026-09-01 08:10")) for name in ("term", "holiday", "lesson", "break"))


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("[[terms]]", "terms", "did you mean 'term'?"),
        ('[[term]]\nname = "a"\nfirst = 2026-09-01', "term[0].last", "is missing"),
        ('[[term]]\nname = "a"\nfirst = "2026-09-01"\nlast = 2026-12-01', "term[0].first", "without quotes"),
        ('[[term]]\nname = "a"\nfirst = 2026-09-01T08:00:00\nlast = 2026-12-01', "term[0].first", "must be a date"),
        ('[[term]]\nname = "a"\nfirst = 2026-12-01\nlast = 2026-09-01', "term[0].last", "is before"),
        ('[[term]]\nname = "a"\nfirst = 1026-12-01\nlast = 2026-09-01', "term[0].first", "in the years"),
        ('term = [{name = "a", first = 2026-09-01, last = 2026-12-01}, {name = "b", first = 2026-12-01, last = 2027-01-01}]',
         "term", "before 'a' has ended"),
        ('[[bell]]\nname = "1"\ntime = "08:00-8:45"', "bell[0].time", "write it like 07:30"),
        ('[[bell]]\nname = "1"\ntime = "08:45-08:00"', "bell[0].time", "ends before it begins"),
        ('[[bell]]\nname = "1"\ntime = "08:00-08:45"\ndays = "pon"', "bell[0].days", "the weekdays are mon"),
        ('[[bell]]\nname = "lesson"\ntime = "08:00-08:45"', "bell[0].name", "meaning of its own"),
        ('[[bell]]\nname = "a, b"\ntime = "08:00-08:45"', "bell[0].name", "comma"),
        ('bell = [{name = "1", time = "08:00-08:45"}, {name = "1", time = "09:00-09:45", days = "fri"}]', "bell[1].name",
         "another"),
        ('[[extra]]\ndate = 2026-10-31\nlike = "monday"', "extra[0].like", "no weekday"),
        ('extra = [{date = 2026-10-31, like = "mon"}, {date = 2026-10-31, like = "tue"}]', "extra[1].date", "twice"),
        ("holiday = 3", "holiday", "must be a list of tables"),
        ("= 3", "document", "is not valid TOML"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place(text, place, words):
    with pytest.raises(CalendarError) as caught:
        parse(text, ZONE)
    assert [problem.place for problem in caught.value.problems] == [place]
    assert words in caught.value.problems[0].message


@pytest.mark.parametrize("zone", ["", "Europe", "Belgrade", "../etc/passwd", "/etc/localtime", "\udcff", "Europe/Belgrade\n"])
def test_what_is_no_time_zone_is_told(zone):
    with pytest.raises(CalendarError, match="timezone"):
        parse("", zone)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("mon-fri 07:30-15:00", "mon-fri 07:30-15:00"),
        ("MON,WED 08:00-12:00", "mon,wed 08:00-12:00"),
        ("fri-mon", "mon,fri,sat,sun 00:00-24:00"),
        ("22:00-06:00", "22:00-06:00"),
        ("sat 22:00-00:00", "sat 22:00-24:00"),
        ("mon-sun 08:00-09:00", "08:00-09:00"),
    ],
)
def test_a_window_has_one_canonical_text(text, canonical):
    assert parse_window(text).text == canonical
    assert parse_window(canonical) == parse_window(text)


@pytest.mark.parametrize("text", ["", " ", "mon-", "8:00-9:00", "08:00", "08:00-08:00", "24:00-06:00", "08:60-09:00",
                                  "25:00-26:00", "mon 08:00-09:00 tue", "pon 08:00-09:00", "mon-wed-fri",
                                  "٠٨:٠٠-٠٩:٠٠"])  # fmt: skip
def test_what_is_no_window_is_refused(text):
    with pytest.raises(ValueError, match=r"write|weekday|time"):
        parse_window(text)


@given(st.text(max_size=20))
def test_a_window_is_read_or_refused_with_value_error(text):
    try:
        window = parse_window(text)
    except ValueError:
        return
    assert parse_window(window.text) == window


@given(st.text(max_size=200))
def test_any_text_is_a_calendar_or_a_calendar_error(text):
    try:
        parse(text, ZONE)
    except CalendarError as error:
        assert error.problems
