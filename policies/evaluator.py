"""Decides: national rules, then the school's; the first match wins; no match denies.

Each school has an Evaluator; the national Document in it is the same object everywhere, so its compiled rules are shared.
While the directory is away nobody is known, and the [critical] rules alone are asked.
"""

from hashlib import sha256
from math import inf

from policies.access import Access
from policies.calendar import Calendar
from policies.combine import own_rules, replaced
from policies.decision import Decision, RuleVerdict
from policies.document import Document
from policies.grant import FilterProfile, Grant
from policies.layer import Slot
from policies.logic import leaves
from policies.moment import Moment
from policies.rule import CRITICAL, Rule
from policies.time_conditions import moment_of

_Layers = tuple[tuple[dict[str, Slot], Slot, str], ...]  # the last is what stands before a rule's id: its scope


class Evaluator:
    """A school's policy in force, and cheap enough to have one for each of 4,000 schools.

    Of the school's `replaces` only what is allowed takes effect: a locked rule stays (combine.check_together tells the
    author). Thread-safe: what it remembers is only ever added, and the same whoever adds it.
    """

    __slots__ = ("_away", "_layers", "_national", "_replaced", "_school", "sha256")

    def __init__(self, national: Document | None, school: Document | None) -> None:
        self._national = national
        self._school = school
        self._replaced = replaced(national, school) if national else frozenset()
        both = f"{national.sha256 if national else ''}\n{school.sha256 if school else ''}"
        self.sha256 = sha256(both.encode()).hexdigest()
        layers, away = [], []
        if national:
            layers.append((national.layer.without(self._replaced), f"{national.scope}:"))
            away.append((national.critical_layer.without(self._replaced), f"{national.scope}:"))
        if school:
            layers.append((school.layer, f"{school.scope}:"))
            away.append((school.critical_layer, f"{school.scope}:"))
        self._layers: _Layers = tuple((layer.by_role, layer.others, scope) for layer, scope in layers)
        self._away: _Layers = tuple((layer.by_role, layer.others, scope) for layer, scope in away)

    def decide(self, access: Access) -> Decision:
        """The Decision. Total: a Moment that was made for another policy, and lacks a time condition, permits nothing."""
        until = inf
        role, groups = access.role, access.groups
        for by_role, others, scope in self._away if access.directory_away else self._layers:
            slot = by_role.get(role, others)
            mine = groups & slot.named
            candidates = slot.found.get(mine)
            for static, texts, temporal, rule, grant, denial in slot.find(mine) if candidates is None else candidates:
                if not static(access):
                    continue
                if texts:
                    changes = access.moment.changes
                    for text in texts:
                        change = changes.get(text)
                        if change is None:
                            return Decision(False, "", None, None, self.sha256, access.moment.now)
                        if change < until:  # noqa: PLR1730 - min() takes four times as long
                            until = change
                    if not temporal(access):
                        continue
                return Decision(grant is not None, scope + rule, grant, denial, self.sha256, until)
        return Decision(False, "", None, None, self.sha256, until)

    def asks(self, key: str) -> bool:
        """Whether any rule asks for this condition (`ownership`), so that what nobody asks for need not be looked up."""
        return any(leaf.key == key for rule in self.rules() for _, leaf in leaves(rule.when, ""))

    def explain(self, access: Access) -> tuple[RuleVerdict, ...]:
        """Each rule in order, up to the one that matched, with its conditions' words. For people, off the packet's way."""
        verdicts = []
        for rule in self.rules(away=access.directory_away):
            conditions = tuple(condition.words(access) for condition in rule.conditions)
            matched = all(condition.holds for condition in conditions)
            verdicts.append(RuleVerdict(rule.name, rule.description, matched, rule.grant is not None, conditions))
            if matched:
                break
        return tuple(verdicts)

    def rules(self, *, away: bool = False) -> tuple[Rule, ...]:
        """The rules in force, in order; with `away` those for *directory away*."""
        national = [rule for rule in own_rules(self._national) if rule.id not in self._replaced] if self._national else []
        school = own_rules(self._school) if self._school else ()
        return tuple(rule for rule in (*national, *school) if (rule.id == CRITICAL) == away)

    def moment(self, calendar: Calendar, now: float) -> Moment:
        """The school's Moment at `now` (seconds since the epoch): usable until its `until`, by this Evaluator alone."""
        found = {time.text: time for document in (self._national, self._school) if document for time in document.times}
        return moment_of(tuple(found.values()), calendar, now)

    def filter(self, name: str) -> FilterProfile | None:
        """The filter profile of that name, the national one first; None when there is none."""
        for document in (self._national, self._school):
            if document and name in document.filters:
                return document.filters[name]
        return None

    @property
    def critical(self) -> Grant | None:
        """The first grant for *directory away*, None when no policy names one. Whether it holds here and now, decide() says."""
        return next((rule.grant for rule in self.rules(away=True)), None)
