"""Moments as directories write them, as seconds since the epoch; None for what is none, or for *never*."""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

_GENERALIZED: Final = re.compile(
    r"(\d{4})(\d\d)(\d\d)(\d\d)(?:(\d\d)(?:(\d\d))?)?(?:[.,](\d+))?(Z|[+-]\d\d(?:\d\d)?)"  # RFC 4517 section 3.3.13
).fullmatch
_WHOLE: Final = re.compile(r"-?\d{1,20}").fullmatch
DAY: Final = 86_400.0
FILETIME_EPOCH: Final = 11_644_473_600  # seconds from 1601 to 1970, [MS-DTYP] section 2.3.3
FILETIME_NEVER: Final = (0, 0x7FFFFFFFFFFFFFFF)


def generalized_time(text: str) -> float | None:
    """20260901060000Z."""
    found = _GENERALIZED(text.strip())
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    unit = 1.0 if second else 60.0 if minute else 3600.0
    try:
        moment = datetime(
            int(year), int(month), int(day), int(hour), int(minute or 0), min(int(second or 0), 59), tzinfo=_zone(zone)
        )
        return moment.timestamp() + (float(f"0.{fraction}") * unit if fraction else 0.0)
    except (ValueError, OverflowError):
        return None  # 00000101000000Z, which some servers write for *always*, is no date


def days(text: str) -> float | None:
    """RFC 2307 section 2.2, shadowExpire: days since 1970; -1 is never."""
    number = _number(text)
    return None if number is None or number < 0 else number * DAY


def seconds(text: str) -> float | None:
    """Seconds since 1970; 0, -1 and what overflowed (Samba's 2147483647) are never."""
    number = _number(text)
    return None if number is None or number <= 0 or number in (2**31 - 1, 2**63 - 1) else float(number)


def filetime(text: str) -> float | None:
    """[MS-DTYP] section 2.3.3: tenths of a microsecond since 1601; 0 and 2^63-1 are never."""
    number = _number(text)
    return None if number is None or number in FILETIME_NEVER else number / 1e7 - FILETIME_EPOCH


def _number(text: str) -> int | None:
    whole = text.strip()
    return int(whole) if _WHOLE(whole) else None


def _zone(text: str) -> timezone:
    if text == "Z":
        return UTC
    offset = timedelta(hours=int(text[1:3]), minutes=int(text[3:5] or 0))
    return timezone(-offset if text[0] == "-" else offset)
