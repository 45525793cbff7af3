"""MS-CHAP through ntlm_auth, certificates, remembered sessions and lockout, against a Samba domain controller."""

import threading
import time

import pytest

from radius.audit.causes import Cause
from radius.crypto.mschap import hash_nt_password_hash, nt_password_hash
from radius.directory.active_directory.source import ActiveDirectory
from radius.directory.question import (
    ChapResponse,
    MsChap2Response,
    MsChapResponse,
    NotHere,
    PlainPassword,
    Proved,
    Refused,
    Remembered,
    VerifiedCertificate,
    Wrong,
)
from tests.directory.active_directory.conftest import PASSWORD, source
from tests.fakes.ad_questions import ask, by_password, kind, mschap1, mschap2, plain, soon
from tests.fakes.samba_dc import SambaDc
from tests.fakes.samba_people import LOCKOUT_THRESHOLD, SERBIAN_PASSWORD

CYRILLIC = "ана.јовић"
WAYS = pytest.mark.parametrize("way", [by_password, mschap2], ids=["bind", "mschapv2"])


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


def test_the_former_password_holds_for_an_hour_which_is_active_directorys_own_rule(
    dc: SambaDc, directory: ActiveDirectory
) -> None:
    dc.tool("user", "setpassword", "changing", "--newpassword=Druga.Lozinka.7")
    dc.tool("user", "setpassword", "changing", "--newpassword=Treca.Lozinka.8")
    said = [kind(ask(directory, "changing", plain(f"{word}"))) for word in ("Druga.Lozinka.7", "Treca.Lozinka.8", "Nova")]
    assert said == [Proved, Proved, Wrong]


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
    assert lockout.guards(account.counted(lockout, now))
    assert not lockout.guards(account.counted(lockout, now + 1801))
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


def test_a_device_that_loops_with_ms_chap_is_asked_to_wait(dc: SambaDc, directory: ActiveDirectory) -> None:
    dc.modify("looping", "badPwdCount", b"0")
    said = [ask(directory, "looping", mschap2("looping", "old")) for _ in range(LOCKOUT_THRESHOLD // 2)]
    assert [answer.patience for answer in said if isinstance(answer, Wrong)] == [0.0] * 9 + [1800.0]
    dc.modify("looping", "badPwdCount", b"0")
