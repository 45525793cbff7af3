"""Conversations taken apart and put together wrongly: nothing raises, and nobody gets in without the proof.

The machine is everybody who can send packets at once: a device with a wrong password, one with the right one, somebody who
recorded logins by MD5 and MSCHAPv2 and replays them, somebody who changes octets, and chance. The directory is the real one.
"""

import hashlib
from functools import partial

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from policies.access import Method
from radius.directory.question import CouldNotAsk, NotHere, Principal, Proved, Wrong
from radius.eap.authentication import MAX_ROUNDS, Authentication
from radius.eap.gtc import gtc
from radius.eap.md5 import md5
from radius.eap.method import EapContext, EapType
from radius.eap.mschapv2 import mschapv2
from radius.eap.packet import MAX_EAP_PACKET, identity_request
from radius.eap.steps import Ask, Failed, Ignored, Offer, Send, Step, Succeeded
from tests.fakes.eap_peer import Peer, answering, converse, expanded_nak, identity, nak, response
from tests.fakes.school_house import NOW, SchoolHouse

NAME, PASSWORD = "nastavnik.primer", "staff password 1"
SOMEBODY = Principal("person:1", NAME, "staff", frozenset(), "os-primer")
OFFERS = {
    "md5": Offer(EapType.MD5, Method.EAP_MD5, md5),
    "gtc": Offer(EapType.GTC, Method.EAP_GTC, gtc),
    "mschapv2": Offer(EapType.MSCHAPV2, Method.EAP_MSCHAPV2, partial(mschapv2, retries=2)),
}
ASK = answering(SchoolHouse())


class Chance:
    """Octets that never come twice, the same in each run."""

    def __init__(self, seed: int = 0) -> None:
        self._count = seed << 32

    def __call__(self, size: int) -> bytes:
        self._count += 1
        return hashlib.shake_256(self._count.to_bytes(8, "big")).digest(size)


def recorded(offer: str) -> list[bytes]:
    """Every Response of a login with the right password."""
    responses: list[bytes] = []

    class Recording(Peer):
        def answer(self, request: bytes) -> bytes:
            responses.append(super().answer(request))
            return responses[-1]

    authentication = Authentication([OFFERS[offer]], EapContext("", Chance(1)))
    assert isinstance(converse(authentication, Recording(NAME, PASSWORD), ASK, NOW), Succeeded)
    return responses


START = identity_request(0)
RECORDED = [packet for offer in ("md5", "mschapv2") for packet in recorded(offer)]
TYPES = st.sampled_from([1, 2, 3, 4, 6, 13, 21, 25, 26, 33, 52, 254, 255])
SPEAKS = st.sampled_from([(26, 6, 4), (26,), (6,), (4,)])
BEGINNINGS = st.sampled_from([b"", b"\x03", b"\x04", b"\x02\x01\x00\x36\x31", b"\x02\x01\x00\x04", b"\x07", b"\x10"])


def renumbered(packet: bytes, identifier: int) -> bytes:
    return packet[:1] + bytes((identifier % 256,)) + packet[2:]


class Conversations(RuleBasedStateMachine):
    """`proved` is whether the directory said so in this conversation; `told` whether somebody used the right password."""

    def __init__(self) -> None:
        super().__init__()
        self.chance = Chance()

    @initialize(offers=st.permutations(list(OFFERS)), greeted=st.sampled_from([True, True, True, False]))
    def start(self, offers: list[str], greeted: bool) -> None:
        self.offers = offers
        self.authentication = Authentication([OFFERS[name] for name in offers], EapContext("", self.chance))
        self.request = START
        self.asked: Ask | None = None
        self.proved = self.told = False
        if greeted:
            self.somebody_says_who_it_is(NAME, 0)

    @rule(
        right=st.booleans(), speaks=st.sampled_from([(26, 6, 4), (26,), (6,), (4,)]), ahead=st.sampled_from([0, 0, 0, 1, 255])
    )
    def a_device_answers(self, right: bool, speaks: tuple[int, ...], ahead: int) -> None:
        self.told |= right
        packet = self.response_of(Peer(NAME, PASSWORD if right else "guess", speaks))
        self.receive(renumbered(packet, packet[1] + ahead))

    @rule(right=st.booleans(), speaks=SPEAKS, rounds=st.integers(2, 4))
    def a_device_and_the_directory_go_on(self, right: bool, speaks: tuple[int, ...], rounds: int) -> None:
        for _ in range(rounds):
            if self.asked is None:
                self.a_device_answers(right, speaks, 0)
            else:
                self.the_directory_answers()

    @rule(position=st.integers(0, 80), bit=st.integers(0, 7), cut=st.integers(0, 3), more=st.binary(max_size=3))
    def a_device_with_a_wrong_password_is_garbled(self, position: int, bit: int, cut: int, more: bytes) -> None:
        packet = bytearray(self.response_of(Peer(NAME, "guess")))
        packet[position % len(packet)] ^= 1 << bit
        self.receive(bytes(packet[: len(packet) - cut]) + more)

    @rule(packet=st.sampled_from(RECORDED), number=st.booleans())
    def a_login_is_replayed(self, packet: bytes, number: bool) -> None:
        self.receive(renumbered(packet, self.request[1]) if number else packet)

    @rule(kind=TYPES, begin=BEGINNINGS, data=st.binary(max_size=60), ahead=st.sampled_from([0, 0, 1, 255]))
    def somebody_makes_a_response_up(self, kind: int, begin: bytes, data: bytes, ahead: int) -> None:
        self.receive(response((self.request[1] + ahead) % 256, kind, begin + data))

    @rule(wanted=st.lists(st.sampled_from([4, 6, 26, 52, 0]), max_size=4), spelt_long=st.booleans())
    def somebody_naks(self, wanted: list[int], spelt_long: bool) -> None:
        number = self.request[1]
        self.receive(expanded_nak(number, *((0, kind) for kind in wanted)) if spelt_long else nak(number, *wanted))

    @rule(name=st.sampled_from([NAME, "ucenik.primer", "", "\x00", "OS\\" + NAME]), identifier=st.integers(0, 255))
    def somebody_says_who_it_is(self, name: str, identifier: int) -> None:
        self.receive(identity(name, identifier))

    @rule(octets=st.binary(max_size=80))
    def anything_arrives(self, octets: bytes) -> None:
        self.receive(octets)

    @precondition(lambda self: self.asked is not None)
    @rule()
    def the_directory_answers(self) -> None:
        assert self.asked is not None
        answer = ASK(self.asked.question)
        if isinstance(answer, Proved):
            assert self.told, "the directory believed somebody who does not know the password"
            self.proved = True
        self.take(self.authentication.answered(answer, NOW))

    @precondition(lambda self: self.asked is not None)
    @rule(answer=st.sampled_from([Wrong(SOMEBODY), NotHere(), CouldNotAsk("ldap")]))
    def the_directory_says_no(self, answer: Wrong | NotHere | CouldNotAsk) -> None:
        self.take(self.authentication.answered(answer, NOW))

    @precondition(lambda self: self.asked is None)
    @rule()
    def an_answer_comes_that_nobody_asked_for(self) -> None:
        assert isinstance(self.authentication.answered(Proved(SOMEBODY), NOW), Ignored)

    @rule()
    def it_is_abandoned(self) -> None:
        self.authentication.abandoned(NOW)
        assert self.authentication.over
        self.start(self.offers, greeted=True)

    def response_of(self, peer: Peer) -> bytes:
        if self.request[4:6] == b"\x1a\x03":  # this peer has not seen the challenge, so it cannot check the server's proof
            assert self.proved, "a success was told without a proof"
            return response(self.request[1], 26, b"\x03")
        return peer.answer(self.request)

    def receive(self, octets: bytes) -> None:
        self.take(self.authentication.receive(octets, NOW))

    def take(self, step: Step) -> None:
        if isinstance(step, Ignored):
            return
        self.asked = step if isinstance(step, Ask) else None
        if isinstance(step, Send):
            assert len(step.octets) <= MAX_EAP_PACKET
            assert self.request in (START, step.octets) or step.octets[1] != self.request[1]
            self.request = step.octets
        if isinstance(step, Succeeded):
            assert self.proved
            assert step.success.proved.principal.name == NAME
        if isinstance(step, Succeeded | Failed):
            assert step.octets[1:] == bytes((step.octets[1], 0, 4))
            assert self.authentication.over
            self.start(self.offers, greeted=True)

    @invariant()
    def it_is_bounded(self) -> None:
        assert self.authentication.rounds <= MAX_ROUNDS


Conversations.TestCase.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
test_nobody_gets_in_without_the_proof = Conversations.TestCase
