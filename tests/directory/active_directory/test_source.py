"""Active Directory as it is: every state of an account, every name, every group, against a Samba domain controller."""

import time

import pytest

from radius.audit.causes import Cause
from radius.directory.active_directory.source import ActiveDirectory
from radius.directory.ldap.filters import fill
from radius.directory.question import NotHere, Proved, Refused, VerifiedCertificate, Wrong
from tests.directory.active_directory.conftest import PASSWORD, source
from tests.fakes.ad_questions import ask, by_password, kind, mschap2, plain, soon
from tests.fakes.samba_dc import SambaDc
from tests.fakes.samba_people import SERBIAN_PASSWORD

CYRILLIC = "ана.јовић"
WAYS = pytest.mark.parametrize("way", [by_password, mschap2], ids=["bind", "mschapv2"])


# --- the states of an account

STATES = [
    # account, with the right password, with a wrong one
    ("ana", Proved, Wrong),
    ("expires-tomorrow", Proved, Wrong),
    ("all-hours", Proved, Wrong),
    ("o'mara (2)", Proved, Wrong),
    ("disabled", Cause.ACCOUNT_DISABLED, Wrong),
    ("expired", Cause.ACCOUNT_EXPIRED, Wrong),
    ("old-password", Cause.PASSWORD_EXPIRED, Wrong),
    ("must-change", Cause.PASSWORD_MUST_CHANGE, Wrong),
    ("no-hours", Cause.LOGON_HOURS, Wrong),
    ("workstation", Cause.LOGON_WORKSTATIONS, Wrong),
    ("locked", Cause.ACCOUNT_LOCKED, Cause.ACCOUNT_LOCKED),
    ("protected", Cause.ACCOUNT_RESTRICTED, Cause.ACCOUNT_RESTRICTED),
    ("pc1$", Proved, Wrong),
    ("pc2$", Cause.ACCOUNT_DISABLED, Wrong),
    ("nobody", NotHere, NotHere),
]


@WAYS
@pytest.mark.parametrize(("name", "right", "wrong"), STATES, ids=[state[0] for state in STATES])
def test_each_state_has_its_own_answer(directory: ActiveDirectory, way, name: str, right: object, wrong: object) -> None:
    assert kind(ask(directory, name, way(name, "another"))) is wrong
    assert kind(ask(directory, name, way(name, PASSWORD))) is right


@WAYS
@pytest.mark.parametrize(
    ("name", "account"),
    [
        ("ana", "ana"),
        ("ANA", "ana"),
        ("ana@skola.test", "ana"),
        ("ana@SKOLA.TEST", "ana"),
        ("ana@skola", "ana"),
        ("SKOLA\\ana", "ana"),
        ("skola.test\\ana", "ana"),
        ("SKOLA\\ana@skola.test", "ana"),
        ("marko.m@ucenici.example", "marko"),  # a UPN of another suffix than the domain's
        ("marko@skola.test", "marko"),  # the UPN that is always there beside it
        ("host/pc1.skola.test", "pc1$"),
        ("HOST/PC1.SKOLA.TEST", "pc1$"),
        ("host/pc1", "pc1$"),
        ("SKOLA\\pc1$", "pc1$"),
    ],
)
def test_an_account_is_found_by_each_of_its_names(directory: ActiveDirectory, way, name: str, account: str) -> None:
    answer = ask(directory, name, way(name, PASSWORD))
    assert isinstance(answer, Proved)
    assert answer.principal.name == account


@WAYS
@pytest.mark.parametrize(
    "name",
    [
        "ana@ucenici.example",
        "DRUGA\\ana",
        "host/ana",
        "host/pc9.skola.test",
        "host/pc1.elsewhere.test",
        "",
        "@skola.test",
        "SKOLA\\",
    ],
)
def test_a_name_that_is_of_elsewhere_is_not_here(directory: ActiveDirectory, way, name: str) -> None:
    assert isinstance(ask(directory, name, way(name, PASSWORD)), NotHere)


@WAYS
@pytest.mark.parametrize("name", ["a*", "*", "ana)(cn=*", "an\\61", "ana\0", "(ana)", "ana\n", "аna", "host/pc1.skola.test\0"])
def test_no_name_finds_another_account(directory: ActiveDirectory, way, name: str) -> None:
    assert isinstance(ask(directory, name, way(name, PASSWORD)), NotHere)


@WAYS
@pytest.mark.parametrize("name", [CYRILLIC, CYRILLIC.upper(), f"{CYRILLIC}@skola.test", f"SKOLA\\{CYRILLIC}"])
def test_names_and_passwords_are_of_any_script(directory: ActiveDirectory, way, name: str) -> None:
    answer = ask(directory, name, way(name, SERBIAN_PASSWORD))
    assert isinstance(answer, Proved)
    assert answer.principal.name == CYRILLIC
    assert isinstance(ask(directory, name, way(name, SERBIAN_PASSWORD.upper())), Wrong)


def test_an_empty_password_is_wrong_and_is_not_sent(directory: ActiveDirectory) -> None:
    assert isinstance(ask(directory, "ana", plain("")), Wrong)


def test_start_tls_is_as_good_as_ldaps(dc: SambaDc) -> None:
    directory = source(dc, servers=f'["{dc.ldap}"]')
    assert isinstance(ask(directory, "ana", plain(PASSWORD)), Proved)
    assert isinstance(ask(directory, "ana", plain("another")), Wrong)
    directory.close()


def test_the_hour_is_active_directorys_own(dc: SambaDc, directory: ActiveDirectory) -> None:
    """Our reading of logonHours and the controller's agree on which hour it is now."""
    now = time.time()
    hour = (int(now // 3600) - 72) % 168
    until_next = 3600 - now % 3600
    if until_next < 30:
        time.sleep(until_next + 1)
        hour = (hour + 1) % 168
    for bits, expected in ((1 << hour, Proved), (((1 << 168) - 1) ^ 1 << hour, Cause.LOGON_HOURS)):
        dc.modify("all-hours", "logonHours", bits.to_bytes(21, "little"))
        for credential in (plain(PASSWORD), VerifiedCertificate(("all-hours",))):
            assert kind(ask(directory, "all-hours", credential)) is expected
    dc.modify("all-hours", "logonHours", b"\xff" * 21)


# --- who it is


def test_groups_are_nested_and_have_the_primary_one(directory: ActiveDirectory) -> None:
    answer = ask(directory, "ana", plain(PASSWORD))
    assert isinstance(answer, Proved)
    assert answer.principal.groups == {"odeljenje-8-2", "ucenici", "svi", "grupa (a) b", "Domain Users", "Users"}
    assert (answer.principal.role, answer.principal.school) == ("student", "os-vuk")


def test_the_other_way_to_find_groups_lacks_the_primary_one(dc: SambaDc, directory: ActiveDirectory) -> None:
    account = directory.accounts.find("ana", soon())
    assert account is not None
    reader = directory.accounts._groups
    in_chain = reader._search(fill("(member:1.2.840.113556.1.4.1941:={dn})", {"dn": account.dn}), soon())
    assert {group.name for group in in_chain} == {"odeljenje-8-2", "ucenici", "svi", "grupa (a) b"}


def test_direct_groups_alone(dc: SambaDc) -> None:
    directory = source(dc, more="[groups]\nnested = false\n")
    answer = ask(directory, "ana", plain(PASSWORD))
    directory.close()
    assert isinstance(answer, Proved)
    assert answer.principal.groups == {"odeljenje-8-2", "grupa (a) b"}


def test_the_subject_is_the_object_guid(dc: SambaDc, directory: ActiveDirectory) -> None:
    answer = ask(directory, "SKOLA\\ana", plain(PASSWORD))
    assert isinstance(answer, Proved)
    assert answer.principal.subject == f"skola:{dc.guid('ana')}"


def test_who_has_proved_nothing_has_no_role(directory: ActiveDirectory) -> None:
    for name in ("ana", "locked"):
        answer = ask(directory, name, plain("another"))
        assert isinstance(answer, Wrong | Refused)
        assert (answer.principal.role, answer.principal.groups, answer.principal.school) == ("", frozenset(), "")


def test_a_computer_is_in_its_primary_group(directory: ActiveDirectory) -> None:
    answer = ask(directory, "host/pc1.skola.test", mschap2("host/pc1.skola.test", PASSWORD))
    assert isinstance(answer, Proved)
    assert (answer.principal.name, answer.principal.role) == ("pc1$", "device")
