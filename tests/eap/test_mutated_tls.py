"""TLS conversations with one octet changed or one packet cut short: nobody gets in, nothing raises, and the next one works."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from OpenSSL import SSL

from radius.eap.steps import Ask, Failed, Ignored, Send, Succeeded
from tests.eap.tls_house import TlsHouse, papers
from tests.fakes.eap_peer import response
from tests.fakes.tls_peer import PEAP, TLS, TTLS, Over, TlsPeer, Wire


def protected(data: bytes) -> list[int]:
    """Where a changed octet must be felt: not the flags, whose reserved bits EAP-TLS ignores, nor the version of a record,
    which nobody looks at (RFC 8446 section 5.1)."""
    ignored, at = {0}, 1
    while at < len(data):
        ignored |= {at + 1, at + 2}
        at += 5 + int.from_bytes(data[at + 3 : at + 5], "big")
    return [place for place in range(len(data)) if place not in ignored]


class Spoilt(Wire):
    """A wire that spoils the response with that number, counted from the ClientHello on."""

    def __init__(self, honest: Wire, number: int, at: int, bits: int, cut: bool) -> None:
        super().__init__(honest.authentication, honest.ask, honest.now)
        self.number, self.at, self.bits, self.cut = number, at, bits, cut
        self.spoilt = False

    def respond(self, data: bytes) -> bytes:
        self.number -= 1
        if self.number == -1 and len(data) > 1:
            places = protected(data)
            at = places[self.at % len(places)]
            data = data[:at] if self.cut else data[:at] + bytes((data[at] ^ self.bits,)) + data[at + 1 :]
            self.spoilt = True
        return super().respond(data)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> TlsHouse:
    return TlsHouse(Path(tmp_path_factory.mktemp("trust")))


def device(kind: int, tls: str, inside: str) -> TlsPeer:
    certificate = papers().ana if kind == TLS else None
    return TlsPeer(kind, tls=tls, inside=inside, certificate=certificate, fragment=4_000)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    st.sampled_from([(PEAP, "eap"), (TTLS, "eap"), (TTLS, "mschapv2"), (TTLS, "pap"), (TLS, "")]),
    st.sampled_from(["1.2", "1.3"]),
    st.booleans(),
    st.integers(0, 9),
    st.integers(0, 5_000),
    st.integers(1, 255),
    st.booleans(),
)
def test_a_spoilt_packet_lets_nobody_in(
    house: TlsHouse, way: tuple[int, str], tls: str, resumes: bool, number: int, at: int, bits: int, cut: bool
) -> None:
    peer = device(way[0], tls, way[1])
    if resumes:
        house.login(peer)
    wire = Spoilt(house.wire(way[0]), number, at, bits, cut)
    with suppress(AssertionError, SSL.Error, IndexError):  # the device may break on what it gets back; the server may not
        peer.logs_in(wire)
    assert isinstance(wire.last, Succeeded) is not wire.spoilt
    if wire.spoilt:
        assert isinstance(wire.last, Failed | Ignored | Send)
    wire.authentication.abandoned(house.now)
    assert house.login(device(way[0], tls, way[1])).success


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.sampled_from([PEAP, TTLS, TLS]), st.lists(st.binary(max_size=300), min_size=1, max_size=8))
def test_octets_of_any_kind_let_nobody_in(house: TlsHouse, kind: int, packets: list[bytes]) -> None:
    wire = house.wire(kind)
    wire.begin("ana")
    for data in packets:
        step = wire.authentication.receive(response(wire.request[1], kind, data), house.now)
        assert not isinstance(step, Succeeded | Ask)
        if not isinstance(step, Send):
            break
        wire.request = step.octets


@pytest.mark.parametrize("tls", ["1.2", "1.3"])
@pytest.mark.parametrize("kind", [PEAP, TTLS, TLS])
def test_every_packet_of_a_login_repeated_changes_nothing(house: TlsHouse, kind: int, tls: str) -> None:
    """A retransmission is answered with the same octets; an old packet with nothing."""
    peer, sent = device(kind, tls, "pap"), list[bytes]()

    class Echoing(Wire):
        def respond(self, data: bytes) -> bytes:
            before = response(self.request[1], self.request[4], data)
            answer = super().respond(data)
            again = self.authentication.receive(before, self.now)
            assert isinstance(again, Send)
            assert again.octets == self.request
            for old in sent:
                assert isinstance(self.authentication.receive(old, self.now), Ignored)
            sent.append(before)
            return answer

    honest = house.wire(kind)
    wire = Echoing(honest.authentication, honest.ask, honest.now)
    with suppress(Over):
        peer.logs_in(wire)
    assert wire.success.identity == "ana"
