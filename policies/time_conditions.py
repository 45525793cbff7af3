"""What a rule may ask about time, in the school's own zone: windows of the week, the school calendar, ranges of dates.

While a packet is decided nothing is reckoned: the condition's stable `text` is looked up in the Access's Moment, which
`moment_of` made once for the school and which tells how long it may be used.
"""

import datetime as dt
from math import inf

from msgspec import Struct

from policies.access import Access
from policies.calendar import FIRST_YEAR, HOLIDAY, LAST_YEAR, TERM, Calendar
from policies.conditions import Condition, Test, Verdict
from policies.local_time import next_change
from policies.moment import Moment
from policies.weekly import DAY, Window, parse_window

_ONE_DAY = dt.timedelta(days=1)


class TimeCondition(Condition, frozen=True):
    """Base of the time conditions. `text` is the same for the same condition, wherever it stands."""

    text: str
    cost = 4

    def test(self) -> Test:
        text = self.text
        return lambda access: text in access.moment.holding

    def words(self, access: Access) -> Verdict:
        holds = any(text == self.text for text in access.moment.holding)
        return Verdict(holds, f"it is {'' if holds else 'not '}{self.text}")

    def true_at(self, calendar: Calendar, date: dt.date, seconds: float) -> bool:
        """Whether it holds on that local date at that many seconds of wall time after midnight."""
        raise NotImplementedError

    def edges(self, calendar: Calendar, date: dt.date) -> tuple[int, ...]:
        """The wall times of `date` at which it may change, besides midnight."""
        raise NotImplementedError

    def next_date(self, calendar: Calendar, date: dt.date) -> dt.date | None:
        """The first date from `date` on on which, or with which, it may change; None for never again."""
        raise NotImplementedError


class TimeIs(TimeCondition, frozen=True):
    """`time`: windows of the week such as `mon-fri 07:30-15:00`; one of them is enough.

    `marks` are the windows' beginnings and ends within a day, in order; `always` says that they leave no gap in the week (a
    window is never empty, so the opposite does not exist). Make it with time_is().
    """

    windows: tuple[Window, ...]
    marks: tuple[int, ...]
    always: bool
    key = "time"

    def true_at(self, calendar: Calendar, date: dt.date, seconds: float) -> bool:
        return self.open(date.weekday(), seconds)

    def open(self, weekday: int, seconds: float) -> bool:
        """Whether a window is open on that weekday (0 is Monday) at that wall time."""
        return open_at(self.windows, weekday, seconds)

    def edges(self, calendar: Calendar, date: dt.date) -> tuple[int, ...]:
        return self.marks

    def next_date(self, calendar: Calendar, date: dt.date) -> dt.date | None:
        return None if self.always else date


class CalendarIs(TimeCondition, frozen=True):
    """`calendar`: term, holiday, lesson, break or a bell's name; one of them is enough."""

    names: frozenset[str]
    key = "calendar"

    def true_at(self, calendar: Calendar, date: dt.date, seconds: float) -> bool:
        return any(calendar.holds(name, date, seconds) for name in self.names)

    def edges(self, calendar: Calendar, date: dt.date) -> tuple[int, ...]:
        return calendar.edges(date) if self.rings() else ()

    def next_date(self, calendar: Calendar, date: dt.date) -> dt.date | None:
        dates = [calendar.next_turn(date) if self.names & {TERM, HOLIDAY} else None]
        dates.append(calendar.next_lessons(date) if self.rings() else None)
        return min((day for day in dates if day), default=None)

    def rings(self) -> bool:
        """Whether it asks for lessons, and not for whole days alone."""
        return not self.names <= {TERM, HOLIDAY}


class DatesAre(TimeCondition, frozen=True):
    """`dates`: ranges of local dates such as `2026-09-01..2027-06-15`, both ends included; one of them is enough."""

    ranges: tuple[tuple[dt.date, dt.date], ...]
    key = "dates"

    def true_at(self, calendar: Calendar, date: dt.date, seconds: float) -> bool:
        return any(first <= date <= last for first, last in self.ranges)

    def edges(self, calendar: Calendar, date: dt.date) -> tuple[int, ...]:
        return ()

    def next_date(self, calendar: Calendar, date: dt.date) -> dt.date | None:
        turns = [turn for first, last in self.ranges for turn in (first, last + _ONE_DAY) if turn >= date]
        return min(turns, default=None)


class _AtSchool(Struct, frozen=True):
    """A time condition with the calendar that it is asked about: the truth that policies.local_time follows."""

    condition: TimeCondition
    calendar: Calendar

    def true_at(self, date: dt.date, seconds: float) -> bool:
        return self.condition.true_at(self.calendar, date, seconds)

    def edges(self, date: dt.date) -> tuple[int, ...]:
        return self.condition.edges(self.calendar, date)

    def next_date(self, date: dt.date) -> dt.date | None:
        return self.condition.next_date(self.calendar, date)


def moment_of(conditions: tuple[TimeCondition, ...], calendar: Calendar, now: float) -> Moment:
    """The truth of each condition at `now` (seconds since the epoch) at a school, and until when each stays so."""
    holding, changes = set(), {}
    for condition in conditions:
        holds, change = next_change(_AtSchool(condition, calendar), calendar.zone, now)
        changes[condition.text] = change
        if holds:
            holding.add(condition.text)
    return Moment(now, frozenset(holding), changes, min(changes.values(), default=inf))


def open_at(windows: tuple[Window, ...], weekday: int, seconds: float) -> bool:
    """Whether one of the windows is open on that weekday (0 is Monday) at that wall time."""
    return any(window.covers(weekday, seconds) for window in windows)


def time_is(texts: tuple[str, ...]) -> TimeIs:
    """The `time` condition that the texts describe. Raises ValueError with what is wrong."""
    windows = tuple(parse_window(text) for text in texts)
    marks = tuple(sorted({edge for window in windows for edge in (window.start, window.end) if edge < DAY}))
    always = all(open_at(windows, weekday, seconds) for weekday in range(7) for seconds in (0, *marks))
    return TimeIs("time " + ", ".join(window.text for window in windows), windows, marks, always)


def calendar_is(texts: tuple[str, ...]) -> CalendarIs:
    """The `calendar` condition for these names. Bells are each school's own, so any name is taken here; lint knows more.

    Raises ValueError for a comma, because `text` must tell one condition from another.
    """
    for text in texts:
        if "," in text:
            raise ValueError(f"{text!r} has a comma; several names are written as a list of texts")
    names = frozenset(texts)
    return CalendarIs("calendar " + ", ".join(sorted(names)), names)


def dates_are(texts: tuple[str, ...]) -> DatesAre:
    """The `dates` condition that the texts describe. Raises ValueError with what is wrong."""
    ranges = tuple(_date_range(text) for text in texts)
    return DatesAre("dates " + ", ".join(f"{first}..{last}" for first, last in ranges), ranges)


def _date_range(text: str) -> tuple[dt.date, dt.date]:
    first, dots, last = (part.strip() for part in text.partition(".."))
    try:
        ends = dt.date.fromisoformat(first), dt.date.fromisoformat(last if dots else first)
    except ValueError:
        raise ValueError(f"{text!r} is no range of dates; write it like '2026-09-01..2027-06-15'") from None
    if ends[1] < ends[0]:
        raise ValueError(f"{text!r} ends before it begins")
    if not all(FIRST_YEAR <= end.year <= LAST_YEAR for end in ends):
        raise ValueError(f"{text!r} must be in the years {FIRST_YEAR} to {LAST_YEAR}")
    return ends
