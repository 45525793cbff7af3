"""Octets of strangers: whatever they are, they are refused and nothing raises."""

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from radius.audit.causes import Cause
from radius.pki.facts import CertificateFacts
from radius.pki.lint import lint
from radius.pki.path import parse
from radius.pki.reading import CertificateUnusable, arrange, certificates, der, from_pkcs12, private_key
from radius.pki.trust import TrustStore, anchors_of
from radius.pki.watched import Watched
from tests.fakes.certificates import NOW, Authority, upn

# The library warns of a negative serial number and the like, which a later version of it will refuse.
pytestmark = pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")

ROOT = Authority("Root")
LEAF = der(ROOT.issue(alternatives=[upn("ana@skola.example"), x509.DNSName("a.example")]))


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> TrustStore:
    folder = tmp_path_factory.mktemp("pki")
    national = folder / "trust" / "national"
    national.mkdir(parents=True)
    (national / "ca.der").write_bytes(ROOT.der)
    made = TrustStore(folder / "trust", folder / "crl")
    made.refresh()
    assert isinstance(made.check((LEAF,), "", NOW), CertificateFacts)
    return made


@given(chain=st.lists(st.binary(max_size=300), max_size=12).map(tuple))
def test_random_octets_are_nobody(store, chain) -> None:
    assert store.check(chain, "os-vuk", NOW) in (Cause.CERTIFICATE_MISSING, Cause.CERTIFICATE_NOT_TRUSTED)


@given(place=st.integers(0, len(LEAF) - 1), octet=st.integers(0, 255))
def test_a_certificate_with_one_other_octet_is_never_believed(store, place, octet) -> None:
    changed = LEAF[:place] + bytes([octet]) + LEAF[place + 1 :]
    answer = store.check((changed,), "", NOW)
    if octet == LEAF[place]:
        assert isinstance(answer, CertificateFacts)
    else:
        assert answer is Cause.CERTIFICATE_NOT_TRUSTED


@given(length=st.integers(0, len(LEAF) - 1), more=st.binary(max_size=20))
def test_a_certificate_cut_off_is_never_believed(store, length, more) -> None:
    if LEAF[:length] + more != LEAF:
        assert store.check((LEAF[:length] + more,), "", NOW) is Cause.CERTIFICATE_NOT_TRUSTED


@given(places=st.lists(st.tuples(st.integers(0, len(LEAF) - 1), st.integers(0, 255)), min_size=1, max_size=12))
def test_lint_says_something_of_whatever_can_be_parsed_and_never_raises(places) -> None:
    octets = bytearray(LEAF)
    for place, octet in places:
        octets[place] = octet
    try:
        chain = parse((bytes(octets),))
    except ValueError:
        return
    lint(chain, NOW, "a.example", [ROOT.certificate])


@given(
    octets=st.one_of(st.binary(max_size=400), st.binary(max_size=60).map(lambda body: b"-----BEGIN CERTIFICATE-----\n" + body))
)
def test_a_technicians_file_of_anything_is_refused_in_a_sentence(octets) -> None:
    for read in (
        lambda: certificates(octets, "file.pem"),
        lambda: private_key(octets, "file.pem"),
        lambda: from_pkcs12(octets, "file.p12", None),
    ):
        with pytest.raises(CertificateUnusable, match=r"file\.p(em|12)"):
            read()


def test_a_file_that_vanishes_between_two_looks_is_gone(tmp_path) -> None:
    (tmp_path / "a.pem").write_bytes(b"x")
    (tmp_path / "dangling.pem").symlink_to(tmp_path / "nowhere")
    watched = Watched(tmp_path, frozenset({".pem"}), lambda path: path.read_bytes())
    assert watched.look()
    assert list(watched.contents) == [tmp_path / "a.pem"]
    (tmp_path / "a.pem").unlink()
    assert watched.look()
    assert watched.contents == {}


def test_no_authority_is_no_trust() -> None:
    assert anchors_of({}).national.store is None


def test_a_chain_is_put_in_order_and_strays_are_left_out() -> None:
    middle = Authority("Middle", ROOT)
    key = Authority("key").key
    leaf = middle.issue(key=key)
    stray = Authority("Stray").certificate
    assert arrange([ROOT.certificate, stray, middle.certificate, leaf], key) == [leaf, middle.certificate, ROOT.certificate]
    with pytest.raises(CertificateUnusable, match="does not belong"):
        arrange([ROOT.certificate, middle.certificate], key)
