"""EAP-TLS inside PEAP: a certificate proves the person in there, so it is judged again when the tunnel is resumed."""

from contextlib import suppress
from pathlib import Path

import pytest

from radius.audit.causes import Cause
from radius.directory.question import Question, VerifiedCertificate
from tests.eap.tls_house import TlsHouse, papers
from tests.fakes.tls_peer import PEAP, TLS, Over, TlsPeer, Wire

VERSIONS = ["1.2", "1.3"]


@pytest.fixture
def house(tmp_path: Path) -> TlsHouse:
    house = TlsHouse(tmp_path)
    house.no_longer_inside = (26, 6, 4)
    return house


class Inside(Wire):
    """What the inner device takes for the air: PEAP's tunnel, in which requests have no header."""

    def __init__(self, peer: TlsPeer, wire: Wire) -> None:
        self.peer = peer
        self.air = wire
        self.words = b""

    def begin(self, name: str) -> bytes:
        return self.say(b"\1" + name.encode())

    def respond(self, data: bytes) -> bytes:
        return self.say(b"\x0d" + data)

    def say(self, words: bytes) -> bytes:
        self.words = self.peer.says(self.air, words)
        if self.words[:1] != b"\x0d":
            raise Over
        return self.words[1:]


def login(house: TlsHouse, peer: TlsPeer, tls: str) -> Wire:
    """A whole login of a device that has ana's certificate for the tunnel's inside."""
    wire = house.wire(PEAP)
    try:
        words = peer.handshakes(wire, peer.hello(wire))
        if words == b"\1":
            inner, inside = TlsPeer(TLS, tls=tls, certificate=papers().ana), Inside(peer, wire)
            inner.logs_in(inside)
            peer.inner_msk, words = inner.msk, inside.words
        peer.peap(wire, words)
    except Over:
        pass
    finally:
        with suppress(AttributeError):
            peer.hang_up()
    return wire


def asked(questions: list[Question]) -> list[type]:
    return [type(question.credential) for question in questions]


@pytest.mark.parametrize("tls", VERSIONS)
def test_a_full_and_a_resumed_login_tell_whose_ca_it_was(house: TlsHouse, tls: str) -> None:
    peer = TlsPeer(PEAP, tls=tls)
    for resumed in (False, True):
        wire = login(house, peer, tls)
        success = wire.success
        assert (success.identity, success.inner, success.resumed) == ("ana", "tls", resumed)
        assert success.issuer == "CN=CA of the school"
        assert success.msk is not None
        assert success.msk.reveal() == peer.msk
        assert asked(wire.questions) == [VerifiedCertificate]


@pytest.mark.parametrize("cause", [Cause.CERTIFICATE_REVOKED, Cause.CERTIFICATE_EXPIRED, Cause.CERTIFICATE_NOT_TRUSTED])
@pytest.mark.parametrize("tls", VERSIONS)
def test_a_certificate_that_holds_no_more_is_felt_at_once_by_a_resumed_tunnel(house: TlsHouse, tls: str, cause: Cause) -> None:
    peer = TlsPeer(PEAP, tls=tls)
    assert login(house, peer, tls).success
    house.sentence = cause
    wire = login(house, peer, tls)
    assert peer.resumed
    assert wire.failure.cause is cause


@pytest.mark.parametrize("tls", VERSIONS)
def test_a_ca_that_was_made_another_schools_is_felt_at_once_by_a_resumed_tunnel(house: TlsHouse, tls: str) -> None:
    peer = TlsPeer(PEAP, tls=tls)
    assert login(house, peer, tls).success
    house.school_of_ca = "os-another"
    assert login(house, peer, tls).failure.cause is Cause.CERTIFICATE_NOT_TRUSTED
