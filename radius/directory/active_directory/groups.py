"""A person's groups: every one that she is in, however nested, with her primary group.

The domain controller itself works them out (tokenGroups, [MS-ADTS] section 3.1.1.4.5.19) and gives them as SIDs; what a SID is
called is remembered. Where the service account may not read tokenGroups they are found by LDAP_MATCHING_RULE_IN_CHAIN, then
without the primary group. Distribution groups are only in the latter.
"""

import time
from collections import OrderedDict
from collections.abc import Iterable
from threading import Lock
from typing import Final

from radius.directory.active_directory.domain import Searching
from radius.directory.conditions import Group
from radius.directory.ldap.entry import Entry
from radius.directory.ldap.filters import ANYTHING, any_of, fill

IN_CHAIN: Final = "1.2.840.113556.1.4.1941"  # LDAP_MATCHING_RULE_IN_CHAIN, [MS-ADTS] section 3.1.1.3.4.4
FRESH: Final = 600.0  # seconds for which a SID's name is remembered; a group is seldom called otherwise
AT_MOST: Final = 65_536  # SIDs: classes and groups of some thousand schools
_TOGETHER: Final = 50  # SIDs in one filter


class GroupReader:
    """Thread-safe. `base` is where groups are looked for, `name` the attribute that names one; not `nested` means only the
    groups that have the account itself as a member."""

    def __init__(self, servers: Searching, base: str, name: str, *, nested: bool = True) -> None:
        self._servers = servers
        self._nested = nested
        self._base = base
        self._name = name
        self._lock = Lock()
        self._names: OrderedDict[bytes, tuple[float, Group | None]] = OrderedDict()

    def of(self, dn: str, deadline: float) -> tuple[Group, ...]:
        """The groups of the account at `dn`. Raises Unreachable."""
        if not self._nested:
            return self._search(fill("(member={dn})", {"dn": dn}), deadline)
        found = self._servers.search(dn, ANYTHING, ["tokenGroups"], deadline, "base")
        sids = found[0].octets("tokenGroups") if found else []
        if not sids:  # everybody is in some group, so nothing means that it may not be read
            return self._search(fill(f"(member:{IN_CHAIN}:={{dn}})", {"dn": dn}), deadline)
        known, unknown = self._known(sids)
        for at in range(0, len(unknown), _TOGETHER):
            known |= self._look_up(unknown[at : at + _TOGETHER], deadline)
        return tuple(group for sid in sids if (group := known.get(sid)) is not None)

    def _search(self, filter_: bytes, deadline: float) -> tuple[Group, ...]:
        return tuple(self._group(each) for each in self._servers.search(self._base, filter_, [self._name], deadline))

    def _known(self, sids: Iterable[bytes]) -> tuple[dict[bytes, Group | None], list[bytes]]:
        known: dict[bytes, Group | None] = {}
        unknown = []
        now = time.monotonic()
        with self._lock:
            for sid in sids:
                until, group = self._names.get(sid, (0.0, None))
                if now < until:
                    known[sid] = group
                else:
                    unknown.append(sid)
        return known, unknown

    def _look_up(self, sids: list[bytes], deadline: float) -> dict[bytes, Group | None]:
        """SIDs of groups elsewhere, such as BUILTIN's when the base is an OU, have none."""
        filter_ = any_of([fill("(objectSid={sid})", {"sid": sid}) for sid in sids])
        found: dict[bytes, Group | None] = dict.fromkeys(sids)
        for entry in self._servers.search(self._base, filter_, [self._name, "objectSid"], deadline):
            for sid in entry.octets("objectSid"):
                found[sid] = self._group(entry)
        until = time.monotonic() + FRESH
        with self._lock:
            for sid, group in found.items():
                self._names[sid] = (until, group)
                self._names.move_to_end(sid)
            while len(self._names) > AT_MOST:
                self._names.popitem(last=False)
        return found

    def _group(self, entry: Entry) -> Group:
        return Group(entry.dn, next(iter(entry.texts(self._name)), ""))
