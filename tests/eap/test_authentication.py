"""The driver of a conversation: every state against every packet, identities, duplicates, limits."""

import pytest

from policies.access import Method
from radius.audit.causes import Cause
from radius.directory.question import Proved
from radius.eap.authentication import MAX_ROUNDS
from radius.eap.method import (
    Conversation,
    EapContext,
    Phase,
    challenge,
)
from radius.eap.steps import Ask, Discard, Ignored, Send
from tests.eap.conversations import ANA, GTC, MD5, at, failed, make, method, sent
from tests.fakes.eap_peer import expanded, expanded_nak, identity, nak, response
from tests.fakes.school_house import NOW

# --- each state against each packet

PACKETS = {
    "identity": lambda number: identity("ana", number),
    "another identity": lambda number: identity("bora", number),
    "notification": lambda number: response(number, 2),
    "nak": lambda number: nak(number, 6),
    "expanded nak": lambda number: expanded_nak(number, (0, 6)),
    "empty nak": nak,
    "method": lambda number: response(number, 25),
    "method, expanded": lambda number: b"\x02" + bytes((number, 0, 12)) + expanded(0, 25),
    "same number, a vendor's": lambda number: b"\x02" + bytes((number, 0, 12)) + expanded(311, 25),
    "other method": lambda number: response(number, 6, b"password"),
    "request": lambda number: b"\x01" + response(number, 25)[1:],
    "success": lambda number: bytes((3, number, 0, 4)),
    "failure": lambda number: bytes((4, number, 0, 4)),
    "truncated": lambda number: response(number, 25, b"ab")[:-1],
    "nothing": lambda number: b"",
}
STATES = ("awaits identity", "proposed", "agreed", "asking", "over")
MOVES = {  # what the table in radius.eap.authentication says; every other pair is ignored
    ("awaits identity", "identity"): Send,
    ("awaits identity", "another identity"): Send,
    ("proposed", "identity"): Send,
    ("proposed", "nak"): Send,
    ("proposed", "expanded nak"): Send,
    ("proposed", "method"): Send,
    ("proposed", "method, expanded"): Send,
    ("agreed", "method"): Ask,
    ("agreed", "method, expanded"): Ask,
}


@pytest.mark.parametrize("packet", PACKETS)
@pytest.mark.parametrize("state", STATES)
def test_every_state_against_every_packet(state, packet):
    authentication, number = at(state)
    step = authentication.receive(PACKETS[packet](number), NOW)
    assert isinstance(step, MOVES.get((state, packet), Ignored))


@pytest.mark.parametrize("packet", PACKETS)
@pytest.mark.parametrize("state", STATES[1:4])
@pytest.mark.parametrize("away", [1, 2, 128, 255])
def test_a_wrong_identifier_moves_nothing(state, packet, away):
    authentication, number = at(state)
    step = authentication.receive(PACKETS[packet]((number + away) % 256), NOW)
    if (state, packet) == ("proposed", "identity"):
        assert isinstance(step, Send)  # its identifier is that of another Request/Identity
    elif state == "agreed" and packet == "method" and away == 255:
        assert isinstance(step, Send)  # the very same again
    else:
        assert isinstance(step, Ignored)


@pytest.mark.parametrize("packet", PACKETS)
@pytest.mark.parametrize("state", STATES[1:4])
def test_what_is_ignored_does_no_harm(state, packet):
    authentication, number = at(state)
    if (state, packet) in MOVES:
        return
    authentication.receive(PACKETS[packet](number), NOW)
    if state == "asking":
        sent(authentication.answered(Proved(ANA), NOW))
    else:
        assert isinstance(authentication.receive(response(number, 25), NOW), Send | Ask)


REASONS = [
    ("awaits identity", "method", Discard.NO_IDENTITY_FIRST),
    ("awaits identity", "nak", Discard.NO_IDENTITY_FIRST),
    ("proposed", "another identity", Discard.SECOND_IDENTITY),
    ("proposed", "empty nak", Discard.MALFORMED),
    ("proposed", "other method", Discard.OTHER_TYPE),
    ("agreed", "nak", Discard.LATE_NAK),
    ("agreed", "expanded nak", Discard.LATE_NAK),
    ("agreed", "identity", Discard.SECOND_IDENTITY),
    ("agreed", "other method", Discard.OTHER_TYPE),
    ("agreed", "notification", Discard.OTHER_TYPE),
    ("agreed", "same number, a vendor's", Discard.OTHER_TYPE),
    ("agreed", "request", Discard.NOT_A_RESPONSE),
    ("agreed", "success", Discard.NOT_A_RESPONSE),
    ("agreed", "truncated", Discard.MALFORMED),
    ("asking", "method", Discard.NOT_AWAITED),
    ("over", "identity", Discard.OVER),
]


@pytest.mark.parametrize(("state", "packet", "reason"), REASONS)
def test_why_a_packet_is_ignored(state, packet, reason):
    authentication, number = at(state)
    assert authentication.receive(PACKETS[packet](number), NOW) == Ignored(reason)


@pytest.mark.parametrize("state", [state for state in STATES if state != "asking"])
def test_an_answer_to_no_question_is_ignored(state):
    authentication, _ = at(state)
    assert isinstance(authentication.answered(Proved(ANA), NOW), Ignored)


def test_a_second_answer_to_one_question_is_ignored():
    authentication, _ = at("asking")
    authentication.answered(Proved(ANA), NOW)
    assert authentication.answered(Proved(ANA), NOW) == Ignored(Discard.NOT_AWAITED)


# --- identities


def test_the_identity_is_told_to_the_method_and_the_audit_log():
    authentication = make(GTC)
    authentication.receive(identity("ђорђе@ош-вук.срб"), NOW)
    assert (authentication.identity, authentication.method) == ("ђорђе@ош-вук.срб", Method.EAP_GTC)


@pytest.mark.parametrize("name", [b"\xe4\xf6", b"ana\0", b"x" * 254])
def test_an_identity_that_nobody_could_read_fails(name):
    authentication = make(GTC)
    assert failed(authentication.receive(identity(name), NOW)).cause is Cause.UNREADABLE_NAME
    assert authentication.over


def test_a_peer_that_missed_the_request_gets_it_newly_numbered():
    authentication = make(GTC)
    first = sent(authentication.receive(identity("ana", 1), NOW))
    again = sent(authentication.receive(identity("ana", 2), NOW))
    later = sent(authentication.receive(identity("ana", 3), NOW))
    assert (first[1], again[1], later[1]) == (2, 3, 4)
    assert first[2:] == again[2:] == later[2:]
    assert authentication.receive(response(3, 6, b"password"), NOW) == Ignored(Discard.WRONG_IDENTIFIER)
    assert isinstance(authentication.receive(response(4, 6, b"password"), NOW), Ask)


def test_a_new_request_never_has_the_number_of_the_one_before():
    authentication = make(GTC)
    first = sent(authentication.receive(identity("ana", 5), NOW))
    assert first[1] == 6
    assert sent(authentication.receive(identity("ana", 5) + b"\0", NOW))[1] == 7  # the same but for padding


def test_identifiers_go_round():
    authentication = make(GTC)
    assert sent(authentication.receive(identity("ana", 255), NOW))[1] == 0


@pytest.mark.parametrize(
    ("state", "phase"),
    [("awaits identity", Phase.NEGOTIATION), ("proposed", Phase.NEGOTIATION), ("agreed", Phase.CERTIFICATE_SENT)],
)
def test_the_phase_is_the_methods_or_how_far_negotiation_came(state, phase):
    assert at(state)[0].phase == phase


def test_the_phase_of_a_method_that_tells_none():
    authentication = make(MD5, GTC)
    authentication.receive(identity("ana", 1), NOW)
    authentication.context.phase = Phase.CERTIFICATE_SENT
    authentication.receive(nak(2, 6), NOW)
    assert authentication.phase == Phase.NEGOTIATION
    authentication.receive(response(3, 6, b"password"), NOW)
    assert authentication.phase == Phase.METHOD


# --- duplicates and limits


@pytest.mark.parametrize("state", ["proposed", "agreed"])
def test_the_very_same_response_gets_the_very_same_request(state):
    authentication, _ = at(state)
    answered = {"proposed": identity("ana", 10), "agreed": response(11, 25)}[state]
    request = sent(authentication.receive(answered, NOW))
    rounds = authentication.rounds
    for _ in range(100):
        assert sent(authentication.receive(answered, NOW)) == request
    assert authentication.rounds == rounds


def test_an_old_response_is_ignored():
    authentication, _ = at("agreed")
    assert isinstance(authentication.receive(identity("ana", 10), NOW), Ignored)


def endless(context: EapContext) -> Conversation:
    while True:
        yield from challenge(b"more")


def test_fifty_requests_are_enough():
    authentication = method(endless)
    step = authentication.receive(identity("ana", 0), NOW)
    for number in range(1, MAX_ROUNDS):
        sent(step)
        step = authentication.receive(response(number, 21), NOW)
    sent(step)
    failure = failed(authentication.receive(response(MAX_ROUNDS, 21), NOW))
    assert failure.cause is Cause.TOO_MANY_ROUNDS
    assert authentication.rounds == MAX_ROUNDS == 50


def test_identities_in_turn_do_not_go_on_for_ever():
    authentication = make(GTC)
    steps = [authentication.receive(identity("ana", number), NOW) for number in range(MAX_ROUNDS + 1)]
    assert failed(steps[-1]).cause is Cause.TOO_MANY_ROUNDS
    assert all(isinstance(step, Send) for step in steps[:-1])


def test_4096_octets_are_received_and_4097_are_not():
    authentication, _ = at("agreed")
    assert authentication.receive(response(12, 25, bytes(4092)), NOW) == Ignored(Discard.MALFORMED)
    assert isinstance(authentication.receive(response(12, 25, bytes(4091)), NOW), Ask)
