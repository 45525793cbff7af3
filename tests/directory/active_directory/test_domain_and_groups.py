"""What is remembered of the domain and its groups, and what is done where they cannot be read; the directory is a table."""

import time

import pytest

from radius.directory.active_directory.domain import DomainReader, Lockout
from radius.directory.active_directory.groups import GroupReader
from radius.directory.ldap.entry import Entry
from radius.directory.ldap.filters import ANYTHING, fill
from radius.directory.ldap.unreachable import Stage, Unreachable

SID = b"\1\2\0\0\0\0\0\5\x20\0\0\0\x21\2\0\0"


class Table:
    """Entries by base and filter; `away` is an outage. Counts what it is asked."""

    def __init__(self, entries: dict[tuple[str, bytes], list[Entry]]) -> None:
        self.entries = entries
        self.away = False
        self.asked: list[bytes] = []

    def search(self, base, filter_, attributes, deadline, scope="subtree", size_limit=0) -> list[Entry]:
        self.asked.append(filter_)
        if self.away:
            raise Unreachable(Stage.CONNECT, "", "away")
        return self.entries.get((base, filter_), [])


def soon() -> float:
    return time.monotonic() + 5


ROOT = Entry("", {"defaultNamingContext": [b"DC=s"], "configurationNamingContext": [b"CN=C,DC=s"]})
REFERENCE = Entry("CN=S", {"nETBIOSName": [b"SKOLA"], "dnsRoot": [b"skola.test"]})
POLICY = Entry("DC=s", {"lockoutThreshold": [b"5"], "lockOutObservationWindow": [b"-18000000000"]})
DOMAIN = {
    ("", ANYTHING): [ROOT],
    ("CN=Partitions,CN=C,DC=s", fill("(nCName=DC=s)", {})): [REFERENCE],
    ("DC=s", ANYTHING): [POLICY],
}


def test_the_domain_is_read_once() -> None:
    table = Table(DOMAIN)
    reader = DomainReader(table, "", ["ucenici.example"])
    facts = reader.facts(soon())
    assert (facts.names.netbios, facts.names.dns, facts.context) == ("skola", "skola.test", "DC=s")
    assert facts.names.realms == {"skola", "skola.test", "ucenici.example"}
    assert (facts.lockout.threshold, facts.lockout.window) == (5, 1800.0)
    assert reader.facts(soon()) is facts
    assert len(table.asked) == 3


def test_what_the_administrator_wrote_goes_before() -> None:
    assert DomainReader(Table(DOMAIN), "DRUGA", []).facts(soon()).names.netbios == "druga"


def test_a_domain_that_was_never_read_could_not_be_asked() -> None:
    table = Table(DOMAIN)
    reader = DomainReader(table, "", [])
    table.away = True
    with pytest.raises(Unreachable):
        reader.facts(soon())
    table.away = False
    assert reader.facts(soon()).names.netbios == "skola"


def test_what_may_not_be_read_is_left_out() -> None:
    facts = DomainReader(Table({}), "SKOLA", []).facts(soon())
    assert (facts.names.netbios, facts.names.dns, facts.lockout.threshold) == ("skola", "", 0)


def entry_of_ana(*sids: bytes) -> dict[tuple[str, bytes], list[Entry]]:
    return {("CN=ana", ANYTHING): [Entry("CN=ana", {"tokenGroups": list(sids)})]}


def test_a_sid_is_looked_up_once() -> None:
    group = Entry("CN=Users", {"cn": [b"Users"], "objectSid": [SID]})
    table = Table(entry_of_ana(SID))
    table.entries["DC=s", fill("(objectSid={sid})", {"sid": SID})] = [group]
    reader = GroupReader(table, "DC=s", "cn")
    for _ in range(3):
        assert [each.name for each in reader.of("CN=ana", soon())] == ["Users"]
    assert sum(b"objectSid" in filter_ for filter_ in table.asked) == 1


def test_a_sid_of_elsewhere_is_nobody_and_is_not_asked_for_again() -> None:
    table = Table(entry_of_ana(SID))
    reader = GroupReader(table, "DC=s", "cn")
    for _ in range(2):
        assert reader.of("CN=ana", soon()) == ()
    assert sum(b"objectSid" in filter_ for filter_ in table.asked) == 1


def test_many_groups_are_asked_for_in_parts() -> None:
    sids = [SID + bytes((number,)) for number in range(120)]
    table = Table(entry_of_ana(*sids))
    GroupReader(table, "DC=s", "cn").of("CN=ana", soon())
    assert [filter_.count(b"objectSid") for filter_ in table.asked[1:]] == [50, 50, 20]


def test_who_may_not_read_token_groups_asks_for_the_chain() -> None:
    chain = fill("(member:1.2.840.113556.1.4.1941:=CN=ana)", {})
    table = Table({("DC=s", chain): [Entry("CN=svi", {"cn": [b"svi"]})]})
    assert [each.name for each in GroupReader(table, "DC=s", "cn").of("CN=ana", soon())] == ["svi"]


def test_an_outage_in_the_middle_is_one() -> None:
    table = Table(entry_of_ana(SID))
    table.away = True
    with pytest.raises(Unreachable):
        GroupReader(table, "DC=s", "cn").of("CN=ana", soon())


@pytest.mark.parametrize(
    ("threshold", "counted", "guards", "patience"),
    [
        (0, 1000, False, 0.0),  # a domain that never locks
        (1, 0, False, 0.0),
        (1, 1, True, 0.0),
        (3, 1, False, 0.0),
        (3, 2, True, 600.0),
        (5, 1, False, 0.0),
        (5, 2, False, 600.0),
        (5, 4, True, 600.0),
        (10, 4, False, 0.0),
        (10, 5, False, 600.0),
        (10, 9, True, 600.0),
    ],
)
def test_wrong_passwords_are_bounded_below_what_locks(threshold: int, counted: int, guards: bool, patience: float) -> None:
    lockout = Lockout(threshold, 600.0)
    assert lockout.guards(counted) is guards
    assert lockout.patience(counted) == patience


def test_patience_has_an_end() -> None:
    assert Lockout(3, 6_000_000.0).patience(2) == 3600.0
