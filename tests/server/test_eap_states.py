"""EAP over RADIUS: repeats, States that are not ours, packets that do not belong, silent devices, several workers."""

import pytest

from radius.audit.causes import Cause
from radius.audit.events import AccessDecided
from radius.audit.tags import Tag
from radius.server.conversations import Limits
from radius.server.state import States, node_digest
from radius.wire.attributes import (
    STATE,
)
from radius.wire.codes import Code
from tests.fakes.eap_house import KEY, PHONE, AccessPoint, eap_of, with_eap
from tests.fakes.eap_peer import GTC, MSCHAPV2, Peer, identity, nak, response
from tests.fakes.school_house import SchoolHouse

TEACHER = ("nastavnik.primer", "staff password 1")


@pytest.fixture
def house() -> SchoolHouse:
    made = SchoolHouse()
    with_eap(made)
    return made


@pytest.fixture
def ap(house: SchoolHouse) -> AccessPoint:
    return AccessPoint(house)


def noted(house: SchoolHouse) -> list[AccessDecided]:
    return [event for event in house.events if isinstance(event, AccessDecided)]


# --- repeats, strange States, strange packets


def test_a_repeated_datagram_gets_the_same_challenge(house: SchoolHouse, ap: AccessPoint) -> None:
    first = ap.send(identity(TEACHER[0]))
    again = ap.repeat()
    assert first is not None
    assert again is not None
    assert first.octets == again.octets
    assert house.counters.duplicates == 1


def test_a_response_repeated_under_a_new_identifier_gets_the_same_request_and_state(
    house: SchoolHouse, ap: AccessPoint
) -> None:
    first = ap.send(identity(TEACHER[0]))
    assert first is not None
    peer = Peer(*TEACHER, speaks=(GTC,))
    state, answer = ap.state, peer.answer(eap_of(first))
    challenge = ap.send(answer)
    assert challenge is not None
    newest = ap.state
    again = ap.send(answer, state=state or b"")
    assert again is not None
    assert eap_of(again) == eap_of(challenge)
    assert again.first[STATE] == newest
    assert ap.send(peer.answer(eap_of(again))) is not None


def test_an_old_round_is_silence_and_the_conversation_goes_on(house: SchoolHouse, ap: AccessPoint) -> None:
    first = ap.send(identity(TEACHER[0]))
    assert first is not None
    oldest = ap.state or b""
    peer = Peer(*TEACHER, speaks=(MSCHAPV2,))
    second = ap.send(peer.answer(eap_of(first)))
    assert second is not None
    third = peer.answer(eap_of(second))
    assert ap.send(identity(TEACHER[0]), state=States(KEY, "node1", 0, 1).write(bytes(8), 0)) is not None  # nobody's: rejected
    ours = house.gate.eap._states.read(oldest)  # type: ignore[union-attr]
    stale = house.gate.eap._states.write(ours.conversation, ours.round - 1)  # type: ignore[union-attr]
    keep = ap.state
    assert ap.send(third, state=stale) is None
    assert house.counters.eap_stale == 1
    ap.state = keep
    last = ap.send(third)
    assert last is not None
    assert last.code == Code.ACCESS_ACCEPT


@pytest.mark.parametrize("state", [b"x", bytes(27), b"\xff" * 253])
def test_a_state_that_is_nobodys_is_silence(house: SchoolHouse, ap: AccessPoint, state: bytes) -> None:
    assert ap.send(identity("ana"), state=state) is None
    assert house.counters.eap_state_foreign == 1
    assert noted(house) == []


def test_a_state_of_another_node_is_passed_on_to_it(house: SchoolHouse, ap: AccessPoint) -> None:
    assert ap.send(identity("ana"), state=States(KEY, "node2", 3, 1).write(bytes(8), 1)) is None
    assert [(state.node, state.worker) for state in house.later.to_node] == [(node_digest("node2"), 3)]


def test_a_state_of_a_node_that_is_away_is_rejected_so_that_the_device_starts_over(house: SchoolHouse, ap: AccessPoint) -> None:
    house.later.nodes_answer = False
    reply = ap.send(response(77, MSCHAPV2, b"x"), state=States(KEY, "node2", 0, 1).write(bytes(8), 3))
    assert reply is not None
    assert reply.code == Code.ACCESS_REJECT
    assert house.counters.node_away == 1
    assert {event.causes for event in noted(house)} == {(Cause.SERVER_RESTARTED,)}


def test_a_state_of_a_worker_that_is_gone_is_rejected_at_once_so_that_the_device_starts_over(
    house: SchoolHouse, ap: AccessPoint
) -> None:
    for dead in (States(KEY, "node1", 0, 2), States(KEY, "node1", 7, 1)):  # an earlier life; a worker that is no more
        reply = ap.send(response(77, MSCHAPV2, b"x"), state=dead.write(bytes(8), 3))
        assert reply is not None
        assert (reply.code, eap_of(reply)) == (Code.ACCESS_REJECT, b"\4\x4d\0\4")
    assert house.counters.eap_restarted == 2
    assert {event.causes for event in noted(house)} == {(Cause.SERVER_RESTARTED,)}


def test_a_state_of_another_client_is_silence(house: SchoolHouse, ap: AccessPoint) -> None:
    house.add_client("192.0.2.11")
    house.clients.forget_all()
    ap.send(identity(TEACHER[0]))
    stolen = ap.request(response(1, GTC, b"x"))
    assert house.receive(stolen, source=("192.0.2.11", 40_000)) == []
    assert house.counters.eap_stale == 1


def test_an_answer_to_a_conversation_that_is_over_is_rejected_and_not_noted_twice(house: SchoolHouse, ap: AccessPoint) -> None:
    ap.log_in(Peer(*TEACHER))
    reply = ap.send(response(9, MSCHAPV2, b"\3"))
    assert reply is not None
    assert (reply.code, eap_of(reply)) == (Code.ACCESS_REJECT, b"\4\x09\0\4")
    assert house.counters.eap_late == 1
    assert len(noted(house)) == 1


@pytest.mark.parametrize(
    "eap",
    [b"\2", b"\2\1\0\4", response(1, GTC, b"password"), b"\1\1\0\5\1", b"\3\1\0\4", b"\2\1\xff\xff\1ana", b"\2\1\0\x05\1"],
    ids=["cut", "no type", "no identity", "a request", "a success", "a false length", "an empty identity"],
)
def test_what_begins_nothing_is_silence_or_a_question(house: SchoolHouse, ap: AccessPoint, eap: bytes) -> None:
    reply = ap.send(eap)
    assert reply is None or reply.code == Code.ACCESS_CHALLENGE
    assert noted(house) == []


@pytest.mark.parametrize("wrong", [response(250, MSCHAPV2, b"x"), nak(250, 6), b"\3\1\0\4", b"\2", identity("other", 250), b""])
def test_what_does_not_belong_is_discarded_and_the_conversation_goes_on(
    house: SchoolHouse, ap: AccessPoint, wrong: bytes
) -> None:
    first = ap.send(identity(TEACHER[0]))
    assert first is not None
    peer = Peer(*TEACHER)
    assert ap.send(wrong) is None
    assert house.counters.eap_ignored == 1
    reply = ap.send(peer.answer(eap_of(first)))
    while reply is not None and reply.code == Code.ACCESS_CHALLENGE:
        reply = ap.send(peer.answer(eap_of(reply)))
    assert reply is not None
    assert reply.code == Code.ACCESS_ACCEPT


def test_a_state_without_eap_is_none_of_ours(house: SchoolHouse, ap: AccessPoint) -> None:
    reply = ap.send(None, state=b"somebody's")
    assert reply is not None
    assert reply.code == Code.ACCESS_REJECT  # no credential
    assert house.counters.eap_state_foreign == 0


# --- devices that fall silent


def test_a_device_that_falls_silent_is_told_of_in_the_log_and_nobody_gets_a_reply(house: SchoolHouse, ap: AccessPoint) -> None:
    ap.send(identity(TEACHER[0]))
    sent = len(house.port.sent)
    house.gate.eap.tick(house.now + 29)  # type: ignore[union-attr]
    assert noted(house) == []
    house.gate.eap.tick(house.now + 31)  # type: ignore[union-attr]
    (event,) = noted(house)
    assert (event.tag, event.causes, event.user, event.mac) == (
        Tag.ACCESS_UNANSWERED,
        (Cause.DEVICE_WENT_SILENT,),
        TEACHER[0],
        PHONE,
    )
    assert "after request 1" in event.detail
    assert house.counters.eap_abandoned == 1
    assert len(house.port.sent) == sent


def test_a_device_that_falls_silent_after_a_wrong_password_had_a_wrong_password(house: SchoolHouse, ap: AccessPoint) -> None:
    first = ap.send(identity(TEACHER[0]))
    assert first is not None
    assert ap.send(Peer(TEACHER[0], "wrong", speaks=(MSCHAPV2,)).answer(eap_of(first))) is not None
    house.gate.eap.tick(house.now + 31)  # type: ignore[union-attr]
    (event,) = noted(house)
    assert (event.causes, event.subject) == ((Cause.WRONG_PASSWORD,), "person:1")


def test_an_answer_after_its_time_starts_over(house: SchoolHouse, ap: AccessPoint) -> None:
    first = ap.send(identity(TEACHER[0]))
    assert first is not None
    house.gate.eap.tick(house.now + 31)  # type: ignore[union-attr]
    reply = ap.send(Peer(*TEACHER).answer(eap_of(first)))
    assert reply is not None
    assert reply.code == Code.ACCESS_REJECT
    assert len(noted(house)) == 1


def test_a_full_table_is_silence_for_the_new_and_the_old_are_finished() -> None:
    house = SchoolHouse()
    with_eap(house, limits=Limits(worker=1))
    ap, other = AccessPoint(house), AccessPoint(house, mac="02-00-00-00-00-02")
    first = ap.send(identity(TEACHER[0]))
    assert first is not None
    assert other.send(identity("ucenik.primer")) is None
    assert other.send(b"") is None
    assert house.counters.eap_full_worker == 2
    peer, reply = Peer(*TEACHER), first
    while reply is not None and reply.code == Code.ACCESS_CHALLENGE:
        reply = ap.send(peer.answer(eap_of(reply)))
    assert reply is not None
    assert reply.code == Code.ACCESS_ACCEPT
    assert other.repeat() is not None


# --- several workers


def test_any_worker_may_receive_any_packet_and_the_conversation_succeeds() -> None:
    houses = [SchoolHouse(worker, 3) for worker in range(3)]
    for number, house in enumerate(houses):
        with_eap(house, worker=number, workers=3, incarnation=100 + number)
    ap = AccessPoint(houses[0])
    peer, eap, turn = Peer(*TEACHER), identity(TEACHER[0]), 0
    while True:
        request, turn = ap.request(eap), turn + 1
        reply = ap.read(spread(houses, request, turn % 3))
        assert reply is not None
        if reply.code != Code.ACCESS_CHALLENGE:
            break
        eap = peer.answer(eap_of(reply))
    assert reply.code == Code.ACCESS_ACCEPT
    assert sum(len(noted(house)) for house in houses) == 1
    assert sum(len(house.later.handed) for house in houses) >= 2


def spread(houses: list[SchoolHouse], request: bytes, first: int) -> list[bytes]:
    """The replies to a request that reached the worker `first`, carried to whom it was handed."""
    replies = houses[first].receive(request)
    handed, houses[first].later.handed = houses[first].later.handed[-1:], houses[first].later.handed
    if not replies and handed:
        worker, octets, *_ = handed[0]
        return houses[worker].receive(octets, handed=True)
    return replies


def test_a_predecessors_conversation_goes_to_the_predecessor_while_it_still_runs() -> None:
    house = SchoolHouse()
    eap = with_eap(house, incarnation=2)
    eap.elder = 1
    ap = AccessPoint(house)
    assert ap.send(response(5, GTC, b"x"), state=States(KEY, "node1", 0, 1).write(bytes(8), 1)) is None
    assert len(house.later.to_elder) == 1
    eap.elder = None
    reply = ap.send(response(5, GTC, b"x"), state=States(KEY, "node1", 0, 1).write(bytes(8), 1))
    assert reply is not None
    assert reply.code == Code.ACCESS_REJECT
