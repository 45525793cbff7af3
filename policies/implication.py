"""Whether one condition implies another, as far as their texts tell: sound, not complete.

`implies(a, b)` is True only if b holds whenever a holds. It may answer False where a cleverer reader would see it; the
property test in tests/policies proves that it never errs the other way.
"""

from typing import cast

from policies.conditions import Condition, Group, Home, Mac, Matched, OneOf, Tag, Wired
from policies.logic import AllOf, AnyOf, Not
from policies.time_conditions import CalendarIs, DatesAre, TimeIs

_Seen = dict[tuple[int, int, bool], bool]


def implies(given: Condition, wanted: Condition) -> bool:
    """Whether `wanted` surely holds when `given` does."""
    return _implies(given, wanted, {})


def contradicts(given: Condition, other: Condition) -> bool:
    """Whether both can surely not hold together."""
    return _apart(given, other, {})


def never(condition: Condition) -> bool:
    """Whether the condition surely cannot hold: two of its parts contradict each other."""
    if isinstance(condition, AllOf):
        parts = condition.parts
        return any(never(part) for part in parts) or any(
            contradicts(part, other) for at, part in enumerate(parts) for other in parts[at + 1 :]
        )
    return isinstance(condition, AnyOf) and all(never(part) for part in condition.parts)


def _implies(given: Condition, wanted: Condition, seen: _Seen) -> bool:
    """By structure, each pair once, so that the work is the product of the two sizes."""
    mark = (id(given), id(wanted), True)
    if mark not in seen:
        seen[mark] = (
            given == wanted
            or (isinstance(wanted, AllOf) and all(_implies(given, part, seen) for part in wanted.parts))
            or (isinstance(given, AnyOf) and all(_implies(part, wanted, seen) for part in given.parts))
            or (isinstance(given, AllOf) and any(_implies(part, wanted, seen) for part in given.parts))
            or (isinstance(wanted, AnyOf) and any(_implies(given, part, seen) for part in wanted.parts))
            or (isinstance(wanted, Not) and _apart(given, wanted.part, seen))
            or _leaf_within(given, wanted)
        )
    return seen[mark]


def _apart(given: Condition, other: Condition, seen: _Seen) -> bool:
    mark = (id(given), id(other), False)
    if mark not in seen:
        seen[mark] = (
            (isinstance(given, AllOf) and any(_apart(part, other, seen) for part in given.parts))
            or (isinstance(other, AllOf) and any(_apart(given, part, seen) for part in other.parts))
            or (isinstance(given, AnyOf) and all(_apart(part, other, seen) for part in given.parts))
            or (isinstance(other, AnyOf) and all(_apart(given, part, seen) for part in other.parts))
            or (isinstance(other, Not) and _implies(given, other.part, seen))
            or (isinstance(given, Not) and _implies(other, given.part, seen))
            or _leaf_apart(given, other)
        )
    return seen[mark]


def _leaf_within(given: Condition, wanted: Condition) -> bool:
    """Whether everything that `given` takes is taken by `wanted`, a condition of the same kind."""
    if type(given) is not type(wanted):
        return False
    match given:
        case OneOf() | Group() | Tag():
            return given.values <= cast(OneOf | Group | Tag, wanted).values
        case CalendarIs():
            return given.names <= cast(CalendarIs, wanted).names
        case Mac():
            return all(prefix.startswith(cast(Mac, wanted).prefixes) for prefix in given.prefixes)
        case Matched():
            return _matched_within(given, cast(Matched, wanted))
        case TimeIs():
            return _open_within(given, cast(TimeIs, wanted))
        case DatesAre():
            ranges = cast(DatesAre, wanted).ranges
            return all(any(low <= first and last <= high for low, high in ranges) for first, last in given.ranges)
        case _:
            return False


def _matched_within(given: Matched, wanted: Matched) -> bool:
    prefixes = all(prefix.startswith(wanted.prefixes) for prefix in given.prefixes)
    return prefixes and given.names <= wanted.names and set(given.globs) <= set(wanted.globs)


def _open_within(given: TimeIs, wanted: TimeIs) -> bool:
    """Both change at their marks only, so it is enough to look at those on each weekday."""
    moments = {0, *given.marks, *wanted.marks}
    return all(wanted.open(day, seconds) for day in range(7) for seconds in moments if given.open(day, seconds))


def _leaf_apart(given: Condition, other: Condition) -> bool:
    """Whether two conditions of the same kind ask one and the same value for different things."""
    if type(given) is not type(other):
        return False
    match given:
        case OneOf():
            return given.values.isdisjoint(cast(OneOf, other).values)
        case Home() | Wired():
            return given.value != cast(Home | Wired, other).value
        case Mac():
            theirs = cast(Mac, other).prefixes
            return not any(mine.startswith(theirs) or their.startswith(mine) for mine in given.prefixes for their in theirs)
        case TimeIs():
            moments = {0, *given.marks, *cast(TimeIs, other).marks}
            return not any(
                given.open(day, seconds) and cast(TimeIs, other).open(day, seconds) for day in range(7) for seconds in moments
            )
        case DatesAre():
            ranges = cast(DatesAre, other).ranges
            return all(last < low or high < first for first, last in given.ranges for low, high in ranges)
        case _:
            return False
