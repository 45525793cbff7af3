"""Certificates made here, as openssl and the rules of devices see them."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding

from radius.pki.facts import CertificateFacts, names_of
from radius.pki.lint import lint
from radius.pki.making import Made, make_ca, make_client_certificate, make_crl, make_server_certificate, pkcs12
from radius.pki.reading import PrivateKey, der, pem, private_key
from radius.secret import Secret
from tests.fakes.certificates import DAY, NOW

OpenSsl = Callable[..., str]
NAME = "radius.kapija.internal"


@pytest.fixture(scope="module")
def ca() -> Made:
    return make_ca("Kapija CA 0f0f0f", NOW)


@pytest.fixture(scope="module")
def ca_key(ca: Made) -> PrivateKey:
    return private_key(ca.key.reveal(), "ca")


@pytest.fixture
def openssl(peer: Callable[[str], Path], tmp_path: Path) -> OpenSsl:
    """`openssl("verify", "a.pem", **{"a.pem": octets})` runs it beside these files."""
    program = peer("openssl")

    def run(*arguments: str, status: int = 0, **files: bytes) -> str:
        for name, octets in files.items():
            (tmp_path / name).write_bytes(octets)
        done = subprocess.run([program, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == status, done.stderr + done.stdout
        return done.stdout + done.stderr

    return run


def test_openssl_believes_the_server_under_its_ca_for_its_name_and_no_other(openssl, ca, ca_key) -> None:
    server = make_server_certificate(ca.certificate, ca_key, [NAME], NOW)
    files = {"ca": pem(ca.certificate), "leaf": pem(server.certificate)}
    asked = ("verify", "-x509_strict", "-purpose", "sslserver", "-attime", str(int(NOW)), "-CAfile", "ca")
    assert "leaf: OK" in openssl(*asked, "-verify_hostname", NAME, "leaf", **files)
    assert "hostname mismatch" in openssl(*asked, "-verify_hostname", "radius.else.internal", "leaf", status=2, **files)
    wrong = ("verify", "-purpose", "sslclient", "-attime", str(int(NOW)), "-CAfile", "ca", "leaf")
    assert "purpose" in openssl(*wrong, status=2, **files)


def test_openssl_believes_a_client_until_it_is_on_the_list(openssl, ca, ca_key) -> None:
    client = make_client_certificate(ca.certificate, ca_key, "ana@skola.example", "tablet 7", NOW)
    serial = client.certificate.serial_number
    asked = ("verify", "-x509_strict", "-purpose", "sslclient", "-attime", str(int(NOW)), "-CAfile", "ca")
    asked += ("-crl_check", "-CRLfile", "crl", "leaf")
    files = {"ca": pem(ca.certificate), "leaf": pem(client.certificate)}
    empty = make_crl(ca.certificate, ca_key, {}, NOW, 1).public_bytes(Encoding.PEM)
    assert "leaf: OK" in openssl(*asked, crl=empty, **files)
    listed = make_crl(ca.certificate, ca_key, {serial: NOW}, NOW, 2).public_bytes(Encoding.PEM)
    assert "certificate revoked" in openssl(*asked, status=2, crl=listed, **files)


def test_a_device_opens_the_p12_file_with_its_password_alone(openssl, ca, ca_key) -> None:
    client = make_client_certificate(ca.certificate, ca_key, "ana", "tablet 7", NOW)
    p12 = pkcs12(client, ca.certificate, "ana (tablet 7)", Secret("abcde-fghij"))
    told = openssl("pkcs12", "-in", "p12", "-nodes", "-passin", "pass:abcde-fghij", "-info", p12=p12)
    assert told.count("BEGIN CERTIFICATE") == 2
    assert "BEGIN PRIVATE KEY" in told
    assert "AES-256-CBC" in told
    assert "friendlyName: ana (tablet 7)" in told
    assert "invalid password" in openssl("pkcs12", "-in", "p12", "-nodes", "-passin", "pass:abcde-fghik", status=1, p12=p12)


def test_the_key_belongs_to_the_certificate_as_openssl_reads_both(openssl, ca, ca_key) -> None:
    server = make_server_certificate(ca.certificate, ca_key, [NAME], NOW)
    of_certificate = openssl("x509", "-in", "leaf", "-noout", "-pubkey", leaf=pem(server.certificate))
    assert of_certificate == openssl("pkey", "-in", "key", "-pubout", key=server.key.reveal())


@pytest.mark.parametrize("key", [None, "rsa"])
def test_devices_find_nothing_wrong_with_what_is_made(ca, ca_key, key) -> None:
    rsa_key = rsa.generate_private_key(65_537, 2048) if key else None
    server = make_server_certificate(ca.certificate, ca_key, [NAME, "radius2.kapija.internal"], NOW, rsa_key)
    assert lint([server.certificate], NOW, NAME, [ca.certificate]) == []
    assert lint([server.certificate, ca.certificate], NOW) == []


def test_the_lifetimes_are_those_that_are_promised_and_none_outlives_its_ca(ca, ca_key) -> None:
    days = (ca.certificate.not_valid_after_utc - ca.certificate.not_valid_before_utc).days
    assert days == 3652
    server = make_server_certificate(ca.certificate, ca_key, [NAME], NOW).certificate
    assert (server.not_valid_after_utc - server.not_valid_before_utc).days == 397
    assert server.not_valid_before_utc.timestamp() == NOW - DAY  # wrong clocks
    late = NOW + 3600 * DAY
    assert make_server_certificate(ca.certificate, ca_key, [NAME], late).certificate.not_valid_after_utc == (
        ca.certificate.not_valid_after_utc
    )


def test_the_ca_issues_end_certificates_only(openssl, ca, ca_key) -> None:
    text = openssl("x509", "-in", "ca", "-noout", "-text", ca=pem(ca.certificate))
    assert "CA:TRUE, pathlen:0" in text
    assert "Certificate Sign, CRL Sign" in text


def test_a_chain_that_fits_one_fragment_stays_that_small(ca, ca_key) -> None:
    """With its key exchange a P-256 server's whole flight is then one EAP packet of 1,000 octets (a round less a login)."""
    assert len(der(make_server_certificate(ca.certificate, ca_key, [NAME], NOW).certificate)) < 500


@pytest.mark.parametrize("user", ["ana", "ana@skola.example", "ана@школа", "a" * 64, "a" * 65, "ж" * 120])
def test_a_client_has_the_accounts_name_first(files, ca, ca_key, user) -> None:
    made = make_client_certificate(ca.certificate, ca_key, user, "tablet", NOW)
    assert names_of(made.certificate) == (user,)  # a name cut off for the subject would be another account's
    files.put(files.trust / "national" / "ca.pem", pem(ca.certificate))
    assert isinstance(files.store().check((der(made.certificate),), "", NOW), CertificateFacts)


def test_two_certificates_never_share_a_serial_number_or_a_key(ca, ca_key) -> None:
    one, other = (make_client_certificate(ca.certificate, ca_key, "ana", "tablet", NOW) for _ in range(2))
    assert one.certificate.serial_number != other.certificate.serial_number
    assert one.key != other.key
    assert "PRIVATE" not in repr(one)
