"""EAP over RADIUS: who gets in, who does not and why, and what is met with silence."""

import pytest

from policies.access import Method
from radius.audit.causes import Cause
from radius.audit.events import AccessDecided
from radius.audit.tags import Tag
from radius.directory.question import Answer, CouldNotAsk, NotHere, Question
from radius.eap.authentication import Offer
from radius.eap.method import EapType
from radius.eap.mschapv2 import mschapv2
from radius.server.conversations import Limits
from radius.server.state import States
from radius.settings import EapSettings
from radius.wire.attributes import (
    CHARGEABLE_USER_IDENTITY,
    CLASS,
    EAP_MESSAGE,
    FRAMED_MTU,
    MICROSOFT,
    MS_MPPE_RECV_KEY,
    MS_MPPE_SEND_KEY,
    OPERATOR_NAME,
    PROXY_STATE,
    REPLY_MESSAGE,
    STATE,
    TUNNEL_PRIVATE_GROUP_ID,
    USER_NAME,
    encode_attribute,
)
from radius.wire.codes import Code
from tests.fakes.eap_house import BARE, KEY, PHONE, AccessPoint, Offered, eap_of, with_eap
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
    offered = Offered(BARE)
    house.gate.eap._offering = offered  # type: ignore[union-attr]
    station = encode_attribute(30, b"02-00-00-00-AA-01:Skola")
    AccessPoint(house, more=station).send(identity("ana@os-primer.example"))
    assert offered.asked == [("ana@os-primer.example", "Skola", NAS)]


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
        replies.append([(kind, value) for kind, value in reply.attributes if kind != 80])
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
    assert ap.send(identity(TEACHER[0]), state=b"") is None
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
    house.gate.eap._offering = Offered((patient,))  # type: ignore[union-attr]
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


def test_a_directory_that_is_away_is_silence_also_for_what_the_access_point_repeats() -> None:
    house = SchoolHouse(directory=SlowDirectory())
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


def test_a_state_of_another_node_is_silence_for_now(house: SchoolHouse, ap: AccessPoint) -> None:
    assert ap.send(identity("ana"), state=States(KEY, "node2", 0, 1).write(bytes(8), 1)) is None
    assert house.counters.eap_state_elsewhere == 1


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


# --- sizes, and what an Accept tells


@pytest.mark.parametrize(
    ("more", "size"),
    [
        (b"", 1000),
        (encode_attribute(FRAMED_MTU, (1400).to_bytes(4, "big")), 1000),
        (encode_attribute(FRAMED_MTU, (600).to_bytes(4, "big")), 596),
        (encode_attribute(FRAMED_MTU, (1).to_bytes(4, "big")), 100),
        (encode_attribute(FRAMED_MTU, b"xx"), 1000),
        (encode_attribute(PROXY_STATE, bytes(253)) * 12, 959),
    ],
)
def test_an_eap_packet_fits_the_link_and_the_reply(house: SchoolHouse, more: bytes, size: int) -> None:
    eap = house.gate.eap
    request = AccessPoint(house, more=more)
    from radius.wire.packet import decode

    assert eap._packet_size(decode(request.request(identity("ana")))) == size  # type: ignore[union-attr]


def test_a_long_eap_packet_is_split_and_put_together(house: SchoolHouse, ap: AccessPoint) -> None:
    from radius.server.eap_replies import challenge, eap_message
    from radius.wire.packet import decode

    octets = bytes(range(256)) * 4
    request = house.secret.request(Code.ACCESS_REQUEST, 1, bytes(16), eap_message(octets))
    assert b"".join(decode(request).all(EAP_MESSAGE)) == octets
    assert [len(value) for value in decode(request).all(EAP_MESSAGE)] == [253, 253, 253, 253, 12]
    assert challenge(b"", b"state").endswith(encode_attribute(EAP_MESSAGE, b""))


def test_more_proxy_states_than_at_the_beginning_are_silence_and_no_fault(house: SchoolHouse, ap: AccessPoint) -> None:
    first = ap.send(identity(TEACHER[0]))
    assert first is not None
    crowd = encode_attribute(PROXY_STATE, bytes(253)) * 15
    assert ap.send(Peer(*TEACHER).answer(eap_of(first))[:40], more=crowd) is None
    assert house.counters.faults == 0


@pytest.mark.parametrize(
    ("setting", "more", "school", "told"),
    [
        ("at-home", b"", "os-primer", True),
        ("at-home", b"", "os-druga", False),
        ("at-home", encode_attribute(OPERATOR_NAME, b"1provider.example"), "os-primer", False),
        ("always", encode_attribute(OPERATOR_NAME, b"1provider.example"), "os-druga", True),
        ("never", b"", "os-primer", False),
    ],
)
def test_the_proved_name_is_told_where_the_settings_say(setting: str, more: bytes, school: str, told: bool) -> None:
    house = SchoolHouse()
    with_eap(house, settings=EapSettings(user_name=setting))  # type: ignore[arg-type]
    house.add_person("gost.primer", "right password", "staff", school=school)
    reply = AccessPoint(house, more=more).log_in(Peer("gost.primer", "right password"))
    assert reply is not None
    assert reply.code == Code.ACCESS_ACCEPT
    assert (reply.first.get(USER_NAME) == b"gost.primer") is told


def handle(house: SchoolHouse, name: str = TEACHER[0], password: str = TEACHER[1], more: bytes = b"") -> bytes | None:
    asked = encode_attribute(CHARGEABLE_USER_IDENTITY, b"\0")
    reply = AccessPoint(house, more=asked + more).log_in(Peer(name, password))
    assert reply is not None
    return reply.first.get(CHARGEABLE_USER_IDENTITY)


def test_a_chargeable_identity_is_stable_per_person_and_operator_and_never_the_name(house: SchoolHouse) -> None:
    first = handle(house)
    assert first is not None
    assert first == handle(house)
    assert TEACHER[0].encode() not in first
    assert first != handle(house, "ucenik.primer", "lozinka učenika")
    assert first != handle(house, more=encode_attribute(OPERATOR_NAME, b"1provider.example"))


def test_a_chargeable_identity_is_told_only_to_who_asks(house: SchoolHouse, ap: AccessPoint) -> None:
    reply = ap.log_in(Peer(*TEACHER))
    assert reply is not None
    assert CHARGEABLE_USER_IDENTITY not in reply.first


def test_class_names_the_session_and_the_person_to_nobody_but_us(house: SchoolHouse, ap: AccessPoint) -> None:
    first, second = (ap.log_in(Peer(*TEACHER)) for _ in range(2))
    assert first is not None
    assert second is not None
    assert len(first.first[CLASS]) == 25
    assert first.first[CLASS][:9] != second.first[CLASS][:9]
    assert first.first[CLASS][9:] == second.first[CLASS][9:]
    assert TEACHER[0].encode() not in first.first[CLASS]


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
