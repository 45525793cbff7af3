"""Quotas: which day of a school something is counted on, and until when what a grant gives is used up. Pure."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from policies.grant import Quota

MEGABYTE: Final = 1_000_000
_MINUTE: Final = 60
_WEEK: Final = 7

Used = Mapping[str, tuple[int, int]]
"""By day (2026-11-23): octets of both directions, and seconds."""


def day_of(time: float, zone: ZoneInfo) -> str:
    """The local day of a moment, as text."""
    return datetime.fromtimestamp(time, zone).date().isoformat()


def monday_of(day: str) -> str:
    """The first day of its week."""
    of_week = date.fromisoformat(day)
    return (of_week - timedelta(days=of_week.weekday())).isoformat()


def used_up_until(quota: Quota, used: Used, now: float, zone: ZoneInfo) -> float:
    """When what the quota gives begins anew, if it is used up now (seconds since the epoch); 0 while there is some left.

    `used` needs the days of this week. A day is from midnight to midnight of the school's clock, 23 or 25 hours when that
    is changed.
    """
    today = day_of(now, zone)
    monday = monday_of(today)
    octets, seconds = used.get(today, (0, 0))
    week = [amount for day, amount in used.items() if monday <= day <= today]
    if _reached(quota.week_megabytes, sum(each for each, _ in week), MEGABYTE) or _reached(
        quota.week_minutes, sum(each for _, each in week), _MINUTE
    ):
        return _midnight(date.fromisoformat(monday) + timedelta(days=_WEEK), zone)
    if _reached(quota.day_megabytes, octets, MEGABYTE) or _reached(quota.day_minutes, seconds, _MINUTE):
        return _midnight(date.fromisoformat(today) + timedelta(days=1), zone)
    return 0.0


def _reached(limit: int | None, used: int, unit: int) -> bool:
    return limit is not None and used >= limit * unit


def _midnight(day: date, zone: ZoneInfo) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()
