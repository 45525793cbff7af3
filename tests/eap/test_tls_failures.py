"""Logins that fail: each with its cause, the words for a technician, and a server that goes on."""

from pathlib import Path

import pytest

from policies.access import Method
from radius.audit.causes import Cause
from radius.directory.question import CouldNotAsk, Question, Refused, Wrong
from radius.eap.framing import MAX_MESSAGE
from radius.eap.method import Failure, Phase
from radius.eap.tls_phase import TunnelRules
from tests.eap.tls_house import TlsHouse, papers
from tests.fakes.eap_peer import identity
from tests.fakes.tls_peer import PEAP, TLS, TTLS, Over, TlsPeer, Wire, avp

VERSIONS = ["1.2", "1.3"]


@pytest.fixture
def house(tmp_path: Path) -> TlsHouse:
    return TlsHouse(tmp_path)


@pytest.fixture(autouse=True)
def the_server_goes_on(house: TlsHouse):  # type: ignore[no-untyped-def]
    """Whatever a device did: the next one gets in, and nothing of the failure is remembered."""
    yield
    house.rules, house.sentence, house.school_of_ca = TunnelRules(), None, ""
    assert house.login(TlsPeer(PEAP)).success.method is Method.PEAP


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
    house.resumptions = type(house.resumptions)()


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
    house.resumptions = type(house.resumptions)()


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
    house.resumptions = type(house.resumptions)()


def test_a_certificate_for_a_name_that_no_account_has(house: TlsHouse) -> None:
    del house.house.records.people["boris"]
    found = failure(house, TlsPeer(TLS, certificate=papers().boris))
    assert found.cause is Cause.UNKNOWN_ACCOUNT


def test_eap_tls_asks_with_all_names_of_the_certificate(house: TlsHouse) -> None:
    wire = house.login(TlsPeer(TLS, certificate=papers().ana))
    assert wire.questions[0].credential.names == ("ana",)  # type: ignore[union-attr]
    assert wire.success.issuer == "CN=CA of the school"
    house.resumptions = type(house.resumptions)()


# --- out of order inside the tunnels


def in_peap(house: TlsHouse, tls: str = "1.2") -> tuple[TlsPeer, Wire]:
    """A device in PEAP's tunnel, asked for its identity."""
    peer, wire = TlsPeer(PEAP, tls=tls), house.wire(PEAP)
    assert peer.handshakes(wire, peer.hello(wire)) == b"\1"
    return peer, wire


def in_ttls(house: TlsHouse, tls: str = "1.2", inside: str = "pap") -> tuple[TlsPeer, Wire]:
    """A device in EAP-TTLS's tunnel, whose turn it is."""
    peer, wire = TlsPeer(TTLS, tls=tls, inside=inside), house.wire(TTLS)
    peer.handshakes(wire, peer.hello(wire))
    return peer, wire


def broken(peer: TlsPeer, wire: Wire, words: bytes) -> Failure:
    """How it ends when the device says `words` in the tunnel."""
    with pytest.raises(Over):
        peer.says(wire, words)
    return wire.failure


RESULT = b"\2\0\0\x0b\x21\x80\3\0\2\0\1"


@pytest.mark.parametrize("tls", VERSIONS)
def test_a_result_tlv_before_the_inner_method_is_a_failure(house: TlsHouse, tls: str) -> None:
    peer, wire = in_peap(house, tls)
    assert broken(peer, wire, RESULT).detail == "a Result TLV before the inner method had ended"
    peer, wire = in_peap(house, tls)
    peer.says(wire, b"\1ana")
    assert broken(peer, wire, RESULT).cause is Cause.EAP_BROKEN


@pytest.mark.parametrize("words", [b"\1boris", b"\x06lozinka", b"\x15\0", b"\2"])
def test_words_out_of_order_inside_peap_end_it(house: TlsHouse, words: bytes) -> None:
    """A second identity, another method's answer, a notification."""
    peer, wire = in_peap(house)
    peer.says(wire, b"\1ana")
    assert broken(peer, wire, words).cause is Cause.EAP_BROKEN
    assert wire.questions == []


def test_a_success_that_was_never_told_cannot_be_acknowledged_inside_peap(house: TlsHouse) -> None:
    """CVE-2006-1354."""
    peer, wire = in_peap(house)
    peer.says(wire, b"\1ana")
    assert peer.says(wire, b"\x1a\3")[-2:] == b"\0\2"
    assert broken(peer, wire, b"\2\0\0\x0b\x21\x80\3\0\2\0\1").cause is Cause.EAP_BROKEN
    assert wire.questions == []


def test_a_password_before_the_identity_inside_peap_ends_it(house: TlsHouse) -> None:
    peer, wire = in_peap(house)
    assert broken(peer, wire, b"\6lozinka").cause is Cause.EAP_BROKEN
    assert wire.questions == []


def test_an_empty_packet_where_the_inner_method_must_go_on_ends_it(house: TlsHouse) -> None:
    _, wire = in_peap(house)
    with pytest.raises(Over):
        wire.respond(b"\0")
    assert wire.failure.cause is Cause.EAP_BROKEN


def test_records_that_nobody_of_the_tunnel_made_end_it(house: TlsHouse) -> None:
    _, wire = in_peap(house)
    with pytest.raises(Over):
        wire.respond(b"\0\x17\x03\x03\0\x20" + b"x" * 32)
        wire.respond(b"\0")
    assert wire.failure.cause is Cause.TLS_FAILED
    assert "inside the tunnel" in wire.failure.detail


def test_a_tunnel_that_the_device_closes_is_told(house: TlsHouse) -> None:
    peer, wire = in_peap(house)
    peer.connection.shutdown()
    with pytest.raises(Over):
        peer.exchange(wire, peer.pull())
    assert wire.failure.detail == "alert close_notify from the device inside the tunnel"


@pytest.mark.parametrize(
    "answer",
    [
        b"\2\0\0\x0b\x21\x80\3\0\2\0\3",  # neither success nor failure
        b"\2\0\0\5\x21",  # no TLV
        b"\2\0\0\x11\x21\x80\3\0\2\0\1\x80\3\0\2\0\1",  # twice
        b"\2\0\0\x0b\x21\x80\3\0\7\0\1",  # cut short
        b"\2\0\0\x0d\x21\x80\3\0\2\0\1\x80\7\0\0",  # a mandatory TLV that is not known
        b"\2\0\0\x0f\x21\x80\3\0\2\0\1\0\x0c\0\0",  # an empty Crypto-Binding TLV
        b"\x21\x80\3\0\2\0\1",  # without its header
    ],
)
def test_an_answer_to_the_result_that_is_none_ends_it(house: TlsHouse, answer: bytes) -> None:
    peer = TlsPeer(PEAP, speaks=(6,))
    peer.result = lambda request: answer  # type: ignore[method-assign]
    assert failure(house, peer).cause is Cause.EAP_BROKEN


def test_a_device_that_refuses_our_success_is_not_let_in(house: TlsHouse) -> None:
    peer = TlsPeer(PEAP, speaks=(6,))
    peer.result = lambda request: b"\2\0\0\x0b\x21\x80\3\0\2\0\2"  # type: ignore[method-assign]
    assert failure(house, peer).cause is Cause.CRYPTO_BINDING


def test_a_crypto_binding_that_does_not_hold_is_refused_whoever_asks_for_it(house: TlsHouse) -> None:
    """Somebody in the middle has the tunnel and carries an inner method that he does not know the key of."""
    peer = TlsPeer(PEAP)
    honest = peer.result

    def forged(request: bytes) -> bytes:
        answer = honest(request)
        return answer[:-1] + bytes((answer[-1] ^ 1,))

    peer.result = forged  # type: ignore[method-assign]
    assert failure(house, peer).cause is Cause.CRYPTO_BINDING


def test_another_nonce_than_ours_in_the_crypto_binding_is_refused(house: TlsHouse) -> None:
    peer = TlsPeer(PEAP)
    honest = peer.binding
    peer.binding = lambda value: honest(value)[:8] + bytes(32) + honest(value)[40:]  # type: ignore[method-assign]
    assert failure(house, peer).cause is Cause.CRYPTO_BINDING


@pytest.mark.parametrize("tls", VERSIONS)
def test_no_crypto_binding_is_accepted_unless_the_rules_require_it(house: TlsHouse, tls: str) -> None:
    peer = TlsPeer(PEAP, tls=tls, binds=False)
    success = house.login(peer).success
    assert success.msk is not None
    assert success.msk.reveal() == peer.msk == peer.material[:64]
    house.rules = TunnelRules(crypto_binding=True)
    assert house.login(peer).failure.cause is Cause.CRYPTO_BINDING
    house.resumptions = type(house.resumptions)()


# --- EAP-TTLS


@pytest.mark.parametrize("tls", VERSIONS)
@pytest.mark.parametrize(
    ("words", "cause"),
    [
        (avp(1, b"ana"), Cause.NO_CREDENTIAL),
        (avp(1, b"ana") + avp(2, bytes(16)), Cause.NO_CREDENTIAL),
        (avp(1, b"ana") + avp(2, b"lozinka") + avp(2, b"druga"), Cause.EAP_BROKEN),
        (avp(1, b"ana") + avp(1, b"boris") + avp(2, b"lozinka"), Cause.EAP_BROKEN),
        (avp(1, b"ana") + avp(60, b"c" * 16) + avp(3, b"i" + b"r" * 16), Cause.EAP_BROKEN),
        (avp(1, b"ana") + avp(3, b""), Cause.EAP_BROKEN),
        (avp(1, b"ana") + avp(11, b"c" * 16, 311) + avp(25, b"r" * 50, 311), Cause.EAP_BROKEN),
        (avp(1, b"ana") + avp(11, b"c" * 8, 311) + avp(1, b"r" * 50, 311), Cause.EAP_BROKEN),
        (avp(1, b"ana") + avp(25, b"", 311), Cause.EAP_BROKEN),
        (avp(1, b"ana") + avp(2, b"lozinka") + avp(4711, b"?"), Cause.EAP_BROKEN),
        (avp(1, b"ana") + avp(2, b"lozinka") + b"rest", Cause.EAP_BROKEN),
        (avp(2, b"lozinka"), Cause.UNKNOWN_ACCOUNT),
        (avp(79, b""), Cause.EAP_BROKEN),
        (avp(79, b"\2\0\0\5\4"), Cause.EAP_BROKEN),
        (avp(79, b"\1\0\0\5\1"), Cause.EAP_BROKEN),
        (b"", Cause.EAP_BROKEN),
    ],
)
def test_words_that_prove_nothing_inside_ttls(house: TlsHouse, words: bytes, cause: Cause, tls: str) -> None:
    peer, wire = in_ttls(house, tls)
    with pytest.raises(Over):
        if words:
            peer.says(wire, words)
        else:
            wire.respond(b"\0")
    assert wire.failure.cause in (cause, Cause.NO_CREDENTIAL if words == b"" else cause)
    assert len(house.resumptions) == 0


def test_an_avp_that_is_not_known_and_need_not_be_is_left_aside(house: TlsHouse) -> None:
    peer, wire = in_ttls(house)
    with pytest.raises(Over):
        peer.says(wire, avp(1, b"ana") + avp(4711, b"?", flags=0) + avp(2, b"lozinka"))
    assert wire.success.inner == "pap"
    house.resumptions = type(house.resumptions)()


def test_a_ttls_response_made_for_another_tunnel_is_not_taken(house: TlsHouse) -> None:
    """RFC 5281 section 11.1: the challenge is the tunnel's own."""
    one, first = in_ttls(house, inside="mschapv2")
    other, second = in_ttls(house, inside="mschapv2")
    assert first is not second
    found = broken(other, second, avp(1, b"ana") + one.proof())
    assert found.cause is Cause.EAP_BROKEN
    assert second.questions == []


def test_an_answer_to_ms_chap2_success_that_is_not_empty_ends_it(house: TlsHouse) -> None:
    peer, wire = in_ttls(house, inside="mschapv2")
    peer.says(wire, avp(1, b"ana") + peer.proof())
    assert broken(peer, wire, avp(1, b"boris")).cause is Cause.EAP_BROKEN


def test_an_account_that_may_not_come_in_is_refused_inside_ttls(house: TlsHouse) -> None:
    def ask(question: Question) -> Refused:
        return Refused(house.house.records and principal(house), Cause.ACCOUNT_DISABLED)

    real, house.ask = house.ask, ask
    assert failure(house, TlsPeer(TTLS, inside="pap")).cause is Cause.ACCOUNT_DISABLED
    house.ask = real


def principal(house: TlsHouse):  # type: ignore[no-untyped-def]
    from radius.directory.local import principal_of

    return principal_of(house.house.records.people["ana"])


# --- EAP-TLS


def test_data_in_the_tunnel_of_eap_tls_ends_it(house: TlsHouse) -> None:
    peer, wire = TlsPeer(TLS, tls="1.3", certificate=papers().ana), house.wire(TLS)
    flight = peer.turn(peer.hello(wire))
    peer.connection.send(b"hello")
    with pytest.raises(Over):
        peer.exchange(wire, flight + peer.pull())
    assert wire.failure.cause is Cause.EAP_BROKEN


def test_an_answer_to_the_commitment_message_must_be_empty(house: TlsHouse) -> None:
    peer, wire = TlsPeer(TLS, tls="1.3", certificate=papers().ana), house.wire(TLS)
    assert peer.handshakes(wire, peer.hello(wire)) == b"\0"
    assert broken(peer, wire, b"thanks").cause is Cause.EAP_BROKEN


def test_an_acknowledgement_with_data_behind_the_handshake_ends_it(house: TlsHouse) -> None:
    peer, wire = TlsPeer(TLS, certificate=papers().ana), house.wire(TLS)
    peer.exchange(wire, peer.turn(peer.hello(wire)))
    with pytest.raises(Over):
        wire.respond(b"\0data")
    assert wire.failure.cause is Cause.EAP_BROKEN


def test_an_empty_packet_in_the_middle_of_the_handshake_ends_it(house: TlsHouse) -> None:
    wire = house.wire(PEAP)
    TlsPeer(PEAP).hello(wire)
    with pytest.raises(Over):
        wire.respond(b"\0")
    assert wire.failure.cause is Cause.EAP_BROKEN


def test_a_message_may_be_as_long_as_64_kb_and_no_longer(house: TlsHouse) -> None:
    wire = house.wire(PEAP)
    wire.begin("ana")
    with pytest.raises(Over):
        wire.respond(b"\xc0" + (MAX_MESSAGE + 1).to_bytes(4, "big") + b"x" * 100)
    assert "64 KB" in wire.failure.detail
    assert identity("ana")
