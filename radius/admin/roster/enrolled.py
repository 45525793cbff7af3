"""What a person's memberships come to: her role and school, and groups that count while a term runs.

    class:os-vuk/8-2      she is in the class         teaches:os-vuk/8-2    she teaches it
    grade-8               she is in the grade         staff:os-tesla        she has a further role, or one at another school

A class counts while one of its terms runs and the enrolment lasts; one without terms counts while the enrolment lasts. Terms
begin and end by themselves: times are kept beside the groups and compared at each login, so nobody is rewritten then.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Struct

from radius.admin import checks
from radius.admin.roster.staging import Kind, Member, Place, Said
from radius.errors import OperatorError

MAX_GROUPS = 256  # of one person, a class that counts in two separate times being two

_ORDER = ("staff", "student")
_terms = msgspec.json.Decoder(tuple[str, ...]).decode


class Surroundings(Struct, frozen=True):
    """What memberships refer to: the time zone of each school by its short name, the short names by the roster's ids, and each
    term's first day and the day after its last by its id."""

    timezones: Mapping[str, str]
    schools: Mapping[str, str]
    terms: Mapping[str, tuple[str, str]]
    told: dict[tuple[str, str], str] = {}

    def described(self, school: str, terms: str) -> str:
        """What a school (by the roster's id) and terms (JSON) come to, in words that differ whenever anything of it does."""
        known = self.told.get((school, terms))
        if known is None:
            short = self.schools.get(school, "")
            days = [self.terms.get(term) for term in _terms(terms)] if terms else []
            known = self.told[school, terms] = f"{short} {self.timezones.get(short)} {days}"
        return known


class Standing(Struct, frozen=True):
    """Where a person belongs. Times are seconds since the epoch, None where the roster does not say."""

    school: str
    role: str | None
    valid_from: float | None
    valid_until: float | None
    enrolled: list[list[object]]
    facts: dict[str, Any]


def standing(around: Surroundings, said: Said, facts: Mapping[str, Any], places: Sequence[Place]) -> Standing | None:
    """A person's standing; None when she has no role at a school of this installation. `facts` are those remembered of her.

    Raises OperatorError for more than MAX_GROUPS groups.
    """
    kept: dict[str, Any] = dict(facts)
    if said.grades is not None:
        kept["grades"] = list(said.grades)
    if said.main_school is not None:
        kept["school"] = said.main_school
    school, role, valid_from, valid_until = said.school, said.role, said.valid_from, said.valid_until
    spans: list[tuple[str, float, float]] = []
    if school is None:
        roles = [place.member for place in places if place.member.kind == Kind.ROLE and around.schools.get(place.member.target)]
        if not roles:
            return None
        best = min(roles, key=lambda member: _rank(member, kept.get("school")))
        school, role = around.schools[best.target], best.role
        valid_from, valid_until = _moment(best.first, around.timezones[school]), _moment(best.end, around.timezones[school])
        for member in roles:
            there = around.schools[member.target]
            if (there, member.role) != (school, role):
                zone = around.timezones[there]
                spans.append((f"{member.role}:{there}", _moment(member.first, zone), _moment(member.end, zone)))
    spans += [(f"grade-{grade}", 0.0, 0.0) for grade in kept.get("grades", ())]
    for place in places:
        if place.member.kind == Kind.CLASS:
            spans += _of_class(around, place)
    enrolled = united(spans)
    if len(enrolled) > MAX_GROUPS:
        raise OperatorError(f"{len(enrolled)} classes and other groups are more than the {MAX_GROUPS} that one may have")
    return Standing(school, role, valid_from, valid_until, enrolled, {name: value for name, value in kept.items() if value})


def united(spans: Iterable[tuple[str, float, float]]) -> list[list[object]]:
    """Groups with the times from and until which they count (0 for unbounded), those that touch put together, in order."""
    found: list[list[Any]] = []
    for group, first, end in sorted(set(spans)):
        last = found[-1] if found else None
        if last is not None and last[0] == group and (not last[2] or first <= last[2]):
            last[2] = 0.0 if not last[2] or not end else max(last[2], end)
        else:
            found.append([group, first, end])
    return found


def _of_class(around: Surroundings, place: Place) -> list[tuple[str, float, float]]:
    short = around.schools.get(place.school)
    if not short:
        return []
    zone, member = around.timezones[short], place.member
    group = f"{'teaches' if member.role == 'teacher' else 'class'}:{short}/{place.name}"
    first, end = _moment(member.first, zone), _moment(member.end, zone)
    terms = _terms(place.terms)
    if not terms:
        return [(group, first, end)]
    spans = []
    for term in terms:
        if term not in around.terms:
            continue
        begins, ends = around.terms[term]
        since, until = max(first, _moment(begins, zone)), _sooner(end, _moment(ends, zone))
        if not until or since < until:
            spans.append((group, since, until))
    return spans


def _sooner(one: float, other: float) -> float:
    return min(one, other) if one and other else one or other


def _rank(member: Member, main_school: str | None) -> tuple[bool, bool, int, str, str]:
    """Which of several roles is the person's own: at her main school, primary, as staff rather than as a pupil."""
    order = _ORDER.index(member.role) if member.role in _ORDER else len(_ORDER)
    return member.target != main_school, not member.main, order, member.target, member.id


@lru_cache(maxsize=65_536)
def _moment(text: str, timezone: str) -> float:
    return checks.first_moment(text, timezone) if text else 0.0
