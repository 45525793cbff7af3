"""Accounts in Active Directory: found by any of their names, and what policies, the log and the cache need of them."""

import hashlib
import uuid
from typing import Final

from policies.value import Value
from radius.audit.causes import Cause
from radius.directory.active_directory.domain import DomainFacts, DomainReader, Lockout, Searching
from radius.directory.active_directory.groups import GroupReader
from radius.directory.active_directory.names import certificate_filter_for, filter_for, meant
from radius.directory.active_directory.reasons import ATTRIBUTES, AccountState
from radius.directory.admission import Admission
from radius.directory.conditions import Facts, Group
from radius.directory.description import Description
from radius.directory.ldap.entry import Entry
from radius.directory.ldap.filters import ANYTHING
from radius.directory.ldap.unreachable import Stage, Unreachable
from radius.directory.mapping import Mapping
from radius.directory.moments import filetime
from radius.directory.question import Principal

SAM: Final = "sAMAccountName"
_GUID: Final = "objectguid"
_GUID_OCTETS: Final = 16
_SEVERAL: Final = 3  # more than one is too many already; a UPN and a sAMAccountName may be alike


class Account(Value):
    """An account as it was found. `stable` is its id, which no other account ever gets; `version` changes with its password."""

    __slots__ = ("_bad_passwords", "_entry", "dn", "sam", "stable", "state", "version")

    def __init__(self, entry: Entry, id_attribute: str) -> None:
        """Raises Unreachable when the service account may not read what must be known."""
        self._entry: Final = entry
        self.dn: Final = entry.dn
        self.sam: Final = next(iter(entry.texts(SAM)), "")
        self.state: Final = AccountState(entry)
        self.stable: Final = _stable_id(entry, id_attribute)
        if not (self.sam and self.stable and self.state.readable):
            needed = f"{SAM}, userAccountControl, pwdLastSet and {id_attribute}"
            raise Unreachable(Stage.SEARCH, "", f"the service account may not read {needed}")
        kept = f"{self.stable}\0{self.state.password_set.decode(errors='replace')}".encode()
        self.version: Final = hashlib.blake2b(kept, digest_size=16, person=b"kapija-ad").digest()
        self._bad_passwords: Final = _number(entry, "badPwdCount")

    def facts(self, groups: tuple[Group, ...], now: float) -> Facts:
        """For conditions and mapping."""
        return Facts(self.dn, self._entry.all_texts(), groups, now)

    def name(self, attribute: str) -> str:
        """The name with which the person is known, in small letters."""
        return (next(iter(self._entry.texts(attribute)), "") or self.sam).lower()

    def counted(self, lockout: Lockout, now: float) -> int:
        """The wrong passwords that count towards a lock; none when `window` has passed since the last one."""
        last = filetime(next(iter(self._entry.texts("badPasswordTime")), ""))
        recent = last is not None and now - last < lockout.window
        return self._bad_passwords if lockout.threshold and recent else 0


class Several(Exception):  # noqa: N818 - what was found
    """Several accounts have that name; nobody is guessed between them. `principal` is who was asked for."""

    def __init__(self, principal: Principal) -> None:
        super().__init__("several accounts have that name")
        self.principal: Final = principal


class Accounts:
    """Where accounts are looked up. Thread-safe; everything raises Unreachable, `find` and `owner` also Several."""

    def __init__(self, directory: str, description: Description, servers: Searching) -> None:
        self._directory = directory
        self._servers = servers
        self._people = description.people
        self._base = description.people.base or description.base
        self._mapping = Mapping(description.map)
        account = description.account
        self._admission = Admission(
            account.disabled, account.locked, account.valid_from, account.expires, account.password_expires
        )
        named = (SAM, "userPrincipalName", "badPwdCount", "badPasswordTime", description.people.name, description.people.id)
        self._attributes = sorted({*ATTRIBUTES, *named, *self._mapping.attributes, *self._admission.attributes})
        self._groups = GroupReader(
            servers,
            description.groups.base or description.base,
            description.groups.name,
            nested=description.groups.nested,
        )
        stripped = description.serve.realms if description.serve.strip_realm else ()
        self._domain = DomainReader(servers, description.ntlm.domain if description.ntlm else "", stripped)

    def domain(self, deadline: float) -> DomainFacts:
        """What the domain says of itself."""
        return self._domain.facts(deadline)

    def find(self, name: str, deadline: float) -> Account | None:
        """The account that a person calls so."""
        return self._found(filter_for(name, self._domain.facts(deadline).names, self._people.filter), name, deadline)

    def owner(self, names: tuple[str, ...], deadline: float) -> Account | None:
        """Whose certificate it is: the first of its names that an account has; a DNS name is a computer's."""
        domain = self._domain.facts(deadline).names
        for name in names:
            found = self._found(certificate_filter_for(name, domain, self._people.filter), name, deadline)
            if found is not None:
                return found
        return None

    def at(self, dn: str, deadline: float) -> Account | None:
        """The account with this DN."""
        found = self._servers.search(dn, ANYTHING, self._attributes, deadline, "base")
        return Account(found[0], self._people.id) if found else None

    @property
    def reads_groups(self) -> bool:
        """Whether any row asks for groups; otherwise nobody's are read."""
        return self._mapping.groups

    def groups(self, account: Account, deadline: float) -> tuple[Group, ...]:
        """The account's groups, as far as any row asks for them."""
        return self._groups.of(account.dn, deadline) if self._mapping.groups else ()

    def stranger(self, account: Account) -> Principal:
        """Who it would be: without role and groups, which nobody has proved to be due."""
        return Principal(f"{self._directory}:{account.stable}", account.name(self._people.name), "", frozenset(), "")

    def principal(self, account: Account, facts: Facts) -> Principal:
        """The facts as policy needs them."""
        mapped = self._mapping.of(facts)
        subject, name = f"{self._directory}:{account.stable}", account.name(self._people.name)
        return Principal(subject, name, mapped.role, mapped.groups, mapped.school)

    def refusal(self, facts: Facts) -> Cause | None:
        """What the administrator's own rows say of it."""
        return self._admission.refusal(facts)

    def _found(self, filter_: bytes | None, name: str, deadline: float) -> Account | None:
        if filter_ is None:
            return None
        entries = self._servers.search(
            self._base, filter_, self._attributes, deadline, scope=self._people.scope, size_limit=_SEVERAL
        )
        found = meant(entries, name)
        if len(found) > 1:
            raise Several(Principal(f"{self._directory}:?", name.lower(), "", frozenset(), ""))
        return Account(found[0], self._people.id) if found else None


def _stable_id(entry: Entry, attribute: str) -> str:
    octets = next(iter(entry.octets(attribute)), b"")
    if attribute.lower() == _GUID:
        return str(uuid.UUID(bytes_le=octets)) if len(octets) == _GUID_OCTETS else ""  # [MS-DTYP] section 2.3.4.2
    return octets.decode(errors="replace")


def _number(entry: Entry, name: str) -> int:
    try:
        return int(next(iter(entry.octets(name)), b"0"))
    except ValueError:
        return 0
