"""Conditions on a directory's entry, as the administrator writes them, and what an entry is for them.

group = cn=nastavnici,ou=grupe,dc=skola     in that group: its DN, or only its name
departmentNumber = 8-2                      one of the attribute's values is this, without regard to case
mail = *@ucenici.skola.example              * stands for anything
sambaAcctFlags contains D                   one of the values has this in it
accountUnlockTime after now                 a moment (RFC 4517 section 3.3.13) that has not come yet
pwdAccountLockedTime                        the attribute is there at all
dn under ou=nastavnici,dc=skola             where in the tree the entry is
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

from policies.value import Value
from radius.directory.distinguished_names import dn_key
from radius.directory.moments import generalized_time

GROUP: Final = "group"  # stands for the names of the groups that an entry is in
_NAME: Final = r"[A-Za-z][A-Za-z0-9;.-]*|\d[\d.]*"
_EQUALS: Final = re.compile(rf"({_NAME})\s*=\s*(.+)", re.DOTALL).fullmatch
_CONTAINS: Final = re.compile(rf"({_NAME})\s+contains\s+(.+)", re.DOTALL).fullmatch
_AFTER_NOW: Final = re.compile(rf"({_NAME})\s+after\s+now").fullmatch
_UNDER: Final = re.compile(r"dn\s+under\s+(.+)", re.DOTALL | re.IGNORECASE).fullmatch
_PRESENT: Final = re.compile(_NAME).fullmatch


class Group(Value):
    """A group of the directory: its DN ("" where only its name is known) and its name."""

    __slots__ = ("dn", "name")

    def __init__(self, dn: str, name: str) -> None:
        self.dn: Final = dn
        self.name: Final = name


class Facts(Value):
    """An entry for the conditions: its DN, its attributes (texts, by names in small letters), its groups, and the time."""

    __slots__ = ("attributes", "dn", "group_dns", "group_names", "groups", "now")

    def __init__(self, dn: str, attributes: Mapping[str, list[str]], groups: tuple[Group, ...], now: float) -> None:
        self.dn: Final = dn
        self.attributes: Final = attributes
        self.groups: Final = groups
        self.group_dns: Final = frozenset(dn_key(group.dn) for group in groups)
        self.group_names: Final = frozenset(group.name.casefold() for group in groups)
        self.now: Final = now

    def values(self, attribute: str) -> list[str]:
        """The values of an attribute; of `group` the names of the groups."""
        if attribute.lower() == GROUP:
            return sorted(group.name for group in self.groups)
        return self.attributes.get(attribute.lower(), [])


class EntryCondition(Value):
    """`holds(facts)`, and what must be read for it: these attributes, or the groups."""

    __slots__ = ("attributes", "groups", "holds")

    def __init__(self, attributes: tuple[str, ...], holds: Callable[[Facts], bool], groups: bool = False) -> None:
        self.attributes: Final = attributes
        self.holds: Final = holds
        self.groups: Final = groups


def parse_condition(text: str) -> EntryCondition:
    """The condition in `text`. Raises ValueError with words for the administrator."""
    text = text.strip()
    if found := _UNDER(text):
        return _under(found[1])
    if found := _CONTAINS(text):
        part = found[2].casefold()
        return _on(found[1], lambda value, _: part in value.casefold())
    if found := _AFTER_NOW(text):
        return _on(found[1], lambda value, now: (generalized_time(value) or 0.0) > now)
    if found := _EQUALS(text):
        return _in_group(found[2]) if found[1].lower() == GROUP else _on(found[1], _like(found[2]))
    if _PRESENT(text):
        return _on(text, lambda value, now: True)
    raise ValueError(f"{text!r} is no condition; it is like 'departmentNumber = 8-2' or 'group = teachers'")


def _on(attribute: str, test: Callable[[str, float], bool]) -> EntryCondition:
    groups = attribute.lower() == GROUP
    return EntryCondition(
        () if groups else (attribute,), lambda facts: any(test(value, facts.now) for value in facts.values(attribute)), groups
    )


def _like(pattern: str) -> Callable[[str, float], bool]:
    if "*" not in pattern:
        wanted = pattern.casefold()
        return lambda value, _: value.casefold() == wanted
    matches = re.compile(".*".join(map(re.escape, pattern.casefold().split("*"))), re.DOTALL).fullmatch
    return lambda value, _: matches(value.casefold()) is not None


def _in_group(wanted: str) -> EntryCondition:
    if "=" in wanted:
        key = dn_key(wanted)
        if not key:
            raise ValueError(f"{wanted!r} is no DN (RFC 4514)")
        return EntryCondition((), lambda facts: key in facts.group_dns, groups=True)
    like = _like(wanted)
    return EntryCondition((), lambda facts: any(like(name, facts.now) for name in facts.group_names), groups=True)


def _under(base: str) -> EntryCondition:
    above = dn_key(base)
    if not above:
        raise ValueError(f"{base!r} is no DN (RFC 4514)")
    return EntryCondition((), lambda facts: dn_key(facts.dn)[-len(above) :] == above)
