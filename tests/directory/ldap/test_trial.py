"""`kapija directory test` shows each step, with the cure where it fails."""

from collections.abc import Callable
from pathlib import Path

import pytest

from radius.directory.description import parse_description
from radius.directory.ldap.unreachable import Stage, Unreachable
from radius.directory.steps import Step, cure_of
from radius.directory.trial import try_directory
from radius.secret import Secret
from tests.fakes.fault_proxy import Fault, FaultProxy
from tests.fakes.slapd import SERVICE_PASSWORD, Slapd

SECRETS = {"bind_password": Secret(SERVICE_PASSWORD)}
ROWS = (
    '[[map]]\nwhen = "group = ucenici"\nrole = "student"\nschool = "os-vuk"\n[[map]]\nattribute = "group"\ngroups = "{value}"'
)


def tried(
    slapd: Slapd, name: str, password: str | None = None, *urls: str, top: str = "", rest: str = ROWS, secret: str = ""
) -> list[Step]:
    secrets = {"bind_password": Secret(secret)} if secret else SECRETS
    description = parse_description(slapd.document(*urls, top=top, rest=rest))
    return try_directory("skola", description, secrets, name, Secret(password) if password else None)


def names(steps: list[Step]) -> list[str]:
    return [step.name if step.ok else f"not {step.name}" for step in steps]


def test_each_step_of_a_login_that_succeeds(slapd: Slapd) -> None:
    steps = tried(slapd, "ana", "ana-lozinka", top='people.nt_hash = "sambaNTPassword"')
    assert names(steps) == [
        "resolve", "connect", "tls", "bind", "search", "nt-hash", "proof", "groups", "account", "mapped",
    ]  # fmt: skip
    assert all(step.milliseconds >= 0 and step.detail and not step.cure for step in steps)
    assert steps[-3].detail == "8-2, biblioteka, osmaci, ucenici"
    assert steps[-1].detail == "ana: role student, school os-vuk, groups 8-2, biblioteka, osmaci, ucenici"


def test_without_a_password_nothing_is_proved(slapd: Slapd) -> None:
    assert names(tried(slapd, "ana")) == ["resolve", "connect", "tls", "bind", "search", "groups", "account", "mapped"]


def test_every_server_is_tried_and_one_is_enough_to_go_on(slapd: Slapd) -> None:
    with FaultProxy(slapd.ldaps_port) as proxy:
        proxy.fail(Fault.REFUSED)
        steps = tried(slapd, "ana", None, f"ldaps://127.0.0.1:{proxy.port}", f"ldap://127.0.0.1:{slapd.ldap_port}")
    assert names(steps)[:6] == ["resolve", "not connect", "resolve", "connect", "tls", "bind"]
    assert "runs and listens" in steps[1].cure
    assert names(steps)[-1] == "mapped"


@pytest.mark.parametrize(
    ("name", "password", "failing", "cure"),
    [
        ("ana", "guess", "proof", "Type it again"),
        ("nema-je", None, "search", "Check the name"),
        ("dvojnik", None, "search", "Narrow the base"),
        ("a b", None, "search", "Type the name"),
        ("istekao", None, "account", "Set a later last day"),
        ("zakljucan", "zakljucan-lozinka", "proof", "unlock"),
        ("vera", None, "mapped", "[[map]] row"),
    ],
)
def test_what_fails_has_its_cure(slapd: Slapd, name: str, password: str | None, failing: str, cure: str) -> None:
    steps = tried(slapd, name, password)
    failed = {step.name: step for step in steps if not step.ok}
    assert cure in failed[failing].cure


@pytest.mark.parametrize(
    ("top", "secret", "failing", "cure"),
    [
        ('server_name = "ldap.drugi.example"', "", "tls", "server_name"),
        ("", "guess", "bind", "bind_password"),
        ('people.base = "ou=nema,dc=skola,dc=example"', "", "search", "The base is not there"),
        ('people.nt_hash = "ipaNTHash2"', "", "nt-hash", "Let the service account read"),
        ('people.id = "nsUniqueId"', "", "id", "name another attribute"),
    ],
)
def test_what_is_described_wrongly_has_its_cure(slapd: Slapd, top: str, secret: str, failing: str, cure: str) -> None:
    failed = {step.name: step for step in tried(slapd, "ana", top=top, secret=secret) if not step.ok}
    assert cure in failed[failing].cure


def test_an_expired_certificate_is_to_be_renewed(peer: Callable[[str], Path], tmp_path: Path) -> None:
    with Slapd(peer("slapd"), tmp_path / "slapd", expired=True) as slapd:
        failed = [step for step in tried(slapd, "ana") if not step.ok]
    assert [(step.name, step.cure) for step in failed] == [("tls", "Renew the certificate of the directory server.")]


def test_a_client_certificate_that_is_missing_is_asked_for(peer: Callable[[str], Path], tmp_path: Path) -> None:
    with Slapd(peer("slapd"), tmp_path / "slapd", client_certificates=True) as slapd:
        failed = [step for step in tried(slapd, "ana") if not step.ok]
    assert "client certificate" in failed[-1].cure or "client_certificate" in failed[-1].cure


@pytest.mark.parametrize("stage", list(Stage))
def test_there_is_a_cure_for_each_stage(stage: Stage) -> None:
    assert cure_of(Unreachable(stage, "ldaps://x", "something new")).endswith(".")
