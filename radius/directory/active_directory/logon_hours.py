"""The attribute logonHours: at which hours of the week an account may log in ([MS-SAMR] section 2.2.6.5).

168 bits, one for each hour of the week in UTC, from Sunday midnight on; in each octet the lowest bit is the earliest hour.
"""

from typing import Final

OCTETS: Final = 21

_HOUR: Final = 3600
_HOURS_OF_WEEK: Final = 168
_SUNDAY: Final = 3 * 24  # the epoch was a Thursday; the first Sunday midnight came three days later


def permitted(hours: bytes, now: float) -> bool:
    """Whether the hour of `now` (seconds since the epoch) is one of them. No value is no restriction; one of another size
    than 21 octets permits nothing, because nobody can say what it means."""
    if not hours:
        return True
    if len(hours) != OCTETS:
        return False
    hour = (int(now // _HOUR) - _SUNDAY) % _HOURS_OF_WEEK
    return bool(hours[hour // 8] >> hour % 8 & 1)
