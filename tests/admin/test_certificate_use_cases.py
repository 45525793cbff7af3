"""The server's certificates: made at the first start, imported, renewed, put under a new CA. Each in the audit log."""

import shutil
import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization.pkcs12 import load_key_and_certificates

from radius.admin import certificates as use
from radius.admin import client_certificates as clients
from radius.admin.certificates import CertificateRefused
from radius.admin.installation import init_home
from radius.admin.people import add_person
from radius.errors import NotFound, OperatorError
from radius.pki.facts import CertificateFacts
from radius.pki.lint import Weight
from radius.pki.reading import CertificateUnusable, der
from radius.pki.server_certificates import CA, file_of, fingerprint_of_files, load_server_certificates
from radius.pki.trust import TrustStore
from radius.secret import Secret
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


@pytest.fixture
def ana(admin) -> None:
    add_person(admin, "ana@skola.example", "os-vuk", "student", Secret("some password"))


def issued_to_ana(admin, home, out: Path) -> tuple[bytes, ...]:
    clients.issue(admin, home, "ana@skola.example", "tablet", out, PASSWORD)
    _, leaf, _ = load_key_and_certificates(out.read_bytes(), PASSWORD.reveal())
    assert leaf is not None
    return chain(leaf)


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


def test_our_own_is_renewed_beside_somebody_elses_which_stays(admin, home, clock, foreign) -> None:
    key = rsa.generate_private_key(65_537, 2048)
    theirs, _ = use.import_certificate(admin, home, [server(foreign, clock, key), foreign.certificate], key)
    (renewed,) = use.renew(admin, home)
    assert (renewed.name, renewed.names) == ("server-ec", ("radius.kapija.internal",))
    assert use.show(home)[2] == theirs
    with pytest.raises(OperatorError, match="server-rsa was issued by 'CN=School CA'"):
        use.renew(admin, home, with_rsa=True)
    assert use.show(home)[2] == theirs


# --- a new CA


def test_a_new_ca_needs_somebody_who_is_sure(admin, home, told) -> None:
    before, rows = use.show(home), told()
    with pytest.raises(OperatorError, match="every device would need the new one"):
        use.replace_authority(admin, home)
    with pytest.raises(OperatorError, match="is no DNS name"):
        use.replace_authority(admin, home, ["x"], sure=True)
    assert (use.show(home), told()) == (before, rows)


def test_a_new_ca_serves_at_once_and_the_former_ones_clients_still_come_in(admin, home, clock, ana, told, tmp_path) -> None:
    before = use.show(home)
    shown = [issued_to_ana(admin, home, tmp_path / "old.p12")]
    made = use.replace_authority(admin, home, sure=True)
    assert [one.name for one in made] == ["ca", "server-ec"]
    assert made[0].subject != before[0].subject
    assert (made[1].issuer, made[1].names) == (made[0].subject, before[1].names)
    assert len(load_server_certificates(home, admin.keyring)) == 1
    shown.append(issued_to_ana(admin, home, tmp_path / "new.p12"))
    store = TrustStore(home.pki / "trust", home.pki / "crl", require_crl=True)
    store.refresh()
    for one in shown:
        assert isinstance(store.check(one, "", clock.time + 1), CertificateFacts)
    assert "authority:found:done" in [row.tag for row in told()]


def test_a_home_from_before_certificates_gets_a_ca_and_a_server_certificate(admin, home) -> None:
    shutil.rmtree(home.pki)
    with pytest.raises(OperatorError, match="kapija pki new-ca"):
        use.renew(admin, home)
    made = use.replace_authority(admin, home, ["radius.os-vuk.example"])
    assert [(one.name, one.names) for one in made] == [("ca", ()), ("server-ec", ("radius.os-vuk.example",))]


def test_a_new_ca_leaves_an_imported_certificate_alone(admin, home, clock, foreign) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    imported, _ = use.import_certificate(admin, home, [server(foreign, clock, key), foreign.certificate], key)
    assert [one.name for one in use.replace_authority(admin, home, sure=True)] == ["ca"]
    assert use.show(home)[1] == imported
