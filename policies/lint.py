"""What is allowed in a policy and probably not meant: rules that nothing reaches, names that nobody knows, open doors.

An *error* would not do what it says, a *warning* may be meant. Nothing here is needed to decide; publishing asks for it.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum

from msgspec import Struct

from policies.calendar import STATES, Calendar
from policies.combine import check_together, own_rules, replaced
from policies.conditions import Condition, Group, Home, Location, Role, School, Ssid, Tag
from policies.document import Document
from policies.implication import implies, never
from policies.logic import leaves
from policies.problems import known_values
from policies.rule import CRITICAL, NATIONAL, Rule
from policies.time_conditions import CalendarIs


class Severity(StrEnum):
    """How much it matters."""

    ERROR = "error"
    WARNING = "warning"


class Finding(Struct, frozen=True):
    """One thing that lint found; `place` is like `rule[3].when.ssid`, with "national " before it when it stands there while
    a school's document is looked at, `rule` is the rule's id if it is about one."""

    severity: Severity
    place: str
    words: str
    rule: str = ""


class Known(Struct, frozen=True):
    """The names that exist, for the checks of unknown names; None means: not known here, so not checked."""

    roles: frozenset[str] | None = None
    groups: frozenset[str] | None = None
    ssids: frozenset[str] | None = None
    tags: frozenset[str] | None = None
    schools: frozenset[str] | None = None
    locations: frozenset[str] | None = None
    families: frozenset[str] | None = None


def lint(
    national: Document | None,
    school: Document | None = None,
    known: Known | None = None,
    vlans: Mapping[str, int] | None = None,
    calendar: Calendar | None = None,
) -> list[Finding]:
    """Findings in `school`, put under `national`; in `national` itself when there is no `school`.

    `vlans` is the school's mapping of VLAN names and `calendar` its calendar: with them, names that they lack are found, in
    the national rules that are in force at the school as well.
    """
    subject = school or national
    if subject is None:
        return []
    findings = []
    if school:
        findings += [
            Finding(Severity.ERROR, problem.place, problem.message, problem.rule)
            for problem in check_together(national, school)
        ]
    out = replaced(national, school) if national else frozenset()
    above = tuple(rule for rule in own_rules(national) if rule.id not in out) if national and school else ()
    findings += _order(above, own_rules(subject))
    for rule in own_rules(subject):
        findings += _names(rule, known or Known(), calendar)
        findings += _open_door(rule)
        findings += _filters(rule, national, school)
    findings += _families(subject, known or Known())
    findings += _vlans((*above, *own_rules(subject)), subject.scope, vlans)
    return findings


def _order(above: tuple[Rule, ...], own: tuple[Rule, ...]) -> Iterator[Finding]:
    """Rules that never match: because they cannot, or because an earlier one takes everything they ask for."""
    earlier = list(above)
    for rule in own:
        if never(rule.when):
            yield _warn(f"{rule.place}.when", "can never hold: its conditions contradict each other", rule.id)
        for first in earlier:
            if (first.id == CRITICAL) == (rule.id == CRITICAL) and implies(rule.when, first.when):
                same = (first.grant, first.denial) == (rule.grant, rule.denial)
                word = "is shadowed by" if same else "is never reached: everybody it is for is taken by"
                where = f"{first.name!r} above" + (", which gives the same" if same else "")
                yield _warn(rule.place, f"{word} {where}", rule.id)
                break
        earlier.append(rule)


def _names(rule: Rule, known: Known, calendar: Calendar | None) -> Iterator[Finding]:
    for place, leaf in leaves(rule.when, f"{rule.place}.when"):
        wanted, names, what = _wanted(leaf, known, calendar)
        for value in sorted(wanted - names) if names is not None else ():
            yield _warn(place, f"{what} {value!r} is not known; {known_values(value, names or ())}", rule.id)


def _wanted(leaf: Condition, known: Known, calendar: Calendar | None) -> tuple[frozenset[str], frozenset[str] | None, str]:
    """The names that the condition uses, those that exist, and what they are names of."""
    match leaf:
        case Role():
            return leaf.values, known.roles, "role"
        case Group():
            return leaf.values, known.groups, "group"
        case Ssid():
            return leaf.values, known.ssids, "SSID"
        case Tag():
            return leaf.values, known.tags, "school tag"
        case School():
            return leaf.values, known.schools, "school"
        case Location():
            return leaf.names, known.locations, "location"
        case CalendarIs() if calendar:
            return leaf.names, calendar.bell_names | set(STATES), "bell"
        case CalendarIs():
            return frozenset(), None, "bell"
        case _:
            return frozenset(), None, ""


def _open_door(rule: Rule) -> Iterator[Finding]:
    if rule.grant is None or rule.id == CRITICAL:
        return
    if not rule.conditions:
        yield _warn(f"{rule.place}.when", "lets everybody in", rule.id)
    elif rule.scope != NATIONAL and not any(isinstance(leaf, Home) for _, leaf in leaves(rule.when, "")):
        yield _warn(f"{rule.place}.when", "lets people of other schools in too; add home = true, or say home = false", rule.id)


def _filters(rule: Rule, national: Document | None, school: Document | None) -> Iterator[Finding]:
    names = {name for document in (national, school) if document for name in document.filters}
    if rule.grant and rule.grant.filter and rule.grant.filter not in names:
        words = f"there is no filter profile {rule.grant.filter!r}; {known_values(rule.grant.filter, names)}"
        yield Finding(Severity.ERROR, f"{rule.place}.grant.filter", words, rule.id)


def _families(document: Document, known: Known) -> Iterator[Finding]:
    for name, profile in document.filters.items() if known.families is not None else ():
        for family in sorted(profile.vendor_names.keys() - (known.families or frozenset()) - {"*"}):
            words = f"{family!r} is no family of access points; {known_values(family, known.families or ())}"
            yield _warn(f"filter.{name}.vendor_names.{family}", words)


def _vlans(rules: tuple[Rule, ...], scope: str, vlans: Mapping[str, int] | None) -> Iterator[Finding]:
    for rule in rules if vlans is not None else ():
        vlan = rule.grant.vlan if rule.grant else None
        if vlans is not None and isinstance(vlan, str) and vlan not in vlans:
            place = f"{rule.place}.grant.vlan" if rule.scope == scope else f"{rule.scope} {rule.place}.grant.vlan"
            yield Finding(
                Severity.ERROR, place, f"the school has not mapped the VLAN name {vlan!r}; {known_values(vlan, vlans)}", rule.id
            )


def _warn(place: str, words: str, rule: str = "") -> Finding:
    return Finding(Severity.WARNING, place, words, rule)
