"""What an administrator writes, checked and brought into one form: short names, roles, groups, texts, days.

Each function raises OperatorError with one sentence that says what is wrong and what is right. The import calls these for
each line, so those that see the same few texts over and over remember their answers.
"""

import difflib
import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from radius.directory.names import canonical_password, canonical_username
from radius.errors import OperatorError
from radius.secret import Secret

ROLES = ("student", "staff", "guest", "device")  # the usual ones; an operator may use others
PASSWORD_LENGTH = 8  # characters, at least
MAX_PASSWORD_OCTETS = 128  # RFC 2865 section 5.2
MAX_GROUPS = 64
MAX_TEXT = 200

_slug = re.compile(r"[a-z0-9][a-z0-9-]*").fullmatch


@lru_cache(maxsize=4096)
def slug(text: str, what: str, longest: int = 64) -> str:
    """A short name: lower-case ASCII letters, digits and hyphens."""
    if not _slug(text) or len(text) > longest:
        raise OperatorError(
            f"{what} {text!r} is not a short name: use at most {longest} of a-z, 0-9 and '-', beginning with a letter or digit"
        )
    return text


def role(text: str) -> str:
    """A role: one of ROLES or another short name."""
    return slug(text, "the role", 32)


@lru_cache(maxsize=4096)
def groups(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Groups (a class, a club), each once and in order, so that equal sets are equal."""
    cleaned = sorted({line(text.strip(), "the group") for text in texts if text.strip()})
    if len(cleaned) > MAX_GROUPS:
        raise OperatorError(f"{len(cleaned)} groups are more than the {MAX_GROUPS} that one may have")
    for group in cleaned:
        if len(group) > 64 or "|" in group:
            raise OperatorError(f"the group {group!r} must have at most 64 characters and no '|'")
    return tuple(cleaned)


def line(text: str, what: str, longest: int = MAX_TEXT) -> str:
    """One line of printable text; may be empty. Spreadsheets' no-break spaces become spaces."""
    text = text.replace("\u00a0", " ")
    if len(text) > longest or not text.isprintable():
        raise OperatorError(f"{what} must be one line of at most {longest} printable characters")
    return text


def username(text: str) -> str:
    """The canonical form of a person's name (RFC 8265)."""
    try:
        return canonical_username(text)
    except ValueError as error:
        raise OperatorError(f"the username {text!r} {error}: use letters, digits and .-_@ without spaces") from None


@lru_cache(maxsize=1024)
def timezone(text: str) -> str:
    """A time zone, by its IANA name."""
    if text not in available_timezones():
        raise OperatorError(f"there is no time zone {text!r}; {near(text, available_timezones(), 'zones')}")
    return text


def password(secret: Secret, shortest: int = PASSWORD_LENGTH) -> bytes:
    """The canonical form (RFC 8265) of a person's password, as it is hashed; errors tell nothing of it."""
    try:
        text = canonical_password(secret.reveal().decode())
    except UnicodeDecodeError:
        raise OperatorError("the password is not UTF-8 text: type it again") from None
    except ValueError as error:
        raise OperatorError(f"the password {error}: choose another") from None
    octets = text.encode()
    if len(text) < shortest or len(octets) > MAX_PASSWORD_OCTETS:
        raise OperatorError(f"the password must have at least {shortest} characters and at most {MAX_PASSWORD_OCTETS} octets")
    return octets


@lru_cache(maxsize=4096)
def first_moment(text: str, timezone: str) -> float:
    """The instant at which the day `text` (2026-09-01) begins there, in seconds since the epoch; 0 for ""."""
    return _midnight(_day(text), timezone) if text else 0.0


@lru_cache(maxsize=4096)
def last_moment(text: str, timezone: str) -> float:
    """The instant at which the day `text` has ended there: it is the last valid day. 0 for ""."""
    return _midnight(_day(text) + timedelta(days=1), timezone) if text else 0.0


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise OperatorError(f"{text!r} is not a day: write it as 2026-09-01") from None
    if not 1971 <= day.year <= 2200:
        raise OperatorError(f"the day {text!r} is out of range: the year must be 1971 to 2200")
    return day


def _midnight(day: date, timezone: str) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(timezone)).timestamp()


def near(word: str, known: Iterable[str], what: str) -> str:
    """How a sentence about an unknown `word` may end: the names that look like it, else those there are."""
    names = sorted(known)
    close = difflib.get_close_matches(word, names, 3, 0.6)
    if close:
        return f"did you mean {' or '.join(close)}?"
    if not names:
        return f"there are no {what} yet"
    shown = ", ".join(names[:12])
    return f"the {what} are: {shown}{' ...' if len(names) > 12 else ''}"
