"""How a school's document stands to the national one: which national rules it takes out, and where it may not."""

from policies.document import Document
from policies.problems import Problem, known_values
from policies.rule import Rule


def replaced(national: Document, school: Document | None) -> frozenset[str]:
    """The ids of the national rules that are out of force at the school: named in `replaces` there, and not locked here."""
    named = {name for rule in own_rules(school) for name in rule.replaces} if school else set()
    return frozenset(rule.id for rule in own_rules(national) if rule.id in named and not rule.locked)


def check_together(national: Document | None, school: Document) -> list[Problem]:
    """What is wrong when the school's document is put under the national one; places are in the school's document."""
    unlocked = {rule.id for rule in own_rules(national) if not rule.locked} if national else set()
    locked = {rule.id for rule in own_rules(national) if rule.locked} if national else set()
    problems = []
    for rule in own_rules(school):
        for name in rule.replaces:
            if name in locked:
                message = (
                    f"the national rule {name!r} is locked and cannot be replaced; ask who answers for the national policy"
                )
                problems.append(Problem(f"{rule.place}.replaces", message, rule.id))
            elif name not in unlocked:
                message = f"there is no national rule {name!r}; {known_values(name, unlocked)}"
                problems.append(Problem(f"{rule.place}.replaces", message, rule.id))
    if national:
        for name in sorted(national.filters.keys() & school.filters.keys()):
            problems.append(Problem(f"filter.{name}", "is the name of a national filter profile; choose another name"))
    return problems


def own_rules(document: Document) -> tuple[Rule, ...]:
    """All rules of a document, [critical] last."""
    return (*document.rules, document.critical) if document.critical else document.rules
