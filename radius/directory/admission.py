"""Whether an account may come in, as its directory says: disabled, locked, not yet valid, expired, its password expired.

A moment is written as an attribute with its form: "krbPrincipalExpiration" (RFC 4517 section 3.3.13), "shadowExpire in days",
"sambaKickoffTime in seconds", "accountExpires in filetime".
"""

import re
from collections.abc import Callable, Iterable
from typing import Final

from policies.value import Value
from radius.audit.causes import Cause
from radius.directory.conditions import EntryCondition, Facts, parse_condition
from radius.directory.moments import days, filetime, generalized_time, seconds

_MOMENT: Final = re.compile(r"([A-Za-z][A-Za-z0-9;.-]*)(?:\s+in\s+(days|seconds|filetime))?").fullmatch
_FORMS: Final[dict[str | None, Callable[[str], float | None]]] = {
    None: generalized_time,
    "days": days,
    "seconds": seconds,
    "filetime": filetime,
}


class MomentOf(Value):
    """An attribute that holds a moment, and how it is read."""

    __slots__ = ("attribute", "read")

    def __init__(self, attribute: str, read: Callable[[str], float | None]) -> None:
        self.attribute: Final = attribute
        self.read: Final = read

    def of(self, facts: Facts) -> list[float]:
        """The moments of an entry; none where it has none, or *never*."""
        return [moment for value in facts.values(self.attribute) if (moment := self.read(value)) is not None]


def parse_moment(text: str) -> MomentOf:
    """The moment in `text`. Raises ValueError with words for the administrator."""
    found = _MOMENT(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no moment; it is like 'krbPrincipalExpiration' or 'shadowExpire in days'")
    return MomentOf(found[1], _FORMS[found[2]])


class Admission:
    """The rows of a description's [account], ready to be asked."""

    def __init__(
        self,
        disabled: Iterable[str],
        locked: Iterable[str],
        valid_from: Iterable[str],
        expires: Iterable[str],
        password_expires: Iterable[str],
    ) -> None:
        self._disabled = [parse_condition(text) for text in disabled]
        self._locked = [parse_condition(text) for text in locked]
        self._valid_from = [parse_moment(text) for text in valid_from]
        self._expires = [parse_moment(text) for text in expires]
        self._password_expires = [parse_moment(text) for text in password_expires]

    @property
    def attributes(self) -> list[str]:
        """The attributes that must be read."""
        moments = [each.attribute for each in (*self._valid_from, *self._expires, *self._password_expires)]
        return moments + [name for each in (*self._disabled, *self._locked) for name in each.attributes]

    def refusal(self, facts: Facts) -> Cause | None:
        """Why the account may not come in at `facts.now`; None if it may."""
        if _any(self._disabled, facts):
            return Cause.ACCOUNT_DISABLED
        if _any(self._locked, facts):
            return Cause.ACCOUNT_LOCKED
        if any(facts.now < moment for each in self._valid_from for moment in each.of(facts)):
            return Cause.ACCOUNT_NOT_YET_VALID
        if _past(self._expires, facts):
            return Cause.ACCOUNT_EXPIRED
        if _past(self._password_expires, facts):
            return Cause.PASSWORD_EXPIRED
        return None


def _any(conditions: list[EntryCondition], facts: Facts) -> bool:
    return any(condition.holds(facts) for condition in conditions)


def _past(moments: list[MomentOf], facts: Facts) -> bool:
    return any(facts.now >= moment for each in moments for moment in each.of(facts))
