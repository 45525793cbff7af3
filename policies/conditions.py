"""What a rule may ask about the person, the device and the place: one class a condition.

A condition is one closed test over an Access (`test`, made once, so that a decision calls nothing else) and its words,
which state the fact that was found and are made off the packet's way. `words` reckons for itself; a property test holds
both together.
"""

import re
from collections.abc import Callable
from fnmatch import translate
from typing import ClassVar

from msgspec import Struct

from policies.access import Access

Test = Callable[[Access], bool]


class Verdict(Struct, frozen=True):
    """Whether a condition holds, and the fact that decided it, in words for the operator."""

    holds: bool
    words: str


class Condition(Struct, frozen=True):
    """Base of all conditions. `key` is the word for it in a policy document; `cost` orders tests, cheap ones first."""

    key: ClassVar[str] = ""
    cost: ClassVar[int] = 1

    def test(self) -> Test:
        """The condition as one function of the Access."""
        raise NotImplementedError

    def words(self, access: Access) -> Verdict:
        """The condition's verdict with its reason."""
        raise NotImplementedError

    def holds(self, access: Access) -> bool:
        """Whether it holds; the same test that a decision uses."""
        return self.test()(access)


class OneOf(Condition, frozen=True):
    """Base of the conditions that ask whether one value of the Access is among some values."""

    values: frozenset[str]


class Role(OneOf, frozen=True):
    """`role`: the person's or device's role."""

    key = "role"

    def test(self) -> Test:
        values = self.values
        return lambda access: access.role in values

    def words(self, access: Access) -> Verdict:
        return _among("role", access.role, self.values)


class School(OneOf, frozen=True):
    """`school`: the school whose access point asks."""

    key = "school"

    def test(self) -> Test:
        values = self.values
        return lambda access: access.school in values

    def words(self, access: Access) -> Verdict:
        return _among("school", access.school, self.values)


class Ssid(OneOf, frozen=True):
    """`ssid`: the network's name, octet for octet (IEEE 802.11 knows no case folding)."""

    key = "ssid"

    def test(self) -> Test:
        values = self.values
        return lambda access: access.ssid in values

    def words(self, access: Access) -> Verdict:
        return _among("SSID", access.ssid, self.values)


class MethodIs(OneOf, frozen=True):
    """`method`: how the person or device proves itself (policies.access.Method)."""

    key = "method"

    def test(self) -> Test:
        values = self.values
        return lambda access: access.method in values

    def words(self, access: Access) -> Verdict:
        return _among("method", str(access.method), self.values)


class OwnershipIs(OneOf, frozen=True):
    """`ownership`: whose the device is (policies.access.Ownership)."""

    key = "ownership"

    def test(self) -> Test:
        values = self.values
        return lambda access: access.ownership in values

    def words(self, access: Access) -> Verdict:
        return _among("ownership", str(access.ownership), self.values)


class Group(Condition, frozen=True):
    """`group`: a class or other group that the person or device is in; one of them is enough."""

    values: frozenset[str]
    key = "group"
    cost = 2

    def test(self) -> Test:
        apart = self.values.isdisjoint
        return lambda access: not apart(access.groups)

    def words(self, access: Access) -> Verdict:
        return _shared("group", access.groups, self.values)


class Tag(Condition, frozen=True):
    """`tag`: a tag of the school, such as its region or kind; one of them is enough."""

    values: frozenset[str]
    key = "tag"
    cost = 2

    def test(self) -> Test:
        apart = self.values.isdisjoint
        return lambda access: not apart(access.tags)

    def words(self, access: Access) -> Verdict:
        return _shared("school tag", access.tags, self.values)


class Home(Condition, frozen=True):
    """`home`: whether the person or device belongs to the school whose access point asks."""

    value: bool
    key = "home"

    def test(self) -> Test:
        return (lambda access: access.home) if self.value else (lambda access: not access.home)

    def words(self, access: Access) -> Verdict:
        return Verdict(access.home == self.value, "belongs to this school" if access.home else "does not belong to this school")


class Wired(Condition, frozen=True):
    """`wired`: on a cable rather than by radio."""

    value: bool
    key = "wired"

    def test(self) -> Test:
        return (lambda access: access.wired) if self.value else (lambda access: not access.wired)

    def words(self, access: Access) -> Verdict:
        return Verdict(access.wired == self.value, "on a wire" if access.wired else "by radio")


class Mac(Condition, frozen=True):
    """`mac`: the device's address, whole or its beginning (canonical, see policies.mac). A device says its own address
    and can lie, so this finds devices and proves nothing."""

    prefixes: tuple[str, ...]
    key = "mac"

    def test(self) -> Test:
        prefixes = self.prefixes
        return lambda access: access.mac.startswith(prefixes)

    def words(self, access: Access) -> Verdict:
        holds = any(access.mac[: len(prefix)] == prefix for prefix in self.prefixes)
        if holds:
            return Verdict(True, f"MAC is {access.mac}")
        return Verdict(False, f"MAC is {access.mac or 'unknown'}, which does not begin with {listed(self.prefixes)}")


class Matched(Condition, frozen=True):
    """Base of the conditions with patterns: `prefixes` of MAC addresses, whole names, and `globs` (`*`, `?`, `[a-c]`,
    case-sensitive). What is unknown ("") matches no pattern."""

    prefixes: tuple[str, ...] = ()
    names: frozenset[str] = frozenset()
    globs: tuple[str, ...] = ()
    cost = 3

    def _matcher(self) -> Callable[[str], bool]:
        """One function for the three ways to match."""
        prefixes, names = self.prefixes, self.names
        if not self.globs:
            return (lambda value: value in names or value.startswith(prefixes)) if prefixes else names.__contains__
        glob = re.compile("|".join(f"(?:{translate(glob)})" for glob in self.globs)).match
        return lambda value: value in names or value.startswith(prefixes) or (value != "" and glob(value) is not None)

    def _verdict(self, noun: str, value: str) -> Verdict:
        matched = [name for name in self.names if name == value]
        matched += [f"{prefix}…" for prefix in self.prefixes if value[: len(prefix)] == prefix]
        matched += [glob for glob in self.globs if value and re.match(translate(glob), value)]
        if matched:
            return Verdict(True, f"{noun} is {value}")
        return Verdict(False, f"{noun} is {value or 'unknown'}, not {listed((*self.prefixes, *self.names, *self.globs))}")


class AccessPoint(Matched, frozen=True):
    """`access_point`: the access point's MAC address, its beginning, or its name with wildcards."""

    key = "access_point"

    def test(self) -> Test:
        matches = self._matcher()
        return lambda access: matches(access.access_point)

    def words(self, access: Access) -> Verdict:
        return self._verdict("access point", access.access_point)


class Location(Matched, frozen=True):
    """`location`: where the RADIUS client stands, as its administrator wrote it; wildcards allowed."""

    key = "location"

    def test(self) -> Test:
        matches = self._matcher()
        return lambda access: matches(access.location)

    def words(self, access: Access) -> Verdict:
        return self._verdict("location", access.location)


class Issuer(Matched, frozen=True):
    """`issuer`: the certificate's issuer as an RFC 4514 string; wildcards allowed. No certificate matches no pattern."""

    key = "issuer"

    def test(self) -> Test:
        matches = self._matcher()
        return lambda access: matches(access.issuer)

    def words(self, access: Access) -> Verdict:
        return self._verdict("certificate issuer", access.issuer)


def listed(values: frozenset[str] | tuple[str, ...]) -> str:
    """Values for a sentence: `a, b or c`, in order, at most ten of them."""
    names = sorted(values)
    if len(names) > 10:
        return f"{', '.join(names[:9])} or {len(names) - 9} more"
    return " or ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _among(noun: str, value: str, values: frozenset[str]) -> Verdict:
    if any(value == wanted for wanted in values):
        return Verdict(True, f"{noun} is {value}")
    return Verdict(False, f"{noun} is {value or 'unknown'}, not {listed(values)}")


def _shared(noun: str, values: frozenset[str], wanted: frozenset[str]) -> Verdict:
    shared = values & wanted
    if shared:
        return Verdict(True, f"in {noun} {', '.join(sorted(shared))}")
    has = f"in {noun} {', '.join(sorted(values))}" if values else f"in no {noun}"
    return Verdict(False, f"{has}, not in {listed(wanted)}")
