"""The groups that a person is in, and those that these are in, up to the top.

Each level of nesting is one search for all groups of the level together. What is above a group is remembered for as long as the
description lets facts be kept, since a class is asked about thirty times at eight o'clock.
"""

import time
from collections import OrderedDict
from threading import Lock
from typing import Final

from radius.directory.conditions import Group
from radius.directory.description import Description
from radius.directory.distinguished_names import DnKey, dn_key, first_value
from radius.directory.ldap.entry import Entry
from radius.directory.ldap.filters import ANYTHING, any_of, fill
from radius.directory.ldap.servers import Servers

LEVELS: Final = 16
MAX_GROUPS: Final = 1_000  # that are followed for one person
BATCH: Final = 25  # groups in one filter
REMEMBERED: Final = 4_096  # levels

Found = dict[DnKey, Group]


class Groups:
    """Reads the groups of entries. Thread-safe."""

    def __init__(self, description: Description, servers: Servers) -> None:
        self._how = description.groups
        self._base = description.groups.base or description.base
        self._keep = description.cache.facts_seconds
        self._servers = servers
        self._lock = Lock()
        self._above: OrderedDict[frozenset[DnKey], tuple[float, list[Group]]] = OrderedDict()

    @property
    def attributes(self) -> list[str]:
        """What must be read of a person's entry."""
        return [self._how.member_of] if self._how.member_of else []

    def of(self, person: Entry, name: str, deadline: float) -> tuple[Group, ...]:
        """The groups of the entry `person`, known as `name`. Raises Unreachable."""
        found: Found = {}
        level = self._new(found, self._member_of(person))
        if self._how.filter:
            searched = self._search(fill(self._how.filter, {"dn": person.dn, "name": name}), deadline)
            level += self._new(found, [self._group(entry) for entry in searched])
        for _ in range(LEVELS if self._how.nested else 0):
            if not level or len(found) > MAX_GROUPS:
                break
            level = self._new(found, self._over(level, deadline))
        return tuple(found.values())

    def _over(self, level: list[Group], deadline: float) -> list[Group]:
        """What these groups are in, taken together. Classmates are in the same groups, so the same levels come again."""
        key = frozenset(dn_key(group.dn) for group in level)
        now = time.monotonic()
        with self._lock:
            kept = self._above.get(key)
        if kept is not None and now < kept[0]:
            return kept[1]
        above = self._asked_above(level, deadline)
        if self._keep > 0:
            with self._lock:
                self._above[key] = (now + self._keep, above)
                while len(self._above) > REMEMBERED:
                    self._above.popitem(last=False)
        return above

    def _asked_above(self, level: list[Group], deadline: float) -> list[Group]:
        above: list[Group] = []
        if self._how.above:
            for start in range(0, len(level), BATCH):
                parts = [fill(self._how.above, {"dn": group.dn}) for group in level[start : start + BATCH]]
                above += [self._group(entry) for entry in self._search(any_of(parts), deadline)]
        elif self._how.member_of:
            for group in level:
                entries = self._servers.search(group.dn, ANYTHING, [self._how.member_of], deadline, "base", 1)
                above += [each for entry in entries for each in self._member_of(entry)]
        return above

    def _search(self, filter_: bytes, deadline: float) -> list[Entry]:
        return self._servers.search(self._base, filter_, [self._how.name], deadline)

    def _group(self, entry: Entry) -> Group:
        return Group(entry.dn, next(iter(entry.texts(self._how.name)), "") or first_value(entry.dn))

    def _member_of(self, entry: Entry) -> list[Group]:
        """The attribute has DNs alone; a group is named by the first component of its DN nearly everywhere."""
        return [Group(dn, first_value(dn)) for dn in entry.texts(self._how.member_of)] if self._how.member_of else []

    @staticmethod
    def _new(found: Found, groups: list[Group]) -> list[Group]:
        """Those that were not found before; two groups in each other do not go round for ever."""
        new = []
        for group in groups:
            key = dn_key(group.dn)
            if key and key not in found:
                found[key] = group
                new.append(group)
        return new
