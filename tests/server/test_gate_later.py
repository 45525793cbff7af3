"""Answers that come later, and outages: an outage is not a denial, and nobody is asked about twice."""

import pytest
from argon2 import PasswordHasher

from radius.audit.causes import Cause
from radius.audit.events import AccessDecided
from radius.audit.sentences import explain
from radius.audit.tags import Tag
from radius.directory.question import Answer, CouldNotAsk, NotHere, Question
from radius.store.records import PersonRecord, PolicyRecord
from radius.wire.attributes import CALLED_STATION_ID, REPLY_MESSAGE, TUNNEL_PRIVATE_GROUP_ID, encode_attribute
from radius.wire.codes import Code
from radius.wire.packet import decode
from tests.fakes.requests import pap, the_reply
from tests.fakes.school_house import POLICY, FakePort, SchoolHouse

CRITICAL = """
[critical]
when = { ssid = "Ucenici" }
grant = { vlan = "pupils", session_timeout = 600 }
"""


class SlowDirectory:
    """A directory that memory never answers; the test gives the answer."""

    name = "slow"

    def answer_now(self, question: Question) -> Answer | None:
        return None

    def answer(self, question: Question, deadline: float) -> Answer:
        raise AssertionError("the test answers for it")


class BrokenDirectory(SlowDirectory):
    def answer_now(self, question: Question) -> Answer | None:
        raise RuntimeError("canary-in-an-exception")


@pytest.fixture
def house() -> SchoolHouse:
    return SchoolHouse(directory=SlowDirectory())


def noted(house: SchoolHouse) -> AccessDecided:
    (event,) = [each for each in house.events if isinstance(each, AccessDecided)]
    return event


def with_critical(house: SchoolHouse) -> None:
    house.records.all_policies["os-primer"] = PolicyRecord("os-primer", 2, "1" * 64, POLICY + CRITICAL)
    house.schools.forget("os-primer")


def test_a_strong_account_gets_in_when_its_thread_has_answered() -> None:
    house = SchoolHouse()
    hashed = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("strong password")
    person = PersonRecord(9, "direktor.primer", "os-primer", "staff", (), False, 0, 0, b"", b"", b"", hashed)
    house.records.people["direktor.primer"] = person
    assert house.receive(pap(house, "direktor.primer", "strong password")) == []
    question, then = house.later.asked[0]
    then(house.gate._directory.answer(question, float("inf")))
    reply = the_reply(house, [octets for octets, _ in house.port.sent])
    assert reply.code == Code.ACCESS_ACCEPT


def test_a_repeat_while_the_directory_is_asked_is_not_asked_again(house: SchoolHouse) -> None:
    request = pap(house)
    assert house.receive(request) == house.receive(request) == []
    assert len(house.later.asked) == 1


def test_a_directory_that_is_away_is_a_reject_at_once_and_no_wrong_password(house: SchoolHouse) -> None:
    for identifier in range(5):
        house.receive(pap(house, identifier=identifier))
    for _, then in house.later.asked:
        then(CouldNotAsk("slow"))
    replies = [decode(octets) for octets, _ in house.port.sent]  # none of them delayed
    assert [reply.code for reply in replies] == [Code.ACCESS_REJECT] * 5
    assert replies[0].first[REPLY_MESSAGE].decode() == explain(Cause.DIRECTORY_AWAY, "pupil", "en").cause
    assert {event.causes for event in house.events if isinstance(event, AccessDecided)} == {(Cause.DIRECTORY_AWAY,)}
    assert house.gate.backoff.refusal("02-00-00-00-00-01", "nastavnik.primer", house.now) is None


def test_where_there_is_another_server_it_is_silence_at_most_three_times_in_a_row_for_a_client() -> None:
    house = SchoolHouse(directory=SlowDirectory(), another_server=True)
    heard: list[int] = []
    for identifier in range(10):
        house.receive(pap(house, identifier=identifier))
        before = len(house.port.sent)
        house.later.asked[identifier][1](CouldNotAsk("slow"))
        heard.append(len(house.port.sent) - before)
    assert heard == [0, 0, 0, 1, 0, 0, 0, 1, 0, 0]
    tags = [event.tag for event in house.events if isinstance(event, AccessDecided)]
    assert tags[:4] == [Tag.ACCESS_UNANSWERED] * 3 + [Tag.ACCESS_DENIED]


def test_after_silence_the_repeat_is_tried_anew() -> None:
    house = SchoolHouse(directory=SlowDirectory(), another_server=True)
    request = pap(house)
    house.receive(request)
    house.later.asked[0][1](CouldNotAsk("slow"))
    house.receive(request)
    assert len(house.later.asked) == 2


def test_the_policys_critical_grant_holds_where_it_says_and_nowhere_else(house: SchoolHouse) -> None:
    with_critical(house)
    station = encode_attribute(CALLED_STATION_ID, b"02-00-00-00-AA-01:Ucenici")
    house.receive(pap(house, more=station))
    house.later.asked[0][1](CouldNotAsk("slow"))
    reply = the_reply(house, [octets for octets, _ in house.port.sent])
    assert reply.first[TUNNEL_PRIVATE_GROUP_ID].lstrip(b"\0") == b"20"
    assert (noted(house).tag, noted(house).causes) == (Tag.ACCESS_GRANTED, (Cause.DIRECTORY_AWAY,))
    house.receive(pap(house, identifier=9))
    house.later.asked[1][1](CouldNotAsk("slow"))
    assert decode(house.port.sent[1][0]).code == Code.ACCESS_REJECT  # another network


def test_the_critical_grant_is_never_for_a_wrong_password_or_an_unknown_name(house: SchoolHouse) -> None:
    with_critical(house)
    house.receive(pap(house))
    house.later.asked[0][1](NotHere())
    house.later.let_time_pass()
    assert the_reply(house, [octets for octets, _ in house.port.sent]).code == Code.ACCESS_REJECT


def test_our_own_fault_is_silence_a_counter_and_a_line_without_its_text(caplog: pytest.LogCaptureFixture) -> None:
    house = SchoolHouse(directory=BrokenDirectory())
    request = pap(house)
    assert house.receive(request) == []
    assert house.counters.faults == 1
    assert "RuntimeError at test_gate_later.py" in caplog.text
    assert "canary-in-an-exception" not in caplog.text
    house.receive(request)
    assert house.counters.faults == 2


def test_a_fault_while_answering_later_is_silence_too(house: SchoolHouse) -> None:
    house.receive(pap(house))
    house.later.asked[0][1](None)  # type: ignore[arg-type]  # what no directory may answer
    assert house.port.sent == []


def test_a_reply_that_cannot_be_sent_is_counted_and_repeated_from_memory() -> None:
    house = SchoolHouse()

    class FullPort(FakePort):
        full = True

        def send(self, octets: bytes, source: object, local: bytes) -> None:
            if self.full:
                raise BlockingIOError
            super().send(octets, source, local)  # type: ignore[arg-type]

    port = FullPort()
    request = pap(house)
    assert house.receive(request, port=port) == []
    assert house.counters.send_failures == 1
    port.full = False
    assert len(house.receive(request, port=port)) == 1
    assert house.counters.duplicates == 1
