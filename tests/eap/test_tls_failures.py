"""Logins that fail: each with its cause, the words for a technician, and a server that goes on."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from OpenSSL.crypto import FILETYPE_ASN1, load_certificate

from radius.audit.causes import Cause
from radius.directory.question import CouldNotAsk, Wrong
from radius.eap.method import Failure, Phase
from radius.eap.tls_phase import TunnelRules
from tests.eap.tls_house import TlsHouse, papers
from tests.fakes.tls_peer import PEAP, TLS, TTLS, Over, TlsPeer

VERSIONS = ["1.2", "1.3"]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[TlsHouse]:
    house = TlsHouse(tmp_path)
    yield house
    house.still_serves()


def failure(house: TlsHouse, peer: TlsPeer) -> Failure:
    """How that device's conversation fails."""
    found = house.login(peer).failure
    assert len(house.resumptions) == 0
    return found


# --- our certificate, their TLS


@pytest.mark.parametrize("tls", VERSIONS)
@pytest.mark.parametrize("kind", [PEAP, TTLS, TLS])
def test_a_device_that_does_not_trust_our_certificate_is_named_with_its_alert(house: TlsHouse, kind: int, tls: str) -> None:
    certificate = papers().ana if kind == TLS else None
    found = failure(house, TlsPeer(kind, tls=tls, certificate=certificate, trusts=papers().other_ca.certificate))
    assert found.cause is Cause.SERVER_NOT_TRUSTED
    assert found.detail == "alert unknown_ca from the device while it checked our certificate"
    assert found.tls == tls


@pytest.mark.parametrize("tls", ["1.0", "1.1"])
def test_tls_1_0_and_1_1_are_refused_with_an_alert_and_the_cause(house: TlsHouse, tls: str) -> None:
    peer = TlsPeer(PEAP, tls=tls)
    wire = house.wire(PEAP)
    alert = peer.hello(wire)
    assert alert[0] == 21
    assert alert[5:] == b"\2\x46"  # fatal, protocol_version
    with pytest.raises(Over):
        wire.respond(b"\0")
    assert wire.failure.cause is Cause.TLS_VERSION
    assert wire.failure.detail.startswith("our alert protocol_version in the handshake")


def test_a_device_that_is_silent_after_our_alert_has_the_alerts_cause(house: TlsHouse) -> None:
    wire = house.wire(PEAP)
    TlsPeer(PEAP, tls="1.1").hello(wire)
    assert wire.authentication.abandoned(house.now).cause is Cause.TLS_VERSION


def test_ciphers_that_do_not_meet_are_told(house: TlsHouse) -> None:
    peer = TlsPeer(PEAP)
    peer.context.set_cipher_list(b"ECDHE-RSA-AES128-GCM-SHA256")  # our certificate is EC
    found = failure(house, peer)
    assert found.cause is Cause.TLS_FAILED
    assert found.detail == "our alert handshake_failure in the handshake: no shared cipher"


@pytest.mark.parametrize(
    "octets", [b"\x16\x03\x01\x00\x05hello", b"\0" * 40, b"GET / HTTP/1.1\r\n\r\n", b"\x15\x03\x03\0\2\2\x28"]
)
def test_octets_that_are_no_client_hello_end_it(house: TlsHouse, octets: bytes) -> None:
    wire = house.wire(PEAP)
    wire.begin("ana")
    try:
        wire.respond(b"\0" + octets)
        wire.respond(b"\0")
    except Over:
        pass
    assert wire.failure.cause in (Cause.TLS_FAILED, Cause.TLS_VERSION)


ALERTS = [
    (40, "handshake_failure"),  # what OpenSSL's clients send when the application refused a name
    (42, "bad_certificate"),
    (43, "unsupported_certificate"),
    (44, "certificate_revoked"),
    (45, "certificate_expired"),
    (46, "certificate_unknown"),
    (48, "unknown_ca"),
    (49, "access_denied"),
    (80, "internal_error"),
]


@pytest.mark.parametrize(("description", "name"), ALERTS)
def test_each_alert_about_our_certificate_means_that_the_device_does_not_trust_us(
    house: TlsHouse, description: int, name: str
) -> None:
    wire = house.wire(PEAP)
    TlsPeer(PEAP).hello(wire)
    with pytest.raises(Over):
        wire.respond(b"\0\x15\x03\x03\0\2\2" + bytes((description,)))
    assert wire.failure.cause is Cause.SERVER_NOT_TRUSTED
    assert wire.failure.detail == f"alert {name} from the device while it checked our certificate"


def test_an_alert_about_the_version_is_told_as_that(house: TlsHouse) -> None:
    wire = house.wire(PEAP)
    TlsPeer(PEAP).hello(wire)
    with pytest.raises(Over):
        wire.respond(b"\0\x15\x03\x03\0\2\2\x46")
    assert wire.failure.cause is Cause.TLS_VERSION


# --- silence


def test_silence_after_our_certificate_is_told_as_that(house: TlsHouse) -> None:
    wire = house.wire(PEAP)
    TlsPeer(PEAP).hello(wire)
    assert wire.authentication.phase == Phase.CERTIFICATE_SENT
    assert wire.authentication.abandoned(house.now).cause is Cause.SILENT_AFTER_CERTIFICATE


@pytest.mark.parametrize("tls", VERSIONS)
def test_silence_in_the_tunnel_is_told_as_that(house: TlsHouse, tls: str) -> None:
    peer, wire = TlsPeer(PEAP, tls=tls), house.wire(PEAP)
    assert peer.handshakes(wire, peer.hello(wire)) == b"\1"
    found = wire.authentication.abandoned(house.now)
    assert found.cause is Cause.SILENT_IN_TUNNEL
    assert found.tls == tls


def test_silence_in_a_resumed_handshake_does_not_blame_a_certificate_that_was_never_sent(house: TlsHouse) -> None:
    peer = TlsPeer(PEAP)
    house.login(peer)
    wire = house.wire(PEAP)
    peer.hello(wire)
    assert wire.authentication.abandoned(house.now).cause is Cause.DEVICE_WENT_SILENT


# --- passwords and names


@pytest.mark.parametrize("tls", VERSIONS)
@pytest.mark.parametrize(
    ("kind", "inside", "speaks"),
    [(PEAP, "eap", (26,)), (PEAP, "eap", (6,)), (TTLS, "eap", (26,)), (TTLS, "eap", (4,))]
    + [(TTLS, way, ()) for way in ("pap", "chap", "mschap", "mschapv2")],
)
def test_a_wrong_password_and_an_unknown_name(
    house: TlsHouse, kind: int, inside: str, speaks: tuple[int, ...], tls: str
) -> None:
    found = failure(house, TlsPeer(kind, password="wrong", tls=tls, inside=inside, speaks=speaks))
    assert found.cause is Cause.WRONG_PASSWORD
    assert isinstance(found.answer, Wrong)
    assert (found.identity, found.tls) == ("ana", tls)
    assert found.inner
    found = failure(house, TlsPeer(kind, "nemo", tls=tls, inside=inside, speaks=speaks))
    assert (found.cause, found.identity) == (Cause.UNKNOWN_ACCOUNT, "nemo")


def test_peap_tells_the_device_of_the_failure_inside_the_tunnel(house: TlsHouse) -> None:
    peer = TlsPeer(PEAP, password="wrong", speaks=(6,))
    assert failure(house, peer).cause is Cause.WRONG_PASSWORD
    assert peer.saw_result == 1


def test_a_device_that_is_silent_after_the_failure_has_the_failures_cause(house: TlsHouse) -> None:
    peer, wire = TlsPeer(PEAP, password="wrong", speaks=(6,)), house.wire(PEAP)
    words = peer.handshakes(wire, peer.hello(wire))
    words = peer.says(wire, b"\1ana")
    peer.says(wire, b"\3\6")
    peer.says(wire, b"\6wrong")
    assert words
    assert wire.authentication.abandoned(house.now).cause is Cause.WRONG_PASSWORD


@pytest.mark.parametrize(("kind", "inside"), [(PEAP, "eap"), (TTLS, "eap"), (TTLS, "pap")])
def test_an_inner_identity_of_another_realm_is_refused_unless_the_rules_do_not_mind(
    house: TlsHouse, kind: int, inside: str
) -> None:
    peer = TlsPeer(kind, "ana@one.example", inside=inside, outer="anonymous@two.example", speaks=(6,))
    found = failure(house, peer)
    assert found.cause is Cause.IDENTITY_MISMATCH
    assert "anonymous@two.example outside" in found.detail
    house.house.add_person("ana@one.example", "lozinka", "student")
    house.rules = TunnelRules(any_inner_realm=True)
    assert house.login(peer).success.identity == "ana@one.example"


@pytest.mark.parametrize(("kind", "inside"), [(PEAP, "eap"), (TTLS, "eap"), (TTLS, "pap")])
def test_an_unreadable_inner_name_is_refused(house: TlsHouse, kind: int, inside: str) -> None:
    assert failure(house, TlsPeer(kind, "an\na", inside=inside, outer="")).cause is Cause.UNREADABLE_NAME


def test_inner_methods_that_do_not_meet_are_told(house: TlsHouse) -> None:
    found = failure(house, TlsPeer(PEAP, speaks=(52,)))
    assert found.cause is Cause.METHOD_REFUSED
    assert found.detail == "offered mschapv2, gtc, md5, tls; the device asks for pwd"


def test_nothing_is_said_to_the_device_while_the_directory_is_away(house: TlsHouse) -> None:
    """So that silence may follow, and another server be asked."""
    real, house.ask = house.ask, lambda question: CouldNotAsk("ldap")
    peer = TlsPeer(PEAP, speaks=(6,))
    found = failure(house, peer)
    assert (found.cause, found.answer) == (Cause.DIRECTORY_AWAY, CouldNotAsk("ldap"))
    assert peer.saw_result == 0
    house.ask = real


# --- certificates of devices


@pytest.mark.parametrize("tls", VERSIONS)
def test_eap_tls_without_a_certificate(house: TlsHouse, tls: str) -> None:
    found = failure(house, TlsPeer(TLS, tls=tls))
    assert found.cause is Cause.CERTIFICATE_MISSING


@pytest.mark.parametrize("tls", VERSIONS)
@pytest.mark.parametrize("kind", [PEAP, TTLS])
def test_a_tunnel_without_the_certificate_that_the_rules_ask_for(house: TlsHouse, kind: int, tls: str) -> None:
    house.rules = TunnelRules(client_certificate=True)
    found = failure(house, TlsPeer(kind, tls=tls))
    assert found.cause is Cause.CERTIFICATE_MISSING


@pytest.mark.filterwarnings("ignore:Passing pyOpenSSL X509 objects")  # nothing else holds a certificate like that
@pytest.mark.parametrize("tls", VERSIONS)
@pytest.mark.parametrize(
    ("readable", "odd"),
    [(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x05"), (b"\x17\x0d26", b"\x17\x0d9X")],
    ids=["version 6", "a year that is none"],
)
def test_a_certificate_that_only_openssl_can_read_is_not_trusted(
    house: TlsHouse, readable: bytes, odd: bytes, tls: str
) -> None:
    octets = papers().ana.certificate.public_bytes(Encoding.DER)
    assert readable in octets
    peer = TlsPeer(TLS, tls=tls)
    peer.context.use_certificate(load_certificate(FILETYPE_ASN1, octets.replace(readable, odd)))
    peer.context.use_privatekey(load_pem_private_key(papers().ana.key.reveal(), None))  # type: ignore[arg-type]
    assert failure(house, peer).cause is Cause.CERTIFICATE_NOT_TRUSTED


@pytest.mark.parametrize("tls", VERSIONS)
def test_a_certificate_of_somebody_elses_ca(house: TlsHouse, tls: str) -> None:
    found = failure(house, TlsPeer(TLS, tls=tls, certificate=papers().stranger))
    assert found.cause is Cause.CERTIFICATE_NOT_TRUSTED


@pytest.mark.parametrize("kind", [TLS, PEAP, TTLS])
@pytest.mark.parametrize("cause", [Cause.CERTIFICATE_REVOKED, Cause.CERTIFICATE_EXPIRED, Cause.REVOCATION_UNKNOWN])
def test_what_trust_says_of_a_certificate_is_the_cause(house: TlsHouse, cause: Cause, kind: int) -> None:
    house.rules, house.sentence = TunnelRules(client_certificate=True), cause
    assert failure(house, TlsPeer(kind, certificate=papers().ana, inside="pap")).cause is cause


@pytest.mark.parametrize("kind", [TLS, PEAP, TTLS])
def test_a_schools_own_ca_cannot_vouch_for_an_account_of_another_school(house: TlsHouse, kind: int) -> None:
    house.rules, house.school_of_ca = TunnelRules(client_certificate=True), "os-druga"
    found = failure(house, TlsPeer(kind, certificate=papers().ana, inside="pap"))
    assert found.cause is Cause.CERTIFICATE_NOT_TRUSTED
    house.school_of_ca = "os-primer"
    assert house.login(TlsPeer(kind, certificate=papers().ana, inside="pap")).success


def test_a_certificate_for_a_name_that_no_account_has(house: TlsHouse) -> None:
    del house.house.records.people["boris"]
    found = failure(house, TlsPeer(TLS, certificate=papers().boris))
    assert found.cause is Cause.UNKNOWN_ACCOUNT


def test_eap_tls_asks_with_all_names_of_the_certificate(house: TlsHouse) -> None:
    wire = house.login(TlsPeer(TLS, certificate=papers().ana))
    assert wire.questions[0].credential.names == ("ana",)  # type: ignore[union-attr]
    assert wire.success.issuer == "CN=CA of the school"
