"""A school's calendar: its terms, holidays and bells in local time, and which of them hold at a date and wall time.

[[term]]     name, first, last            days on which the school works, weekends included
[[holiday]]  name, first, last            days inside a term on which it does not; `last` may be left out
[[extra]]    date, like = "fri"           a working day out of turn, by that weekday's bells (it wins over a holiday)
[[bell]]     name, time, days             a lesson, `time = "08:00-08:45"`; `days` is "mon-fri" unless it says otherwise
"""

import datetime as dt
from bisect import bisect_left
from itertools import pairwise
from zoneinfo import ZoneInfo

from msgspec import Struct

from policies.problems import Problem, Problems, Table, load
from policies.weekly import DAY, DAYS, Window, parse_clock, parse_days

TERM, HOLIDAY, LESSON, BREAK = "term", "holiday", "lesson", "break"
STATES = (TERM, HOLIDAY, LESSON, BREAK)
FIRST_YEAR, LAST_YEAR = 2000, 2100  # a date outside is a slip of the pen
_MOST = 500  # entries of a kind
_ONE_DAY = dt.timedelta(days=1)
_SCHOOL_WEEK = frozenset(range(5))


class CalendarError(ValueError):
    """The calendar's text is not as it must be; `problems` has each fault with its place."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems


class Stretch(Struct, frozen=True):
    """A term or holiday: both dates belong to it."""

    name: str
    first: dt.date
    last: dt.date


class Bell(Struct, frozen=True):
    """A lesson: its name and its window of the week."""

    name: str
    window: Window


class Calendar(Struct, frozen=True):
    """Terms, holidays, extra working days (date -> weekday whose bells ring) and bells, in the school's time zone."""

    zone: ZoneInfo
    terms: tuple[Stretch, ...] = ()
    holidays: tuple[Stretch, ...] = ()
    extras: dict[dt.date, int] = {}
    bells: tuple[Bell, ...] = ()
    turns: tuple[dt.date, ...] = ()

    @property
    def bell_names(self) -> frozenset[str]:
        """The names that a rule's `calendar` condition may use besides term, holiday, lesson and break."""
        return frozenset(bell.name for bell in self.bells)

    def works(self, date: dt.date) -> bool:
        """Whether `date` is in a term and no holiday, or an extra working day."""
        return date in self.extras or (
            any(term.first <= date <= term.last for term in self.terms)
            and not any(holiday.first <= date <= holiday.last for holiday in self.holidays)
        )

    def rests(self, date: dt.date) -> bool:
        """Whether `date` is a holiday: a listed one, or outside the terms. A calendar without terms knows listed ones only."""
        if self.terms:
            return not self.works(date)
        return date not in self.extras and any(holiday.first <= date <= holiday.last for holiday in self.holidays)

    def lessons(self, date: dt.date) -> tuple[Bell, ...]:
        """The bells that ring on `date`."""
        if not self.works(date):
            return ()
        weekday = self.extras.get(date, date.weekday())
        return tuple(bell for bell in self.bells if weekday in bell.window.days)

    def holds(self, name: str, date: dt.date, seconds: float) -> bool:
        """Whether `name` (term, holiday, lesson, break or a bell's name) holds then. A bell that is not here never does."""
        if name == TERM:
            return self.works(date)
        if name == HOLIDAY:
            return self.rests(date)
        lessons = self.lessons(date)
        ringing = [bell.name for bell in lessons if bell.window.start <= seconds < bell.window.end]
        if name == LESSON:
            return bool(ringing)
        if name == BREAK:
            begun = any(bell.window.start <= seconds for bell in lessons)
            return begun and not ringing and any(seconds < bell.window.end for bell in lessons)
        return name in ringing

    def edges(self, date: dt.date) -> tuple[int, ...]:
        """The wall times of `date` at which a lesson begins or ends, in order."""
        return tuple(
            sorted({edge for bell in self.lessons(date) for edge in (bell.window.start, bell.window.end) if edge < DAY})
        )

    def next_turn(self, date: dt.date) -> dt.date | None:
        """The first date from `date` on with which a term, holiday or extra day begins or has just ended."""
        at = bisect_left(self.turns, date)
        return self.turns[at] if at < len(self.turns) else None

    def next_lessons(self, date: dt.date) -> dt.date | None:
        """The first date from `date` on that has lessons or follows a day with lessons."""
        day: dt.date | None = date
        while day is not None:
            if self.lessons(day) or self.lessons(day - _ONE_DAY):
                return day
            # Where the school does not work, nothing can ring before the next turn.
            day = day + _ONE_DAY if self.works(day) and self.bells else self.next_turn(day + _ONE_DAY)
        return None


def time_zone(name: str) -> ZoneInfo | None:
    """The IANA time zone of that name, None when there is none. (The data are read once and kept by zoneinfo.)"""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown; not a name at all ("../x"); a directory of names ("Europe")
        return None


def parse(text: str, timezone: str) -> Calendar:
    """The calendar in the TOML `text` (empty for none) in that IANA time zone. Raises CalendarError with every problem."""
    problems = Problems()
    zone = time_zone(timezone)
    if zone is None:
        problems.add("timezone", f"{timezone!r} is no time zone; write an IANA name such as Europe/Belgrade")
    table = load(text, problems)
    table.only(("term", "holiday", "extra", "bell"))
    terms = _stretches(table, "term")
    holidays = _stretches(table, "holiday")
    extras = _extras(table)
    bells = _bells(table)
    for before, after in pairwise(terms):
        if after.first <= before.last:
            problems.add("term", f"{after.name!r} begins on {after.first}, before {before.name!r} has ended")
    if zone is None or problems.found:
        raise CalendarError(problems.found)
    turns = {day for stretch in terms + holidays for day in (stretch.first, stretch.last + _ONE_DAY)}
    turns |= {day for extra in extras for day in (extra, extra + _ONE_DAY)}
    return Calendar(zone, terms, holidays, extras, bells, tuple(sorted(turns)))


def _stretches(table: Table, key: str) -> tuple[Stretch, ...]:
    stretches = []
    for entry in table.tables(key, _MOST):
        entry.only(("name", "first", "last"))
        name = entry.text("name", required=True)
        first = _date(entry, "first")
        last = _date(entry, "last") if "last" in entry.values or key == "term" else first
        if first and last and last < first:
            entry.wrong("last", f"{last} is before {first}, the first day")
        elif first and last:
            stretches.append(Stretch(name, first, last))
    return tuple(sorted(stretches, key=lambda stretch: stretch.first))


def _extras(table: Table) -> dict[dt.date, int]:
    extras = {}
    for entry in table.tables("extra", _MOST):
        entry.only(("name", "date", "like"))
        entry.text("name")
        date, like = _date(entry, "date"), entry.text("like", required=True)
        if like and like not in DAYS:
            entry.wrong("like", f"{like!r} is no weekday; the weekdays are {', '.join(DAYS)}")
        elif date in extras:
            entry.wrong("date", f"{date} is listed twice")
        elif date and like:
            extras[date] = DAYS.index(like)
    return extras


def _bells(table: Table) -> tuple[Bell, ...]:
    bells: list[Bell] = []
    for entry in table.tables("bell", _MOST):
        entry.only(("name", "time", "days"))
        name, time = entry.text("name", required=True), entry.text("time", required=True)
        try:
            days = parse_days(entry.text("days")) if "days" in entry.values else _SCHOOL_WEEK
            start, _, end = time.partition("-")
            bell = Bell(name, Window(days, parse_clock(start), parse_clock(end)))
        except ValueError as fault:
            entry.wrong("time" if "days" not in entry.values or "weekday" not in str(fault) else "days", str(fault))
            continue
        if bell.window.end <= bell.window.start:
            entry.wrong("time", "ends before it begins; lessons do not go over midnight")
        elif "," in name:
            entry.wrong("name", "must not have a comma")
        elif name in STATES:
            entry.wrong("name", f"{name!r} has a meaning of its own; call the bell something else")
        elif any(other.name == name and other.window.days & days for other in bells):
            entry.wrong("name", f"{name!r} is the name of another bell on the same weekday")
        else:
            bells.append(bell)
    return tuple(bells)


def _date(entry: Table, key: str) -> dt.date | None:
    value = entry.values.get(key)
    if value is None:
        entry.wrong(key, "is missing; write a date like 2026-09-01")
    elif not isinstance(value, dt.date) or isinstance(value, dt.datetime):
        entry.wrong(key, "must be a date like 2026-09-01, without quotes")
    elif not FIRST_YEAR <= value.year <= LAST_YEAR:
        entry.wrong(key, f"must be in the years {FIRST_YEAR} to {LAST_YEAR}")
    else:
        return value
    return None
