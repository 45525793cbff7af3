"""While a directory is away: what a cached proof answers, and that TLS resumption is what MS-CHAPv2 survives by."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from radius.audit.causes import Cause
from radius.directory.chain import Chain
from radius.directory.guard import Guard
from radius.directory.local import LocalDirectory
from radius.directory.question import CouldNotAsk
from tests.eap.tls_house import TlsHouse, papers
from tests.fakes.directory_source import WITH_HASHES, FakeSource, description
from tests.fakes.known import known
from tests.fakes.records import MemoryRecords
from tests.fakes.school_house import TestSeals
from tests.fakes.tls_peer import PEAP, TLS, TTLS, TlsPeer

EACH_TIME = "[cache]\nfacts_seconds = 0\nproof_seconds = 0\n[limits]\ndeadline_seconds = 0.3\n"


class House(TlsHouse):
    """A TlsHouse whose people are all in one external directory."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.source = FakeSource("ad", {"ana": "lozinka"}, WITH_HASHES)
        self.chain = Chain(LocalDirectory(MemoryRecords(), TestSeals()), self._fault)
        self.chain.adopt([Guard(self.source, description(EACH_TIME), known(), self._fault)])
        self.ask = lambda question: self.chain.answer(question, time.monotonic() + 1.0)

    def _fault(self, name: str, error: BaseException) -> None:
        raise AssertionError(f"{name}: {error}")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.chain.close()


def mschapv2() -> TlsPeer:
    return TlsPeer(PEAP, speaks=(26,))


def test_a_resumed_session_is_what_mschapv2_survives_by(house: House) -> None:
    known_device, new_device = mschapv2(), mschapv2()
    assert not house.login(known_device).success.proved.from_cache
    house.source.away = True
    for _ in range(3):
        success = house.login(known_device).success
        assert success.resumed
        assert success.proved.from_cache
    wire = house.login(new_device)
    assert (wire.failure.cause, wire.failure.answer) == (Cause.DIRECTORY_AWAY, CouldNotAsk("ad"))
    house.source.away = False
    assert house.login(known_device).success.resumed


def test_a_session_survives_an_outage_in_which_it_could_not_be_answered(house: House) -> None:
    device = mschapv2()
    assert house.login(device).success
    ask, house.ask = house.ask, lambda question: CouldNotAsk("ad")
    assert house.login(device).failure.cause is Cause.DIRECTORY_AWAY
    house.ask = ask
    assert house.login(device).success.resumed


def test_a_password_changed_before_the_outage_is_felt_in_it(house: House) -> None:
    old, new = mschapv2(), mschapv2()
    assert house.login(old).success
    house.source.people["ana"] = new.password = "nova lozinka"
    assert house.login(new).success
    house.source.away = True
    assert house.login(old).failure.cause is Cause.DIRECTORY_AWAY
    assert house.login(new).success.resumed


def test_a_password_in_the_tunnel_survives_on_a_device_that_was_never_here(house: House) -> None:
    assert house.login(TlsPeer(TTLS, inside="pap")).success
    house.source.away = True
    success = house.login(TlsPeer(TTLS, inside="pap")).success
    assert success.proved.from_cache
    assert not success.resumed
    for wrong in ("nova lozinka", "pogodak"):
        assert house.login(TlsPeer(TTLS, password=wrong, inside="pap")).failure.cause is Cause.DIRECTORY_AWAY


def test_a_certificate_survives_by_the_facts_of_its_owner(house: House) -> None:
    device = TlsPeer(TLS, certificate=papers().ana)
    assert not house.login(device).success.proved.from_cache
    house.source.away = True
    assert house.login(TlsPeer(TLS, certificate=papers().ana)).success.proved.from_cache
    assert house.login(device).success.resumed
