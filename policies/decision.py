"""What comes out: a Decision for the packet's way, and for people each rule that was tried, with its reasons."""

from math import inf
from typing import Final

from msgspec import Struct

from policies.conditions import Verdict
from policies.grant import Denial, Grant
from policies.value import Value


class Decision(Value):
    """Yes or no, by which rule, under which policy, and until when.

    `rule` is "national:id" or "os-vuk:id", "" when no rule matched (then there is neither grant nor denial). `policy` is the
    hex SHA-256 of the policy. The same question has the same answer while now < `valid_until` (seconds since the epoch).
    """

    __slots__ = ("denial", "grant", "permitted", "policy", "rule", "valid_until")

    def __init__(
        self, permitted: bool, rule: str, grant: Grant | None, denial: Denial | None, policy: str, valid_until: float = inf
    ) -> None:
        self.permitted: Final = permitted
        self.rule: Final = rule
        self.grant: Final = grant
        self.denial: Final = denial
        self.policy: Final = policy
        self.valid_until: Final = valid_until

    @property
    def key(self) -> str:
        """The rule under this policy, for caches of what follows from its grant."""
        return f"{self.policy[:16]}/{self.rule}"


class RuleVerdict(Struct, frozen=True):
    """One rule that was tried: whether it matched, whether it permits, and each of its conditions with its words."""

    rule: str
    description: str
    matched: bool
    permits: bool
    conditions: tuple[Verdict, ...]
