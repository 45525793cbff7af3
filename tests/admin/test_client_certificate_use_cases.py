"""Client certificates of our own CA: issued to a device, and revoked. Each in the audit log, nothing secret left behind."""

import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization.pkcs12 import load_key_and_certificates
from sqlalchemy import select

from radius.admin import certificates as use
from radius.admin import client_certificates as clients
from radius.admin.people import add_person
from radius.audit.causes import Cause
from radius.errors import NotFound, OperatorError
from radius.pki.crls import read_serials
from radius.pki.facts import CertificateFacts
from radius.pki.reading import CertificateUnusable, issued_by
from radius.pki.trust import TrustStore
from radius.secret import Secret
from radius.store.tables import audit
from tests.fakes.certificates import chain

PASSWORD = Secret("kanarinac-lozinka-8123")


@pytest.fixture(autouse=True)
def today(clock) -> None:
    clock.time = time.time()  # `init` made the home's certificates by this machine's clock


def trusted_now(home, clock, octets: tuple[bytes, ...]) -> CertificateFacts | Cause:
    return TrustStore.of(home).check(octets, "os-vuk", clock.time)


def own_list(home) -> Path:
    (found,) = (home.pki / "crl").glob("kapija-ca-*.crl")
    return found


@pytest.fixture
def ana(admin) -> None:
    add_person(admin, "ana@skola.example", "os-vuk", "student", Secret("some password"))


def test_an_issued_certificate_opens_with_its_password_and_lets_her_in(admin, home, clock, ana, told, tmp_path) -> None:
    issued = clients.issue(admin, home, "Ana@Skola.example", "tablet 7", tmp_path / "ana.p12", PASSWORD)
    assert issued.file.stat().st_mode & 0o777 == 0o600
    _, leaf, others = load_key_and_certificates(issued.file.read_bytes(), PASSWORD.reveal())
    assert leaf is not None
    assert issued_by(leaf, others[0])
    facts = trusted_now(home, clock, chain(leaf))
    assert isinstance(facts, CertificateFacts)
    assert facts.names == ("ana@skola.example",)
    assert facts.serial == issued.serial
    last = told()[-1]
    assert (last.tag, last.school) == ("certificate:issue:done", "os-vuk")
    assert last.object.startswith("person:")
    assert "tablet" not in repr(last)  # personal: sealed under her key
    assert last.details["serial"] == issued.serial


def test_neither_password_nor_private_key_is_left_behind(admin, home, ana, on_disk, tmp_path) -> None:
    out = home.path / "ana.p12"
    clients.issue(admin, home, "ana@skola.example", "tablet 7", out, PASSWORD)
    octets = on_disk()
    assert PASSWORD.reveal() not in octets
    assert b"PRIVATE KEY" not in octets


def test_who_does_not_exist_gets_no_certificate_and_no_file_is_overwritten(admin, home, ana, told, tmp_path) -> None:
    rows = told()
    out = tmp_path / "ana.p12"
    with pytest.raises(NotFound, match="nobody with the username 'eva'"):
        clients.issue(admin, home, "eva", "tablet", out, PASSWORD)
    with pytest.raises(OperatorError, match="the device has no name"):
        clients.issue(admin, home, "ana@skola.example", " ", out, PASSWORD)
    with pytest.raises(OperatorError, match="not between 1 and 825"):
        clients.issue(admin, home, "ana@skola.example", "tablet", out, PASSWORD, 0)
    out.write_bytes(b"mine")
    with pytest.raises(OperatorError, match="exists already"):
        clients.issue(admin, home, "ana@skola.example", "tablet", out, PASSWORD)
    with pytest.raises(CertificateUnusable, match="cannot be written"):
        clients.issue(admin, home, "ana@skola.example", "tablet", tmp_path / "no" / "ana.p12", PASSWORD)
    assert out.read_bytes() == b"mine"
    assert told() == rows


def test_a_revoked_certificate_is_refused_and_the_list_grows(admin, home, clock, ana, told, tmp_path) -> None:
    serials = []
    for number in range(2):
        out = tmp_path / f"{number}.p12"
        serials.append(clients.issue(admin, home, "ana@skola.example", f"tablet {number}", out, PASSWORD).serial)
    assert clients.revoke(admin, home, serials[0]) == 1
    assert clients.revoke(admin, home, serials[1].upper()) == 2
    for number in range(2):
        _, leaf, _ = load_key_and_certificates((tmp_path / f"{number}.p12").read_bytes(), PASSWORD.reveal())
        assert leaf is not None
        assert trusted_now(home, clock, chain(leaf)) is Cause.CERTIFICATE_REVOKED
    assert [row.tag for row in told()[-2:]] == ["certificate:revoke:done"] * 2
    with pytest.raises(OperatorError, match="is revoked already"):
        clients.revoke(admin, home, serials[0])


@pytest.mark.parametrize("serial", ["", "0", "-1", "xyz", "f" * 41])
def test_what_is_no_serial_number_revokes_nothing(admin, home, serial) -> None:
    with pytest.raises(OperatorError, match="is no serial number"):
        clients.revoke(admin, home, serial)
    assert read_serials(own_list(home)) == {}


def test_a_damaged_list_is_not_written_over(admin, home) -> None:
    path: Path = own_list(home)
    path.write_bytes(b"half a list")
    with pytest.raises(CertificateUnusable, match="is damaged"):
        clients.revoke(admin, home, "abc")
    assert path.read_bytes() == b"half a list"


def test_every_audit_row_of_certificates_is_the_administrators(admin, home, ana, tmp_path) -> None:
    use.renew(admin, home)
    clients.issue(admin, home, "ana@skola.example", "tablet", tmp_path / "ana.p12", PASSWORD)
    with admin.reading() as connection:
        rows = connection.execute(select(audit.c.chain).where(audit.c.tag.like("certificate:%"))).scalars().all()
    assert rows == ["admin", "admin"]


def test_lists_may_be_required_from_the_first_day(admin, home, clock, ana, tmp_path) -> None:
    out = tmp_path / "ana.p12"
    clients.issue(admin, home, "ana@skola.example", "tablet", out, PASSWORD)
    _, leaf, _ = load_key_and_certificates(out.read_bytes(), PASSWORD.reveal())
    assert leaf is not None
    store = TrustStore(home.pki / "trust", home.pki / "crl", require_crl=True)
    store.refresh()
    assert isinstance(store.check(chain(leaf), "", clock.time + 1), CertificateFacts)
