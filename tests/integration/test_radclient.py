"""Debian's radclient, a client that is not ours, against a real server: every method, and what is met with silence."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from radius.admin.context import open_admin
from radius.audit.search import search
from tests.fakes.serving import PASSWORD, SECRET, Serving, eventually, make_home

Ask = Callable[..., str]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with Serving(make_home(tmp_path_factory.mktemp("home") / "kapija")) as serving:
        yield serving


@pytest.fixture
def ask(server: Serving, peer: Callable[[str], Path]) -> Ask:
    """ask("User-Name=...", kind="auth", secret=...) is what radclient printed."""
    radclient = peer("radclient")

    def run(
        attributes: str, kind: str = "auth", secret: str = SECRET, address: str = "127.0.0.1", port: int | None = None
    ) -> str:
        server_name = f"[{address}]" if ":" in address else address
        command = [str(radclient), "-x", "-r", "1", "-t", "2", f"{server_name}:{port or server.port}", kind, secret]
        return subprocess.run(command, input=attributes, capture_output=True, text=True, check=False).stdout

    return run


@pytest.mark.parametrize("kind", ["User-Password", "CHAP-Password", "MS-CHAP-Password"])
@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_pupil_gets_in(ask: Ask, kind: str, address: str) -> None:
    said = ask(f"User-Name=ucenik.primer,{kind}={PASSWORD},Message-Authenticator=0x00", address=address)
    assert "Received Access-Accept" in said
    assert 'Tunnel-Private-Group-Id:0 = "20"' in said
    assert ("MS-CHAP-MPPE-Keys" in said) == kind.startswith("MS-CHAP")


@pytest.mark.parametrize("kind", ["User-Password", "CHAP-Password", "MS-CHAP-Password"])
def test_a_wrong_password_is_rejected(ask: Ask, kind: str) -> None:
    said = ask(f"User-Name=ucenik.primer,{kind}=wrong,Calling-Station-Id={kind},Message-Authenticator=0x00")
    assert "Received Access-Reject" in said
    if kind.startswith("MS-CHAP"):
        assert "E=691 R=0" in said


@pytest.mark.parametrize("name", ["020000000501", "02-00-00-00-05-01", "02:00:00:00:05:01"])
@pytest.mark.parametrize("kind", ["User-Password", "CHAP-Password"])
def test_a_printer_gets_in_by_its_mac(ask: Ask, name: str, kind: str) -> None:
    said = ask(f"User-Name={name},{kind}={name},Calling-Station-Id=02-00-00-00-05-01,Message-Authenticator=0x00")
    assert 'Tunnel-Private-Group-Id:0 = "30"' in said


def test_call_check_is_mab(ask: Ask) -> None:
    said = ask("User-Name=020000000501,User-Password=x,Service-Type=Call-Check,Message-Authenticator=0x00")
    assert "Received Access-Accept" in said


def test_a_wrong_secret_is_met_with_silence(ask: Ask) -> None:
    said = ask(f"User-Name=ucenik.primer,User-Password={PASSWORD},Message-Authenticator=0x00", secret="another-secret-entirely")
    assert "Received" not in said


def test_status_server_is_answered_on_both_ports(ask: Ask, server: Serving) -> None:
    assert "Received Access-Accept" in ask("Message-Authenticator=0x00", kind="status")
    assert "Received Accounting-Response" in ask("Message-Authenticator=0x00", kind="status", port=server.port + 1)


def test_what_radclient_sent_is_in_the_audit_log(ask: Ask, server: Serving) -> None:
    ask(f"User-Name=ucenik.primer,User-Password={PASSWORD},Calling-Station-Id=02-00-00-00-77-77,Message-Authenticator=0x00")

    def found() -> bool:
        with open_admin(server.home, "test") as admin, admin.reading() as connection:
            return bool(search(connection, admin.keyring, mac="02-00-00-00-77-77"))

    eventually(found, "the decision is in the audit log")
