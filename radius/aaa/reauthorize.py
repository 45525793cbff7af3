"""What a living session is to have now: nothing new, a change while it lives, or an end. Pure.

Same grant: nothing. Another grant: the access point is told to authenticate the session again where its family can be told so,
because the new login then says everything, in its own words and in the audit log; else it is given what has changed, where
it takes all of that for a living session; else the session is ended, and the device comes again by itself. A session that
would not be let in now is ended. One that has ended already, or of which nobody can say what it would get, stays as it is.
"""

from enum import StrEnum
from typing import Final

from msgspec import Struct

from policies.grant import Terms
from radius.audit.causes import Cause

# A VLAN's name and a message are for people: no session is disturbed because they are put in other words
_OF_NO_MATTER: Final = frozenset({"vlan_name", "reply_message"})
_FIELDS: Final = tuple(field for field in Terms.__struct_fields__ if field not in _OF_NO_MATTER)


class Given(Struct, frozen=True):
    """What a session has, or would get: the grant in its school's and family's terms, its limit in seconds, by which rule."""

    terms: Terms
    session_timeout: int | None = None
    rule: str = ""
    policy: str = ""


class Ability(Struct, frozen=True):
    """What a NAS family can do with a living session (radius.vendors.base.Family)."""

    asks_again: bool = False
    changes: frozenset[str] = frozenset()


class Course(StrEnum):
    """What is to be done."""

    NOTHING = "nothing"
    ASK_AGAIN = "reauthenticate"
    CHANGE = "change"
    END = "disconnect"


class Step(Struct, frozen=True):
    """What is to be done, and why: the `fields` of Terms that are other, or the causes for which nobody would be let in now."""

    course: Course
    fields: tuple[str, ...] = ()
    causes: tuple[Cause, ...] = ()


NOTHING: Final = Step(Course.NOTHING)


def reauthorize(living: bool, had: Given | None, would: Given | tuple[Cause, ...] | None, ability: Ability) -> Step:
    """The step for one session. `had` is None when nobody knows any more what it was given, which counts as something else;
    `would` has the causes of a refusal, or None while it cannot be decided (a directory is away)."""
    if not living or would is None:
        return NOTHING
    if not isinstance(would, Given):
        return Step(Course.END, (), would)
    fields = differing(had, would)
    if not fields:
        return NOTHING
    if ability.asks_again:
        return Step(Course.ASK_AGAIN, fields)
    return Step(Course.CHANGE if _can_be_said(fields, would.terms, ability) else Course.END, fields)


def differing(had: Given | None, would: Given) -> tuple[str, ...]:
    """The fields in which two grants are other, in the order of Terms; session_timeout last."""
    if had is None:
        return (*_FIELDS, "session_timeout")
    fields = [field for field in _FIELDS if getattr(had.terms, field) != getattr(would.terms, field)]
    return (*fields, "session_timeout") if had.session_timeout != would.session_timeout else tuple(fields)


def changeable(terms: Terms, ability: Ability) -> Terms:
    """Of `terms` what a CoA-Request may say: all that the family takes, as some attributes carry two fields."""
    return Terms(**{field: getattr(terms, field) for field in ability.changes})


def _can_be_said(fields: tuple[str, ...], terms: Terms, ability: Ability) -> bool:
    """Whether the access point takes all of it, and there is something to say: taking a filter away has no attribute."""
    return all(field in ability.changes and getattr(terms, field) is not None for field in fields)
