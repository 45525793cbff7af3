"""A rule of a policy: whom it is for, and what it gives or why it refuses."""

from msgspec import Struct

from policies.conditions import Condition
from policies.grant import Denial, Grant
from policies.logic import AllOf

NATIONAL = "national"
CRITICAL = "critical"  # the id of the rule that [critical] is


class Outline(Struct, frozen=True):
    """What decides of a rule, whoever's it is: schools whose rules have equal outlines share what is made of them."""

    id: str
    when: AllOf
    grant: Grant | None
    denial: Denial | None


class Rule(Struct, frozen=True, eq=False):
    """One rule of a scope. It has either a `grant` or a `denial`.

    `name` is `scope:id`, as decisions and the audit log have it; `place` is where it stands in its document (`rule[3]`,
    counted from 0). `locked` (national rules only) keeps schools from replacing it; `replaces` (schools only) names the
    unlocked national rules that it takes out for its school. Rules are compared by identity.
    """

    scope: str
    id: str
    name: str
    place: str
    when: AllOf
    grant: Grant | None = None
    denial: Denial | None = None
    description: str = ""
    locked: bool = False
    replaces: tuple[str, ...] = ()

    @property
    def outline(self) -> Outline:
        """The rule without whose it is."""
        return Outline(self.id, self.when, self.grant, self.denial)

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """The conditions that must all hold."""
        return self.when.parts
