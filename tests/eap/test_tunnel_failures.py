"""What a device says inside a tunnel, or at its end, that must not get it in: out of order, forged, malformed."""

import hmac
from collections.abc import Iterator
from pathlib import Path

import pytest

from radius.audit.causes import Cause
from radius.directory.local import principal_of
from radius.directory.question import Question, Refused
from radius.eap.framing import MAX_MESSAGE
from radius.eap.method import Failure
from radius.eap.tls_phase import TunnelRules
from tests.eap.tls_house import TlsHouse, papers
from tests.fakes.tls_peer import PEAP, TLS, TTLS, Over, TlsPeer, Wire, avp

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


# --- PEAP


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


@pytest.mark.parametrize("tls", VERSIONS)
def test_who_carries_anothers_inner_method_into_a_session_of_his_own_is_refused_where_the_rules_require_a_binding(
    house: TlsHouse, tls: str
) -> None:
    """He has a tunnel of which nothing was ever proved, resumes it, and lets somebody else answer for the password in it: he
    knows the tunnel's key, and of the inner method's nothing."""
    house.rules = TunnelRules(crypto_binding=True)
    peer, wire = in_peap(house, tls)
    wire.authentication.abandoned(house.now)
    peer.hang_up()

    def with_the_tunnels_key_alone(value: bytes) -> bytes:
        head = b"\0\x0c\0\x38\0\0\0\1" + value[4:36]
        return head + hmac.digest(peer.material[40:60], head + bytes(20) + b"\x19", "sha1")

    peer.binding = with_the_tunnels_key_alone  # type: ignore[method-assign]
    assert failure(house, peer).cause is Cause.CRYPTO_BINDING
    assert peer.resumed


@pytest.mark.parametrize("tls", VERSIONS)
def test_a_resumed_tunnel_with_a_whole_phase_2_binds_the_inner_methods_key_where_the_rules_require_it(
    house: TlsHouse, tls: str
) -> None:
    house.rules = TunnelRules(crypto_binding=True)
    peer, wire = in_peap(house, tls)
    wire.authentication.abandoned(house.now)
    peer.hang_up()
    success = house.login(peer).success
    assert (peer.resumed, success.resumed) == (True, False)
    assert success.msk is not None
    assert success.msk.reveal() == peer.msk


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
        return Refused(principal_of(house.house.records.people["ana"], 0.0), Cause.ACCOUNT_DISABLED)

    real, house.ask = house.ask, ask
    assert failure(house, TlsPeer(TTLS, inside="pap")).cause is Cause.ACCOUNT_DISABLED
    house.ask = real


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
