"""A school's wall clock across time changes: spans of one local date and one offset, and when a condition's truth flips.

Whether a time condition holds is a function of the local date and wall time alone. Along real time the wall clock runs
evenly inside a span and jumps between spans: at midnight to the next date, at a time change by the change (an hour may be
skipped, or come twice). So a truth can flip only where a span begins or where the wall time meets one of the condition's
edges inside a span, and these instants are tried in order.
"""

import datetime as dt
from collections.abc import Iterator
from math import floor, inf
from typing import Protocol
from zoneinfo import ZoneInfo

from msgspec import Struct

from policies.weekly import DAY

_EPOCH = dt.date(1970, 1, 1).toordinal()
_ONE_DAY = dt.timedelta(days=1)


class Span(Struct, frozen=True):
    """From `start` up to `end` (seconds since the epoch) the local date is `date` and the wall time is instant - `base`."""

    start: float
    end: float
    base: float
    date: dt.date


class Edged(Protocol):
    """A truth about local date and wall time."""

    def true_at(self, date: dt.date, seconds: float) -> bool:
        """The truth on that local date at that many seconds of wall time after midnight."""

    def edges(self, date: dt.date) -> tuple[int, ...]:
        """Wall times of that date, in order, at which the truth may change (midnight need not be among them)."""

    def next_date(self, date: dt.date) -> dt.date | None:
        """The first date from `date` on on which, or at whose beginning, the truth may change; None for never again."""


def spans(zone: ZoneInfo, since: float) -> Iterator[Span]:
    """The spans from `since` on, without end."""
    start = since
    while True:
        offset = _offset(zone, start)
        day = (start + offset) // DAY
        base = day * DAY - offset
        end = base + DAY
        if _offset(zone, end - 1) != offset:
            end = _time_change(zone, floor(start), floor(end) - 1)
        yield Span(start, end, base, dt.date.fromordinal(_EPOCH + int(day)))
        start = end


def local(zone: ZoneInfo, instant: float) -> tuple[dt.date, float]:
    """The local date and the seconds of wall time after midnight at `instant`."""
    day, seconds = divmod(instant + _offset(zone, instant), DAY)
    return dt.date.fromordinal(_EPOCH + int(day)), seconds


def next_change(truth: Edged, zone: ZoneInfo, now: float) -> tuple[bool, float]:
    """Whether `truth` holds at `now`, and the first later instant at which that is no longer so (infinity for never)."""
    date, seconds = local(zone, now)
    holds = truth.true_at(date, seconds)
    since: float | None = now
    while since is not None:
        since, flip = _walk(truth, zone, since, holds)
        if flip is not None:
            return holds, flip
    return holds, inf


def _walk(truth: Edged, zone: ZoneInfo, since: float, holds: bool) -> tuple[float | None, float | None]:
    """Try the spans from `since` on: the instant to go on from (None for nowhere), and the flip when it was found."""
    for span in spans(zone, since):
        upcoming = truth.next_date(span.date)
        if upcoming is None:
            return None, None
        if (upcoming - span.date).days > 2:
            return _midnight(zone, upcoming - _ONE_DAY), None
        for instant in (span.start, *(span.base + edge for edge in truth.edges(span.date))):
            if span.start <= instant < span.end and truth.true_at(span.date, instant - span.base) != holds:
                return None, instant
    raise AssertionError("spans never end")


def _midnight(zone: ZoneInfo, date: dt.date) -> float:
    return dt.datetime(date.year, date.month, date.day, tzinfo=zone).timestamp()


def _offset(zone: ZoneInfo, instant: float) -> float:
    offset = dt.datetime.fromtimestamp(floor(instant), zone).utcoffset()
    return offset.total_seconds() if offset else 0.0


def _time_change(zone: ZoneInfo, before: int, after: int) -> int:
    """The first instant in (before, after] at which the offset is no longer that of `before`."""
    offset = _offset(zone, before)
    while after - before > 1:
        middle = (before + after) // 2
        if _offset(zone, middle) == offset:
            before = middle
        else:
            after = middle
    return after
