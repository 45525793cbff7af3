"""What a resumed session may and may not do: the class of CVE-2017-9148, and everything that can change between two logins."""

import gc
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from policies.access import Method
from radius.audit.causes import Cause
from radius.directory.question import CouldNotAsk, NotHere, PlainPassword, Proved, Question, Remembered
from radius.eap.resumption import LIFETIME, Remembrance, Resumptions
from radius.eap.tls_phase import TunnelRules
from tests.eap.tls_house import TlsHouse, papers
from tests.fakes.tls_peer import PEAP, TLS, TTLS, Over, TlsPeer

KINDS = [(PEAP, "1.2"), (PEAP, "1.3"), (TTLS, "1.2"), (TTLS, "1.3")]
VERSIONS = ["1.2", "1.3"]


@pytest.fixture
def house(tmp_path: Path) -> TlsHouse:
    return TlsHouse(tmp_path)


def tunnel(kind: int, tls: str, *, tickets: bool = True, password: str = "lozinka") -> TlsPeer:
    """A device whose tickets outlive what the server does to its cache: the hard case."""
    return TlsPeer(kind, tls=tls, password=password, tickets=tickets, inside="pap", speaks=(6,))


def laptop(tls: str) -> TlsPeer:
    return TlsPeer(TLS, tls=tls, certificate=papers().ana)


def secrets_asked(questions: list[Question]) -> list[type]:
    return [type(question.credential) for question in questions]


# --- sessions that never proved anything


@pytest.mark.parametrize(("kind", "tls"), KINDS)
def test_a_session_whose_phase_2_never_finished_gets_the_whole_phase_2(house: TlsHouse, kind: int, tls: str) -> None:
    peer = tunnel(kind, tls)
    wire = house.wire(kind)
    peer.handshakes(wire, peer.hello(wire))  # the tunnel stands; the device says nothing in it
    wire.authentication.abandoned(house.now)
    if tls == "1.3" and kind == TTLS:
        peer.hear()
    peer.hang_up()
    again = house.login(peer)
    assert peer.resumed
    assert not again.success.resumed
    assert secrets_asked(again.questions) == [PlainPassword]


@pytest.mark.parametrize(("kind", "tls"), KINDS)
def test_a_session_whose_phase_2_failed_gets_the_whole_phase_2_and_fails_again(house: TlsHouse, kind: int, tls: str) -> None:
    peer = tunnel(kind, tls, password="wrong")
    assert house.login(peer).failure.cause is Cause.WRONG_PASSWORD
    again = house.login(peer)
    assert peer.resumed
    assert again.failure.cause is Cause.WRONG_PASSWORD
    assert secrets_asked(again.questions) == [PlainPassword]
    assert len(house.resumptions) == 0


@pytest.mark.parametrize("kind", [PEAP, TTLS])
def test_a_session_id_is_forgotten_when_nothing_was_proved(house: TlsHouse, kind: int) -> None:
    peer = tunnel(kind, "1.2", tickets=False, password="wrong")
    assert house.login(peer).failure.cause is Cause.WRONG_PASSWORD
    gc.collect()
    house.login(peer)
    assert not peer.resumed


@pytest.mark.parametrize("tls", VERSIONS)
def test_eap_tls_fails_on_a_session_of_which_no_proof_is_remembered(house: TlsHouse, tls: str) -> None:
    peer = laptop(tls)
    assert house.login(peer).success
    house.resumptions = Resumptions()
    wire = house.login(peer)
    assert wire.failure.cause is Cause.TLS_FAILED
    assert "no proof is remembered" in wire.failure.detail
    assert wire.questions == []


@pytest.mark.parametrize("tls", VERSIONS)
def test_eap_tls_that_failed_at_first_cannot_be_resumed_into(house: TlsHouse, tls: str) -> None:
    peer = laptop(tls)
    house.sentence = Cause.CERTIFICATE_REVOKED
    assert house.login(peer).failure.cause is Cause.CERTIFICATE_REVOKED
    assert len(house.resumptions) == 0
    house.sentence = None
    wire = house.login(peer)
    assert wire.success.resumed is False
    assert not peer.resumed  # the device never got as far as having a session


# --- another's session


@pytest.mark.parametrize("tls", VERSIONS)
@pytest.mark.parametrize(("first", "second"), [(TTLS, PEAP), (PEAP, TTLS)])
def test_another_methods_session_is_not_resumed(house: TlsHouse, first: int, second: int, tls: str) -> None:
    peer = tunnel(first, tls)
    assert house.login(peer).success
    peer.kind = second
    wire = house.login(peer)
    assert not peer.resumed
    assert not wire.success.resumed
    assert secrets_asked(wire.questions) == [PlainPassword]


@pytest.mark.parametrize("tls", VERSIONS)
def test_a_tunnels_session_is_not_resumed_as_eap_tls(house: TlsHouse, tls: str) -> None:
    house.rules = TunnelRules(client_certificate=True)
    peer = TlsPeer(TTLS, tls=tls, inside="pap", certificate=papers().ana)
    assert house.login(peer).success
    peer.kind = TLS
    wire = house.login(peer)
    assert not peer.resumed
    assert not wire.success.resumed


def test_a_record_of_another_method_is_none() -> None:
    resumptions = Resumptions()
    record = Remembrance(Method.TTLS, "ana", "ana", "pap", b"1", 100.0)
    resumptions.remember([b"s"], record)
    assert resumptions.recall(b"s", Method.TTLS, 100.0) is record
    assert resumptions.recall(b"s", Method.PEAP, 100.0) is None
    assert resumptions.recall(b"s", Method.EAP_TLS, 100.0) is None
    assert resumptions.recall(b"t", Method.TTLS, 100.0) is None
    assert resumptions.recall(None, Method.TTLS, 100.0) is None


@pytest.mark.parametrize(("kind", "tls"), KINDS)
def test_another_users_session_gets_the_whole_phase_2(house: TlsHouse, kind: int, tls: str) -> None:
    peer = tunnel(kind, tls)
    assert house.login(peer).success.identity == "ana"
    peer.name = peer.outer = "boris"  # with ana's session, and with ana's password
    wire = house.login(peer)
    assert peer.resumed
    assert wire.failure.cause is Cause.WRONG_PASSWORD
    assert wire.failure.identity == "boris"
    assert secrets_asked(wire.questions) == [PlainPassword]


@pytest.mark.parametrize("tls", VERSIONS)
def test_eap_tls_with_another_users_identity_fails(house: TlsHouse, tls: str) -> None:
    peer = laptop(tls)
    assert house.login(peer).success
    peer.outer = "boris"
    assert house.login(peer).failure.cause is Cause.TLS_FAILED


@pytest.mark.parametrize("tls", VERSIONS)
def test_eap_tls_fails_when_the_session_carries_another_certificate_than_was_proved(house: TlsHouse, tls: str) -> None:
    peer = laptop(tls)
    assert house.login(peer).success
    for secret, record in list(house.resumptions._records.items()):
        assert record.certificate is not None
        house.resumptions._records[secret] = replace(record, certificate=replace(record.certificate, fingerprint=b"another"))
    assert "another certificate" in house.login(peer).failure.detail


# --- what changed since


@pytest.mark.parametrize(("kind", "tls"), KINDS)
def test_a_changed_password_means_the_whole_phase_2(house: TlsHouse, kind: int, tls: str) -> None:
    peer = tunnel(kind, tls)
    assert house.login(peer).success
    house.change_password("ana", "nova")
    wire = house.login(peer)  # the device still has the old one
    assert peer.resumed
    assert wire.failure.cause is Cause.WRONG_PASSWORD
    assert secrets_asked(wire.questions) == [Remembered, PlainPassword]
    peer.password = "nova"
    wire = house.login(peer)
    assert not wire.success.resumed


def disabled(house: TlsHouse) -> None:
    house.house.records.people["ana"] = replace(house.house.records.people["ana"], disabled=True)


def expired(house: TlsHouse) -> None:
    house.house.records.people["ana"] = replace(house.house.records.people["ana"], valid_until=house.now - 1)


def deleted(house: TlsHouse) -> None:
    del house.house.records.people["ana"]


CHANGES = [(disabled, Cause.ACCOUNT_DISABLED), (expired, Cause.ACCOUNT_EXPIRED), (deleted, Cause.UNKNOWN_ACCOUNT)]


@pytest.mark.parametrize(("change", "cause"), CHANGES)
@pytest.mark.parametrize(("kind", "tls"), [*KINDS, (TLS, "1.2"), (TLS, "1.3")])
def test_an_account_that_may_not_come_in_any_more_is_felt_at_once(
    house: TlsHouse, kind: int, tls: str, change: Callable[[TlsHouse], None], cause: Cause
) -> None:
    peer = laptop(tls) if kind == TLS else tunnel(kind, tls)
    assert house.login(peer).success
    change(house)
    wire = house.login(peer)
    assert peer.resumed
    assert wire.failure.cause is cause
    assert wire.failure.answer is not None
    assert wire.failure.identity == "ana"


@pytest.mark.parametrize("kind", [PEAP, TTLS, TLS])
def test_a_directory_that_cannot_be_asked_is_no_success_and_no_wrong_password(house: TlsHouse, kind: int) -> None:
    peer = laptop("1.2") if kind == TLS else tunnel(kind, "1.2")
    assert house.login(peer).success
    house.ask = lambda question: CouldNotAsk("ldap")
    wire = house.login(peer)
    assert wire.failure.cause is Cause.DIRECTORY_AWAY
    assert wire.failure.answer == CouldNotAsk("ldap")


@pytest.mark.parametrize("cause", [Cause.CERTIFICATE_REVOKED, Cause.CERTIFICATE_EXPIRED, Cause.CERTIFICATE_NOT_TRUSTED])
@pytest.mark.parametrize("tls", VERSIONS)
def test_the_certificate_of_a_resumed_session_is_judged_again(house: TlsHouse, tls: str, cause: Cause) -> None:
    peer = laptop(tls)
    assert house.login(peer).success
    house.sentence = cause
    wire = house.login(peer)
    assert peer.resumed
    assert wire.failure.cause is cause
    assert wire.questions == []
    assert house.checked[-1] == house.checked[0]


@pytest.mark.parametrize("kind", [PEAP, TTLS])
def test_the_certificate_of_a_resumed_tunnel_is_judged_again(house: TlsHouse, kind: int) -> None:
    house.rules = TunnelRules(client_certificate=True)
    peer = TlsPeer(kind, tls="1.2", inside="pap", speaks=(6,), certificate=papers().ana)
    assert house.login(peer).success.issuer == "CN=CA of the school"
    assert house.login(peer).success.resumed
    house.sentence = Cause.CERTIFICATE_REVOKED
    assert house.login(peer).failure.cause is Cause.CERTIFICATE_REVOKED


# --- another network of the same worker, with other rules


@pytest.mark.parametrize("tls", VERSIONS)
def test_a_way_in_that_this_network_does_not_offer_is_not_resumed_into(house: TlsHouse, tls: str) -> None:
    pap, gtc = TlsPeer(TTLS, tls=tls, inside="pap"), TlsPeer(PEAP, tls=tls, speaks=(6, 26))
    assert house.login(pap).success
    assert house.login(gtc).success.inner == "mschapv2"
    house.rules, house.no_longer_inside = TunnelRules(passwords=frozenset({"mschapv2"})), (26,)
    wire = house.login(pap)
    assert pap.resumed
    assert wire.failure.cause is Cause.METHOD_REFUSED
    wire = house.login(gtc)
    assert gtc.resumed
    assert (wire.success.resumed, wire.success.inner) == (False, "gtc")


@pytest.mark.parametrize(("kind", "tls"), KINDS)
def test_a_mismatch_of_realms_that_another_network_allowed_is_not_resumed_into(house: TlsHouse, kind: int, tls: str) -> None:
    house.house.add_person("ana@one.example", "lozinka", "student")
    peer = TlsPeer(kind, "ana@one.example", tls=tls, outer="anonymous@two.example", inside="pap", speaks=(6,))
    house.rules = TunnelRules(any_inner_realm=True)
    assert house.login(peer).success
    assert house.login(peer).success.resumed
    house.rules = TunnelRules()
    wire = house.login(peer)
    assert peer.resumed
    assert wire.failure.cause is Cause.IDENTITY_MISMATCH


@pytest.mark.parametrize("kind", [PEAP, TTLS])
def test_a_session_without_a_certificate_is_not_resumed_where_the_rules_ask_for_one(house: TlsHouse, kind: int) -> None:
    peer = tunnel(kind, "1.2")
    assert house.login(peer).success
    house.rules = TunnelRules(client_certificate=True)
    assert house.login(peer).failure.cause is Cause.CERTIFICATE_MISSING
    assert not peer.resumed


def test_a_session_without_crypto_binding_is_not_resumed_where_the_rules_require_it(house: TlsHouse) -> None:
    peer = TlsPeer(PEAP, binds=False)
    assert house.login(peer).success
    house.rules = TunnelRules(crypto_binding=True)
    assert house.login(peer).failure.cause is Cause.CRYPTO_BINDING


# --- time, bounds, workers


@pytest.mark.parametrize(("kind", "tls"), KINDS)
def test_after_a_day_the_password_is_asked_for_again_however_often_the_session_was_renewed(
    house: TlsHouse, kind: int, tls: str
) -> None:
    peer = tunnel(kind, tls)
    house.login(peer)
    house.now += LIFETIME / 2
    assert house.login(peer).success.resumed
    house.now += LIFETIME / 2
    wire = house.login(peer)
    assert peer.resumed
    assert not wire.success.resumed
    assert secrets_asked(wire.questions) == [PlainPassword]


def test_a_proof_from_the_future_is_not_believed() -> None:
    resumptions = Resumptions()
    resumptions.remember([b"s"], Remembrance(Method.PEAP, "ana", "ana", "gtc", b"1", 100.0))
    assert resumptions.recall(b"s", Method.PEAP, 99.0) is None
    assert len(resumptions) == 0


def test_the_oldest_proofs_go_first_and_no_more_are_kept_than_there_may_be() -> None:
    resumptions = Resumptions(at_most=3)
    record = Remembrance(Method.PEAP, "ana", "ana", "gtc", b"1", 100.0)
    resumptions.remember([b"a", b"b", b"c"], record)
    resumptions.remember([b"a"], record)
    resumptions.remember([b"d"], record)
    assert [key for key in (b"a", b"b", b"c", b"d") if resumptions.recall(key, Method.PEAP, 100.0)] == [b"a", b"c", b"d"]


def test_what_a_device_sends_besides_its_certificate_is_remembered_only_within_bounds() -> None:
    """A device may send 64 KB of certificates; fifty thousand times that would be three gigabytes."""
    resumptions = Resumptions()
    usual = Remembrance(Method.EAP_TLS, "ana", "ana", "", b"", 100.0, intermediates=(bytes(2_000),) * 4)
    resumptions.remember([b"a"], usual)
    for many in (replace(usual, intermediates=(bytes(6_000),) * 10), replace(usual, inside=(bytes(60_000),))):
        resumptions.remember([b"a", b"b"], many)
        assert resumptions.recall(b"b", Method.EAP_TLS, 100.0) is None
    assert resumptions.recall(b"a", Method.EAP_TLS, 100.0) is usual


@pytest.mark.parametrize("tls", VERSIONS)
@pytest.mark.parametrize("kind", [PEAP, TTLS, TLS])
def test_after_a_worker_was_replaced_a_full_handshake_follows_and_nothing_worse(tmp_path: Path, kind: int, tls: str) -> None:
    house = TlsHouse(tmp_path)
    peer = laptop(tls) if kind == TLS else tunnel(kind, tls)
    assert house.login(peer).success
    house.become_another_worker()
    wire = house.login(peer)
    assert not peer.resumed
    assert not wire.success.resumed


@pytest.mark.parametrize(("kind", "tls"), KINDS)
def test_an_account_without_a_version_is_not_remembered(house: TlsHouse, kind: int, tls: str) -> None:
    real = house.ask

    def forgetful(question: Question) -> object:
        answer = real(question)
        return Proved(answer.principal, answer.nt_hash_hash) if isinstance(answer, Proved) else answer

    house.ask = forgetful  # type: ignore[assignment]
    peer = tunnel(kind, tls)
    assert house.login(peer).success
    assert len(house.resumptions) == 0
    assert not house.login(peer).success.resumed


def test_an_account_that_is_gone_takes_its_proof_with_it(house: TlsHouse) -> None:
    peer = tunnel(PEAP, "1.2")
    house.login(peer)
    real, house.ask = house.ask, lambda question: NotHere()
    assert house.login(peer).failure.cause is Cause.UNKNOWN_ACCOUNT
    house.ask = real
    assert secrets_asked(house.login(peer).questions) == [PlainPassword]


def test_a_device_that_would_rather_not_resume_gets_the_whole_phase_2(house: TlsHouse) -> None:
    """MS-PEAP section 2.2.8.1.2: a Result TLV of failure says that it cannot take part in a fast reconnect."""
    peer = TlsPeer(PEAP, tls="1.2")
    assert house.login(peer).success
    wire = house.wire(PEAP)
    try:
        words = peer.handshakes(wire, peer.hello(wire))
        assert words[4] == 33
        words = peer.says(wire, b"\2" + words[1:2] + b"\0\x0b\x21\x80\3\0\2\0\2")
        assert words == b"\1"  # the request for the identity
        peer.peap(wire, words)
    except Over:
        pass
    success = wire.success
    assert not success.resumed
    assert success.identity == "ana"
