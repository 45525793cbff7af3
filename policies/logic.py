"""And, or, not: how conditions are joined. Each is a condition itself."""

from collections.abc import Iterator

from policies.access import Access
from policies.conditions import Condition, Test, Verdict
from policies.time_conditions import TimeCondition


class AllOf(Condition, frozen=True):
    """All parts hold; with no part it always holds. The keys of one table, and the list `all`."""

    parts: tuple[Condition, ...]
    key = "all"
    cost = 5

    def test(self) -> Test:
        return all_of(self.parts)

    def words(self, access: Access) -> Verdict:
        verdicts = [part.words(access) for part in self.parts]
        failed = [verdict.words for verdict in verdicts if not verdict.holds]
        return Verdict(not failed, " and ".join(failed or [verdict.words for verdict in verdicts]) or "nothing is asked")


class AnyOf(Condition, frozen=True):
    """At least one part holds. The list `any`."""

    parts: tuple[Condition, ...]
    key = "any"
    cost = 5

    def test(self) -> Test:
        if len(self.parts) == 1:
            return self.parts[0].test()
        tests = tuple(part.test() for part in sorted(self.parts, key=_cost))
        return lambda access: any(test(access) for test in tests)

    def words(self, access: Access) -> Verdict:
        verdicts = [part.words(access) for part in self.parts]
        held = [verdict.words for verdict in verdicts if verdict.holds]
        return Verdict(bool(held), held[0] if held else "; ".join(verdict.words for verdict in verdicts))


class Not(Condition, frozen=True):
    """The part does not hold. Its words are the same facts: what was found is so, whichever answer a rule wants."""

    part: Condition
    key = "not"
    cost = 5

    def test(self) -> Test:
        test = self.part.test()
        return lambda access: not test(access)

    def words(self, access: Access) -> Verdict:
        verdict = self.part.words(access)
        return Verdict(not verdict.holds, verdict.words)


def all_of(parts: tuple[Condition, ...]) -> Test:
    """One test for all parts, cheap ones first; the small cases, which nearly all rules are, without a loop."""
    tests = tuple(part.test() for part in sorted(parts, key=_cost))
    match tests:
        case ():
            return _always
        case (only,):
            return only
        case (first, second):
            return lambda access: first(access) and second(access)
        case (first, second, third):
            return lambda access: first(access) and second(access) and third(access)
        case _:
            return lambda access: all(test(access) for test in tests)


def times(condition: Condition) -> Iterator[TimeCondition]:
    """Each time condition within `condition`."""
    for _, leaf in leaves(condition, ""):
        if isinstance(leaf, TimeCondition):
            yield leaf


def leaves(condition: Condition, place: str) -> Iterator[tuple[str, Condition]]:
    """Each condition within that is no and/or/not, with its place in the document: `rule[3].when.any[0].ssid`.

    `condition` is what a table of the document became: an AllOf of its keys.
    """
    for part in condition.parts if isinstance(condition, AllOf) else (condition,):
        if isinstance(part, AllOf | AnyOf):
            for at, table in enumerate(part.parts):
                yield from leaves(table, f"{place}.{part.key}[{at}]")
        elif isinstance(part, Not):
            yield from leaves(part.part, f"{place}.{part.key}")
        else:
            yield f"{place}.{part.key}", part


def _always(access: Access) -> bool:
    return True


def _cost(condition: Condition) -> int:
    return condition.cost
