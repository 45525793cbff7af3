"""A person's entry in an LDAP directory: found by name, and read into what Kapija knows of a person."""

import hashlib
from typing import Final

from policies.value import Value
from radius.audit.causes import Cause
from radius.directory.admission import Admission
from radius.directory.conditions import Facts, Group
from radius.directory.description import Description
from radius.directory.ldap.entry import Entry
from radius.directory.ldap.filters import fill
from radius.directory.ldap.groups import Groups
from radius.directory.ldap.servers import Servers
from radius.directory.mapping import Mapped, Mapping
from radius.directory.names import canonical_username
from radius.directory.question import Principal

NO_HASH: Final = "no"
_NOBODY: Final = Mapped("", frozenset(), "")


class AskedName(Value):
    """A name as it is asked for: the whole (`full`), and without the realm where the description says so."""

    __slots__ = ("full", "name")

    def __init__(self, name: str, full: str) -> None:
        self.name: Final = name
        self.full: Final = full


class People:
    """Finds and reads people. Thread-safe. Raises Unreachable, and nothing else."""

    def __init__(self, name: str, description: Description, servers: Servers) -> None:
        self._directory = name
        self._people = description.people
        self._base = description.people.base or description.base
        self._serve = description.serve
        self._servers = servers
        account = description.account
        self._admission = Admission(
            account.disabled, account.locked, account.valid_from, account.expires, account.password_expires
        )
        self._password_changed = account.password_changed
        self._mapping = Mapping(description.map)
        self._groups = Groups(description, servers)
        wanted = [self._people.name, self._people.id, *self._groups.attributes, *self._admission.attributes]
        wanted += [*self._mapping.attributes, *self._password_changed]
        self._attributes: Final = list({name.lower(): name for name in wanted}.values())

    @property
    def reads_groups(self) -> bool:
        """Whether any row asks for groups; otherwise nobody's are read."""
        return self._mapping.groups

    def asked(self, principal: str) -> AskedName | None:
        """The name in its canonical form; None for what no account can be called."""
        try:
            full = canonical_username(principal)
        except ValueError:
            return None
        name, at, realm = full.rpartition("@")
        stripped = name if at and self._serve.strip_realm and realm in self._serve.realms else full
        return AskedName(stripped, full) if stripped else None

    def find(self, asked: AskedName, deadline: float, *, with_hash: bool) -> list[Entry]:
        """The entries that the filter finds for this name: none, one, or two, which says that there are several."""
        filter_ = fill(self._people.filter, {"name": asked.name, "full": asked.full})
        hashes = [self._people.nt_hash] if with_hash and self._people.nt_hash != NO_HASH else []
        attributes = [*self._attributes, *hashes]
        return self._servers.search(self._base, filter_, attributes, deadline, self._people.scope, size_limit=2)

    def groups_of(self, entry: Entry, deadline: float) -> tuple[Group, ...]:
        """Her groups, as far as any row asks for them."""
        if not self._mapping.groups:
            return ()
        return self._groups.of(entry, next(iter(entry.texts(self._people.name)), ""), deadline)

    def facts(self, entry: Entry, groups: tuple[Group, ...], now: float) -> Facts:
        """The entry as the rows of the description see it."""
        return Facts(entry.dn, entry.all_texts(), groups, now)

    def refusal(self, facts: Facts) -> Cause | None:
        """Why the account may not come in; None if it may."""
        return self._admission.refusal(facts)

    def principal(self, entry: Entry, asked: AskedName, facts: Facts | None) -> Principal:
        """Who it is, with what the rows give for `facts`; with None nothing more than who, as for a proof that did not hold."""
        mapped = _NOBODY if facts is None else self._mapping.of(facts)
        subject = f"{self._directory}:{self.stable_id(entry)}"
        return Principal(subject, self._known_as(entry, asked), mapped.role, mapped.groups, mapped.school)

    def several(self, asked: AskedName) -> Principal:
        """Who cannot be told apart: several entries have this name."""
        return Principal(f"{self._directory}:?", asked.name, "", frozenset(), "")

    def stable_id(self, entry: Entry) -> str:
        """The id that stays when she is renamed and that nobody inherits. Without one, a digest of the DN stands in."""
        for value in entry.octets(self._people.id):
            text = value.decode(errors="replace")
            return text if text.isascii() and text.isprintable() and len(text) <= 64 else value.hex()
        return "dn-" + hashlib.blake2b(entry.dn.lower().encode(), digest_size=16).hexdigest()

    def version(self, entry: Entry) -> bytes:
        """Changes with the account, and with its password as far as the entry tells: the hash, and when it was changed."""
        digest = hashlib.blake2b(self.stable_id(entry).encode(), digest_size=16, person=b"kapija-ldap")
        for attribute in (*self._password_changed, self._people.nt_hash):
            for value in entry.octets(attribute):
                digest.update(b"\0" + len(value).to_bytes(4, "big") + value)
            digest.update(b"\1")
        return digest.digest()

    def _known_as(self, entry: Entry, asked: AskedName) -> str:
        """The name of hers that was asked for, else the first that an account can have."""
        known = []
        for text in entry.texts(self._people.name):
            try:
                known.append(canonical_username(text))
            except ValueError:
                continue
        return asked.name if asked.name in known or not known else known[0]
