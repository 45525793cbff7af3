"""Windows of the week, `mon-fri 07:30-15:00`: their grammar, and whether a local weekday and time of day fall into one.

A window that ends before it begins goes over midnight and belongs to the day on which it begins: `fri 22:00-06:00` is the
night from Friday to Saturday. Without days it is every day's, without times the whole day's.
"""

import re

from msgspec import Struct

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = 86_400  # seconds
EVERY_DAY = frozenset(range(7))

_WINDOW = re.compile(r"(?:(?P<days>[a-z][a-z,-]*))?\s*(?:(?P<start>\d\d:\d\d)-(?P<end>\d\d:\d\d))?", re.ASCII)
_SHAPE = "write it like 'mon-fri 07:30-15:00', 'sat,sun' or '22:00-06:00'"


class Window(Struct, frozen=True):
    """`days` (0 is Monday) on which it begins; `start` and `end` in seconds after the local midnight."""

    days: frozenset[int]
    start: int
    end: int

    def covers(self, weekday: int, seconds: float) -> bool:
        """Whether it is open on that weekday (0 is Monday) at that many seconds of wall time after midnight."""
        if self.start < self.end:
            return weekday in self.days and self.start <= seconds < self.end
        return (weekday in self.days and seconds >= self.start) or ((weekday - 1) % 7 in self.days and seconds < self.end)

    @property
    def text(self) -> str:
        """The window in one canonical spelling."""
        times = f"{clock(self.start)}-{clock(self.end)}"
        return times if self.days == EVERY_DAY else f"{days_text(self.days)} {times}"


def parse_window(text: str) -> Window:
    """The window that `text` describes. Raises ValueError with what is wrong and how to write it."""
    match = _WINDOW.fullmatch(text.strip().lower())
    if not match or not (match["days"] or match["start"]):
        raise ValueError(f"is no window of the week; {_SHAPE}")
    days = parse_days(match["days"]) if match["days"] else EVERY_DAY
    start = parse_clock(match["start"]) if match["start"] else 0
    end = parse_clock(match["end"]) if match["end"] else DAY
    if start == end:
        raise ValueError("begins and ends at the same time; the whole day is 00:00-24:00")
    if start == DAY:
        raise ValueError("cannot begin at 24:00; write 00:00 of the next day")
    return Window(days, start, DAY if end == 0 else end)


def parse_days(text: str) -> frozenset[int]:
    """`mon-fri`, `mon,wed` or `fri-mon` as weekday numbers. Raises ValueError."""
    days: set[int] = set()
    for part in text.split(","):
        ends = part.split("-")
        if len(ends) > 2 or any(end not in DAYS for end in ends):
            raise ValueError(f"{part!r} is no weekday or range of them; the weekdays are {', '.join(DAYS)}")
        first, last = DAYS.index(ends[0]), DAYS.index(ends[-1])
        days.update((first + step) % 7 for step in range((last - first) % 7 + 1))
    return frozenset(days)


def parse_clock(text: str) -> int:
    """`07:30` as seconds after midnight; 24:00 is the end of the day. Raises ValueError."""
    hours, _, minutes = text.partition(":")
    if len(hours) != 2 or len(minutes) != 2 or not (hours + minutes).isdecimal() or not text.isascii():
        raise ValueError(f"{text!r} is no time of day; write it like 07:30")
    seconds = int(hours) * 3600 + int(minutes) * 60
    if int(minutes) > 59 or seconds > DAY:
        raise ValueError(f"{text!r} is no time of day; the last one is 24:00")
    return seconds


def clock(seconds: int) -> str:
    """Seconds after midnight as `07:30`."""
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}"


def days_text(days: frozenset[int]) -> str:
    """Weekday numbers as `mon-fri` or `mon,wed`."""
    ordered = sorted(days)
    if len(ordered) > 2 and ordered[-1] - ordered[0] == len(ordered) - 1:
        return f"{DAYS[ordered[0]]}-{DAYS[ordered[-1]]}"
    return ",".join(DAYS[day] for day in ordered)
