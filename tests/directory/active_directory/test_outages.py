"""An outage is not a denial: whatever of Samba is away, slow, killed or set up wrongly could not be asked."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from radius.directory.question import Answer, CouldNotAsk, Proved, Question, Remembered, VerifiedCertificate, Wrong
from tests.directory.active_directory.conftest import PASSWORD, source
from tests.fakes.ad_questions import PATIENCE, ask, mschap2, plain
from tests.fakes.samba_dc import SambaDc
from tests.fakes.serving import eventually


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


def test_a_domain_that_takes_no_ms_chap_is_an_outage_and_locks_nobody(samba_template: Path, tmp_path: Path) -> None:
    with SambaDc(samba_template, tmp_path / "dc", ntlm_auth="ntlmv2-only") as dc:
        directory = source(dc)
        for _ in range(6):
            assert isinstance(ask(directory, "ana", mschap2("ana", PASSWORD)), CouldNotAsk)
        assert isinstance(ask(directory, "ana", plain(PASSWORD)), Proved)
        assert dc.attribute("ana", "badPwdCount") == "0"
        assert dc.attribute("kapija", "badPwdCount") == "0"
        directory.close()


def test_a_winbind_that_dies_is_an_outage(samba_template: Path, tmp_path: Path) -> None:
    with SambaDc(samba_template, tmp_path / "dc") as dc:
        directory = source(dc)
        assert isinstance(ask(directory, "ana", mschap2("ana", PASSWORD)), Proved)
        dc.signal_winbind(signal.SIGKILL)
        for password in (PASSWORD, "another"):
            assert isinstance(ask(directory, "ana", mschap2("ana", password)), CouldNotAsk)
        directory.close()
