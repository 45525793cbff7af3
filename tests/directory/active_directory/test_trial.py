"""`kapija directory test` for an Active Directory, against a Samba domain controller."""

from pathlib import Path

import pytest

from radius.directory.description import BIND_PASSWORD
from radius.directory.steps import Step
from radius.directory.trial import try_directory
from radius.secret import Secret
from tests.directory.active_directory.conftest import PASSWORD, describe
from tests.fakes.samba_dc import SambaDc


def tried(dc: SambaDc, user: str = "ana", password: str | None = PASSWORD, more: str = "", **changes: str) -> dict[str, Step]:
    given = {BIND_PASSWORD: Secret(PASSWORD)}
    proof = Secret(password) if password is not None else None
    steps = try_directory("skola", describe(dc, more, **changes), given, user, proof)
    assert all(step.ok or step.cure for step in steps)
    return {step.name: step for step in steps}


def test_each_step_is_shown(dc: SambaDc) -> None:
    steps = tried(dc)
    assert list(steps) == [
        "resolve",
        "connect",
        "tls",
        "bind",
        "domain",
        "ntlm_auth",
        "search",
        "proof",
        "groups",
        "account",
        "mapped",
    ]
    assert [name for name, step in steps.items() if not step.ok] == []
    assert steps["domain"].detail == "SKOLA, skola.test, locks after 20 wrong passwords"
    assert steps["groups"].detail == "Domain Users, Users, grupa (a) b, odeljenje-8-2, svi, ucenici"
    assert "role student, school os-vuk" in steps["mapped"].detail


@pytest.mark.parametrize(
    ("user", "step", "said"),
    [
        ("nobody", "search", "no account"),
        ("DRUGA\\ana", "search", "no account"),
        ("disabled", "account", "disabled"),
        ("locked", "account", "locked"),
        ("old-password", "account", "expired"),
        ("must-change", "account", "changed"),
        ("no-hours", "account", "at this hour"),
        ("kapija", "mapped", "role none"),
    ],
)
def test_what_is_wrong_with_an_account_is_its_step(dc: SambaDc, user: str, step: str, said: str) -> None:
    failed = tried(dc, user, None)[step]
    assert not failed.ok
    assert said in failed.detail


def test_a_wrong_password_is_told(dc: SambaDc) -> None:
    step = tried(dc, "expires-tomorrow", "another")["proof"]
    assert (step.ok, step.detail) == (False, "the password is wrong")


def test_helpers_that_do_not_work_are_told_with_the_cure(dc: SambaDc) -> None:
    step = tried(dc, more='[ntlm]\ncommand = ["/nonexistent/ntlm_auth"]\n')["ntlm_auth"]
    assert (step.ok, "Install winbind" in step.cure) == (False, True)
    dc.hide_winbind()
    try:
        step = tried(dc)["ntlm_auth"]
    finally:
        dc.show_winbind()
    assert (step.ok, "winbindd_priv" in step.cure) == (False, True)


def test_a_domain_that_winbind_does_not_know_is_told(dc: SambaDc) -> None:
    step = tried(dc, more=f'[ntlm]\ncommand = ["{dc.ntlm_auth}"]\ndomain = "DRUGA"\n')["ntlm_auth"]
    assert (step.ok, "ntlm.domain" in step.cure) == (False, True)


def test_a_domain_that_takes_no_ms_chap_is_told(samba_template: Path, tmp_path: Path) -> None:
    with SambaDc(samba_template, tmp_path / "dc", ntlm_auth="ntlmv2-only") as dc:
        step = tried(dc)["ntlm_auth"]
    assert (step.ok, "mschapv2-and-ntlmv2-only" in step.cure) == (False, True)


def test_a_wrong_certificate_name_is_told(dc: SambaDc) -> None:
    steps = tried(dc, server_name='"other.skola.test"')
    assert list(steps) == ["resolve", "connect", "tls"]
    assert "server_name" in steps["tls"].cure
