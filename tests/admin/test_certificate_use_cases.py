"""The server's certificates: made at the first start, imported, renewed; clients' issued and revoked. Each in the audit log."""

import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization.pkcs12 import load_key_and_certificates
from sqlalchemy import select

from radius.admin import certificates as use
from radius.admin.certificates import CertificateRefused
from radius.admin.installation import init_home
from radius.admin.people import add_person
from radius.audit.causes import Cause
from radius.errors import NotFound, OperatorError
from radius.pki.crls import read_serials
from radius.pki.facts import CertificateFacts
from radius.pki.lint import Weight
from radius.pki.reading import CertificateUnusable, der, issued_by
from radius.pki.server_certificates import CA, file_of, fingerprint_of_files, load_server_certificates
from radius.pki.trust import TrustStore
from radius.secret import Secret
from radius.store.tables import audit
from tests.fakes.certificates import DAY, Authority, chain

PASSWORD = Secret("kanarinac-lozinka-8123")


@pytest.fixture(autouse=True)
def today(clock) -> None:
    clock.time = time.time()  # `init` made the home's certificates by this machine's clock


@pytest.fixture
def foreign(clock) -> Authority:
    return Authority("School CA", begins=clock.time - 10 * DAY, ends=clock.time + 1000 * DAY)


def server(foreign: Authority, clock, key, **options) -> x509.Certificate:
    times = {"begins": clock.time - DAY, "ends": clock.time + 300 * DAY}
    return foreign.server("radius.skola.example", key=key, **{**times, **options})


def trusted_now(home, clock, octets: tuple[bytes, ...]) -> CertificateFacts | Cause:
    return TrustStore.of(home).check(octets, "os-vuk", clock.time)


# --- init


def test_a_new_home_has_a_ca_a_server_certificate_and_trusts_its_own_ca(home) -> None:
    ca, leaf = use.show(home)
    assert (ca.name, leaf.name) == ("ca", "server-ec")
    assert leaf.names == ("radius.kapija.internal",)
    assert leaf.issuer == ca.subject
    assert ca.subject.startswith("CN=Kapija CA ")
    chains = dict(use.chains(home))
    assert use.look_at(chains["server-ec"], home, time.time(), "radius.kapija.internal") == []
    assert use.authority(home) == chains["ca"][0]


def test_the_servers_name_is_chosen_at_init_and_a_bad_one_makes_nothing(tmp_path) -> None:
    made, _ = init_home(tmp_path / "home", environment={}, server_name="RADIUS.OS-Vuk.example.")
    assert use.show(made)[1].names == ("radius.os-vuk.example",)
    for bad in ("", "radius", "radius example.org", "*.example.org", f"{'a' * 60}.example.org"):
        with pytest.raises(OperatorError, match="is no DNS name"):
            init_home(tmp_path / "bad", environment={}, server_name=bad)
    assert not (tmp_path / "bad").exists()


def test_an_interrupted_init_goes_on_with_the_certificates_that_it_made(tmp_path) -> None:
    made, _ = init_home(tmp_path / "home", environment={})
    before = use.show(made)
    made.pki.rename(made.path / "pki.new")  # the power failed before this
    (made.path / "kapija.toml").unlink()
    again, _ = init_home(made.path, environment={})
    assert use.show(again) == before
    assert len(load_server_certificates(again)) == 1


def test_an_init_interrupted_before_its_keys_were_stored_makes_new_certificates(tmp_path) -> None:
    made, _ = init_home(tmp_path / "home", environment={})
    before = use.show(made)
    made.pki.rename(made.path / "pki.new")
    for file in ("kapija.toml", "kapija.db"):
        (made.path / file).unlink()
    again, new = init_home(made.path, environment={})
    assert new
    assert use.show(again) != before
    assert len(load_server_certificates(again)) == 1
    assert not (again.path / "pki.new").exists()


def test_a_further_node_serves_with_the_first_ones_certificates_or_with_none(tmp_path) -> None:
    first, _ = init_home(tmp_path / "first", environment={})
    url = f"sqlite:///{first.path / 'kapija.db'}"
    for name in ("bare", "furnished"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "master.key").write_bytes(first.master_key.read_bytes())
        (folder / "master.key").chmod(0o600)
    bare, _ = init_home(tmp_path / "bare", node="node2", store_url=url, environment={})
    assert load_server_certificates(bare) == ()
    first.pki.rename(tmp_path / "furnished" / "pki")
    furnished, _ = init_home(tmp_path / "furnished", node="node3", store_url=url, environment={})
    assert len(load_server_certificates(furnished)) == 1


def test_a_further_node_is_not_made_with_another_installations_certificates(tmp_path) -> None:
    other, _ = init_home(tmp_path / "other", environment={})
    (tmp_path / "new").mkdir()
    other.pki.rename(tmp_path / "new" / "pki")
    with pytest.raises(OperatorError, match="holds no key that opens here"):
        init_home(tmp_path / "new", environment={})
    assert not (tmp_path / "new" / "kapija.toml").exists()


def test_lists_may_be_required_from_the_first_day(admin, home, clock, ana, tmp_path) -> None:
    out = tmp_path / "ana.p12"
    use.issue(admin, home, "ana@skola.example", "tablet", out, PASSWORD)
    _, leaf, _ = load_key_and_certificates(out.read_bytes(), PASSWORD.reveal())
    assert leaf is not None
    store = TrustStore(home.pki / "trust", home.pki / "crl", require_crl=True)
    store.refresh()
    assert isinstance(store.check(chain(leaf), "", clock.time + 1), CertificateFacts)


# --- import


def test_an_imported_certificate_is_in_force_and_in_the_audit_log(admin, home, clock, foreign, told) -> None:
    before = fingerprint_of_files(home)
    key = ec.generate_private_key(ec.SECP256R1())
    leaf = server(foreign, clock, key)
    shown, remarks = use.import_certificate(admin, home, [foreign.certificate, leaf], key)
    assert remarks == []
    assert (shown.name, shown.names, shown.chain) == ("server-ec", ("radius.skola.example",), 2)
    (loaded,) = load_server_certificates(home, admin.keyring)
    assert loaded.chain == (der(leaf), foreign.der)
    assert fingerprint_of_files(home) != before
    assert use.authority(home) == foreign.certificate
    last = told()[-1]
    assert (last.tag, last.object) == ("certificate:import:done", "certificate server-ec")
    assert last.details["issuer"] == "CN=School CA"


def test_an_rsa_certificate_stands_beside_the_ec_one(admin, home, clock, foreign) -> None:
    key = rsa.generate_private_key(65_537, 2048)
    shown, _ = use.import_certificate(admin, home, [server(foreign, clock, key), foreign.certificate], key)
    assert (shown.name, shown.key) == ("server-rsa", "RSA 2048")
    assert [one.name for one in use.show(home)] == ["ca", "server-ec", "server-rsa"]
    assert len(load_server_certificates(home, admin.keyring)) == 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"purposes": None},
        {"alternatives": ()},
        {"ends": 0.0},
        {"key_usage": ["key_encipherment"]},
    ],
    ids=["no purpose", "no name", "expired", "no signature"],
)
def test_what_devices_would_refuse_is_refused_and_the_present_one_stays(admin, home, clock, foreign, told, wrong) -> None:
    if "ends" in wrong:
        wrong = {"begins": clock.time - 9 * DAY, "ends": clock.time - 1}
    before, rows = fingerprint_of_files(home), told()
    key = ec.generate_private_key(ec.SECP256R1())
    with pytest.raises(CertificateRefused, match="refused, and nothing was changed: ") as refused:
        use.import_certificate(admin, home, [server(foreign, clock, key, **wrong), foreign.certificate], key)
    assert any(one.weight is Weight.FAIL for one in refused.value.remarks)
    assert (fingerprint_of_files(home), told()) == (before, rows)


def test_a_key_that_does_not_belong_is_refused(admin, home, clock, foreign) -> None:
    leaf = server(foreign, clock, ec.generate_private_key(ec.SECP256R1()))
    with pytest.raises(CertificateUnusable, match="the key does not belong"):
        use.import_certificate(admin, home, [leaf, foreign.certificate], ec.generate_private_key(ec.SECP256R1()))


def test_what_only_some_devices_refuse_is_taken_with_a_remark(admin, home, clock, foreign) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    leaf = server(foreign, clock, key, ends=clock.time + 900 * DAY)
    _, remarks = use.import_certificate(admin, home, [leaf, foreign.certificate], key)
    assert [one.weight for one in remarks] == [Weight.WARN]


def test_a_file_that_cannot_be_written_takes_its_audit_row_back(admin, home, clock, foreign, told) -> None:
    rows = told()
    (home.pki / "server-ec.pem.new").mkdir()
    key = ec.generate_private_key(ec.SECP256R1())
    with pytest.raises(CertificateUnusable, match="cannot be written"):
        use.import_certificate(admin, home, [server(foreign, clock, key), foreign.certificate], key)
    assert told() == rows
    assert use.show(home)[1].names == ("radius.kapija.internal",)


# --- renew


def test_a_renewed_certificate_has_the_same_name_and_ca_and_a_new_key(admin, home, clock, told) -> None:
    ca, before = use.show(home)
    (old,) = load_server_certificates(home, admin.keyring)
    clock.time += 300 * DAY
    (renewed,) = use.renew(admin, home)
    assert (renewed.names, renewed.issuer) == (before.names, ca.subject)
    assert renewed.ends > before.ends + 290 * DAY
    (new,) = load_server_certificates(home, admin.keyring)
    assert new.key != old.key
    assert told()[-1].tag == "certificate:renew:done"


def test_renewing_may_change_the_name_and_add_rsa_which_then_is_renewed_too(admin, home) -> None:
    made = use.renew(admin, home, ["radius.os-vuk.example", "radius2.os-vuk.example"], with_rsa=True)
    assert [one.key for one in made] == ["EC 256", "RSA 2048"]
    assert {one.names for one in made} == {("radius.os-vuk.example", "radius2.os-vuk.example")}
    again = use.renew(admin, home)
    assert [one.names for one in again] == [one.names for one in made]


def test_somebody_elses_certificate_is_not_replaced_by_renewing(admin, home, clock, foreign) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    use.import_certificate(admin, home, [server(foreign, clock, key), foreign.certificate], key)
    before = fingerprint_of_files(home)
    with pytest.raises(OperatorError, match="was issued by 'CN=School CA': ask there"):
        use.renew(admin, home)
    assert fingerprint_of_files(home) == before


def test_a_lost_server_certificate_is_made_anew(admin, home) -> None:
    file_of(home, "server-ec").unlink()
    with pytest.raises(NotFound, match="no server certificate"):
        use.authority(home)
    (made,) = use.renew(admin, home)
    assert made.names == ("radius.kapija.internal",)


def test_without_our_ca_or_after_its_end_nothing_is_made(admin, home, clock) -> None:
    clock.time += 3653 * DAY
    with pytest.raises(OperatorError, match="has come to its end"):
        use.renew(admin, home)
    file_of(home, CA).unlink()
    with pytest.raises(OperatorError, match="no CA of Kapija's here"):
        use.renew(admin, home)


# --- clients


@pytest.fixture
def ana(admin) -> None:
    add_person(admin, "ana@skola.example", "os-vuk", "student", Secret("some password"))


def test_an_issued_certificate_opens_with_its_password_and_lets_her_in(admin, home, clock, ana, told, tmp_path) -> None:
    issued = use.issue(admin, home, "Ana@Skola.example", "tablet 7", tmp_path / "ana.p12", PASSWORD)
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
    use.issue(admin, home, "ana@skola.example", "tablet 7", out, PASSWORD)
    octets = on_disk()
    assert PASSWORD.reveal() not in octets
    assert b"PRIVATE KEY" not in octets


def test_who_does_not_exist_gets_no_certificate_and_no_file_is_overwritten(admin, home, ana, told, tmp_path) -> None:
    rows = told()
    out = tmp_path / "ana.p12"
    with pytest.raises(NotFound, match="nobody with the username 'eva'"):
        use.issue(admin, home, "eva", "tablet", out, PASSWORD)
    with pytest.raises(OperatorError, match="the device has no name"):
        use.issue(admin, home, "ana@skola.example", " ", out, PASSWORD)
    with pytest.raises(OperatorError, match="not between 1 and 825"):
        use.issue(admin, home, "ana@skola.example", "tablet", out, PASSWORD, 0)
    out.write_bytes(b"mine")
    with pytest.raises(OperatorError, match="exists already"):
        use.issue(admin, home, "ana@skola.example", "tablet", out, PASSWORD)
    with pytest.raises(CertificateUnusable, match="cannot be written"):
        use.issue(admin, home, "ana@skola.example", "tablet", tmp_path / "no" / "ana.p12", PASSWORD)
    assert out.read_bytes() == b"mine"
    assert told() == rows


def test_a_revoked_certificate_is_refused_and_the_list_grows(admin, home, clock, ana, told, tmp_path) -> None:
    serials = []
    for number in range(2):
        out = tmp_path / f"{number}.p12"
        serials.append(use.issue(admin, home, "ana@skola.example", f"tablet {number}", out, PASSWORD).serial)
    assert use.revoke(admin, home, serials[0]) == 1
    assert use.revoke(admin, home, serials[1].upper()) == 2
    for number in range(2):
        _, leaf, _ = load_key_and_certificates((tmp_path / f"{number}.p12").read_bytes(), PASSWORD.reveal())
        assert leaf is not None
        assert trusted_now(home, clock, chain(leaf)) is Cause.CERTIFICATE_REVOKED
    assert [row.tag for row in told()[-2:]] == ["certificate:revoke:done"] * 2
    with pytest.raises(OperatorError, match="is revoked already"):
        use.revoke(admin, home, serials[0])


@pytest.mark.parametrize("serial", ["", "0", "-1", "xyz", "f" * 41])
def test_what_is_no_serial_number_revokes_nothing(admin, home, serial) -> None:
    with pytest.raises(OperatorError, match="is no serial number"):
        use.revoke(admin, home, serial)
    assert read_serials(home.pki / "crl" / use.OWN_CRL) == {}


def test_a_damaged_list_is_not_written_over(admin, home) -> None:
    path: Path = home.pki / "crl" / use.OWN_CRL
    path.write_bytes(b"half a list")
    with pytest.raises(CertificateUnusable, match="is damaged"):
        use.revoke(admin, home, "abc")
    assert path.read_bytes() == b"half a list"


def test_every_audit_row_of_certificates_is_the_administrators(admin, home, ana, tmp_path) -> None:
    use.renew(admin, home)
    use.issue(admin, home, "ana@skola.example", "tablet", tmp_path / "ana.p12", PASSWORD)
    with admin.reading() as connection:
        rows = connection.execute(select(audit.c.chain).where(audit.c.tag.like("certificate:%"))).scalars().all()
    assert rows == ["admin", "admin"]
