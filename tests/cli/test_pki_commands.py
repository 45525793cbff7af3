"""`kapija pki`: own certificates shown, linted, imported, renewed; clients' issued and revoked; authorities trusted."""

import json
import stat
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat
from cryptography.hazmat.primitives.serialization.pkcs12 import load_key_and_certificates, serialize_key_and_certificates

from radius.cli import main
from radius.pki.making import pkcs8
from radius.pki.reading import pem
from tests.fakes.certificates import DAY, Authority

Kapija = Callable[..., Result]
PASSWORD = "kanarinac-lozinka-5521"


@pytest.fixture(scope="module")
def foreign() -> Authority:
    now = time.time()
    return Authority("School CA", begins=now - 10 * DAY, ends=now + 1000 * DAY)


@pytest.fixture
def own(foreign: Authority, tmp_path: Path) -> Callable[..., tuple[Path, Path]]:
    """`own()` is a certificate's file and its key's file, as a school's CA gives them."""

    def make(key: ec.EllipticCurvePrivateKey | None = None, **options: object) -> tuple[Path, Path]:
        key = key or ec.generate_private_key(ec.SECP256R1())
        now = time.time()
        leaf = foreign.server("radius.os-vuk.example", key=key, **{"begins": now - DAY, "ends": now + 300 * DAY, **options})
        certificate, private = tmp_path / "radius.crt", tmp_path / "radius.key"
        certificate.write_bytes(pem(leaf) + pem(foreign.certificate))
        private.write_bytes(pkcs8(key).reveal())
        return certificate, private

    return make


def shown(expect: Kapija) -> dict[str, dict[str, object]]:
    return {one["name"]: one for one in json.loads(expect("pki", "show", "--json").output)}


def test_a_new_home_shows_its_ca_and_its_server(expect) -> None:
    found = shown(expect)
    assert set(found) == {"ca", "server-ec"}
    assert found["server-ec"]["names"] == ["radius.kapija.internal"]
    assert str(found["server-ec"]["ends"]).endswith("Z")
    plain = expect("pki", "show").output
    assert "radius.kapija.internal" in plain
    assert "PRIVATE" not in plain


def test_the_ca_for_devices_is_printed_as_pem_or_der(expect, home) -> None:
    as_pem = x509.load_pem_x509_certificate(expect("pki", "ca").stdout_bytes)
    as_der = x509.load_der_x509_certificate(expect("pki", "ca", "--der").stdout_bytes)
    assert as_pem == as_der
    assert as_pem == x509.load_pem_x509_certificate((home / "pki/trust/national/kapija-ca.pem").read_bytes())


def test_lint_of_the_own_certificate_is_content_unless_devices_ask_for_another_name(expect, kapija) -> None:
    assert "find nothing wrong" in expect("pki", "lint").output
    assert json.loads(expect("pki", "lint", "--json").output) == []
    refused = kapija("pki", "lint", "--name", "radius.else.example", "--json")
    assert refused.exit_code == 1
    (one,) = json.loads(refused.stdout)
    assert (one["level"], one["file"]) == ("fail", "server-ec")
    assert "have it issued for radius.else.example" in one["mend"]


def test_lint_of_a_file_tells_everything_that_is_wrong_with_it(kapija, own) -> None:
    certificate, _ = own(purposes=None, alternatives=())
    result = kapija("pki", "lint", str(certificate))
    assert result.exit_code == 1
    assert result.stdout.count("FAIL  radius.crt: ") == 2


def test_an_imported_certificate_is_in_force(expect, own) -> None:
    certificate, key = own()
    done = json.loads(expect("pki", "import", str(certificate), "--key", str(key), "--json").output)
    assert done["names"] == ["radius.os-vuk.example"]
    assert shown(expect)["server-ec"]["issuer"] == "CN=School CA"
    (row,) = json.loads(expect("audit", "search", "--tag", "certificate:", "--json").stdout)
    assert row["tag"] == "certificate:import:done"


def test_key_and_certificate_may_lie_in_one_file(expect, own) -> None:
    certificate, key = own()
    certificate.write_bytes(key.read_bytes() + certificate.read_bytes())
    expect("pki", "import", str(certificate))
    assert shown(expect)["server-ec"]["chain"] == 2


def test_a_pkcs_12_file_is_taken_with_its_password_and_refused_with_another(expect, foreign, tmp_path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    now = time.time()
    leaf = foreign.server(key=key, begins=now - DAY, ends=now + 300 * DAY)
    encryption = BestAvailableEncryption(PASSWORD.encode())
    file = tmp_path / "radius.pfx"
    file.write_bytes(serialize_key_and_certificates(b"radius", key, leaf, [foreign.certificate], encryption))
    expect("pki", "import", str(file), status=1, says="its password is wrong")
    expect("pki", "import", str(file), "--password-stdin", stdin="another\n", status=1, says="its password is wrong")
    assert shown(expect)["server-ec"]["issuer"] != "CN=School CA"
    expect("pki", "import", str(file), "--password-stdin", stdin=f"{PASSWORD}\n")
    assert shown(expect)["server-ec"]["issuer"] == "CN=School CA"


def test_an_encrypted_key_needs_its_password_and_no_other_key_takes_one(expect, own, tmp_path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    certificate, plain = own(key)
    sealed = tmp_path / "sealed.key"
    sealed.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(PASSWORD.encode())))
    password = tmp_path / "password"
    password.write_text(PASSWORD)
    importing = ("pki", "import", str(certificate), "--key")
    expect(*importing, str(sealed), status=1, says="encrypted: give its password")
    expect(*importing, str(sealed), "--password-stdin", stdin="wrong\n", status=1, says="password is wrong")
    expect(*importing, str(plain), "--password-file", str(password), status=1, says="not encrypted: leave its password out")
    expect(*importing, str(sealed), "--password-file", str(password))


def test_a_bad_certificate_is_refused_in_sentences_and_the_present_one_stays(expect, own, home) -> None:
    before = (home / "pki/server-ec.pem").read_bytes()
    certificate, key = own(purposes=None, key_usage=["key_encipherment"])
    importing = ("pki", "import", str(certificate), "--key", str(key))
    refused = expect(*importing, status=1, says="nothing was changed: the certificate has no extendedKeyUsage")
    assert "lacks digitalSignature" in refused.stderr
    certificate, _ = own()
    stranger = certificate.with_name("stranger.key")
    stranger.write_bytes(pkcs8(ec.generate_private_key(ec.SECP256R1())).reveal())
    expect("pki", "import", str(certificate), "--key", str(stranger), status=1, says="the key does not belong")
    expect("pki", "import", str(certificate), status=1, says="holds no private key: name the key's file with --key")
    expect("pki", "import", str(key), "--key", str(key), status=1, says="holds no certificate")
    expect("pki", "import", "/nowhere", status=2)
    assert (home / "pki/server-ec.pem").read_bytes() == before


def test_renewing_keeps_the_name_and_changes_the_certificate(expect) -> None:
    before = shown(expect)["server-ec"]
    (made,) = json.loads(expect("pki", "renew", "--json").output)
    assert made["names"] == before["names"]
    assert made["serial"] != before["serial"]
    expect("pki", "renew", "--name", "radius.os-vuk.example", "--rsa")
    assert {one["names"][0] for name, one in shown(expect).items() if name != "ca"} == {"radius.os-vuk.example"}
    assert "server-rsa" in shown(expect)
    expect("pki", "renew", "--name", "not a name", status=1, says="is no DNS name")


def test_renewing_somebody_elses_certificate_is_refused(expect, own) -> None:
    certificate, key = own()
    expect("pki", "import", str(certificate), "--key", str(key))
    expect("pki", "renew", status=1, says="was issued by 'CN=School CA': ask there")


@pytest.fixture
def ana(expect: Kapija) -> None:
    expect("user", "add", "ana", "--school", "os-vuk", "--role", "student", "--password-stdin", stdin="a password of ana\n")


def test_a_client_certificate_is_issued_with_a_password_that_is_shown_once(expect, ana, tmp_path, on_disk) -> None:
    out = tmp_path / "ana.p12"
    told = json.loads(expect("pki", "issue", "ana", "--device", "tablet 7", "--out", str(out), "--json").output)
    _, leaf, _ = load_key_and_certificates(out.read_bytes(), told["password"].encode())
    assert leaf is not None
    assert f"{leaf.serial_number:x}" == told["serial"]
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert len(told["password"]) == 23
    assert told["password"].encode() not in on_disk()
    issuing = ("pki", "issue", "ana", "--device", "tablet 7", "--out", str(out))
    expect(*issuing, status=1, says="exists already")


def test_a_password_of_ones_own_is_taken_and_not_shown(expect, ana, tmp_path) -> None:
    out = tmp_path / "ana.p12"
    issuing = ("pki", "issue", "ana", "--device", "tablet 7", "--out", str(out), "--password-stdin")
    told = expect(*issuing, stdin=f"{PASSWORD}\n").output
    assert PASSWORD not in told
    assert "Password" not in told
    assert load_key_and_certificates(out.read_bytes(), PASSWORD.encode())[1] is not None
    expect(
        "pki", "issue", "eva", "--device", "x", "--out", str(out.with_name("e.p12")), status=1, says="nobody with the username"
    )
    expect("pki", "issue", "ana", "--out", str(out), status=2)


def test_revoking_puts_a_serial_number_on_the_list(expect, ana, home, tmp_path) -> None:
    issuing = ("pki", "issue", "ana", "--device", "tablet 7", "--out", str(tmp_path / "ana.p12"), "--json")
    serial = json.loads(expect(*issuing).output)["serial"]
    expect("pki", "revoke", serial)
    listed = x509.load_pem_x509_crl((home / "pki/crl/kapija-ca.crl").read_bytes())
    assert [f"{one.serial_number:x}" for one in listed] == [serial]
    expect("pki", "revoke", serial, status=1, says="is revoked already")
    expect("pki", "revoke", "no-number", status=1, says="is no serial number")


def test_authorities_are_trusted_listed_and_trusted_no_more(expect, foreign, tmp_path) -> None:
    file = tmp_path / "school-ca.crt"
    file.write_bytes(pem(foreign.certificate))
    (added,) = json.loads(expect("pki", "trust", "add", str(file), "--school", "os-vuk", "--json").output)
    assert (added["scope"], added["subject"]) == ("os-vuk", "CN=School CA")
    listed = json.loads(expect("pki", "trust", "list", "--json").output)
    assert {one["scope"] for one in listed} == {"national", "os-vuk"}
    expect("pki", "trust", "remove", added["file"], status=1, says="there is no file")
    assert "trusted no more" in expect("pki", "trust", "remove", added["file"], "--school", "os-vuk").output
    expect("pki", "trust", "add", str(file), "--school", "os-vukk", status=1, says="did you mean os-vuk")
    expect("pki", "trust", "add", str(tmp_path / "none"), status=2)
    tags = [row["tag"] for row in json.loads(expect("audit", "search", "--tag", "trust:", "--json").stdout)]
    assert sorted(tags) == ["trust:add:done", "trust:remove:done"]


def test_a_home_without_certificates_says_what_to_do(expect, home) -> None:
    for file in ("ca.pem", "server-ec.pem"):
        (home / "pki" / file).unlink()
    assert "kapija pki import" in expect("pki", "show").output
    assert "kapija pki import" in expect("pki", "lint").output
    expect("pki", "ca", status=1, says="there is no server certificate")
    expect("pki", "renew", status=1, says="no CA of Kapija's here")


def test_the_servers_name_is_told_by_init(tmp_path) -> None:
    told = CliRunner().invoke(main, ["init", str(tmp_path / "a"), "--server-name", "radius.os-vuk.example"])
    assert told.exit_code == 0, told.output
    assert "'kapija pki ca' prints it" in told.output
    refused = CliRunner().invoke(main, ["init", str(tmp_path / "b"), "--server-name", "radius"])
    assert refused.exit_code == 1
    assert "is no DNS name" in refused.output
