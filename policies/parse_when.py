"""Reads a rule's `when` table into conditions: keys of one table are and-ed, the values of a list or-ed."""

from collections.abc import Callable
from functools import lru_cache, partial

from policies.access import Method, Ownership
from policies.conditions import (
    AccessPoint,
    Condition,
    Group,
    Home,
    Issuer,
    Location,
    Mac,
    Matched,
    MethodIs,
    OneOf,
    OwnershipIs,
    Role,
    School,
    Ssid,
    Tag,
    Wired,
)
from policies.logic import AllOf, AnyOf, Not
from policies.mac import mac_prefix
from policies.problems import Problems, Table, as_tables, checked_texts, kind, known_values
from policies.time_conditions import TimeCondition, calendar_is, dates_are, time_is

MAX_DEPTH = 8  # tables within tables; nobody can read more
MAX_BRANCHES = 100  # entries of one any or all
_WILDCARDS = frozenset("*?[")

Made = Condition | None


def parse_when(table: Table, depth: int = 0) -> AllOf:
    """The conditions of `table`. What is wrong is noted in its problems and left out of the result."""
    if depth >= MAX_DEPTH:
        table.problems.add(table.place, f"is nested more than {MAX_DEPTH} deep; make several rules of it")
        return AllOf(())
    table.only(KEYS)
    made = [MAKERS[key](value, table.at(key), table.problems) for key, value in table.values.items() if key in MAKERS]
    joined = [_joined(key, table, depth + 1) for key in table.values if key in ("any", "all", "not")]
    return AllOf(tuple(_shared(condition) for condition in made + joined if condition is not None))


@lru_cache(maxsize=1 << 16)
def _shared(condition: Condition) -> Condition:
    """One object for equal conditions: thousands of schools ask the same things."""
    return condition


def _joined(key: str, table: Table, depth: int) -> Made:
    if key == "not":
        inner = table.table(key)
        return Not(parse_when(_filled(inner), depth)) if inner else None
    branches = as_tables(table.values[key], table.at(key), table.problems, MAX_BRANCHES)
    if table.values[key] == []:
        table.wrong(key, "must have at least one table")
    parts = tuple(parse_when(_filled(branch), depth) for branch in branches)
    return AnyOf(parts) if key == "any" else AllOf(parts)


def _filled(table: Table) -> Table:
    """An empty table is everybody: said openly as `when = {}`, surely a slip inside of any, all and not."""
    if not table.values:
        table.problems.add(table.place, "must have at least one condition")
    return table


def _one_of(made: type[OneOf], value: object, place: str, problems: Problems) -> Made:
    return made(frozenset(checked_texts(value, place, problems)))


def _known(made: type[OneOf], known: tuple[str, ...], value: object, place: str, problems: Problems) -> Made:
    texts = checked_texts(value, place, problems)
    for text in texts:
        if text and text not in known:
            problems.add(place, f"{text!r} is not known; {known_values(text, known)}")
    return made(frozenset(texts))


def _group(value: object, place: str, problems: Problems) -> Made:
    return Group(frozenset(checked_texts(value, place, problems)))


def _tag(value: object, place: str, problems: Problems) -> Made:
    return Tag(frozenset(checked_texts(value, place, problems)))


def _flag(made: type[Home] | type[Wired], value: object, place: str, problems: Problems) -> Made:
    if isinstance(value, bool):
        return made(value)
    problems.add(place, f"must be true or false, not {kind(value)}")
    return None


def _mac(value: object, place: str, problems: Problems) -> Made:
    prefixes = []
    for text in filter(None, checked_texts(value, place, problems)):
        prefix = mac_prefix(text)
        if prefix is None:
            problems.add(place, f"{text!r} is no MAC address or its beginning; write it like 02-00-00 or 02-00-00-00-05-01")
        else:
            prefixes.append(prefix)
    return Mac(tuple(sorted(set(prefixes))))


def _matched(made: type[Matched], value: object, place: str, problems: Problems) -> Made:
    prefixes, names, globs = set(), set(), set()
    for text in filter(None, checked_texts(value, place, problems)):
        prefix = mac_prefix(text) if made is AccessPoint else None
        if prefix is not None:
            prefixes.add(prefix)
        elif _WILDCARDS.isdisjoint(text):
            names.add(text)
        else:
            globs.add(text)
    return made(tuple(sorted(prefixes)), frozenset(names), tuple(sorted(globs)))


def _time(made: Callable[[tuple[str, ...]], TimeCondition], value: object, place: str, problems: Problems) -> Made:
    texts = checked_texts(value, place, problems)
    if not all(texts):
        return None
    try:
        return made(texts)
    except ValueError as fault:
        problems.add(place, str(fault))
        return None


MAKERS: dict[str, Callable[[object, str, Problems], Made]] = {
    "role": partial(_one_of, Role),
    "group": _group,
    "school": partial(_one_of, School),
    "tag": _tag,
    "ssid": partial(_one_of, Ssid),
    "access_point": partial(_matched, AccessPoint),
    "location": partial(_matched, Location),
    "method": partial(_known, MethodIs, tuple(Method)),
    "ownership": partial(_known, OwnershipIs, tuple(Ownership)),
    "mac": _mac,
    "issuer": partial(_matched, Issuer),
    "home": partial(_flag, Home),
    "wired": partial(_flag, Wired),
    "time": partial(_time, time_is),
    "calendar": partial(_time, calendar_is),
    "dates": partial(_time, dates_are),
}
KEYS = (*MAKERS, "any", "all", "not")
