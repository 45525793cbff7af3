"""RFC 5176 from the asking side: what is sent, to which families, how often, and which answers count."""

import asyncio
import os
import socket
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radius.audit.answers import ERROR_CAUSES, NasAnswer
from radius.secret import Secret
from radius.server.originate import Originator, Request, Target, Told
from radius.vendors import FAMILIES
from radius.vendors.base import Attribute, SessionFacts
from radius.wire import dictionary
from radius.wire.attributes import ERROR_CAUSE, encode_attribute
from radius.wire.codes import Code
from radius.wire.packet import Packet, decode
from radius.wire.shared_secret import SharedSecret
from tests.fakes.nas import MISMATCH, RULES, SEVERAL, Nas, Session

SECRET = b"a secret of this access point"
WORDS = dictionary.load()
MAC = "02-00-00-00-05-01"
FACTS = SessionFacts(
    user_name="anonymous@os-vuk.example",
    mac=MAC,
    acct_session_id="5F3A-01",
    nas_address="127.0.0.1",
    nas_identifier="ap-1",
    nas_port=3,
    nas_port_id="ge-0/0/3",
    framed_address="198.51.100.7",
    audit_session_id="0A0B0C0D00000001",
)
QUICK = (0.06, 0.06, 0.06)  # pauses of a patient machine's loopback


def session(**other: object) -> Session:
    known: dict[str, object] = {
        "mac": MAC,
        "acct_session_id": "5F3A-01",
        "user": "anonymous@os-vuk.example",
        "nas_port": 3,
        "nas_port_id": "ge-0/0/3",
        "address": "198.51.100.7",
        "audit_session_id": "0A0B0C0D00000001",
    }
    return Session(**(known | other))  # type: ignore[arg-type]  # each of its own type


def encode(attributes: tuple[Attribute, ...]) -> bytes:
    return b"".join(WORDS.encode(each.name, each.value, each.tag) for each in attributes)


def shared(secret: bytes = SECRET) -> SharedSecret:
    return SharedSecret(Secret(secret))


def ask(
    port: int,
    code: Code,
    attributes: bytes,
    *secrets: bytes,
    pauses: tuple[float, ...] = (1.0,),
    now: Callable[[], float] = time.time,
) -> Told:
    async def once() -> Told:
        target = Target("127.0.0.1", port, tuple(shared(secret) for secret in secrets or (SECRET,)))
        return await Originator(lambda: 0.5, os.urandom, now, pauses).ask(target, code, attributes)

    return asyncio.run(once())


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_ends_a_session_by_the_name_that_it_gets(family: str) -> None:
    with Nas(family, SECRET, [session(), session(mac="02-00-00-00-05-02", acct_session_id="other")]) as nas:
        told = ask(nas.port, Code.DISCONNECT_REQUEST, encode(FAMILIES[family].identify(FACTS)))
    assert told == Told(NasAnswer.DONE, 0, 1)
    assert [each.mac for each in nas.ended] == [MAC]


@pytest.mark.parametrize("family", [name for name, family in FAMILIES.items() if family.ask_again])
def test_families_that_can_be_told_to_ask_again_do_so(family: str) -> None:
    with Nas(family, SECRET, [session()]) as nas:
        attributes = encode(FAMILIES[family].identify(FACTS) + FAMILIES[family].ask_again)
        assert ask(nas.port, Code.COA_REQUEST, attributes).answer is NasAnswer.DONE
    assert nas.sessions[0].asked_again == 1


def test_every_family_has_its_rules() -> None:
    assert set(RULES) == set(FAMILIES)


@pytest.mark.parametrize("number", [*ERROR_CAUSES, 0, 201, 599])
@pytest.mark.parametrize("code", [Code.DISCONNECT_REQUEST, Code.COA_REQUEST])
def test_a_refusal_is_told_with_its_error_cause(number: int, code: Code) -> None:
    with Nas("generic", SECRET, [session()]) as nas:
        nas.error_cause = number
        told = ask(nas.port, code, encode(FAMILIES["generic"].identify(FACTS)))
    assert told == Told(ERROR_CAUSES.get(number, NasAnswer.REFUSED), number, 1)
    assert told.heard


def test_several_sessions_and_another_access_points_name_are_refused_as_documented() -> None:
    with Nas("generic", SECRET, [session(), session()]) as nas:
        assert ask(nas.port, Code.DISCONNECT_REQUEST, encode(FAMILIES["generic"].identify(FACTS))).error_cause == SEVERAL
    with Nas("generic", SECRET, [session()], nas_ip="192.0.2.99") as nas:
        assert ask(nas.port, Code.DISCONNECT_REQUEST, encode(FAMILIES["generic"].identify(FACTS))).error_cause == MISMATCH


def test_a_deaf_access_point_gets_the_very_same_octets_again() -> None:
    with Nas("generic", SECRET, [session()]) as nas:
        nas.deaf = 2
        told = ask(nas.port, Code.DISCONNECT_REQUEST, encode(FAMILIES["generic"].identify(FACTS)), pauses=(0.1, 0.1, 5.0))
    assert told == Told(NasAnswer.DONE, 0, 3)
    assert len(nas.received) == 3
    assert len(set(nas.received)) == 1  # identifier, authenticator and Event-Timestamp: RFC 5176 section 2.3


def test_a_slow_answer_counts_and_the_session_is_ended_once() -> None:
    with Nas("generic", SECRET, [session()]) as nas:
        nas.delay = 0.3
        told = ask(nas.port, Code.DISCONNECT_REQUEST, encode(FAMILIES["generic"].identify(FACTS)), pauses=(0.2, 5.0))
    assert told == Told(NasAnswer.DONE, 0, 2)
    assert nas.done == ["disconnect"]


def test_answers_that_come_twice_are_one_answer() -> None:
    with Nas("generic", SECRET, [session()]) as nas:
        nas.copies = 3
        assert ask(nas.port, Code.DISCONNECT_REQUEST, encode(FAMILIES["generic"].identify(FACTS))).answer is NasAnswer.DONE


def test_another_secret_on_the_access_point_is_silence() -> None:
    with Nas("generic", b"not the same secret at all", [session()]) as nas:
        told = ask(nas.port, Code.DISCONNECT_REQUEST, encode(FAMILIES["generic"].identify(FACTS)), pauses=QUICK)
    assert told == Told(NasAnswer.SILENCE, 0, 3)
    assert nas.sessions


def test_an_answer_under_another_secret_does_not_count_but_is_told() -> None:
    with Nas("generic", SECRET, [session()]) as nas:
        nas.answer_secret = b"not the same secret at all"
        told = ask(nas.port, Code.DISCONNECT_REQUEST, encode(FAMILIES["generic"].identify(FACTS)), pauses=QUICK)
    assert told.answer is NasAnswer.FORGED
    assert not told.heard


def test_while_a_secret_is_rotated_both_are_tried() -> None:
    with Nas("generic", SECRET, [session()]) as nas:
        attributes = encode(FAMILIES["generic"].identify(FACTS))
        told = ask(nas.port, Code.DISCONNECT_REQUEST, attributes, b"the one before this one", SECRET, pauses=(0.1, 0.1))
    assert told == Told(NasAnswer.DONE, 0, 3)
    assert len(set(nas.received)) == 2


def test_a_refusal_under_the_first_secret_is_the_answer() -> None:
    with Nas("generic", SECRET, []) as nas:
        told = ask(
            nas.port, Code.DISCONNECT_REQUEST, encode(FAMILIES["generic"].identify(FACTS)), SECRET, b"another secret 123"
        )
    assert told == Told(NasAnswer.NO_SUCH_SESSION, 503, 1)


def test_where_nobody_listens_the_system_says_so() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    told = ask(port, Code.DISCONNECT_REQUEST, encode(FAMILIES["generic"].identify(FACTS)), pauses=QUICK)
    assert told == Told(NasAnswer.NOT_LISTENING, 0, 2)


def test_an_address_without_a_way_to_it_is_told() -> None:
    async def once() -> Told:
        target = Target("255.255.255.255", 3799, (shared(),))  # a broadcast address: connecting is refused
        return await Originator(lambda: 0.5, os.urandom, time.time, QUICK).ask(target, Code.DISCONNECT_REQUEST, b"")

    assert asyncio.run(once()).answer is NasAnswer.UNREACHABLE


def test_one_access_point_that_is_away_does_not_hold_up_another() -> None:
    async def many() -> list[Told]:
        originator = Originator(lambda: 0.5, os.urandom, time.time, (0.5,), at_most=64, at_one_nas=2)
        away = Target("127.0.0.2", nas.port, (shared(),))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
            deaf.bind(("127.0.0.2", nas.port))
            waiting = [asyncio.create_task(originator.ask(away, Code.DISCONNECT_REQUEST, attributes)) for _ in range(20)]
            await asyncio.sleep(0)
            here = Target("127.0.0.1", nas.port, (shared(),))
            told = await originator.ask(here, Code.DISCONNECT_REQUEST, attributes)
            done = sum(task.done() for task in waiting)
            deaf.setblocking(False)
            heard = 0
            while True:
                try:
                    deaf.recv(4096)
                except BlockingIOError:
                    break
                heard += 1
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
            assert done == 0
            assert heard == 2  # no more than that are under way at one access point
        return [told]

    attributes = encode(FAMILIES["generic"].identify(FACTS))
    with Nas("generic", SECRET, [session()]) as nas:
        assert [told.answer for told in asyncio.run(many())] == [NasAnswer.DONE]


def test_no_more_requests_are_under_way_than_there_is_room_for() -> None:
    async def many() -> int:
        originator = Originator(lambda: 0.5, os.urandom, time.time, (5.0,), at_most=3)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
            deaf.bind(("127.0.0.1", 0))
            port = deaf.getsockname()[1]
            targets = [Target(f"127.0.0.{n}", port, (shared(),)) for n in (1,) * 8]
            waiting = [asyncio.create_task(originator.ask(target, Code.DISCONNECT_REQUEST, b"")) for target in targets]
            for _ in range(10):
                await asyncio.sleep(0)
            sent = 0
            deaf.setblocking(False)
            try:
                while deaf.recv(4096):
                    sent += 1
            except BlockingIOError:
                pass
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
        return sent

    assert asyncio.run(many()) == 3


def test_a_request_is_what_the_standard_says() -> None:
    request = Request(shared(), Code.COA_REQUEST, 7, encode((Attribute("Calling-Station-Id", MAC),)), 1_795_420_800)
    packet = decode(request.octets)
    assert (packet.code, packet.identifier) == (43, 7)
    assert [number for number, _ in packet.attributes()] == [80, 31, 55]  # Message-Authenticator first
    assert shared().accounting_authenticator_valid(packet)
    assert shared().verify_message_authenticator(packet)


def reply(request: bytes, code: int, attributes: bytes, secret: bytes = SECRET, identifier: int | None = None) -> bytes:
    asked = decode(request)
    of = Packet(asked.code, asked.identifier if identifier is None else identifier, asked.authenticator, {}, asked.octets)
    return shared(secret).reply(code, of, attributes)


REQUEST = Request(shared(), Code.DISCONNECT_REQUEST, 7, b"", 1_795_420_800)


def test_answers_of_another_kind_number_or_secret_are_none() -> None:
    good = reply(REQUEST.octets, Code.DISCONNECT_ACK, b"")
    assert REQUEST.answer(good) == Told(NasAnswer.DONE)
    assert REQUEST.answer(reply(REQUEST.octets, Code.COA_ACK, b"")) is None
    assert REQUEST.answer(reply(REQUEST.octets, Code.ACCESS_ACCEPT, b"")) is None
    assert REQUEST.answer(reply(REQUEST.octets, Code.DISCONNECT_ACK, b"", identifier=8)) is None
    assert REQUEST.answer(reply(REQUEST.octets, Code.DISCONNECT_ACK, b"", b"another secret here")) is None
    assert REQUEST.answer(good[:-1]) is None
    assert REQUEST.answer(b"") is None
    other = Request(shared(), Code.DISCONNECT_REQUEST, 7, b"", 1_795_420_801)
    assert other.answer(good) is None  # the answer to yesterday's request


def test_an_answer_without_message_authenticator_counts_and_one_with_a_wrong_one_does_not() -> None:
    plain = shared().plain_reply(Code.DISCONNECT_ACK, decode(REQUEST.octets), b"")
    assert REQUEST.answer(plain) == Told(NasAnswer.DONE)
    wrong = encode_attribute(80, bytes(16))
    assert REQUEST.answer(shared().plain_reply(Code.DISCONNECT_ACK, decode(REQUEST.octets), wrong)) is None


@pytest.mark.parametrize("octets", [b"", b"\1\2\3", b"\0" * 5])
def test_an_error_cause_of_another_length_is_none(octets: bytes) -> None:
    nak = shared().plain_reply(Code.DISCONNECT_NAK, decode(REQUEST.octets), encode_attribute(ERROR_CAUSE, octets))
    assert REQUEST.answer(nak) == Told(NasAnswer.REFUSED)


@given(st.binary(max_size=200))
def test_no_octets_whatever_are_an_answer_or_a_fault(octets: bytes) -> None:
    assert REQUEST.answer(octets) is None


@given(st.integers(0, 7), st.data())
def test_one_changed_bit_of_an_answer_is_no_answer(bit: int, data: st.DataObject) -> None:
    good = bytearray(reply(REQUEST.octets, Code.DISCONNECT_NAK, encode_attribute(ERROR_CAUSE, (503).to_bytes(4, "big"))))
    at = data.draw(st.integers(0, len(good) - 1))
    good[at] ^= 1 << bit
    assert REQUEST.answer(bytes(good)) is None
