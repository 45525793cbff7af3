"""One scope's rules made ready for decisions: closed tests, and for each role and its groups the few rules that can match.

A rule that demands a role is never tried for another role, one that demands groups never for somebody in none of them, so
50 rules become two or three. Within a rule the tests that do not ask for the time come first (`static`): where they fail,
time cannot change the outcome, so only the other rules count for how long it holds.

Schools with the same rules share one layer, and equal conditions of different schools share one closed test: 4,000 schools,
most of which took their rules from a few examples, then cost little memory, and a decision finds what it needs in the
processor's cache. So nothing in a layer knows whose it is; the Evaluator puts the scope before a rule's id.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from policies.conditions import Condition, Group, Role, Test
from policies.grant import Denial, Grant
from policies.logic import AllOf, AnyOf, all_of, times
from policies.rule import Outline, Rule
from policies.time_conditions import TimeCondition

_MOST_COMBINATIONS = 256  # combinations of demanded groups that one Slot remembers; further ones are looked up each time


class Candidate(NamedTuple):
    """A rule made ready. It matches when `static` and `temporal` hold; `texts` are the time conditions of `temporal`.

    A tuple, because the decision's loop takes it apart: faster than attributes.
    """

    static: Test
    texts: tuple[str, ...]
    temporal: Test
    id: str
    grant: Grant | None
    denial: Denial | None


class Slot:
    """The candidates for one role. `named` are the groups that rules demand; `found` maps those of them that somebody is in
    to the candidates, in their order, filled on first use."""

    __slots__ = ("_candidates", "found", "named")

    def __init__(self, candidates: tuple[tuple[frozenset[str] | None, Candidate], ...]) -> None:
        self._candidates = candidates
        self.named = _same(frozenset().union(*(groups for groups, _ in candidates if groups is not None)))
        self.found: dict[frozenset[str], tuple[Candidate, ...]] = {}

    def find(self, groups: frozenset[str]) -> tuple[Candidate, ...]:
        """The candidates for somebody who is in these of the `named` groups."""
        candidates = tuple(candidate for demanded, candidate in self._candidates if demanded is None or demanded & groups)
        if len(self.found) < _MOST_COMBINATIONS:
            self.found[_same(groups)] = candidates
        return candidates

    def without(self, ids: frozenset[str]) -> "Slot":
        """The slot without the rules of these ids."""
        return Slot(tuple(entry for entry in self._candidates if entry[1].id not in ids))


class Layer:
    """The candidates of one scope. A role that no rule demands finds its candidates in `others`."""

    __slots__ = ("by_role", "others", "times")

    def __init__(self, by_role: dict[str, Slot], others: Slot, times: tuple[TimeCondition, ...]) -> None:
        self.by_role = by_role
        self.others = others
        self.times = times

    @staticmethod
    def of(rules: Iterable[Rule]) -> "Layer":
        """The rules, compiled; the same Layer for equal rules of whatever scope."""
        return _layer(tuple([rule.outline for rule in rules]))

    def without(self, ids: frozenset[str]) -> "Layer":
        """The layer without the rules of these ids; itself when there are none."""
        if not ids:
            return self
        by_role = {role: slot.without(ids) for role, slot in self.by_role.items()}
        return Layer(by_role, self.others.without(ids), self.times)


@lru_cache(maxsize=1 << 12)
def _layer(rules: tuple[Outline, ...]) -> Layer:
    ready = [(roles_demanded(rule.when), groups_demanded(rule.when), compiled(rule)) for rule in rules]
    named = frozenset().union(*(roles for roles, _, _ in ready if roles is not None))
    found = {condition.text: condition for rule in rules for condition in times(rule.when)}
    return Layer(
        {role: Slot(tuple(entry[1:] for entry in ready if entry[0] is None or role in entry[0])) for role in sorted(named)},
        Slot(tuple(entry[1:] for entry in ready if entry[0] is None)),
        tuple(found.values()),
    )


def compiled(rule: Outline) -> Candidate:
    """The rule's tests. What the index has asked already is left out: a role among its own conditions, and the groups."""
    return Candidate(*_tests(rule.when), rule.id, rule.grant, rule.denial)


@lru_cache(maxsize=1 << 16)
def _tests(when: AllOf) -> tuple[Test, tuple[str, ...], Test]:
    static, temporal, texts = [], [], []
    groups = groups_demanded(when)
    for condition in when.parts:
        asked = [time.text for time in times(AllOf((condition,)))]
        if asked:
            temporal.append(condition)
            texts += asked
        elif not isinstance(condition, Role) and not (isinstance(condition, Group) and condition.values == groups):
            static.append(condition)
    return all_of(tuple(static)), tuple(dict.fromkeys(texts)), all_of(tuple(temporal))


def roles_demanded(condition: Condition) -> frozenset[str] | None:
    """The roles one of which the condition needs in order to hold; None when it may hold for any role."""
    if isinstance(condition, Role):
        return condition.values
    if isinstance(condition, AllOf):
        demanded = [roles for part in condition.parts if (roles := roles_demanded(part)) is not None]
        return frozenset.intersection(*demanded) if demanded else None  # somebody has one role
    return _of_branches([roles_demanded(part) for part in condition.parts]) if isinstance(condition, AnyOf) else None


def groups_demanded(condition: Condition) -> frozenset[str] | None:
    """Groups one of which the condition needs in order to hold; None when it may hold for somebody in no group."""
    if isinstance(condition, Group):
        return condition.values
    if isinstance(condition, AllOf):
        demanded = [groups for part in condition.parts if (groups := groups_demanded(part)) is not None]
        return min(demanded, key=len) if demanded else None  # each is needed; somebody may be in several groups
    return _of_branches([groups_demanded(part) for part in condition.parts]) if isinstance(condition, AnyOf) else None


def _of_branches(branches: list[frozenset[str] | None]) -> frozenset[str] | None:
    known = [values for values in branches if values is not None]
    return frozenset().union(*known) if len(known) == len(branches) else None


@lru_cache(maxsize=1 << 12)
def _same(groups: frozenset[str]) -> frozenset[str]:
    """One object for equal sets, whatever the school."""
    return groups
