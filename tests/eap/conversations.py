"""Conversations for tests of the driver: methods on offer, one that stops everywhere, and one stopped in each state."""

from policies.access import Method
from radius.directory.question import PlainPassword, Principal, Proved, Question
from radius.eap.authentication import Authentication
from radius.eap.gtc import gtc
from radius.eap.md5 import md5
from radius.eap.method import (
    Conversation,
    EapContext,
    EapType,
    Failure,
    MethodFactory,
    Phase,
    Success,
    Verify,
    challenge,
)
from radius.eap.mschapv2 import mschapv2
from radius.eap.steps import Ask, Failed, Offer, Send, Step, Succeeded
from radius.secret import Secret
from tests.fakes.eap_peer import identity, response
from tests.fakes.school_house import NOW

MD5 = Offer(EapType.MD5, Method.EAP_MD5, md5)
GTC = Offer(EapType.GTC, Method.EAP_GTC, gtc)
MSCHAPV2 = Offer(EapType.MSCHAPV2, Method.EAP_MSCHAPV2, mschapv2)
ALL = (MSCHAPV2, GTC, MD5)
ANA = Principal("person:1", "ana", "staff", frozenset(), "os-primer")
NAME = "nastavnik.primer"


def patient(context: EapContext) -> Conversation:
    """Two rounds, a question, a round and a success: every state to stop in."""
    yield from challenge(b"one")
    context.phase = Phase.CERTIFICATE_SENT
    yield from challenge(b"two")
    answer = yield Verify(Question(context.identity, PlainPassword(Secret(b"x")), context.now))
    yield from challenge(b"three")
    assert isinstance(answer, Proved)
    return Success(Method.PEAP, answer, Secret(bytes(64)))


PATIENT = Offer(EapType.PEAP, Method.PEAP, patient)


def make(*offers: Offer) -> Authentication:
    return Authentication(offers, EapContext("", bytes))


def method(begin: MethodFactory) -> Authentication:
    """A conversation with that method alone, before its first packet."""
    return make(Offer(EapType.TTLS, Method.TTLS, begin))


def sent(step: Step) -> bytes:
    assert isinstance(step, Send), step
    return step.octets


def failed(step: Step) -> Failure:
    assert isinstance(step, Failed), step
    assert step.octets[:1] + step.octets[2:] == b"\x04\x00\x04"
    return step.failure


def at(state: str) -> tuple[Authentication, int]:
    """A conversation in that state, and the Identifier of the Request that is out."""
    authentication = make(PATIENT, GTC)
    if state == "awaits identity":
        return authentication, 0
    authentication.receive(identity("ana", 10), NOW)
    if state == "proposed":
        return authentication, 11
    authentication.receive(response(11, 25), NOW)
    if state == "agreed":
        return authentication, 12
    assert isinstance(authentication.receive(response(12, 25), NOW), Ask)
    if state == "asking":
        return authentication, 12
    authentication.answered(Proved(ANA), NOW)
    assert isinstance(authentication.receive(response(13, 25), NOW), Succeeded)
    return authentication, 13
