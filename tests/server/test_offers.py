"""Which methods are offered to whom: the settings' order, the first exception that fits, and only what can end well."""

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from policies.access import Method
from radius.audit.causes import Cause
from radius.directory.local import LocalDirectory
from radius.directory.names import canonical_username
from radius.directory.question import ChapResponse, KnownMac, MsChap2Response, PlainPassword, VerifiedCertificate
from radius.eap.authentication import Authentication
from radius.eap.method import EapContext
from radius.eap.resumption import Resumptions
from radius.eap.tls_contexts import make_contexts
from radius.pki.trust import TrustStore
from radius.server.offers import Offers, Tls
from radius.settings import parse
from tests.eap.tls_house import papers
from tests.fakes.eap_peer import answering
from tests.fakes.school_house import NOW, SchoolHouse
from tests.fakes.tls_peer import PEAP, TTLS, TlsPeer, Wire

EVERYTHING = LocalDirectory.checks
ADDRESS = "192.0.2.10"


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    folder = tmp_path_factory.mktemp("pki")
    return Tls(make_contexts([papers().server]), TrustStore(folder / "trust", folder / "crl"), Resumptions())


def offers(tls: Tls | None, text: str = "", checks: frozenset[type] = EVERYTHING) -> Offers:
    return Offers(parse(text, Path("kapija.toml")).eap, Directories(checks), tls)


@dataclass(frozen=True)
class Named:
    name: str


class Directories:
    """Who can check what: `checks`, but in the realm `bind.example` plain passwords alone."""

    def __init__(self, checks: frozenset[type] = EVERYTHING) -> None:
        self._checks = checks

    def checks_for(self, identity: str, school: str) -> frozenset[type]:
        return frozenset({PlainPassword, VerifiedCertificate}) if self.served_by(identity, school) else self._checks

    def served_by(self, identity: str, school: str) -> list[Named]:
        return [Named("ldap-skola")] if identity.endswith("@bind.example") and school == "os-primer" else []


def methods(made: Offers, identity: str = "ana", ssid: str = "", address: str = ADDRESS) -> list[str]:
    return [offer.method.value for offer in made.choose(identity, ssid, address, "os-primer").offers]


def test_by_default_nobody_is_offered_a_method_without_a_tunnel(tls: Tls) -> None:
    assert methods(offers(tls)) == ["peap", "ttls", "eap-tls"]


def test_without_a_certificate_no_method_that_needs_one_is_offered() -> None:
    assert methods(offers(None)) == []
    assert methods(offers(None, f"[[eap.offer]]\nclient = '{ADDRESS}'\nmethods = ['peap', 'eap-md5']")) == ["eap-md5"]


def test_the_order_is_that_of_the_settings(tls: Tls) -> None:
    assert methods(offers(tls, "[eap]\nmethods = ['eap-tls', 'peap']")) == ["eap-tls", "peap"]


@pytest.mark.parametrize(
    ("checks", "expected"),
    [
        ({PlainPassword}, ["peap", "ttls"]),  # GTC, and TTLS-PAP
        ({MsChap2Response}, ["peap", "ttls"]),
        ({VerifiedCertificate}, ["peap", "ttls", "eap-tls"]),  # EAP-TLS inside
        ({ChapResponse}, ["peap", "ttls"]),
        ({KnownMac}, []),
        (set(), []),
    ],
)
def test_what_the_directory_cannot_check_is_not_offered(tls: Tls, checks: set[type], expected: list[str]) -> None:
    assert methods(offers(tls, "", frozenset(checks))) == expected


def test_a_tunnel_with_nothing_inside_is_not_offered(tls: Tls) -> None:
    passwords_alone = offers(tls, "[eap]\ninner = ['pap']")
    assert methods(passwords_alone) == ["ttls", "eap-tls"]
    assert methods(offers(tls, "[eap]\ninner = []")) == ["eap-tls"]


RULES = """
[[eap.offer]]
realm = "gost.example"
methods = ["ttls"]

[[eap.offer]]
ssid = "Uredjaji"
client = "192.0.2.0/24"
methods = ["eap-md5"]

[[eap.offer]]
client = "2001:db8::/32"
methods = ["eap-tls"]

[[eap.offer]]
realm = ""
ssid = "Uredjaji"
methods = ["peap"]
"""


@pytest.mark.parametrize(
    ("identity", "ssid", "address", "expected"),
    [
        ("ana@gost.example", "", ADDRESS, ["ttls"]),
        ("ana@GOST.example", "Uredjaji", ADDRESS, ["ttls"]),  # the first that fits
        ("@gost.example", "", ADDRESS, ["ttls"]),  # anonymous
        ("ana@x@gost.example", "", ADDRESS, ["ttls"]),
        ("ana@mygost.example", "", ADDRESS, ["peap", "ttls", "eap-tls"]),
        ("gost.example", "", ADDRESS, ["peap", "ttls", "eap-tls"]),
        ("printer", "Uredjaji", ADDRESS, ["eap-md5"]),
        ("printer", "uredjaji", ADDRESS, ["peap", "ttls", "eap-tls"]),  # a network's name has case
        ("printer", "Uredjaji", "198.51.100.1", ["peap"]),  # a client that no bare method is for
        ("printer@x.example", "Uredjaji", "198.51.100.1", ["peap", "ttls", "eap-tls"]),
        ("ana", "", "2001:db8::1", ["eap-tls"]),
        ("ana", "", "fe80::1%eth0", ["peap", "ttls", "eap-tls"]),
        ("", "", ADDRESS, ["peap", "ttls", "eap-tls"]),
    ],
)
def test_the_first_exception_whose_every_condition_holds_is_taken(
    tls: Tls, identity: str, ssid: str, address: str, expected: list[str]
) -> None:
    assert methods(offers(tls, RULES), identity, ssid, address) == expected


def test_an_exception_that_says_nothing_of_methods_has_the_usual_ones(tls: Tls) -> None:
    made = offers(tls, "[eap]\nmethods = ['ttls']\n[[eap.offer]]\nssid = 'x'\nrequire_crypto_binding = true")
    assert methods(made, ssid="x") == [Method.TTLS]


STRICTER = """
[eap]
methods = ["ttls"]

[[eap.offer]]
realm = "osoblje.example"
require_client_certificate = true

[[eap.offer]]
realm = ""
inner = ["pap"]
"""


@pytest.mark.parametrize(
    ("outer", "inner", "cause"),
    [
        ("anonymous", "ana@osoblje.example", Cause.IDENTITY_MISMATCH),
        ("anonymous", "ana@ＯＳＯＢＬＪＥ.example", Cause.IDENTITY_MISMATCH),
        ("anonymous@gost.example", "ana", Cause.IDENTITY_MISMATCH),  # names without a realm have an offer here as well
        ("anonymous@osoblje.example", "ana@osoblje.example", Cause.CERTIFICATE_MISSING),
        ("anonymous", "ana@gost.example", None),
        ("@gost.example", "ana@gost.example", None),
        ("anonymous", "ana", None),
    ],
)
def test_whom_an_offer_of_their_own_is_for_cannot_take_anothers_by_another_name_outside(
    tls: Tls, outer: str, inner: str, cause: Cause | None
) -> None:
    house = SchoolHouse()
    house.add_person(canonical_username(inner), "lozinka", "student")
    methods_on_offer = offers(tls, STRICTER).choose(outer, "", ADDRESS, "os-primer").offers
    wire = Wire(Authentication(methods_on_offer, EapContext("", os.urandom)), answering(house), NOW)
    TlsPeer(TTLS, inner, outer=outer, inside="pap").logs_in(wire)
    if cause is None:
        assert wire.success.identity == inner
    else:
        assert wire.failure.cause is cause


BIND_ALONE = "MS-CHAPv2 is not offered for the realm bind.example, because the directory (ldap-skola) cannot check it"


def test_what_the_directories_of_a_realm_cannot_check_is_not_offered_to_it_and_why_is_said(tls: Tls) -> None:
    made = offers(tls)
    assert made.choose("ana@other.example", "", ADDRESS, "os-primer").withheld == ""
    offered = made.choose("anonymous@bind.example", "", ADDRESS, "os-primer")
    assert [offer.method.value for offer in offered.offers] == ["peap", "ttls", "eap-tls"]  # GTC inside PEAP
    assert offered.withheld == BIND_ALONE
    assert methods(offers(tls, "[eap]\ninner = ['eap-mschapv2', 'mschapv2']"), "ana@bind.example") == ["eap-tls"]


@pytest.mark.parametrize("inside", ["mschapv2", "mschap"])
def test_a_device_that_insists_is_told_so_in_the_log(tls: Tls, inside: str) -> None:
    offered = offers(tls, "[eap]\nmethods = ['ttls']").choose("anonymous@bind.example", "", ADDRESS, "os-primer")
    context = EapContext("", os.urandom)
    context.withheld = offered.withheld
    wire = Wire(Authentication(offered.offers, context), answering(SchoolHouse()), NOW)
    TlsPeer(TTLS, "ana@bind.example", outer="anonymous@bind.example", inside=inside).logs_in(wire)
    assert wire.failure.cause is Cause.METHOD_REFUSED
    assert wire.failure.detail.endswith(BIND_ALONE)


def test_windows_which_speaks_mschapv2_alone_inside_peap_is_told_so_in_the_log(tls: Tls) -> None:
    offered = offers(tls).choose("anonymous@bind.example", "", ADDRESS, "os-primer")
    context = EapContext("", os.urandom)
    context.withheld = offered.withheld
    wire = Wire(Authentication(offered.offers, context), answering(SchoolHouse()), NOW)
    TlsPeer(PEAP, "ana@bind.example", outer="anonymous@bind.example", speaks=(26,)).logs_in(wire)
    assert wire.failure.cause is Cause.METHOD_REFUSED
    assert BIND_ALONE in wire.failure.detail
