"""EAP over RADIUS: who gets in, who does not and why, and what a directory's answer comes to."""

import pytest

from policies.access import Method
from radius.audit.causes import Cause
from radius.audit.events import AccessDecided
from radius.audit.tags import Tag
from radius.directory.question import Answer, CouldNotAsk, NotHere, Question
from radius.eap.method import EapType
from radius.eap.mschapv2 import mschapv2
from radius.eap.packet import EapCode
from radius.eap.steps import Offer
from radius.wire.attributes import (
    MICROSOFT,
    MS_MPPE_RECV_KEY,
    MS_MPPE_SEND_KEY,
    PROXY_STATE,
    REPLY_MESSAGE,
    STATE,
    TUNNEL_PRIVATE_GROUP_ID,
    encode_attribute,
)
from radius.wire.codes import Code
from tests.fakes.eap_house import BARE, PHONE, AccessPoint, Offering, eap_of, with_eap
from tests.fakes.eap_peer import GTC, MD5, MSCHAPV2, Peer, identity, nak, response
from tests.fakes.school_house import NAS, SchoolHouse

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


def salted(house: SchoolHouse, ap: AccessPoint, hidden: bytes | None) -> bytes:
    """The plain key in an MS-MPPE key attribute."""
    assert hidden is not None
    key = house.secret.decrypt_salted(hidden, ap.authenticator)
    assert key is not None
    return key


class SlowDirectory:
    """A directory that memory never answers; the test gives the answer."""

    name = "slow"

    def answer_now(self, question: Question) -> Answer | None:
        return None

    def answer(self, question: Question, deadline: float) -> Answer:
        raise AssertionError("the test answers for it")


# --- who gets in


def test_a_teacher_gets_in_with_the_keys_that_her_device_has(house: SchoolHouse, ap: AccessPoint) -> None:
    peer = Peer(*TEACHER)
    reply = ap.log_in(peer)
    assert reply is not None
    assert (reply.code, eap_of(reply)[0]) == (Code.ACCESS_ACCEPT, 3)
    assert salted(house, ap, reply.vendor(MICROSOFT, MS_MPPE_RECV_KEY)) == peer.msk[:32]
    assert salted(house, ap, reply.vendor(MICROSOFT, MS_MPPE_SEND_KEY)) == peer.msk[32:64]
    assert reply.first[TUNNEL_PRIVATE_GROUP_ID].lstrip(b"\0") == b"10"
    (event,) = noted(house)
    assert (event.tag, event.method, event.user, event.outer, event.causes) == (
        Tag.ACCESS_GRANTED,
        "eap-mschapv2",
        "nastavnik.primer",
        "",
        (),
    )
    assert event.rounds >= 2
    assert len(house.gate.eap.conversations) == 0  # type: ignore[union-attr]


@pytest.mark.parametrize("speaks", [(GTC,), (MD5,)])
def test_a_method_without_keys_gives_none(house: SchoolHouse, ap: AccessPoint, speaks: tuple[int, ...]) -> None:
    reply = ap.log_in(Peer(*TEACHER, speaks=speaks))
    assert reply is not None
    assert reply.code == Code.ACCESS_ACCEPT
    assert reply.vendor(MICROSOFT, MS_MPPE_RECV_KEY) is None


def test_an_eap_start_is_asked_who_it_is_and_keeps_nothing(house: SchoolHouse, ap: AccessPoint) -> None:
    reply = ap.send(b"")
    assert reply is not None
    assert reply.code == Code.ACCESS_CHALLENGE
    assert (eap_of(reply)[0], eap_of(reply)[4]) == (1, 1)
    assert STATE not in reply.first
    assert len(house.gate.eap.conversations) == 0  # type: ignore[union-attr]
    peer = Peer(*TEACHER)
    assert ap.send(peer.answer(eap_of(reply))) is not None


def test_proxy_states_come_back_in_challenge_accept_and_reject(house: SchoolHouse) -> None:
    ap = AccessPoint(house, more=encode_attribute(PROXY_STATE, b"one") + encode_attribute(PROXY_STATE, b"two"))
    first = ap.send(identity(TEACHER[0]))
    assert first is not None
    assert first.all(PROXY_STATE) == [b"one", b"two"]
    for password in (TEACHER[1], "wrong"):
        last = ap.log_in(Peer(TEACHER[0], password))
        assert last is not None
        assert last.all(PROXY_STATE) == [b"one", b"two"]


def test_the_offers_are_chosen_for_identity_network_and_client(house: SchoolHouse) -> None:
    offered = Offering(BARE)
    house.gate.eap._offering = offered  # type: ignore[union-attr]
    station = encode_attribute(30, b"02-00-00-00-AA-01:Skola")
    AccessPoint(house, more=station).send(identity("ana@os-primer.example"))
    assert offered.asked == [("ana@os-primer.example", "Skola", NAS, "os-primer")]


# --- who does not


def test_a_wrong_password_is_a_delayed_reject_with_the_failure_of_its_response(house: SchoolHouse, ap: AccessPoint) -> None:
    reply = ap.send(identity(TEACHER[0]))
    assert reply is not None
    peer = Peer(TEACHER[0], "wrong", speaks=(GTC,))
    reply = ap.send(peer.answer(eap_of(reply)))
    assert reply is not None
    answer = peer.answer(eap_of(reply))
    assert ap.send(answer) is None
    rejected = ap.wait()
    assert rejected is not None
    assert (rejected.code, eap_of(rejected)) == (Code.ACCESS_REJECT, bytes((4, answer[1], 0, 4)))
    assert REPLY_MESSAGE not in rejected.first
    (event,) = noted(house)
    assert (event.tag, event.causes, event.subject) == (Tag.ACCESS_DENIED, (Cause.WRONG_PASSWORD,), "person:1")


def test_an_unknown_name_is_told_what_a_wrong_password_is_told() -> None:
    replies = []
    for name, password in ((TEACHER[0], "wrong"), ("niko.primer", "whatever")):
        house = SchoolHouse()
        with_eap(house)
        ap = AccessPoint(house)
        reply = ap.log_in(Peer(name, password, speaks=(GTC,)))
        assert reply is not None
        replies.append([(kind, value) for kind, value in reply.attributes() if kind != 80])
    assert replies[0] == replies[1]


def test_policy_decides_for_eap_too(house: SchoolHouse, ap: AccessPoint) -> None:
    house.add_person("blokiran.primer", "right password", "student", groups=("blocked",))
    reply = ap.log_in(Peer("blokiran.primer", "right password"))
    assert reply is not None
    assert (reply.code, eap_of(reply)[0]) == (Code.ACCESS_REJECT, 4)
    assert noted(house)[0].causes == (Cause.DENIED_BY_RULE,)


def test_a_disabled_account_is_refused_and_named(house: SchoolHouse, ap: AccessPoint) -> None:
    house.add_person("bivsi.primer", "right password", "staff", disabled=True)
    reply = ap.log_in(Peer("bivsi.primer", "right password", speaks=(GTC,)))
    assert reply is not None
    assert reply.code == Code.ACCESS_REJECT
    assert noted(house)[0].causes == (Cause.ACCOUNT_DISABLED,)


def test_a_device_that_wants_no_method_of_ours_hears_so_and_the_log_says_what_it_asked_for(
    house: SchoolHouse, ap: AccessPoint
) -> None:
    reply = ap.send(identity("ana"))
    assert reply is not None
    assert ap.send(nak(eap_of(reply)[1], 52)) is None
    assert ap.wait() is not None
    (event,) = noted(house)
    assert event.causes == (Cause.METHOD_REFUSED,)
    assert "pwd" in event.detail


def test_without_any_method_on_offer_nobody_gets_in() -> None:
    house = SchoolHouse()
    with_eap(house, offers=())
    ap = AccessPoint(house)
    assert ap.send(identity("ana")) is None
    rejected = ap.wait()
    assert rejected is not None
    assert rejected.code == Code.ACCESS_REJECT


def test_a_school_that_is_gone_is_silence_and_no_accept(house: SchoolHouse, ap: AccessPoint) -> None:
    house.records.all_schools.clear()
    house.schools.forget_all()
    assert ap.log_in(Peer(*TEACHER)) is None
    assert noted(house)[0].causes == (Cause.SCHOOL_GONE,)


# --- back-off


def test_a_device_with_an_old_password_is_soon_not_even_asked_for_it(house: SchoolHouse, ap: AccessPoint) -> None:
    for _ in range(2):
        ap.log_in(Peer(TEACHER[0], "old password", speaks=(GTC,)))
    assert ap.send(identity("SKOLA\\" + TEACHER[0]), state=b"") is None
    rejected = ap.wait()
    assert rejected is not None
    assert rejected.code == Code.ACCESS_REJECT
    assert noted(house)[-1].causes == (Cause.BACKING_OFF,)
    other = AccessPoint(house, mac="02-00-00-00-00-02")
    accepted = other.log_in(Peer(*TEACHER))
    assert accepted is not None
    assert accepted.code == Code.ACCESS_ACCEPT


def test_a_backing_off_name_that_only_the_conversation_shows_is_refused_without_asking(
    house: SchoolHouse, ap: AccessPoint
) -> None:
    reply = ap.send(identity(TEACHER[0]))  # it begins before its other attempts fail
    for _ in range(2):
        house.gate.backoff.failed(PHONE, TEACHER[0], house.now)
    peer = Peer(*TEACHER, speaks=(GTC,))
    while reply is not None and reply.code == Code.ACCESS_CHALLENGE:
        reply = ap.send(peer.answer(eap_of(reply)))
    rejected = ap.wait()
    assert rejected is not None
    assert rejected.code == Code.ACCESS_REJECT
    assert noted(house)[-1].causes == (Cause.BACKING_OFF,)


def test_a_right_password_ends_the_back_off(house: SchoolHouse, ap: AccessPoint) -> None:
    ap.log_in(Peer(TEACHER[0], "wrong", speaks=(GTC,)))
    ap.log_in(Peer(*TEACHER))
    ap.log_in(Peer(TEACHER[0], "wrong", speaks=(GTC,)))
    assert house.gate.backoff.refusal(PHONE, TEACHER[0], house.now) is None


def test_each_try_within_one_conversation_counts(house: SchoolHouse, ap: AccessPoint) -> None:
    patient = Offer(EapType.MSCHAPV2, Method.EAP_MSCHAPV2, lambda context: mschapv2(context, retries=1))
    house.gate.eap._offering = Offering((patient,))  # type: ignore[union-attr]
    ap.log_in(Peer(TEACHER[0], "wrong", speaks=(MSCHAPV2,), retry="wrong again"))
    assert house.gate.backoff.refusal(PHONE, TEACHER[0], house.now) is Cause.BACKING_OFF


# --- directories that take their time


def test_an_answer_that_comes_later_goes_on_with_the_conversation() -> None:
    house = SchoolHouse(directory=SlowDirectory())
    with_eap(house)
    ap = AccessPoint(house)
    assert ap.log_in(Peer(*TEACHER, speaks=(GTC,))) is None
    assert ap.repeat() is None
    assert house.counters.in_work_dropped == 1
    ((question, then),) = house.later.asked
    then(NotHere())
    rejected = ap.wait()
    assert rejected is not None
    assert rejected.code == Code.ACCESS_REJECT
    assert noted(house)[0].causes == (Cause.UNKNOWN_ACCOUNT,)
    assert question.principal == TEACHER[0]


def test_a_directory_that_is_away_is_a_failure_at_once_that_blames_nobody() -> None:
    house = SchoolHouse(directory=SlowDirectory())
    with_eap(house)
    ap = AccessPoint(house)
    for attempt in range(5):
        ap.log_in(Peer(*TEACHER, speaks=(GTC,)))
        before = len(house.port.sent)
        house.later.asked[attempt][1](CouldNotAsk("slow"))
        assert house.later.delayed == []
        reply = ap.read([octets for octets, _ in house.port.sent[before:]])
        assert reply is not None
        assert reply.code == Code.ACCESS_REJECT
        assert eap_of(reply)[:1] == bytes((EapCode.FAILURE,))
    assert [(event.causes, event.tag) for event in noted(house)] == [((Cause.DIRECTORY_AWAY,), Tag.ACCESS_DENIED)] * 5
    assert house.gate.backoff.refusal(PHONE, TEACHER[0], house.now) is None


def test_where_there_is_another_server_it_is_silence_also_for_what_the_access_point_repeats() -> None:
    house = SchoolHouse(directory=SlowDirectory(), another_server=True)
    with_eap(house)
    ap = AccessPoint(house)
    ap.log_in(Peer(*TEACHER, speaks=(GTC,)))
    house.later.asked[0][1](CouldNotAsk("slow"))
    assert ap.wait() is None
    assert ap.repeat() is None
    assert ap.send(response(9, GTC, b"x")) is None  # the same conversation, sent anew
    assert noted(house)[0].causes == (Cause.DIRECTORY_AWAY,)
    assert noted(house)[0].tag == Tag.ACCESS_UNANSWERED
    assert house.gate.backoff.refusal(PHONE, TEACHER[0], house.now) is None
    assert len(house.gate.eap.conversations) == 0  # type: ignore[union-attr]


def test_another_packet_while_the_directory_is_asked_changes_nothing() -> None:
    house = SchoolHouse(directory=SlowDirectory())
    with_eap(house)
    ap = AccessPoint(house)
    ap.log_in(Peer(*TEACHER, speaks=(GTC,)))
    assert ap.send(response(200, GTC, b"another password")) is None
    assert len(house.later.asked) == 1
    assert house.counters.in_work_dropped == 1


def test_our_own_fault_is_silence_and_ends_the_conversation(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(SlowDirectory):
        def answer_now(self, question: Question) -> Answer | None:
            raise RuntimeError("canary-in-an-exception")

    house = SchoolHouse(directory=Broken())
    with_eap(house)
    ap = AccessPoint(house)
    assert ap.log_in(Peer(*TEACHER, speaks=(GTC,))) is None
    assert house.counters.faults == 1
    assert "canary" not in caplog.text
    assert ap.repeat() is None
    assert house.counters.faults == 1
    house.gate.eap.tick(house.now + 100)  # type: ignore[union-attr]
    assert noted(house) == []


def test_who_arrived_where_is_what_the_first_packet_said(house: SchoolHouse, ap: AccessPoint) -> None:
    """RFC 3579 section 2.1 has a NAS repeat the name in every request; what it says otherwise later on is not looked at."""
    peer = Peer(*TEACHER)
    reply = ap.send(identity(peer.name))
    assert reply is not None
    ap.mac = "02-00-00-00-00-99"
    ap.user_name = "\x07"  # which would be refused at the beginning
    while reply is not None and reply.code == Code.ACCESS_CHALLENGE:
        reply = ap.send(peer.answer(eap_of(reply)))
    assert reply is not None
    assert reply.code == Code.ACCESS_ACCEPT
    assert [(event.mac, event.user) for event in noted(house)] == [(PHONE, peer.name)]
