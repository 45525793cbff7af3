"""The gate before external directories: the back-off stands before them on every path, and an outage never feeds it."""

import time
from collections.abc import Iterator

import pytest

from radius.audit.causes import Cause
from radius.audit.events import AccessDecided
from radius.directory.chain import Chain
from radius.directory.guard import Guard
from radius.directory.local import LocalDirectory
from radius.directory.question import MsChap2Response, PlainPassword
from radius.wire.codes import Code
from radius.wire.packet import decode
from tests.fakes.directory_source import WITH_HASHES, FakeSource, description
from tests.fakes.eap_house import AccessPoint, with_eap
from tests.fakes.eap_peer import GTC, MSCHAPV2, Peer
from tests.fakes.known import known
from tests.fakes.requests import mschap2, pap
from tests.fakes.school_house import SchoolHouse

MAC = "02-00-00-00-00-01"


class House(SchoolHouse):
    """A SchoolHouse with one external directory, whose answers come when `settle` is called."""

    def __init__(self) -> None:
        self.source = FakeSource("ldap", {"ana": "ana-lozinka"}, WITH_HASHES)
        super().__init__()
        self.chain = Chain(LocalDirectory(self.records, self.seals), self._fault)
        self.chain.adopt(
            [Guard(self.source, description("[cache]\nfacts_seconds = 0\nproof_seconds = 0\n"), known(), self._fault)]
        )
        self.gate._directory = self.chain
        with_eap(self)

    def _fault(self, name: str, error: BaseException) -> None:
        raise AssertionError(f"{name}: {error}")

    def settle(self) -> list[Code]:
        """Let everything that waits be answered; the codes of the replies to it."""
        before = len(self.port.sent)
        while self.later.asked:
            question, then = self.later.asked.pop()
            then(self.chain.answer(question, time.monotonic() + 2.0))
        self.later.let_time_pass()
        return [Code(decode(octets).code) for octets, _ in self.port.sent[before:]]

    def pap(self, password: str, identifier: int) -> Code:
        before = len(self.port.sent)
        self.receive(pap(self, "ana", password, identifier=identifier))
        self.settle()
        (octets, _) = self.port.sent[before]
        return Code(decode(octets).code)

    def causes(self) -> list[tuple[str, ...]]:
        return [event.causes for event in self.events if isinstance(event, AccessDecided)]


@pytest.fixture
def house() -> Iterator[House]:
    made = House()
    yield made
    made.chain.close()


def test_the_third_wrong_password_of_a_looping_phone_is_never_asked(house: House) -> None:
    for identifier in range(10):
        assert house.pap("stara", identifier) is Code.ACCESS_REJECT
    assert len(house.source.asked) == 1  # the second time its answer was remembered
    assert house.causes()[2:] == [(Cause.BACKING_OFF,)] * 8


def test_nor_when_it_tries_another_one_each_time(house: House) -> None:
    for identifier in range(10):
        house.pap(f"stara {identifier}", identifier)
    assert len(house.source.asked) == 2


@pytest.mark.parametrize("domain", ["", "SKOLA\\", "skola\\"])
def test_another_domain_in_front_of_the_name_is_no_fresh_start(house: House, domain: str) -> None:
    for identifier in range(2):
        house.pap(f"stara {identifier}", identifier)
    house.receive(pap(house, f"{domain}ana", "stara", identifier=9))
    assert len(house.source.asked) == 2
    assert house.causes()[-1] == (Cause.BACKING_OFF,)


def test_nor_by_mschapv2_in_which_each_response_is_another(house: House) -> None:
    for identifier in range(10):
        house.receive(mschap2(house, "ana", "stara", identifier=identifier))
        house.settle()
    assert [type(question.credential) for question in house.source.asked] == [MsChap2Response] * 2


@pytest.mark.parametrize(("speaks", "kind"), [(GTC, PlainPassword), (MSCHAPV2, MsChap2Response)])
def test_nor_by_802_1x(house: House, speaks: int, kind: type) -> None:
    for number in range(10):
        ap = AccessPoint(house, MAC)
        ap.log_in(Peer("ana", f"stara {number}", speaks=(speaks,)))
        house.settle()
    assert [type(question.credential) for question in house.source.asked] == [kind] * 2


def test_an_outage_never_feeds_the_back_off(house: House) -> None:
    house.source.away = True
    for identifier in range(10):
        assert house.pap("ana-lozinka", identifier) is Code.ACCESS_REJECT
    assert set(house.causes()) == {(Cause.DIRECTORY_AWAY,)}
    assert house.gate.backoff.refusal(MAC, "ana", house.now) is None


def test_what_was_answered_from_memory_is_marked_in_the_audit_row(house: House) -> None:
    assert house.pap("ana-lozinka", 1) is Code.ACCESS_ACCEPT
    house.source.away = True
    assert house.pap("ana-lozinka", 2) is Code.ACCESS_ACCEPT
    rows = [event for event in house.events if isinstance(event, AccessDecided)]
    assert [(row.from_cache, row.subject) for row in rows] == [(False, "ldap:ana"), (True, "ldap:ana")]


def test_the_question_says_whose_access_point_asks(house: House) -> None:
    house.pap("ana-lozinka", 1)
    AccessPoint(house, MAC).log_in(Peer("ana", "ana-lozinka", speaks=(GTC,)))
    house.settle()
    assert [question.school for question in house.source.asked] == ["os-primer"] * 2
