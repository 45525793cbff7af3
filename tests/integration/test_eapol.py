"""eapol_test, a supplicant that is not ours, against a real server; and the command that `kapija serve --demo` prints."""

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from radius.admin.certificates import authority
from radius.admin.client_certificates import issue, revoke
from radius.admin.context import open_admin
from radius.admin.demo import make_demo
from radius.audit.causes import Cause
from radius.audit.search import Entry, search
from radius.audit.tags import Tag
from radius.pki.reading import pem
from radius.secret import Secret
from radius.settings import load
from radius.vendors import FAMILIES
from radius.wire import dictionary
from tests.fakes.ports import free_port
from tests.fakes.serving import PASSWORD, SECRET, Serving, eventually, make_home

LogIn = Callable[..., "subprocess.CompletedProcess[str]"]
PEAP = {"eap": "PEAP", "phase2": '"auth=MSCHAPV2"'}
TTLS = {"eap": "TTLS", "phase2": '"auth=PAP"'}


@pytest.fixture(scope="module", params=[1, 3], ids=["one-worker", "three-workers"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with Serving(make_home(tmp_path_factory.mktemp("home") / "kapija"), workers=request.param) as serving:
        yield serving


@pytest.fixture
def log_in(server: Serving, peer: Callable[[str], Path], tmp_path: Path) -> LogIn:
    """log_in(mac, times=1, **network) is eapol_test's run; `times` logins in a row, all but the first resumed."""
    program = peer("eapol_test")
    (tmp_path / "ca.pem").write_bytes(pem(authority(server.home)))

    def run(mac: str, times: int = 1, more: tuple[str, ...] = (), **network: str) -> "subprocess.CompletedProcess[str]":
        wanted = {
            "key_mgmt": "WPA-EAP",
            "identity": '"ucenik.primer"',
            "anonymous_identity": '"anonymous"',
            "password": f'"{PASSWORD}"',
            "ca_cert": f'"{tmp_path / "ca.pem"}"',
            **network,
        }
        configuration = tmp_path / "device.conf"
        configuration.write_text("network={\n" + "".join(f" {key}={value}\n" for key, value in wanted.items() if value) + "}\n")
        command = [str(program), "-c", str(configuration), "-a", "127.0.0.1", "-p", str(server.port), "-s", SECRET]
        command += ["-M", mac, "-r", str(times - 1), "-t", "10", *more]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    return run


def audited(server: Serving, mac: str) -> Entry:
    """The last decision on a device."""
    found: list[Entry] = []

    def is_there() -> bool:
        with open_admin(server.home, "test") as admin, admin.reading() as connection:
            found[:] = search(connection, admin.keyring, mac=mac)
        return bool(found)

    eventually(is_there, "the decision is in the audit log")
    return found[0]


@pytest.mark.parametrize("network", [PEAP, TTLS], ids=["peap", "ttls"])
@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_a_pupil_gets_in_and_resumes(server: Serving, log_in: LogIn, network: dict[str, str], version: str) -> None:
    mac = f"02:00:00:00:40:{len(network['eap']):02x}" if version == "1.2" else f"02:00:00:00:41:{len(network['eap']):02x}"
    said = log_in(mac, 2, **network, phase1=f'"tls_disable_tlsv1_3={int(version == "1.2")}"')
    assert said.returncode == 0, said.stdout[-2000:]
    assert f"Using TLS version TLSv{version}" in said.stdout
    assert said.stdout.count("Handshake finished - resumed=1") == 1
    assert said.stdout.rstrip().endswith("SUCCESS")
    entry = audited(server, mac)
    assert (entry.tag, entry.user, entry.outer, entry.tls) == (Tag.ACCESS_GRANTED, "ucenik.primer", "anonymous", version)


def test_a_wrong_password_fails_and_is_named(server: Serving, log_in: LogIn) -> None:
    said = log_in("02:00:00:00:42:01", **PEAP, password='"wrong"')
    assert said.returncode != 0
    assert audited(server, "02:00:00:00:42:01").causes == (Cause.WRONG_PASSWORD,)


def test_a_device_that_does_not_trust_us_is_told_apart(server: Serving, log_in: LogIn, tmp_path: Path) -> None:
    said = log_in("02:00:00:00:42:02", **PEAP, domain_suffix_match='"other.example"')
    assert said.returncode != 0
    assert audited(server, "02:00:00:00:42:02").causes == (Cause.SERVER_NOT_TRUSTED,)


def test_a_small_link_gets_small_packets(log_in: LogIn) -> None:
    said = log_in("02:00:00:00:42:03", more=("-N12:d:300",), **PEAP, fragment_size="100")
    assert said.returncode == 0, said.stdout[-2000:]
    sizes = [int(size) for size in re.findall(r"decapsulated EAP packet \(code=1 id=\d+ len=(\d+)\)", said.stdout)]
    assert len(sizes) > 5
    assert max(sizes) <= 296


def test_what_the_access_point_asks_for_is_in_the_accept(log_in: LogIn) -> None:
    said = log_in("02:00:00:00:42:04", more=("-N89:x:00", "-e"), **TTLS)
    assert said.returncode == 0, said.stdout[-2000:]
    accept = said.stdout[said.stdout.rindex("code=2 (Access-Accept)") :]
    assert "Attribute 89" in accept
    assert "Attribute 102" in accept
    assert "Attribute 25 (Class)" in accept
    assert "Value: 'ucenik.primer'" in accept


def test_a_revoked_certificate_is_felt_within_seconds_and_without_a_restart(
    server: Serving, log_in: LogIn, tmp_path: Path
) -> None:
    file, password = tmp_path / "laptop.p12", Secret("import password")
    with open_admin(server.home, "test") as admin:
        issued = issue(admin, server.home, "ucenik.primer", "laptop", file, password)
    network = {"eap": "TLS", "private_key": f'"{file}"', "private_key_passwd": '"import password"', "anonymous_identity": ""}
    network["identity"] = '"@os-primer.example"'
    mac = "02:00:00:00:43:01"
    said = log_in(mac, **network)
    assert said.returncode == 0, said.stdout[-2000:]
    assert audited(server, mac).user == "ucenik.primer"
    with open_admin(server.home, "test") as admin:
        revoke(admin, server.home, issued.serial)
    eventually(lambda: log_in("02:00:00:00:43:02", **network).returncode != 0, "the revoked certificate is refused")
    eventually(lambda: audited(server, "02:00:00:00:43:02").causes == (Cause.CERTIFICATE_REVOKED,), "and the log says why")


def test_the_demos_command_works_as_it_is_printed(tmp_path: Path, peer: Callable[[str], Path]) -> None:
    peer("eapol_test")
    home = tmp_path / "demo home"
    demo = make_demo(home, dictionary.load().check, frozenset(FAMILIES))
    port, settings = free_port(), home / "kapija.toml"
    text = settings.read_text(encoding="utf-8")
    text = text.replace("# auth_port = 1812", f"auth_port = {port}").replace("# acct_port = 1813", f"acct_port = {port + 1}")
    settings.write_text(text, encoding="utf-8")
    (command,) = [line for line in demo.words("kapija", port, port + 1) if line.lstrip().startswith("eapol_test")]
    assert (home / "demo" / "eapol_test.conf").stat().st_mode & 0o777 == 0o600
    with Serving(load(home)):
        said = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout[-2000:]
    assert said.stdout.rstrip().endswith("SUCCESS")
