"""An LDAP directory tried step by step with one person's name, for `kapija directory test`."""

import time

from radius.directory.description import Description
from radius.directory.ldap.entry import Entry
from radius.directory.ldap.nt_hash import nt_hash_of
from radius.directory.ldap.people import NO_HASH, AskedName, People
from radius.directory.ldap.servers import Servers
from radius.directory.ldap.source import LdapSource
from radius.directory.ldap.unreachable import Unreachable
from radius.directory.question import PlainPassword, Question
from radius.directory.steps import Step, Steps, patience, try_servers
from radius.secret import Secret


def try_ldap(
    name: str, description: Description, secrets: dict[str, Secret], username: str, password: Secret | None
) -> list[Step]:
    """The steps: connect, TLS, bind; with a `username` search, groups, account, mapped; with her `password` the proof.

    Raises OperatorError.
    """
    servers = Servers(description, secrets)
    steps = Steps()
    try:
        if try_servers(servers, description, steps) and username:
            _Trial(name, description, servers, steps).person(username, password)
    except Unreachable as away:
        steps.failed(away)
    finally:
        servers.close()
    return steps.done


class _Trial:
    def __init__(self, name: str, description: Description, servers: Servers, steps: Steps) -> None:
        self._name = name
        self._description = description
        self._servers = servers
        self._steps = steps
        self._people = People(name, description, servers)

    def person(self, username: str, password: Secret | None) -> None:
        asked = self._people.asked(username)
        if asked is None:
            self._steps.bad("search", f"{username!r} is no name that an account can have", "Type the name as the person does.")
            return
        entry = self._find(asked)
        if entry is None:
            return
        if self._description.people.nt_hash != NO_HASH:
            self._nt_hash(entry)
        if password is not None:
            self._proof(username, password)
        self._facts(entry, asked)

    def _find(self, asked: AskedName) -> Entry | None:
        self._steps.begin()
        found = self._people.find(asked, patience(self._description), with_hash=True)
        base = self._description.people.base or self._description.base
        if len(found) != 1:
            count = "no entry" if not found else "several entries"
            cure = "Check the name, the base and the filter, and that the service account may read people."
            self._steps.bad("search", f"{count} for {asked.name!r} below {base!r}", cure if not found else _several())
            return None
        entry = found[0]
        self._steps.good("search", f"{entry.dn}, {self._people.stable_id(entry)}")
        if not entry.octets(self._description.people.id):
            attribute = self._description.people.id
            cure = (
                f"Let the service account read {attribute!r}, or name another attribute in people.id that is never given anew."
            )
            self._steps.bad("id", f"the entry shows no {attribute!r}, so whoever gets this DN later counts as the same", cure)
        return entry

    def _nt_hash(self, entry: Entry) -> None:
        attribute = self._description.people.nt_hash
        if nt_hash_of(entry, attribute) is not None:
            self._steps.good("nt-hash", f"{attribute} can be read, so MS-CHAPv2 works")
        else:
            cure = f"Let the service account read {attribute!r}; if only this person has none, a new password makes one."
            self._steps.bad("nt-hash", f"the entry shows no NT hash in {attribute!r}, so MS-CHAPv2 fails", cure)

    def _proof(self, username: str, password: Secret) -> None:
        self._steps.begin()
        source = LdapSource(self._name, self._description, self._servers)
        answer = source.answer(Question(username, PlainPassword(password), time.time()), patience(self._description))
        self._steps.proof(answer, source.trouble)

    def _facts(self, entry: Entry, asked: AskedName) -> None:
        self._steps.begin()
        groups = self._people.groups_of(entry, patience(self._description))
        self._steps.groups(groups if self._people.reads_groups else None)
        facts = self._people.facts(entry, groups, time.time())
        self._steps.account(self._people.refusal(facts))
        self._steps.mapped(self._people.principal(entry, asked, facts))


def _several() -> str:
    return "Narrow the base or the filter until each name finds one entry; nobody is guessed between two."
