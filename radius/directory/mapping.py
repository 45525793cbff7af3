"""From a directory's entry to what policies ask: the role, the groups and the school that an administrator's rows give.

Rows are read in their order; the first that gives a role, and the first that gives a school, is taken, and every row adds its
groups. What a row does not give stays empty, and a policy that permits only roles then denies.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from policies.value import Value
from radius.directory.conditions import GROUP, EntryCondition, Facts, parse_condition
from radius.directory.description import MapRow

MAX_GROUPS: Final = 200  # of one person: they travel with her proof and into the log
MAX_GROUP: Final = 128  # characters


class Mapped(Value):
    """What the rows gave."""

    __slots__ = ("groups", "role", "school")

    def __init__(self, role: str, groups: frozenset[str], school: str) -> None:
        self.role: Final = role
        self.groups: Final = groups
        self.school: Final = school


class _Row(Value):
    __slots__ = ("condition", "row")

    def __init__(self, condition: EntryCondition | None, row: MapRow) -> None:
        self.condition: Final = condition
        self.row: Final = row


class Mapping:
    """The rows of a description, ready to be asked."""

    def __init__(self, rows: Iterable[MapRow]) -> None:
        self._rows = [_Row(parse_condition(row.when) if row.when else None, row) for row in rows]

    @property
    def attributes(self) -> list[str]:
        """The attributes that must be read."""
        named = [each.row.attribute for each in self._rows if each.row.attribute.lower() not in ("", GROUP)]
        return named + [name for each in self._rows if each.condition for name in each.condition.attributes]

    @property
    def groups(self) -> bool:
        """Whether a person's groups must be read at all."""
        return any(
            each.row.attribute.lower() == GROUP or (each.condition is not None and each.condition.groups) for each in self._rows
        )

    def of(self, facts: Facts) -> Mapped:
        """The role, groups and school of an entry. Groups beyond MAX_GROUPS, in the alphabet's order, are left out."""
        role = school = ""
        groups: set[str] = set()
        for each in self._rows:
            if each.condition is not None and not each.condition.holds(facts):
                continue
            for value in _values(each.row, facts):
                role = role or each.row.role.replace("{value}", value)
                school = school or each.row.school.replace("{value}", value).lower()
                groups |= {group.replace("{value}", value)[:MAX_GROUP] for group in each.row.every_group}
        return Mapped(role, frozenset(sorted(groups)[:MAX_GROUPS]), school)


def _values(row: MapRow, facts: Facts) -> Iterator[str]:
    """What {value} stands for, once for each; once "" for a row without an attribute."""
    if not row.attribute:
        yield ""
        return
    translated = {key.casefold(): value for key, value in row.values.items()}
    for value in facts.values(row.attribute):
        known = translated.get(value.strip().casefold(), "") if row.values else value.strip()
        if known:
            yield known
