"""EAP-GTC and EAP-MD5: a real login by each, every answer of a directory, every packet that proves nothing."""

import hashlib

import pytest

from policies.access import Method
from radius.audit.causes import Cause
from radius.directory.question import (
    Answer,
    ChapResponse,
    CouldNotAsk,
    NotHere,
    PlainPassword,
    Principal,
    Proved,
    Refused,
    Wrong,
)
from radius.eap.authentication import Authentication
from radius.eap.gtc import gtc
from radius.eap.md5 import md5
from radius.eap.method import EapContext, EapType
from radius.eap.steps import Ask, Failed, Offer, Send, Step, Succeeded
from radius.secret import Secret
from tests.fakes.eap_peer import Peer, answering, converse, identity, response
from tests.fakes.school_house import NOW, SchoolHouse

OFFERS = [Offer(EapType.GTC, Method.EAP_GTC, gtc), Offer(EapType.MD5, Method.EAP_MD5, md5)]
ANA = Principal("person:1", "ana", "staff", frozenset(), "os-primer")
VALUE = bytes(range(16))


def begin(offer: Offer, name: str = "ana", *, remember: bool = False) -> tuple[Authentication, Send]:
    authentication = Authentication([offer], EapContext("", lambda size: VALUE[:size], remember=remember))
    step = authentication.receive(identity(name, 0x41), NOW)
    assert isinstance(step, Send)
    return authentication, step


def respond(authentication: Authentication, offer: Offer, data: bytes) -> Step:
    return authentication.receive(response(0x42, offer.eap_type, data), NOW)


def data_for(offer: Offer) -> bytes:
    return b"lozinka" if offer.eap_type == EapType.GTC else b"\x10" + bytes(16)


def test_the_requests_are_those_of_rfc_3748():
    assert begin(OFFERS[0])[1].octets == b"\x01\x42\x00\x0f\x06Password: "
    assert begin(OFFERS[1])[1].octets == b"\x01\x42\x00\x1c\x04\x10" + VALUE + b"kapija"


@pytest.mark.parametrize("offer", OFFERS, ids=lambda offer: offer.method)
@pytest.mark.parametrize(("password", "expected"), [("staff password 1", Succeeded), ("staff password", Failed)])
def test_a_real_login(offer, password, expected):
    authentication = Authentication([offer], EapContext("", bytes))
    step = converse(authentication, Peer("nastavnik.primer", password), answering(SchoolHouse()), NOW, 250)
    assert isinstance(step, expected)
    if isinstance(step, Succeeded):
        assert (step.success.method, step.success.identity) == (offer.method, "nastavnik.primer")
        assert step.success.proved.principal.name == "nastavnik.primer"
        assert step.success.msk is None
    else:
        assert step.failure.cause is Cause.WRONG_PASSWORD


def test_gtc_asks_with_the_password_as_it_is():
    authentication, _ = begin(OFFERS[0], "OS-VUK\\ana")
    step = respond(authentication, OFFERS[0], "лозинка\0 ".encode())
    assert isinstance(step, Ask)
    assert (step.question.principal, step.question.credential) == ("OS-VUK\\ana", PlainPassword(Secret("лозинка\0 ")))


def test_an_empty_password_is_not_even_asked_about():
    step = respond(begin(OFFERS[0])[0], OFFERS[0], b"")
    assert isinstance(step, Failed)
    assert step.failure.cause is Cause.EAP_BROKEN


def test_the_identifier_of_the_eap_packet_is_in_the_digest():  # RFC 3748 section 5.4
    authentication, _ = begin(OFFERS[1])
    digest = hashlib.md5(b"\x42" + b"lozinka" + VALUE).digest()
    step = respond(authentication, OFFERS[1], b"\x10" + digest + b"ana")
    assert isinstance(step, Ask)
    assert step.question.credential == ChapResponse(0x42, VALUE, digest)


@pytest.mark.parametrize("data", [b"", b"\x10", b"\x10" + bytes(15), b"\x0f" + bytes(16), b"\x11" + bytes(17), b"\x00" * 20])
def test_what_is_no_digest_of_16_octets_fails(data):
    step = respond(begin(OFFERS[1])[0], OFFERS[1], data)
    assert isinstance(step, Failed)
    assert step.failure.cause is Cause.EAP_BROKEN


@pytest.mark.parametrize("offer", OFFERS, ids=lambda offer: offer.method)
@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (Wrong(ANA), Cause.WRONG_PASSWORD),
        (NotHere(), Cause.UNKNOWN_ACCOUNT),
        (Refused(ANA, Cause.ACCOUNT_EXPIRED), Cause.ACCOUNT_EXPIRED),
        (CouldNotAsk("ldap"), Cause.DIRECTORY_AWAY),
    ],
)
def test_every_answer_but_proved_is_a_failure(offer, answer: Answer, cause):
    authentication, _ = begin(offer)
    assert isinstance(respond(authentication, offer, data_for(offer)), Ask)
    step = authentication.answered(answer, NOW)
    assert isinstance(step, Failed)
    assert (step.failure.cause, step.failure.answer, step.failure.identity) == (cause, answer, "ana")
    assert step.failure.principal == (ANA if isinstance(answer, Wrong | Refused) else None)
    assert step.octets == b"\x04\x42\x00\x04"


@pytest.mark.parametrize("offer", OFFERS, ids=lambda offer: offer.method)
def test_proved_is_a_success_and_carries_the_version(offer):
    authentication, _ = begin(offer, remember=True)
    step = respond(authentication, offer, data_for(offer))
    assert isinstance(step, Ask)
    assert step.question.remember
    step = authentication.answered(Proved(ANA, version=b"v1"), NOW)
    assert isinstance(step, Succeeded)
    assert (step.success.proved.version, step.octets) == (b"v1", b"\x03\x42\x00\x04")
