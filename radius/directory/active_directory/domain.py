"""What the domain says of itself: its names, and after how many wrong passwords it locks an account.

Read as the service account and kept for some minutes; while nobody answers, what was read last holds.
"""

import time
from collections.abc import Iterable
from threading import Lock
from typing import Final, Protocol

from policies.value import Value
from radius.directory.active_directory.names import Domain
from radius.directory.ldap.entry import Entry
from radius.directory.ldap.filters import ANYTHING, fill
from radius.directory.ldap.unreachable import Stage, Unreachable

FRESH: Final = 600.0  # seconds
_TICKS: Final = 10_000_000  # a second, in the 100 ns of AD's spans ([MS-ADTS] section 3.1.1.3.4.2.2)


class Searching(Protocol):
    """What is needed of radius.directory.ldap.servers.Servers."""

    def search(
        self, base: str, filter_: bytes, attributes: list[str], deadline: float, scope: str = "subtree", size_limit: int = 0
    ) -> list[Entry]:
        """The entries; raises Unreachable."""


MAX_PATIENCE: Final = 3600.0  # seconds


class Lockout(Value):
    """The domain's policy: `threshold` wrong passwords lock (0: none do), each within `window` seconds of the last."""

    __slots__ = ("threshold", "window")

    def __init__(self, threshold: int, window: float) -> None:
        self.threshold: Final = threshold
        self.window: Final = window

    def guards(self, counted: int) -> bool:
        """Whether the next wrong password could lock the account: that one is left to the person."""
        return self.threshold > 0 and counted >= max(self.threshold - 1, 1)

    def patience(self, counted: int) -> float:
        """For how long (seconds) a device that keeps sending wrong passwords must wait, when `counted` have been: not at all
        before half of what locks, and then until they are forgotten. So where five lock, no device sends a third one."""
        half = max(self.threshold // 2, 2)
        return min(self.window, MAX_PATIENCE) if self.threshold and counted >= half else 0.0


class DomainFacts(Value):
    """The domain's names, its naming context (its own DN), and its lockout policy."""

    __slots__ = ("context", "lockout", "names")

    def __init__(self, names: Domain, context: str, lockout: Lockout) -> None:
        self.names: Final = names
        self.context: Final = context
        self.lockout: Final = lockout


class DomainReader:
    """Thread-safe."""

    def __init__(self, servers: Searching, netbios: str, stripped: Iterable[str]) -> None:
        """`netbios` goes before what the domain says, when it is not ""."""
        self._servers = servers
        self._netbios = netbios
        self._stripped = tuple(stripped)
        self._lock = Lock()
        self._known: DomainFacts | None = None
        self._read_at = 0.0

    def facts(self, deadline: float) -> DomainFacts:
        """The facts, at most some minutes old while the directory is there. Raises Unreachable when there never were any."""
        known = self._known
        now = time.monotonic()
        if known is not None and now - self._read_at < FRESH:
            return known
        if not self._lock.acquire(timeout=max(deadline - now, 0.0) if known is None else 0.0):  # another thread is reading it
            if known is None:
                raise Unreachable(Stage.SEARCH, "", "what the domain says of itself was not read in time")
            return known
        try:
            if self._known is None or time.monotonic() - self._read_at >= FRESH:
                try:
                    self._known = self._read(deadline)
                except Unreachable:
                    if self._known is None:
                        raise
                self._read_at = time.monotonic()
            return self._known
        finally:
            self._lock.release()

    def _read(self, deadline: float) -> DomainFacts:
        names = ["defaultNamingContext", "configurationNamingContext"]
        root = self._one("", ANYTHING, names, deadline, "base")
        context, configuration = (_text(root, name) for name in names)
        reference = self._one(
            f"CN=Partitions,{configuration}",
            fill("(nCName={dn})", {"dn": context}),
            ["nETBIOSName", "dnsRoot"],
            deadline,
            "one",
        )
        policy = self._one(context, ANYTHING, ["lockoutThreshold", "lockOutObservationWindow"], deadline, "base")
        domain = Domain(self._netbios or _text(reference, "nETBIOSName"), _text(reference, "dnsRoot"), self._stripped)
        window = abs(_number(policy, "lockOutObservationWindow")) / _TICKS
        return DomainFacts(domain, context, Lockout(_number(policy, "lockoutThreshold"), window))

    def _one(self, base: str, filter_: bytes, attributes: list[str], deadline: float, scope: str) -> Entry:
        found = self._servers.search(base, filter_, attributes, deadline, scope) if base or scope == "base" else []
        return found[0] if found else Entry("", {})


def _text(entry: Entry, name: str) -> str:
    return next(iter(entry.texts(name)), "")


def _number(entry: Entry, name: str) -> int:
    try:
        return int(_text(entry, name))
    except ValueError:
        return 0
