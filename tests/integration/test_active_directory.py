"""A whole login against Active Directory: eapol_test, the server, Samba's domain controller and its winbind."""

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from radius.admin.certificates import authority
from radius.admin.context import open_admin
from radius.admin.directories import add_directory
from radius.audit.causes import Cause
from radius.audit.search import Entry, search
from radius.audit.tags import Tag
from radius.directory.description import BIND_PASSWORD
from radius.pki.reading import pem
from radius.secret import Secret
from tests.fakes.samba_dc import SambaDc
from tests.fakes.samba_people import LOCKOUT_THRESHOLD, PASSWORD, SERBIAN_PASSWORD
from tests.fakes.serving import SECRET, Serving, eventually, make_home

PEAP = {"eap": "PEAP", "phase2": '"auth=MSCHAPV2"'}
TTLS = {"eap": "TTLS", "phase2": '"auth=PAP"'}
LOCKS_AFTER = 4  # wrong passwords in a row, during these tests
WHOM = """
[[map]]
when = "group = ucenici"
role = "student"
[[map]]
school = "os-primer"
"""
LogIn = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def server(dc: SambaDc, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    home = make_home(tmp_path_factory.mktemp("home") / "kapija")
    with open_admin(home, "test") as admin:
        add_directory(admin, "skola", dc.document(WHOM), {BIND_PASSWORD: Secret(PASSWORD)})
    dc.tool("domain", "passwordsettings", "set", f"--account-lockout-threshold={LOCKS_AFTER}")
    try:
        with Serving(home, workers=2) as serving:
            yield serving
    finally:
        dc.tool("domain", "passwordsettings", "set", f"--account-lockout-threshold={LOCKOUT_THRESHOLD}")


@pytest.fixture
def log_in(server: Serving, peer: Callable[[str], Path], tmp_path: Path) -> LogIn:
    """log_in(mac, name, password, times=1, **network): `times` logins in a row, all but the first resumed."""
    program = peer("eapol_test")
    (tmp_path / "ca.pem").write_bytes(pem(authority(server.home)))

    def run(mac: str, name: str, password: str, times: int = 1, **network: str) -> "subprocess.CompletedProcess[str]":
        wanted = {
            "key_mgmt": "WPA-EAP",
            "identity": name.encode().hex(),
            "anonymous_identity": '"anonymous"',
            "password": password.encode().hex(),
            "ca_cert": f'"{tmp_path / "ca.pem"}"',
            **network,
        }
        configuration = tmp_path / "device.conf"
        configuration.write_text("network={\n" + "".join(f" {key}={value}\n" for key, value in wanted.items()) + "}\n")
        command = [str(program), "-c", str(configuration), "-a", "127.0.0.1", "-p", str(server.port), "-s", SECRET]
        command += ["-M", mac, "-r", str(times - 1), "-t", "15"]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    return run


def audited(server: Serving, mac: str) -> Entry:
    """The newest row of a device, when it is there."""
    found: list[Entry] = []

    def there() -> bool:
        with open_admin(server.home, "test") as admin, admin.reading() as connection:
            found[:] = search(connection, admin.keyring, mac=mac)
        return bool(found)

    eventually(there, f"a row of {mac}")
    return found[0]


@pytest.mark.parametrize("method", [PEAP, TTLS], ids=["peap-mschapv2", "ttls-pap"])
@pytest.mark.parametrize(
    ("name", "password"),
    [("ana", PASSWORD), ("SKOLA\\ana", PASSWORD), ("ана.јовић", SERBIAN_PASSWORD)],
    ids=["plain", "domain", "cyrillic"],
)
def test_a_pupil_of_the_domain_comes_in_with_her_key(server: Serving, log_in: LogIn, method, name: str, password: str) -> None:
    mac = f"02:00:00:0A:{PEAP is method:02x}:{len(name):02x}"
    done = log_in(mac, name, password, **method)
    assert done.stdout.rstrip().endswith("SUCCESS"), done.stdout[-2000:]  # eapol_test compares the keys of both ends
    assert audited(server, mac).tag == Tag.ACCESS_GRANTED


@pytest.mark.parametrize("method", [PEAP, TTLS], ids=["peap-mschapv2", "ttls-pap"])
@pytest.mark.parametrize(
    ("name", "password", "cause"),
    [
        ("expires-tomorrow", "another", Cause.WRONG_PASSWORD),
        ("nobody", PASSWORD, Cause.UNKNOWN_ACCOUNT),
        ("disabled", PASSWORD, Cause.ACCOUNT_DISABLED),
        ("locked", PASSWORD, Cause.ACCOUNT_LOCKED),
        ("old-password", PASSWORD, Cause.PASSWORD_EXPIRED),
        ("must-change", PASSWORD, Cause.PASSWORD_MUST_CHANGE),
        ("no-hours", PASSWORD, Cause.LOGON_HOURS),
    ],
)
def test_who_does_not_come_in_is_in_the_log_with_the_reason(
    server: Serving, log_in: LogIn, method, name: str, password: str, cause: Cause
) -> None:
    mac = f"02:00:00:0B:{PEAP is method:02x}:{list(Cause).index(cause):02x}"
    assert log_in(mac, name, password, **method).stdout.rstrip().endswith("FAILURE")
    assert audited(server, mac).causes == (cause,)


def test_a_session_is_resumed(server: Serving, log_in: LogIn) -> None:
    mac = "02:00:00:0C:00:01"
    assert log_in(mac, "ana", PASSWORD, times=3, **PEAP).stdout.rstrip().endswith("SUCCESS")
    eventually(lambda: audited(server, mac).resumed, "a resumed login")


def test_winbind_away_is_nobodys_wrong_password(dc: SambaDc, server: Serving, log_in: LogIn) -> None:
    mac = "02:00:00:0D:00:01"
    dc.signal_winbind(signal.SIGSTOP)
    try:
        assert "SUCCESS" not in log_in(mac, "ana", PASSWORD, **PEAP).stdout.splitlines()[-1]
        assert log_in("02:00:00:0D:00:02", "ana", PASSWORD, **TTLS).stdout.rstrip().endswith("SUCCESS")
    finally:
        dc.signal_winbind(signal.SIGCONT)
    assert audited(server, mac).causes == (Cause.DIRECTORY_AWAY,)
    eventually(lambda: log_in(mac, "ana", PASSWORD, **PEAP).stdout.rstrip().endswith("SUCCESS"), "it recovers by itself")


def test_a_looping_phone_does_not_lock_its_owner_out(dc: SambaDc, server: Serving, log_in: LogIn) -> None:
    """Its third wrong password is not sent, whenever it comes; her laptop gets in with the right one."""
    phone, laptop = "02:00:00:0E:00:01", "02:00:00:0E:00:02"
    dc.modify("looping", "badPwdCount", b"0")
    for _ in range(4):
        log_in(phone, "looping", "the old one", **PEAP)
    eventually(lambda: audited(server, phone).causes == (Cause.BACKING_OFF,), "the phone backs off")
    time.sleep(2.5)  # longer than an ordinary pause after so many
    log_in(phone, "looping", "the old one", **PEAP)
    assert dc.attribute("looping", "badPwdCount") == "2"
    log_in(laptop, "looping", PASSWORD, **TTLS)
    assert audited(server, laptop).causes == (Cause.NO_RULE,)  # the password held; she is in no group that may come in
    assert dc.attribute("looping", "badPwdCount") == "0"
