"""One EAP conversation, from the peer's identity to success or failure: the authenticator of RFC 3748 as RFC 4137 runs it.

The server puts each EAP packet and each answer of a directory in and does what the returned Step says. The methods on offer
are generators (radius.eap.method); everything that they share is here: identifiers, negotiation, rounds, sizes, duplicates.

A conversation is in one of five states. It *awaits an identity*; then the first method on offer makes its first Request and
is *proposed*; with the first Response of its type it is *agreed*, which can never be taken back; while the directory thinks
it is *asking*; and it is *over* as soon as somebody got in or nobody can any more.

What a Response means depends on the state and on its kind, and this table is all that is ever done:

    awaits an identity   identity   the first method is proposed
    proposed             identity   the same identity again (the peer missed the Request): the same Request, newly numbered
    proposed             nak        the best method left that the peer asks for is proposed, or METHOD_REFUSED
    proposed, agreed     method     the method goes on with the Response's type-data

Every pair that is not in it is discarded in silence, as RFC 4137 section 5.4 has it (a Nak or another type in the middle, a
second identity), and so is whatever answers another Identifier than the one that is out: anybody near may forge a packet,
and once a method is agreed a forged one must neither move the conversation nor end it. What was discarded is told when the
peer falls silent. The very octets that were answered last get the same Request once more.

Nobody gets in but by a method's `return Success`. While a method runs the conversation counts as over, so that a fault of
ours, which the shell logs and meets with silence, leaves it over.
"""

from collections.abc import Callable, Sequence
from enum import IntEnum, auto
from typing import Final

from policies.access import Method
from radius.audit.causes import Cause
from radius.directory.question import Answer
from radius.eap.identity import read_identity
from radius.eap.method import (
    Challenge,
    Conversation,
    EapContext,
    EapType,
    Failure,
    PeerFault,
    Phase,
    Success,
    Verify,
)
from radius.eap.packet import (
    MAX_EAP_PACKET,
    OVERHEAD,
    EapCode,
    EapPacket,
    MalformedEap,
    decode,
    encode,
    encode_result,
    name_of_type,
    wanted_types,
)
from radius.eap.steps import Ask, Discard, Failed, Ignored, Offer, Send, Step, Succeeded
from radius.errors import ServiceError

MAX_ROUNDS: Final = 50  # Requests in a conversation; what FreeRADIUS and hostapd allow as well


class State(IntEnum):
    """See the module. PROPOSED and AGREED are RFC 4137's methodState PROPOSED and CONTINUE.

    States and kinds are the table's keys, and numbers because the hash of any other enumeration is a function in Python.
    """

    AWAITS_IDENTITY = auto()
    PROPOSED = auto()
    AGREED = auto()
    ASKING = auto()
    OVER = auto()


class Kind(IntEnum):
    """What a Response is to the conversation: METHOD has the type of the method under way, OTHER any that is not named."""

    IDENTITY = auto()
    NAK = auto()
    METHOD = auto()
    OTHER = auto()


# On a packet's way an attribute of an enumeration is a look-up; a final name of this module's own is none (ADR 0006).
_AWAITS_IDENTITY: Final = State.AWAITS_IDENTITY
_PROPOSED: Final = State.PROPOSED
_AGREED: Final = State.AGREED
_ASKING: Final = State.ASKING
_OVER: Final = State.OVER
_IDENTITY: Final = Kind.IDENTITY
_NAK: Final = Kind.NAK
_METHOD: Final = Kind.METHOD
_OTHER: Final = Kind.OTHER
_REQUEST: Final = int(EapCode.REQUEST)
_RESPONSE: Final = int(EapCode.RESPONSE)
_IDENTITY_TYPE: Final = int(EapType.IDENTITY)
_NAK_TYPE: Final = int(EapType.NAK)
_NEGOTIATION: Final = Phase.NEGOTIATION
_IN_METHOD: Final = Phase.METHOD


class Authentication:
    """One conversation with one peer. `offers` are tried in their order, except that the peer may choose among them.

    `identity` (the outer one), `method` (under way, None before the first), `phase` and `rounds` (Requests sent) are there to
    be read. Neither octets nor answers make it raise; a fault in a method is raised as it is, and the conversation is over.
    """

    def __init__(self, offers: Sequence[Offer], context: EapContext) -> None:
        self.context = context
        self.method: Method | None = None
        self.rounds = 0
        self._offers = tuple(offers)
        self._left = list(offers)
        self._state = _AWAITS_IDENTITY
        self._conversation: Conversation | None = None
        self._type = 0
        self._identifier = 0  # of the Request that is out
        self._answered = b""  # the Response that was dealt with last
        self._request = b""  # the Request that is out
        self._said = Challenge(b"")  # what the method put into it
        self._discarded: dict[Discard, int] = {}

    @property
    def identity(self) -> str:
        """The outer identity, as the peer sent it."""
        return self.context.identity

    @property
    def phase(self) -> str:
        """How far it came, in the words of `Phase`."""
        return self.context.phase

    @property
    def over(self) -> bool:
        """Whether nothing more can come of it."""
        return self._state is _OVER

    def receive(self, octets: bytes, now: float) -> Step:
        """An EAP packet from the peer; the first is a Response/Identity. `now` is seconds since the epoch."""
        state = self._state
        if state is _OVER:
            return self._discard(Discard.OVER)
        if state is _ASKING:
            return self._discard(Discard.NOT_AWAITED)
        if state is not _AWAITS_IDENTITY and octets == self._answered:
            return Send(self._request)  # which the peer or the access point has not seen
        try:
            packet = decode(octets)
        except MalformedEap:
            return self._discard(Discard.MALFORMED)
        if packet.code != _RESPONSE:
            return self._discard(Discard.NOT_A_RESPONSE)
        kind = self._kind(packet)
        step = _TABLE.get((state, kind))
        if step is None:
            return self._discard(Discard.NO_IDENTITY_FIRST if state is _AWAITS_IDENTITY else _UNEXPECTED[kind])
        if packet.identifier != self._identifier and kind is not _IDENTITY:
            return self._discard(Discard.WRONG_IDENTIFIER)
        self.context.now = now
        return step(self, packet, octets)

    def answered(self, answer: Answer, now: float) -> Step:
        """The directory's answer to the question of the last Ask; ignored when there is none."""
        if self._state is not _ASKING:
            return self._discard(Discard.OVER if self.over else Discard.NOT_AWAITED)
        self.context.now = now
        return self._resume(answer)

    def abandoned(self, now: float) -> Failure:
        """The peer has stopped answering: ends the conversation and tells what that looks like."""
        self.context.now = now
        state, context = self._state, self.context
        self._end()
        if state is _ASKING:
            return self._failure(Cause.DIRECTORY_AWAY, "the directory had not answered yet")
        if context.foreseen is not None:
            return context.foreseen
        return self._failure(_SILENCE.get(context.phase, Cause.DEVICE_WENT_SILENT), self._last_words())

    # --- the rows of the table

    def _begin(self, packet: EapPacket, octets: bytes) -> Step:
        identity = read_identity(packet.data)
        self._took(packet, octets)
        if identity is None:
            return self._fail(self._failure(Cause.UNREADABLE_NAME, "an identity that is not UTF-8, or not printable"))
        self.context.identity = identity
        return self._propose(self._left)

    def _again(self, packet: EapPacket, octets: bytes) -> Step:
        if read_identity(packet.data) != self.context.identity:
            return self._discard(Discard.SECOND_IDENTITY)  # what is on offer was chosen for the first one
        out, self._identifier = self._identifier, packet.identifier
        if self._next_identifier() == out:
            self._identifier = out  # a new Request has a new Identifier, and the one of the last Request is not
        self._answered = octets
        return self._send(self._said, _PROPOSED)

    def _negotiate(self, packet: EapPacket, octets: bytes) -> Step:
        try:
            wanted = wanted_types(octets, packet.data)
        except MalformedEap:
            return self._discard(Discard.MALFORMED)
        self._took(packet, octets)
        self._close()
        fitting = [offer for offer in self._left if offer.eap_type in wanted]
        return self._propose(fitting, ", ".join(map(name_of_type, wanted)) or "no other method")

    def _proceed(self, packet: EapPacket, octets: bytes) -> Step:
        self._took(packet, octets)
        if self.context.phase == _NEGOTIATION:
            self.context.phase = _IN_METHOD
        self._state = _AGREED
        return self._resume(packet.data)

    # --- what they are made of

    def _kind(self, packet: EapPacket) -> Kind:
        if packet.type == self._type and self._conversation is not None:
            return _METHOD
        if packet.type == _IDENTITY_TYPE:
            return _IDENTITY
        return _NAK if packet.type == _NAK_TYPE else _OTHER

    def _took(self, packet: EapPacket, octets: bytes) -> None:
        """This Response is the one that the next Request, Success or Failure answers."""
        self._answered = octets
        self._identifier = self.context.identifier = packet.identifier

    def _propose(self, fitting: list[Offer], asked_for: str = "") -> Step:
        """Begin the first of `fitting`; a method is proposed once at most, so this comes to an end."""
        if not fitting:
            offered = ", ".join(name_of_type(offer.eap_type) for offer in self._offers) or "nothing"
            detail = f"offered {offered}" + (f"; the device asks for {asked_for}" if asked_for else "")
            if self.context.withheld:
                detail += f"; {self.context.withheld}"
            return self._fail(self._failure(Cause.METHOD_REFUSED, detail))
        offer = fitting[0]
        self._left.remove(offer)
        self._state, self.method, self._type = _OVER, offer.method, offer.eap_type
        self.context.phase = _NEGOTIATION
        self._conversation = offer.begin(self.context)
        return self._resume(None, _PROPOSED)

    def _resume(self, value: bytes | Answer | None, awaiting: State = _AGREED) -> Step:
        """Run the method up to its next word and put that into effect."""
        conversation, self._conversation, self._state = self._conversation, None, _OVER
        if conversation is None:
            raise ServiceError("a conversation without a method went on")
        try:
            said = next(conversation) if value is None else conversation.send(value)
        except StopIteration as end:
            return self._conclude(end.value)
        except PeerFault as fault:
            return self._fail(self._failure(fault.cause, fault.detail))
        if isinstance(said, Challenge) and len(said.data) <= MAX_EAP_PACKET - OVERHEAD:
            self._conversation = conversation
            return self._send(said, awaiting)
        if isinstance(said, Verify):
            self._conversation, self._state = conversation, _ASKING
            return Ask(said.question)
        conversation.close()
        raise ServiceError(f"a method yielded {type(said).__name__}, which cannot be sent")

    def _send(self, said: Challenge, awaiting: State) -> Step:
        if self.rounds >= MAX_ROUNDS:
            return self._fail(self._failure(Cause.TOO_MANY_ROUNDS, f"{MAX_ROUNDS} requests were not enough"))
        identifier = self._next_identifier()
        self._request = encode(_REQUEST, identifier, self._type, said.data)
        self._identifier, self._said, self._state = identifier, said, awaiting
        self.rounds += 1
        return Send(self._request)

    def _next_identifier(self) -> int:
        return (self._identifier + 1) & 0xFF

    def _conclude(self, outcome: Success | Failure) -> Step:
        if isinstance(outcome, Success):
            self._end()
            return Succeeded(encode_result(EapCode.SUCCESS, self._identifier), outcome)
        if isinstance(outcome, Failure):
            return self._fail(outcome)
        raise ServiceError(f"a method returned {type(outcome).__name__}")

    def _fail(self, failure: Failure) -> Failed:
        self._end()
        return Failed(encode_result(EapCode.FAILURE, self._identifier), failure)

    def _failure(self, cause: Cause, detail: str) -> Failure:
        context = self.context
        identity = context.inner_identity or context.identity
        return Failure(cause, detail=detail, identity=identity, inner=context.inner, tls=context.tls)

    def _discard(self, why: Discard) -> Ignored:
        self._discarded[why] = self._discarded.get(why, 0) + 1
        return Ignored(why)

    def _last_words(self) -> str:
        """Where it fell silent, for a technician."""
        if not self.rounds:
            return "before the first request"
        words = f"after request {self.rounds}: {name_of_type(self._type)}, {len(self._request)} octets"
        ignored = ", ".join(f"{count} x {why}" for why, count in self._discarded.items())
        return f"{words}; ignored: {ignored}" if ignored else words

    def _end(self) -> None:
        self._state = _OVER
        self._close()

    def _close(self) -> None:
        """Let the method free what it holds (a TLS connection). A method that runs has no conversation to close."""
        conversation, self._conversation = self._conversation, None
        if conversation is not None:
            conversation.close()


_TABLE: Final[dict[tuple[State, Kind], Callable[[Authentication, EapPacket, bytes], Step]]] = {
    (State.AWAITS_IDENTITY, Kind.IDENTITY): Authentication._begin,
    (State.PROPOSED, Kind.IDENTITY): Authentication._again,
    (State.PROPOSED, Kind.NAK): Authentication._negotiate,
    (State.PROPOSED, Kind.METHOD): Authentication._proceed,
    (State.AGREED, Kind.METHOD): Authentication._proceed,
}

_UNEXPECTED = {Kind.IDENTITY: Discard.SECOND_IDENTITY, Kind.NAK: Discard.LATE_NAK, Kind.OTHER: Discard.OTHER_TYPE}

_SILENCE: dict[str, Cause] = {
    Phase.CERTIFICATE_SENT: Cause.SILENT_AFTER_CERTIFICATE,
    Phase.IN_TUNNEL: Cause.SILENT_IN_TUNNEL,
}
