"""What devices demand of a server's certificate: each thing that can be wrong is one remark with its mend."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from radius.pki.lint import Remark, Weight, covers, is_dns_name, lint
from radius.pki.reading import certificates
from tests.fakes.certificates import DAY, NOW, Authority

FAIL, WARN = Weight.FAIL, Weight.WARN


def only(remarks: list[Remark]) -> tuple[Weight, str]:
    assert len(remarks) == 1, remarks
    assert remarks[0].mend
    return remarks[0].weight, remarks[0].words


def test_a_good_certificate_has_no_remark(root, middle) -> None:
    assert lint([root.server()], NOW, "radius.skola.example", [root.certificate]) == []
    assert lint([middle.server(), middle.certificate], NOW) == []
    assert lint([middle.server(), middle.certificate, root.certificate], NOW) == []


WRONG = {
    "no name": ({"alternatives": ()}, FAIL, "no DNS name in its subjectAltName"),
    "an address for a name": ({"alternatives": [x509.DNSName("192.0.2.1 ")]}, FAIL, "is no DNS name"),
    "a name without a dot": ({"alternatives": [x509.DNSName("radius")]}, FAIL, "is no DNS name"),
    "a wildcard": ({"alternatives": [x509.DNSName("*.skola.example")]}, WARN, "wildcard, which Windows refuses"),
    "no purpose": ({"purposes": None}, FAIL, "no extendedKeyUsage"),
    "clients only": ({"purposes": [ExtendedKeyUsageOID.CLIENT_AUTH]}, FAIL, "lacks serverAuth"),
    "any purpose": ({"purposes": [ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]}, FAIL, "lacks serverAuth"),
    "a key that may not sign": ({"key_usage": ["key_encipherment"]}, FAIL, "lacks digitalSignature"),
    "an authority": ({"more": [(x509.BasicConstraints(True, None), True)], "key_usage": None}, FAIL, "an authority's own"),
    "must staple": ({"more": [(x509.TLSFeature([x509.TLSFeatureType.status_request]), False)]}, FAIL, "OCSP stapling"),
    "expired": ({"ends": NOW - 1}, FAIL, "ended on"),
    "ends soon": ({"ends": NOW + 59 * DAY}, WARN, "ends on"),
    "begins later": ({"begins": NOW + 2 * DAY}, FAIL, "begins only on"),
    "826 days": ({"begins": NOW, "ends": NOW + 826 * DAY}, WARN, "for 826 days"),
    "RSA-1024": ({"key": rsa.generate_private_key(65_537, 1024)}, FAIL, "has 1024 bits"),
    "P-521": ({"key": ec.generate_private_key(ec.SECP521R1())}, WARN, "P-521"),
    "secp256k1": ({"key": ec.generate_private_key(ec.SECP256K1())}, FAIL, "secp256k1"),
    "Ed25519": ({"key": ed25519.Ed25519PrivateKey.generate()}, FAIL, "neither RSA nor EC"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_told_once_and_nothing_else_with_it(root, wrong) -> None:
    options, weight, words = WRONG[wrong]
    told = only(lint([root.server(**options)], NOW, "", [root.certificate]))
    assert told[0] is weight
    assert words in told[1]


def test_825_days_and_60_days_left_are_no_remark(root) -> None:
    assert lint([root.server(begins=NOW, ends=NOW + 825 * DAY)], NOW, "", [root.certificate]) == []
    assert lint([root.server(ends=NOW + 60 * DAY)], NOW, "", [root.certificate]) == []


def test_another_server_name_than_devices_ask_for_is_told(root) -> None:
    told = only(lint([root.server("a.example", "b.example")], NOW, "c.example", [root.certificate]))
    assert told == (FAIL, "devices ask for c.example, and the certificate is for a.example, b.example")


def test_sha_1_is_told(peer: Callable[[str], Path], tmp_path: Path) -> None:
    openssl = str(peer("openssl"))
    made = tmp_path / "sha1.pem"
    for step in (
        ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Old CA"],
        ["req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", "leaf.key", "-out", "leaf.csr", "-subj", "/CN=r.example"],
        ["x509", "-req", "-sha1", "-in", "leaf.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-out", made.name, "-days", "90"],
    ):
        subprocess.run([openssl, *step], cwd=tmp_path, check=True, capture_output=True)
    chain = certificates(made.read_bytes() + (tmp_path / "ca.pem").read_bytes(), "sha1.pem")
    now = chain[0].not_valid_before_utc.timestamp() + 60
    assert "'CN=r.example' is signed with SHA1, which no device takes any more" in [one.words for one in lint(chain, now)]


# --- the chain


def test_a_certificate_alone_of_an_unknown_issuer_is_warned_of(middle, root) -> None:
    weight, words = only(lint([middle.server()], NOW, "", [root.certificate]))
    assert weight is WARN
    assert "'CN=Middle' is not known here as a root" in words


def test_a_chain_in_the_wrong_order_is_told(root, middle) -> None:
    weight, words = only(lint([middle.server(), root.certificate, middle.certificate], NOW))
    assert weight is FAIL
    assert "is not issued by 'CN=Root', which follows it" in words


def test_an_issuer_of_the_same_name_with_another_key_is_told(root) -> None:
    weight, words = only(lint([root.server(), Authority("Root").certificate], NOW))
    assert weight is FAIL
    assert "is not issued by 'CN=Root'" in words


def test_an_issuer_that_may_not_issue_is_told(root) -> None:
    for options in ({"ca": False}, {"ca": None}, {"key_usage": ["crl_sign"]}):
        impostor = Authority("Impostor", root, **options)
        weight, words = only(lint([impostor.server(), impostor.certificate], NOW))
        assert weight is FAIL
        assert "'CN=Impostor' in the chain may not issue" in words


def test_a_chain_longer_than_its_root_allows_is_told(root) -> None:
    short = Authority("Short", path_length=0)
    below = Authority("Below", short)
    weight, words = only(lint([below.server(), below.certificate, short.certificate], NOW))
    assert weight is FAIL
    assert "'CN=Short' in the chain may not issue 'CN=Below'" in words


def test_an_intermediate_that_has_ended_is_told(root) -> None:
    ended = Authority("Ended", root, ends=NOW - DAY)
    weight, words = only(lint([ended.server(), ended.certificate], NOW))
    assert weight is FAIL
    assert "'CN=Ended' in the chain ended on" in words


def test_a_self_signed_certificate_is_told() -> None:
    alone = Authority("radius.skola.example", ca=None, key_usage=None, ends=NOW + 300 * DAY)
    leaf = alone.server()
    weights = {one.words: one.weight for one in lint([leaf], NOW)}
    assert weights == {"the certificate is self-signed, and Android can trust only an authority": FAIL}


def test_a_chain_of_many_octets_is_warned_of(root) -> None:
    large = Authority("Large", root, more=[(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), b"\x04" * 4000), False)])
    weight, words = only(lint([large.server(), large.certificate], NOW))
    assert weight is WARN
    assert "octets, which makes every login slow" in words


@pytest.mark.parametrize(
    ("pattern", "name", "holds"),
    [
        ("Radius.example.org", "radius.example.org", True),
        ("*.example.org", "radius.example.org", True),
        ("*.example.org", "example.org", False),
        ("*.example.org", "a.b.example.org", False),
        ("*", "radius", False),
        ("example.org", "radius.example.org", False),
    ],
)
def test_a_name_is_covered_by_itself_or_one_wildcard_label(pattern, name, holds) -> None:
    assert covers(pattern, name) is holds


@pytest.mark.parametrize(
    "text", ["", "a", "a..b", "-a.b", "a-.b", "a_b.c", "a.b.", "a b.c", "a.b\n", "x" * 64 + ".a", "ž.example"]
)
def test_what_is_no_dns_name(text) -> None:
    assert not is_dns_name(text)
