"""The grants in force, by school and rule: for those who know a session's rule and ask what it gives now."""

from typing import Final
from zoneinfo import ZoneInfo

from policies.grant import Grant
from radius.aaa.limits import rule_of
from radius.aaa.schools import School, Schools

_NOWHERE: Final = ZoneInfo("UTC")


class GrantsInForce:
    """What rules give, of the schools that `schools` knows."""

    def __init__(self, schools: Schools) -> None:
        self._schools = schools
        self._found: dict[str, tuple[School, dict[str, Grant]]] = {}

    def of(self, school: str, rule: str) -> Grant | None:
        """What a rule ("national:pupils") gives at a school now, before its quota is used up; None when there is no such rule
        or school any more."""
        known = self._schools.get(school)
        if known is None:
            return None
        found = self._found.get(school)
        if found is None or found[0] is not known:  # a School is made anew when its policy changes
            rules = {each.name: each.grant for each in known.evaluator.rules() if each.grant is not None}
            found = self._found[school] = known, rules
        return found[1].get(rule_of(rule))

    def zone(self, school: str) -> ZoneInfo:
        """The school's time zone; UTC for a school that is gone."""
        known = self._schools.get(school)
        return known.zone if known is not None else _NOWHERE
