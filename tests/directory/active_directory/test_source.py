"""Active Directory as it is: every state of an account, every name, every proof, against a Samba domain controller."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from radius.audit.causes import Cause
from radius.crypto.mschap import challenge_hash, challenge_response, hash_nt_password_hash, nt_password_hash
from radius.directory.active_directory.source import ActiveDirectory
from radius.directory.question import (
    Answer,
    ChapResponse,
    CouldNotAsk,
    Credential,
    MsChap2Response,
    MsChapResponse,
    NotHere,
    PlainPassword,
    Proved,
    Question,
    Refused,
    Remembered,
    VerifiedCertificate,
    Wrong,
)
from radius.secret import Secret
from tests.directory.active_directory.conftest import PASSWORD, PATIENCE, soon, source
from tests.fakes.samba_dc import SambaDc
from tests.fakes.samba_people import LOCKOUT_THRESHOLD, SERBIAN_PASSWORD
from tests.fakes.serving import eventually

CYRILLIC = "ана.јовић"


def plain(password: str) -> PlainPassword:
    return PlainPassword(Secret(password))


def mschap2(name: str, password: str) -> MsChap2Response:
    """What a peer that types `name` sends."""
    ours, theirs = os.urandom(16), os.urandom(16)
    hashed = name.rpartition("\\")[2].encode()
    response = challenge_response(challenge_hash(theirs, ours, hashed), nt_password_hash(password))
    return MsChap2Response(ours, theirs, hashed, response)


def mschap1(_name: str, password: str) -> MsChapResponse:
    challenge = os.urandom(8)
    return MsChapResponse(challenge, challenge_response(challenge, nt_password_hash(password)))


def by_password(_name: str, password: str) -> PlainPassword:
    return plain(password)


WAYS = pytest.mark.parametrize("way", [by_password, mschap2], ids=["bind", "mschapv2"])


def ask(directory: ActiveDirectory, name: str, credential: Credential, *, now: float = 0.0, remember: bool = False) -> Answer:
    return directory.answer(Question(name, credential, now or time.time(), remember), soon())


def kind(answer: Answer) -> object:
    """The answer for comparison: a cause for a refusal, else its class."""
    return answer.cause if isinstance(answer, Refused) else type(answer)


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
    in_chain = reader._search(f"(member:1.2.840.113556.1.4.1941:={account.dn})", soon())
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


# --- MS-CHAP


@pytest.mark.parametrize("name", ["ana", "marko.m@ucenici.example", "SKOLA\\ana", "host/pc1.skola.test"])
def test_the_key_is_that_of_the_known_password(directory: ActiveDirectory, name: str) -> None:
    answer = ask(directory, name, mschap2(name, PASSWORD))
    assert isinstance(answer, Proved)
    assert answer.nt_hash_hash is not None
    assert answer.nt_hash_hash.reveal() == hash_nt_password_hash(nt_password_hash(PASSWORD))


def test_ms_chap_of_the_first_version_is_checked_too(directory: ActiveDirectory) -> None:
    assert isinstance(ask(directory, "ana", mschap1("ana", PASSWORD)), Proved)
    assert isinstance(ask(directory, "ana", mschap1("ana", "another")), Wrong)


def test_the_response_belongs_to_the_name_that_was_hashed(directory: ActiveDirectory) -> None:
    made = mschap2("ana", PASSWORD)
    for hashed in (b"ANA", b"ana@skola.test", b""):
        other = MsChap2Response(made.authenticator_challenge, made.peer_challenge, hashed, made.nt_response)
        assert isinstance(ask(directory, "ana", other), Wrong)
    assert isinstance(ask(directory, "ana", made), Proved)


def test_what_has_the_wrong_size_is_wrong_and_is_not_sent(directory: ActiveDirectory) -> None:
    assert isinstance(ask(directory, "ana", MsChapResponse(bytes(8), bytes(23))), Wrong)


def test_answers_are_never_swapped(dc: SambaDc) -> None:
    """Wrong, disabled, unknown, locked and right in turn, from several threads over fewer helpers: to each her own."""
    directory = source(dc)
    expected: dict[str, tuple[str, object]] = {
        "expires-tomorrow": (PASSWORD, Proved),
        "disabled": (PASSWORD, Cause.ACCOUNT_DISABLED),
        CYRILLIC: (SERBIAN_PASSWORD, Proved),
        "expired": (PASSWORD, Cause.ACCOUNT_EXPIRED),
        "nobody": (PASSWORD, NotHere),
        "locked": ("another", Cause.ACCOUNT_LOCKED),
        "leaving": (PASSWORD, Proved),
    }
    wrong: list[str] = []

    def go_round(first: int) -> None:
        names = list(expected)
        for turn in range(2 * len(names)):
            name = names[(first + turn) % len(names)]
            password, due = expected[name]
            said = kind(ask(directory, name, mschap2(name, password)))
            if said is not due:
                wrong.append(f"{name}: {said}")
            if name == "leaving" and kind(ask(directory, name, mschap2(name, "another"))) is not Wrong:
                wrong.append(f"{name}: not wrong")

    threads = [threading.Thread(target=go_round, args=(first,)) for first in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert directory.mschap is not None
    assert len(directory.mschap.helpers.idle()) <= 2
    directory.close()


# --- certificates, remembered sessions, other credentials


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("ana@skola.test",), "ana"),
        (("marko.m@ucenici.example",), "marko"),
        (("nobody@skola.test", "ana"), "ana"),
        (("pc1.skola.test",), "pc1$"),
        (("host/pc1.skola.test",), "pc1$"),
        (("ana@elsewhere.example",), NotHere),
        (("pc1.elsewhere.test",), NotHere),
        ((), NotHere),
        (("disabled",), Cause.ACCOUNT_DISABLED),
        (("pc2.skola.test",), Cause.ACCOUNT_DISABLED),
        (("expired",), Cause.ACCOUNT_EXPIRED),
        (("no-hours",), Cause.LOGON_HOURS),
        (("locked",), Cause.ACCOUNT_LOCKED),
        (("old-password",), "old-password"),  # a certificate does not rest on the password
        (("must-change",), "must-change"),
        (("workstation",), "workstation"),
    ],
)
def test_a_certificate_is_its_owners(directory: ActiveDirectory, names: tuple[str, ...], expected: object) -> None:
    answer = ask(directory, "whoever", VerifiedCertificate(names))
    assert (answer.principal.name if isinstance(answer, Proved) else kind(answer)) == expected


def test_a_session_is_remembered_until_the_password_changes(dc: SambaDc, directory: ActiveDirectory) -> None:
    proved = ask(directory, "changing", plain(PASSWORD), remember=True)
    assert isinstance(proved, Proved)
    assert len(proved.version) == 16
    again = ask(directory, "changing", Remembered(proved.version), remember=True)
    assert isinstance(again, Proved)
    assert again.version == proved.version
    dc.tool("user", "setpassword", "changing", "--newpassword=Nova.Lozinka.1")
    assert isinstance(ask(directory, "changing", Remembered(proved.version)), Wrong)
    assert isinstance(ask(directory, "changing", plain("Nova.Lozinka.1")), Proved)


def test_nobody_elses_version_is_good(directory: ActiveDirectory) -> None:
    proved = ask(directory, "ana", plain(PASSWORD), remember=True)
    assert isinstance(proved, Proved)
    assert isinstance(ask(directory, "marko", Remembered(proved.version)), Wrong)
    assert isinstance(ask(directory, "ana", Remembered(b"")), Wrong)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("disabled", Cause.ACCOUNT_DISABLED),
        ("expired", Cause.ACCOUNT_EXPIRED),
        ("no-hours", Cause.LOGON_HOURS),
        ("old-password", Cause.PASSWORD_EXPIRED),
        ("must-change", Cause.PASSWORD_MUST_CHANGE),
        ("locked", Proved),  # it brings no guess, and anybody can lock anybody
    ],
)
def test_a_remembered_session_ends_with_the_account(directory: ActiveDirectory, name: str, expected: object) -> None:
    account = directory.accounts.find(name, soon())
    assert account is not None
    assert kind(ask(directory, name, Remembered(account.version))) is expected


def test_what_cannot_be_checked_is_said(directory: ActiveDirectory) -> None:
    assert kind(ask(directory, "ana", ChapResponse(1, bytes(16), bytes(16)))) is Cause.METHOD_NOT_CHECKABLE
    assert ChapResponse not in directory.checks
    assert {MsChap2Response, MsChapResponse, PlainPassword, VerifiedCertificate, Remembered} == directory.checks


def test_without_helpers_ms_chap_is_not_offered(dc: SambaDc) -> None:
    directory = source(dc, more="[ntlm]\nprocesses = 0\n")
    assert MsChap2Response not in directory.checks
    assert kind(ask(directory, "ana", mschap2("ana", PASSWORD))) is Cause.METHOD_NOT_CHECKABLE
    directory.close()


# --- lockout


@WAYS
def test_kapija_never_locks_an_account(dc: SambaDc, directory: ActiveDirectory, way) -> None:
    """Many different wrong passwords come; the last one before the domain locks is left to the person."""
    dc.modify("looping", "badPwdCount", b"0")
    said = [kind(ask(directory, "looping", way("looping", f"another-{number}"))) for number in range(LOCKOUT_THRESHOLD + 2)]
    assert said == [Wrong] * (LOCKOUT_THRESHOLD - 1) + [Cause.LOCKOUT_GUARD] * 3
    assert isinstance(ask(directory, "looping", VerifiedCertificate(("looping",))), Proved)
    assert dc.attribute("looping", "badPwdCount") == str(LOCKOUT_THRESHOLD - 1)


def test_the_guard_ends_when_active_directory_forgets(dc: SambaDc, directory: ActiveDirectory) -> None:
    lockout = directory.accounts.domain(soon()).lockout
    assert (lockout.threshold, lockout.window) == (LOCKOUT_THRESHOLD, 1800.0)
    assert isinstance(ask(directory, "looping", plain("one more")), Wrong | Refused)
    dc.modify("looping", "badPwdCount", str(LOCKOUT_THRESHOLD - 1).encode())
    account = directory.accounts.find("looping", soon())
    assert account is not None
    now = time.time()
    assert account.nearly_locked(lockout, now)
    assert not account.nearly_locked(lockout, now + 1801)
    dc.modify("looping", "badPwdCount", b"0")


def test_the_same_wrong_password_is_not_sent_twice(dc: SambaDc, directory: ActiveDirectory) -> None:
    dc.modify("marko", "badPwdCount", b"0")
    for _ in range(5):
        assert isinstance(ask(directory, "marko", plain("the old one")), Wrong)
    assert dc.attribute("marko", "badPwdCount") == "1"
    assert isinstance(ask(directory, "marko", plain(PASSWORD)), Proved)


def test_an_old_password_that_becomes_the_new_one_is_asked_again(dc: SambaDc, directory: ActiveDirectory) -> None:
    assert isinstance(ask(directory, "leaving", plain("Druga.Lozinka.3")), Wrong)
    dc.tool("user", "setpassword", "leaving", "--newpassword=Druga.Lozinka.3")
    assert isinstance(ask(directory, "leaving", plain("Druga.Lozinka.3")), Proved)
    dc.tool("user", "setpassword", "leaving", f"--newpassword={PASSWORD}")


# --- outages


def test_a_controller_that_is_not_there_could_not_be_asked(dc: SambaDc) -> None:
    directory = source(dc, servers='["ldaps://127.0.0.1:1"]')
    for credential in (plain(PASSWORD), mschap2("ana", PASSWORD), VerifiedCertificate(("ana",)), Remembered(bytes(16))):
        answer = ask(directory, "ana", credential)
        assert isinstance(answer, CouldNotAsk)
        assert answer.directory == "skola"
    directory.close()


@pytest.mark.parametrize(
    "changes",
    [{"server_name": '"other.skola.test"'}, {"bind_dn": '"nobody@skola.test"'}, {"base": '"OU=none,DC=SKOLA,DC=TEST"'}],
)
def test_what_is_written_wrong_is_an_outage_and_not_a_wrong_password(dc: SambaDc, changes: dict[str, str]) -> None:
    directory = source(dc, **changes)
    assert isinstance(ask(directory, "ana", plain(PASSWORD)), CouldNotAsk)
    directory.close()


def test_a_wrong_service_password_is_an_outage(dc: SambaDc) -> None:
    directory = source(dc, password="not the service account's")
    assert isinstance(ask(directory, "ana", plain(PASSWORD)), CouldNotAsk)
    directory.close()


def test_winbind_away_is_an_outage_and_comes_back_by_itself(dc: SambaDc) -> None:
    directory = source(dc)
    dc.hide_winbind()
    try:
        assert isinstance(ask(directory, "ana", mschap2("ana", PASSWORD)), CouldNotAsk)
        assert isinstance(ask(directory, "ana", mschap2("ana", "another")), CouldNotAsk)
        assert isinstance(ask(directory, "ana", plain(PASSWORD)), Proved)  # a bind needs no winbind
    finally:
        dc.show_winbind()
    assert isinstance(ask(directory, "ana", mschap2("ana", PASSWORD)), Proved)
    directory.close()


def test_a_helper_killed_while_it_is_asked_is_an_outage(dc: SambaDc) -> None:
    directory = source(dc)
    assert directory.mschap is not None
    assert isinstance(ask(directory, "ana", mschap2("ana", PASSWORD)), Proved)
    (pid,) = directory.mschap.helpers.idle()
    said: list[Answer] = []
    dc.signal_winbind(signal.SIGSTOP)
    try:
        asking = threading.Thread(target=lambda: said.append(ask(directory, "ana", mschap2("ana", PASSWORD))))
        asking.start()
        eventually(lambda: directory.mschap is not None and not directory.mschap.helpers.idle(), "it is asked")
        time.sleep(0.1)  # until it has read the request; the test is the same without
        os.kill(pid, signal.SIGKILL)
        asking.join(PATIENCE)
    finally:
        dc.signal_winbind(signal.SIGCONT)
    assert [type(answer) for answer in said] == [CouldNotAsk]
    assert isinstance(ask(directory, "ana", mschap2("ana", PASSWORD)), Proved)
    directory.close()


def test_a_winbind_that_hangs_is_waited_for_until_the_deadline(dc: SambaDc) -> None:
    directory = source(dc)
    assert isinstance(ask(directory, "ana", mschap2("ana", PASSWORD)), Proved)
    dc.signal_winbind(signal.SIGSTOP)
    try:
        begun = time.monotonic()
        answer = directory.answer(Question("ana", mschap2("ana", PASSWORD), time.time()), begun + 0.5)
        assert isinstance(answer, CouldNotAsk)
        assert time.monotonic() - begun < PATIENCE / 2
    finally:
        dc.signal_winbind(signal.SIGCONT)
    assert isinstance(ask(directory, "ana", mschap2("ana", "another")), Wrong)  # and not the late answer to the one before
    assert isinstance(ask(directory, "ana", mschap2("ana", PASSWORD)), Proved)
    directory.close()


def test_a_domain_that_takes_no_ms_chap_is_an_outage_and_locks_nobody(template: Path, tmp_path: Path) -> None:
    with SambaDc(template, tmp_path / "dc", ntlm_auth="ntlmv2-only") as dc:
        directory = source(dc)
        for _ in range(6):
            assert isinstance(ask(directory, "ana", mschap2("ana", PASSWORD)), CouldNotAsk)
        assert isinstance(ask(directory, "ana", plain(PASSWORD)), Proved)
        assert dc.attribute("ana", "badPwdCount") == "0"
        assert dc.attribute("kapija", "badPwdCount") == "0"
        directory.close()
