"""Contexts, the engine, alerts and the trial at start."""

import gc
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from OpenSSL import SSL

from radius.audit.causes import Cause
from radius.eap import alerts, tls_trial
from radius.eap.tls_contexts import make_contexts
from radius.eap.tls_engine import TlsFailed, TlsServer
from radius.eap.tls_trial import trial
from radius.pki.making import make_server_certificate
from radius.pki.server_certificates import ServerCertificate
from radius.secret import Secret
from tests.eap.tls_house import TlsHouse, papers
from tests.fakes.school_house import NOW
from tests.fakes.tls_peer import PEAP, TLS, TlsPeer


def rsa_server() -> ServerCertificate:
    ca = papers().ca
    key = load_pem_private_key(ca.key.reveal(), None)
    own = rsa.generate_private_key(65_537, 2_048)
    made = make_server_certificate(ca.certificate, key, ["radius.example.test"], NOW, own)  # type: ignore[arg-type]
    return ServerCertificate((made.certificate.public_bytes(Encoding.DER),), made.key)


# --- contexts


def test_a_device_gets_the_certificate_that_its_ciphers_ask_for(tmp_path: Path) -> None:
    house = TlsHouse(tmp_path)
    house.contexts = make_contexts([papers().server, rsa_server()])
    for ciphers, kind in ((b"ECDHE-RSA-AES128-GCM-SHA256", "RSA"), (b"ECDHE-ECDSA-AES128-GCM-SHA256", "EC")):
        peer = TlsPeer(PEAP, trusts=papers().ca.certificate)
        peer.context.set_cipher_list(ciphers)
        assert house.login(peer).success
        certificate = peer.connection.get_peer_certificate(as_cryptography=True)
        assert certificate is not None
        assert kind in type(certificate.public_key()).__name__


def test_the_root_is_not_sent(tmp_path: Path) -> None:
    peer = TlsPeer(PEAP, trusts=papers().ca.certificate)
    assert TlsHouse(tmp_path).login(peer).success
    chain = peer.connection.get_peer_cert_chain(as_cryptography=True)
    assert chain is not None
    assert [each.subject.rfc4514_string() for each in chain] == ["CN=radius.example.test"]


def test_a_key_that_is_not_the_certificates_is_refused() -> None:
    server = papers().server
    with pytest.raises(SSL.Error):
        make_contexts([ServerCertificate(server.chain, papers().ca.key)])


def test_no_certificate_and_a_key_of_another_kind_are_refused() -> None:
    with pytest.raises(ValueError, match="needs a certificate"):
        make_contexts([])
    with pytest.raises(ValueError):
        make_contexts([ServerCertificate(papers().server.chain, Secret(b"no key"))])


@pytest.mark.parametrize("tls", ["1.2", "1.3"])
@pytest.mark.parametrize("tickets", [True, False])
def test_nothing_is_resumed_when_resumption_is_off(tmp_path: Path, tls: str, tickets: bool) -> None:
    house = TlsHouse(tmp_path)
    house.contexts = make_contexts([papers().server], resume=False)
    for kind in (PEAP, TLS):
        peer = TlsPeer(kind, tls=tls, tickets=tickets, certificate=papers().ana)
        for _ in range(2):
            assert not house.login(peer).success.resumed
            assert not peer.resumed


def test_a_session_ends_with_its_lifetime(tmp_path: Path) -> None:
    house = TlsHouse(tmp_path)
    house.contexts = make_contexts([papers().server], lifetime=1)
    assert house.contexts.peap.get_timeout() == 1
    assert make_contexts([papers().server]).tls.get_timeout() == 86_400


def test_a_worker_that_has_begun_cannot_change_its_mark(tmp_path: Path) -> None:
    house = TlsHouse(tmp_path)
    for kind in (PEAP, TLS):
        house.login(TlsPeer(kind, certificate=papers().ana))
    with pytest.raises(ValueError, match="already been used"):
        house.contexts.for_worker(b"late")


# --- the engine


def test_a_connection_is_freed_as_soon_as_its_conversation_is_over(tmp_path: Path) -> None:
    """By counting references alone: TLS connections are large, and a cycle would keep them until the collector comes."""
    house = TlsHouse(tmp_path)
    house.login(TlsPeer(PEAP))
    gc.collect()
    gc.disable()
    try:
        before = sum(isinstance(one, SSL.Connection) for one in gc.get_objects())
        peers = [TlsPeer(PEAP), TlsPeer(PEAP, password="wrong"), TlsPeer(PEAP, tls="1.3"), TlsPeer(PEAP, tls="1.1")]
        wires = [house.login(peer) for peer in peers]
        half = house.wire(PEAP)
        peers[0].hello(half)
        half.authentication.abandoned(NOW)
        for peer in peers:
            del peer.connection
        after = sum(isinstance(one, SSL.Connection) for one in gc.get_objects())
    finally:
        gc.enable()
    assert len(wires) == 4
    assert after == before


def test_a_message_that_ends_in_the_middle_of_a_record_waits_for_the_rest(tmp_path: Path) -> None:
    house = TlsHouse(tmp_path)
    wire = house.wire(PEAP)
    wire.begin("ana")
    peer = TlsPeer(PEAP)
    peer.connection = SSL.Connection(peer.context, None)
    peer.connection.set_connect_state()
    hello = peer.turn(b"")
    assert wire.respond(b"\0" + hello[:100]) == b"\0"
    peer.resumed = peer.broken = False
    message = peer.gather(wire, wire.respond(b"\0" + hello[100:]))
    assert peer.handshakes(wire, message) == b"\1"


def test_words_in_several_records_are_read_to_the_end() -> None:
    server, client = TlsServer(make_contexts([papers().server]).ttls), TlsPeer(21)
    client.connection = SSL.Connection(client.context, None)
    client.connection.set_connect_state()
    client.turn(server.handshake(client.turn(server.handshake(client.turn(b"")))))
    assert server.finished
    for part in (b"one ", b"two ", b"x" * 40_000):
        client.connection.sendall(part)
    assert server.read(client.pull()) == b"one two " + b"x" * 40_000
    assert server.read(b"") == b""
    assert client.hears(server.write(b"heard")) == b"heard"
    records = server.write(b"y" * 40_000)
    assert len(records) > 40_000
    assert client.hears(records) + client.hear() + client.hear() == b"y" * 40_000


# --- alerts


@pytest.mark.parametrize("description", sorted(set(alerts.NAMES) - {0, 90, 100}))
def test_every_fatal_alert_of_a_device_is_named(tmp_path: Path, description: int) -> None:
    server = TlsServer(make_contexts([papers().server]).peap)
    peer = TlsPeer(PEAP)
    peer.connection = SSL.Connection(peer.context, None)
    peer.connection.set_connect_state()
    server.handshake(peer.turn(b""))
    with pytest.raises(TlsFailed) as failed:
        server.handshake(b"\x15\x03\x03\0\2\2" + bytes((description,)))
    name = alerts.NAMES[description]
    assert failed.value.detail == f"alert {name} from the device while it checked our certificate"
    assert failed.value.alert == b""


def test_our_alert_is_read_from_what_we_send() -> None:
    assert alerts.in_clear(b"\x15\x03\x03\0\2\2\x46") == "protocol_version"
    assert alerts.in_clear(b"something\x15\x03\x03\0\2\2\x28") == "handshake_failure"
    assert alerts.in_clear(b"\x15\x03\x03\0\2\2\xfa") == "alert 250"
    for other in (b"", b"\x15\x03\x03\0\2\2", b"\x17\x03\x03\0\2\2\x28", b"\x15\x03\x03\0\x12encrypted"):
        assert alerts.in_clear(other) == ""


@pytest.mark.parametrize(
    ("alert", "checking", "cause"),
    [
        ("unknown_ca", True, Cause.SERVER_NOT_TRUSTED),
        ("unknown_ca", False, Cause.SERVER_NOT_TRUSTED),
        ("internal_error", True, Cause.SERVER_NOT_TRUSTED),
        ("internal_error", False, Cause.TLS_FAILED),
        ("protocol_version", True, Cause.TLS_VERSION),
        ("decode_error", True, Cause.TLS_FAILED),
        ("", False, Cause.TLS_FAILED),
    ],
)
def test_what_a_devices_alert_means(alert: str, checking: bool, cause: Cause) -> None:
    assert alerts.cause_of_peers(alert, checking) is cause


# --- the trial


def test_this_machines_library_does_what_resumption_rests_on() -> None:
    assert trial([papers().server]) == ""
    assert trial([rsa_server()]) == ""


def test_a_library_that_shows_no_secret_switches_resumption_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SSL.Connection, "master_key", lambda self: None)
    assert trial([papers().server]).startswith("TLS 1.2 with session ids: a full handshake looks like a resumed one")


def test_a_library_that_takes_full_handshakes_for_resumed_ones_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SSL.Connection, "master_key", lambda self: b"always the same")
    assert "looks like a resumed one" in trial([papers().server])


def test_a_library_that_resumes_in_any_context_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    real = make_contexts

    def careless(*args: object, **more: object) -> object:
        contexts = real(*args, **more)  # type: ignore[arg-type]
        from msgspec.structs import replace

        return replace(contexts, peap_certified=contexts.tls)

    monkeypatch.setattr(tls_trial, "make_contexts", careless)
    assert "another method" in trial([papers().server])


def test_a_library_that_cannot_do_a_handshake_is_told_and_raises_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: SSL.Connection) -> None:
        raise SSL.Error([("SSL routines", "", "out of order")])

    monkeypatch.setattr(SSL.Connection, "do_handshake", broken)
    assert "the handshake failed" in trial([papers().server])
