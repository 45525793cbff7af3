"""How a conversation ends without a success: the peer's faults, ours, silence; and every method is closed."""

from collections.abc import Iterator

import pytest

from policies.access import Method
from radius.audit.causes import Cause
from radius.directory.question import Answer, NotHere, PlainPassword, Proved, Question
from radius.eap.authentication import MAX_ROUNDS
from radius.eap.method import (
    Challenge,
    Conversation,
    EapContext,
    EapType,
    Failure,
    PeerFault,
    Phase,
    Verify,
    challenge,
)
from radius.eap.steps import Discard, Ignored, Offer
from radius.errors import ServiceError
from radius.secret import Secret
from tests.eap.conversations import ANA, GTC, at, failed, make, method
from tests.fakes.eap_peer import identity, nak, response
from tests.fakes.school_house import NOW


def test_a_peers_fault_is_its_failure():
    def faulty(context: EapContext) -> Conversation:
        context.tls, context.inner, context.inner_identity = "1.3", "pap", "bora"
        yield from challenge(b"")
        raise PeerFault(Cause.SERVER_NOT_TRUSTED, "alert unknown_ca")

    authentication = method(faulty)
    authentication.receive(identity("ana", 0), NOW)
    failure = failed(authentication.receive(response(1, 21), NOW))
    expected = Failure(Cause.SERVER_NOT_TRUSTED, detail="alert unknown_ca", identity="bora", inner="pap", tls="1.3")
    assert failure == expected
    assert authentication.over


def forgetful(context: EapContext) -> Conversation:
    yield from challenge(b"")
    return None  # type: ignore[return-value]  # the fault


def crashing(context: EapContext) -> Conversation:
    yield from challenge(b"")
    raise KeyError("a fault of ours")


def babbling(context: EapContext) -> Conversation:
    yield from challenge(b"")
    yield b"octets"  # type: ignore[misc]  # the fault
    raise AssertionError


def overflowing(context: EapContext) -> Conversation:
    yield from challenge(b"")
    yield Challenge(bytes(4092))
    raise AssertionError


@pytest.mark.parametrize(
    ("faulty", "error"),
    [(forgetful, ServiceError), (crashing, KeyError), (babbling, ServiceError), (overflowing, ServiceError)],
)
def test_a_fault_of_ours_is_raised_and_lets_nobody_in(faulty, error):
    authentication = method(faulty)
    authentication.receive(identity("ana", 0), NOW)
    with pytest.raises(error):
        authentication.receive(response(1, 21), NOW)
    assert authentication.over
    assert authentication.receive(response(1, 21), NOW) == Ignored(Discard.OVER)


def test_a_method_that_cannot_begin_lets_nobody_in():
    def unable(context: EapContext) -> Conversation:
        raise RuntimeError

    authentication = method(unable)
    with pytest.raises(RuntimeError):
        authentication.receive(identity("ana", 0), NOW)
    assert authentication.over


@pytest.fixture
def closings() -> Iterator[list[str]]:
    yield []


def holding(closings: list[str], kind: EapType) -> Offer:
    """A method that tells when it is closed, as one with a TLS connection must free it."""

    def holds(context: EapContext) -> Conversation:
        try:
            answer: bytes | Answer = yield Challenge(b"")
            answer = yield Verify(Question(context.identity, PlainPassword(Secret(b"x")), context.now))
            yield Challenge(bytes(4092) if isinstance(answer, NotHere) else b"")
            raise PeerFault(Cause.EAP_BROKEN, "")
        finally:
            closings.append(kind.name)

    return Offer(kind, Method.TTLS, holds)


def test_a_refused_method_is_closed(closings):
    authentication = make(holding(closings, EapType.TTLS), GTC)
    authentication.receive(identity("ana", 0), NOW)
    authentication.receive(nak(1, 6), NOW)
    assert closings == ["TTLS"]


@pytest.mark.parametrize("rounds", range(4))
def test_an_abandoned_method_is_closed(closings, rounds):
    authentication = make(holding(closings, EapType.TTLS))
    steps = [identity("ana", 0), response(1, 21), None]
    for step in steps[:rounds]:
        authentication.answered(Proved(ANA), NOW) if step is None else authentication.receive(step, NOW)
    authentication.abandoned(NOW)
    authentication.abandoned(NOW)
    assert closings == ["TTLS"][:rounds]
    assert authentication.over


def test_a_method_whose_word_cannot_be_sent_is_closed(closings):
    authentication = make(holding(closings, EapType.TTLS))
    authentication.receive(identity("ana", 0), NOW)
    authentication.receive(response(1, 21), NOW)
    with pytest.raises(ServiceError):
        authentication.answered(NotHere(), NOW)
    assert closings == ["TTLS"]


def test_too_many_rounds_close_the_method(closings):
    authentication = make(holding(closings, EapType.TTLS))
    for number in range(MAX_ROUNDS + 1):
        authentication.receive(identity("ana", number), NOW)
    assert closings == ["TTLS"]


# --- silence explained


@pytest.mark.parametrize(
    ("phase", "cause"),
    [
        (Phase.NEGOTIATION, Cause.DEVICE_WENT_SILENT),
        (Phase.METHOD, Cause.DEVICE_WENT_SILENT),
        (Phase.CERTIFICATE_SENT, Cause.SILENT_AFTER_CERTIFICATE),
        (Phase.IN_TUNNEL, Cause.SILENT_IN_TUNNEL),
        ("something else", Cause.DEVICE_WENT_SILENT),
    ],
)
def test_silence_is_explained_by_the_phase(phase, cause):
    authentication, _ = at("proposed")
    authentication.context.phase = phase
    assert authentication.phase == phase
    assert authentication.abandoned(NOW).cause is cause


def test_silence_tells_what_was_said_last_and_what_was_ignored():
    authentication, _ = at("agreed")
    for _ in range(2):
        authentication.receive(nak(12, 13), NOW)
    authentication.receive(b"\x02", NOW)
    failure = authentication.abandoned(NOW)
    assert failure.cause is Cause.SILENT_AFTER_CERTIFICATE
    assert failure.detail == "after request 2: peap, 8 octets; ignored: 2 x eap-late-nak, 1 x eap-malformed"
    assert failure.identity == "ana"


def test_silence_while_a_directory_thinks_is_not_the_devices():
    authentication, _ = at("asking")
    assert authentication.abandoned(NOW).cause is Cause.DIRECTORY_AWAY
    assert authentication.answered(Proved(ANA), NOW) == Ignored(Discard.OVER)


def test_a_conversation_that_never_began_is_explained_too():
    failure = make(GTC).abandoned(NOW)
    assert (failure.cause, failure.detail) == (Cause.DEVICE_WENT_SILENT, "before the first request")


def test_a_method_inside_tells_the_one_outside():
    outer = EapContext("anonymous", bytes, mtu=900, remember=True)
    outer.tls = "1.2"
    inner = outer.inside("ana", "mschapv2")
    assert (inner.identity, inner.mtu, inner.remember, inner.tls, inner.inner) == ("ana", 900, True, "1.2", "mschapv2")
    assert (outer.identity, outer.inner, outer.inner_identity) == ("anonymous", "mschapv2", "ana")
    failure = Failure(Cause.WRONG_PASSWORD)
    inner.foresee(failure)
    assert outer.foreseen is failure
    inner.foresee(None)
    assert outer.foreseen is None
