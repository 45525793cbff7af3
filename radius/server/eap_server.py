"""The gate's EAP branch: a packet with EAP-Message begins or goes on with a conversation, until that has a result.

    State?    none: a Response/Identity begins one; an empty EAP-Message (RFC 3579 section 2.1) is asked who it is
              ours: the conversation goes on                another worker's: handed over
              of a worker that is gone, or of a conversation that is over: a reject at once, so that the device starts over
              another node's: passed on to it, and where it does not answer a reject, so that the device starts over
              nobody's: silence and a counter
    Step?     Send: Access-Challenge        Ask: the directory, from memory or on its threads, as for every other method
              Succeeded, Failed: aaa.conclude, and out through the gate with its reply and its audit event
              Ignored: silence and a counter

Back-off is at the inner name and the device: who may not be asked now is told what a wrong password is told, in the method's
own words. A device whose outer name is backing off does not even get a TLS handshake.
"""

from collections.abc import Callable
from time import perf_counter_ns
from typing import Final, Protocol

from policies.access import Arrival
from radius.aaa.conclude import Conclusion, Outcome, conclude
from radius.aaa.schools import School, Schools
from radius.audit.causes import Cause
from radius.audit.events import Event
from radius.audit.tags import Tag
from radius.directory.question import (
    Answer,
    ChapResponse,
    CouldNotAsk,
    Directory,
    MsChap2Response,
    MsChapResponse,
    NotHere,
    PlainPassword,
    Question,
    Wrong,
)
from radius.eap.authentication import Authentication
from radius.eap.identity import read_identity
from radius.eap.method import EapContext, EapType, Failure, Success
from radius.eap.packet import EapCode, MalformedEap, decode, encode_result, identity_request
from radius.eap.steps import Ask, Failed, Ignored, Offered, Send, Succeeded
from radius.server.attempt import Attempt, Later
from radius.server.conversations import Conversation, Conversations, Miss
from radius.server.counters import Counters
from radius.server.credentials import Ended
from radius.server.eap_events import abandoned, ended
from radius.server.eap_replies import Pseudonym, Told, acceptance, challenge, eap_message
from radius.server.figures import CHALLENGE, CONVERSATION
from radius.server.gate import Gate
from radius.server.replies import proxy_states
from radius.server.sockets import Port, Source
from radius.server.state import SIZE, State, States
from radius.settings import EapSettings
from radius.wire.attributes import EAP_MESSAGE, FRAMED_MTU, MAX_VALUE, OPERATOR_NAME, PROXY_STATE, STATE
from radius.wire.codes import Code
from radius.wire.packet import MAX_PACKET, Packet

SMALLEST_PACKET: Final = 100  # octets; with a smaller Framed-MTU a certificate would need more rounds than there are
_EAPOL_HEADER: Final = 4  # IEEE 802.1X section 11.3; Framed-MTU counts it
_AROUND: Final = 38  # octets of the header and Message-Authenticator
_GUESSES: Final = (PlainPassword, ChapResponse, MsChapResponse, MsChap2Response)
_UNANSWERED: Final = str(Tag.ACCESS_UNANSWERED)
_START_OVER: Final = Conclusion(Outcome.REJECT, (Cause.SERVER_RESTARTED,))
_NOTHING: Final = Ended()
_ACCESS_CHALLENGE: Final = int(Code.ACCESS_CHALLENGE)
_ACCESS_REJECT: Final = int(Code.ACCESS_REJECT)
_ACCEPT: Final = Outcome.ACCEPT
_RESPONSE: Final = int(EapCode.RESPONSE)
_IDENTITY: Final = int(EapType.IDENTITY)
_BACKING_OFF: Final = Cause.BACKING_OFF


class Offering(Protocol):
    """Which methods are on offer to whom."""

    def choose(self, identity: str, ssid: str, address: str, school: str) -> Offered:
        """The methods for an outer identity, in a network of that name, behind a client with that address and school."""


class EapServer:
    """One worker's EAP server behind `gate`. `workers` is how many there are, `random(n)` gives n random octets.

    `elder` is the incarnation of this worker's predecessor while that still finishes its conversations, else None.
    """

    def __init__(
        self,
        gate: Gate,
        states: States,
        conversations: Conversations,
        offering: Offering,
        settings: EapSettings,
        schools: Schools,
        directory: Directory,
        later: Later,
        record: Callable[[Event], None],
        counters: Counters,
        random: Callable[[int], bytes],
        pseudonym: Pseudonym,
        workers: int = 1,
    ) -> None:
        self._gate = gate
        self._states = states
        self.conversations = conversations
        self._offering = offering
        self._settings = settings
        self._schools = schools
        self._directory = directory
        self._later = later
        self._record = record
        self._counters = counters
        self._random = random
        self._pseudonym = pseudonym
        self._workers = workers
        self.elder: int | None = None

    # --- whose packet it is

    def route(self, packet: Packet, source: Source, port: Port, local: bytes) -> State | None:
        """The State of a packet that is for this worker; None when it went elsewhere or is met with silence (counted)."""
        ours, counters = self._states, self._counters
        state = ours.read(packet.first[STATE])
        if state is None:
            counters.eap_state_foreign += 1
        elif state.node != ours.node:
            if self._later.hand_to_node(state, packet.octets, source, port, local):
                return None
            counters.node_away += 1
            return state
        elif state.worker != ours.worker and state.worker < self._workers:
            self._later.hand_over(state.worker, packet.octets, source, port.number, local)
        elif state.incarnation == self.elder and state.worker == ours.worker:
            self._later.hand_to_elder(packet.octets, source, port.number, local)
        else:
            return state
        return None

    def is_under_way(self, octets: bytes) -> bool:
        """See `attempt.Eap.is_under_way`."""
        state = self._states.read(octets)
        return state is not None and (not self._is_ours(state) or self.conversations.has(state))

    def _is_ours(self, state: State) -> bool:
        ours = self._states
        return state.worker == ours.worker and state.incarnation == ours.incarnation and state.node == ours.node

    # --- the packet's way

    def goes_on(self, attempt: Attempt) -> bool:
        """Take a request whose client and signature are proved, and which has a State of ours; False when the worker that
        wrote it is gone."""
        state = attempt.state
        if state is None or not self._is_ours(state):
            return False
        found = self.conversations.find(state, attempt.client)
        if isinstance(found, Miss):
            self._missed(attempt, found)
        elif found.waiting:
            self._counters.in_work_dropped += 1
            self._gate.forget(attempt)
        else:
            self._go_on(attempt, found, _eap_packet(attempt.packet))
        return True

    def begin(self, attempt: Attempt, arrival: Arrival) -> None:
        """Take one that has none, or that nobody can go on with."""
        if attempt.state is None:
            self._open(attempt, arrival, _eap_packet(attempt.packet))
        else:
            self._counters.eap_restarted += 1
            self._gate.finish(attempt, arrival, _NOTHING, _START_OVER, None)

    def tick(self, now: float) -> None:
        """End the conversations whose devices have stopped answering, each with its audit event."""
        for conversation in self.conversations.expire(now):
            self._counters.eap_abandoned += 1
            failure = conversation.authentication.abandoned(now)
            school = self._schools.get(conversation.client.school)
            conclusion = self._failed(conversation, failure, school, now)
            method = conversation.authentication.method or ""
            self._gate.figures.decided(conversation.client, method, _UNANSWERED, conclusion.causes, now)
            self._record(abandoned(conversation, ended(conversation, failure), conclusion, now))

    def _open(self, attempt: Attempt, arrival: Arrival, octets: bytes) -> None:
        nas = attempt.source[0]
        if not octets:
            if self.conversations.has_room(nas, arrival.mac):
                self._send_challenge(attempt, challenge(identity_request(self._random(1)[0]), b""))
            else:
                self._gate.forget(attempt)
            return
        try:
            packet = decode(octets)
        except MalformedEap:
            self._ignore(attempt)
            return
        if packet.code != _RESPONSE or packet.type != _IDENTITY:
            self._counters.eap_stateless += 1
            self._gate.forget(attempt)
            return
        identity = read_identity(packet.data) or ""
        if self._gate.backoff.refusal(arrival.mac, identity, attempt.now) is _BACKING_OFF:
            refused = Conclusion(Outcome.REJECT, (Cause.BACKING_OFF,), wrong=True)
            self._gate.finish(attempt, arrival, Ended(user=identity), refused, None)
            return
        if not self.conversations.has_room(nas, arrival.mac):
            self._gate.forget(attempt)
            return
        school = attempt.client.school
        offered = self._offering.choose(identity, arrival.ssid, nas, school)
        context = EapContext(identity, self._random, self._packet_size(attempt.packet), school=school)
        context.withheld = offered.withheld
        authentication = Authentication(offered.offers, context)
        begun = self.conversations.begin(authentication, attempt.client, nas, arrival, attempt.now)
        self._go_on(attempt, begun, octets)

    def _packet_size(self, packet: Packet) -> int:
        """How many octets an EAP packet may have: the settings' bound, the link's (RFC 2865 section 5.12), and what fits a
        RADIUS packet beside the Proxy-States that come back in it."""
        size = self._settings.packet_size
        link = packet.first.get(FRAMED_MTU)
        if link is not None and len(link) == 4:
            size = min(size, int.from_bytes(link, "big") - _EAPOL_HEADER)
        if PROXY_STATE in packet.first:
            proxies = sum(len(value) + 2 for value in packet.all(PROXY_STATE))
            size = min(size, (MAX_PACKET - _AROUND - 2 - SIZE - proxies) * MAX_VALUE // (MAX_VALUE + 2) - 2)
        return max(size, SMALLEST_PACKET)

    def _missed(self, attempt: Attempt, miss: Miss) -> None:
        """A State of ours that goes on with nothing."""
        if miss is Miss.GONE:
            self._counters.eap_late += 1
            packet, octets = attempt.packet, attempt.packet.first[EAP_MESSAGE]
            attributes = eap_message(encode_result(EapCode.FAILURE, octets[1] if len(octets) > 1 else 0))
            self._gate.send(attempt, attempt.secret.reply(_ACCESS_REJECT, packet, attributes + proxy_states(packet)))
            return
        if miss is not Miss.SILENCED:
            self._counters.eap_stale += 1
        self._gate.forget(attempt)

    def _ignore(self, attempt: Attempt) -> None:
        self._counters.eap_ignored += 1
        self._gate.forget(attempt)

    def _go_on(self, attempt: Attempt, conversation: Conversation, word: bytes | Answer) -> None:
        """One step from an EAP packet or an answer of the directory, and what it asks for. A fault of ours ends the
        conversation; the gate meets it with silence."""
        authentication, now = conversation.authentication, attempt.now
        try:
            step = authentication.receive(word, now) if isinstance(word, bytes) else authentication.answered(word, now)
            while isinstance(step, Ask):
                answer = self._answer(attempt, conversation, step)
                if answer is None:
                    self._ask_later(attempt, conversation, step.question)
                    return
                step = authentication.answered(answer, now)
            self._do(attempt, conversation, step)
        except Exception:
            self.conversations.silence(conversation, attempt.now)
            raise

    def _answer(self, attempt: Attempt, conversation: Conversation, step: Ask) -> Answer | None:
        """What memory or patience answers; None when a thread of the directory must be asked."""
        question, backoff = step.question, self._gate.backoff
        conversation.asked = question.principal
        conversation.guessed = isinstance(question.credential, _GUESSES)
        if conversation.guessed:
            conversation.refusal = backoff.refusal(conversation.mac, question.principal, attempt.now)
            if conversation.refusal is not None:
                return NotHere()
        answer = self._directory.answer_now(question)
        if answer is not None:
            self._learn(conversation, answer, attempt.now)
        return answer

    def _ask_later(self, attempt: Attempt, conversation: Conversation, question: Question) -> None:
        conversation.waiting = True
        self._later.ask(question, lambda answer: self._answered_later(attempt, conversation, answer))

    def _answered_later(self, attempt: Attempt, conversation: Conversation, answer: Answer) -> None:
        conversation.waiting = False
        try:
            self._learn(conversation, answer, attempt.now)
            self._go_on(attempt, conversation, answer)
        except Exception as error:  # noqa: BLE001 - the edge: whatever is wrong with one request, the next is served
            self._gate.fault(attempt, error)

    def _learn(self, conversation: Conversation, answer: Answer, now: float) -> None:
        """Each wrong password counts, also those that a device tries again within one conversation."""
        if conversation.guessed and isinstance(answer, Wrong | NotHere):
            patience = answer.patience if isinstance(answer, Wrong) else 0.0
            self._gate.backoff.failed(conversation.mac, conversation.asked, now, patience)

    # --- what a step comes to

    def _do(self, attempt: Attempt, conversation: Conversation, step: Send | Succeeded | Failed | Ignored) -> None:
        if isinstance(step, Send):
            self._challenge(attempt, conversation, step.octets)
        elif isinstance(step, Succeeded):
            self.conversations.end(conversation)
            self._succeeded(attempt, conversation, step)
        elif isinstance(step, Failed):
            school = self._schools.get(attempt.client.school)
            failed = self._failed(conversation, step.failure, school, attempt.now)
            conclusion = self._gate.or_silence(failed, attempt)
            if conclusion.outcome is Outcome.SILENCE:
                self.conversations.silence(conversation, attempt.now)
            else:
                self.conversations.end(conversation)
            end = ended(conversation, step.failure)
            self._gate.finish(attempt, conversation.arrival, end, conclusion, school)
        else:
            if not conversation.round:
                self.conversations.end(conversation)
            self._ignore(attempt)

    def _challenge(self, attempt: Attempt, conversation: Conversation, octets: bytes) -> None:
        """The next Request, or the same once more with the State that it had: what the NAS repeats stays one round."""
        if octets is not conversation.sent:
            conversation.round += 1
            conversation.sent = octets
        self.conversations.touch(conversation, attempt.now)
        self._send_challenge(attempt, challenge(octets, self._states.write(conversation.id, conversation.round)))

    def _send_challenge(self, attempt: Attempt, attributes: bytes) -> None:
        packet = attempt.packet
        attributes += proxy_states(packet)
        if len(attributes) > MAX_PACKET - _AROUND:  # more Proxy-States than at the beginning, which nothing honest adds
            self._ignore(attempt)
            return
        self._counters.eap_challenges += 1
        self._gate.send(attempt, attempt.secret.reply(_ACCESS_CHALLENGE, packet, attributes))
        self._gate.figures.times[CHALLENGE].add((perf_counter_ns() - attempt.began) // 1000)

    def _succeeded(self, attempt: Attempt, conversation: Conversation, step: Succeeded) -> None:
        """The proof held; now policy, as for every other method."""
        success, client, arrival = step.success, attempt.client, conversation.arrival
        self._gate.figures.times[CONVERSATION].add(int((attempt.now - conversation.begun) * 1e6))
        end = ended(conversation, success)
        if conversation.guessed:
            self._gate.backoff.succeeded(conversation.mac, conversation.asked, attempt.now)
        school = self._schools.get(client.school)
        if school is None:
            gone = Conclusion(Outcome.SILENCE, (Cause.SCHOOL_GONE,))
            self._gate.finish(attempt, arrival, end, gone, None)
            return
        proved = success.proved
        conclusion = conclude(arrival, success.method, proved, school, client.location, attempt.now, success.issuer)
        if conclusion.outcome is not _ACCEPT:
            self._gate.finish(attempt, arrival, end, conclusion, school)
            return
        told = Told(self._name(success, school, attempt.packet), client.network)
        attributes = acceptance(step.octets, success, told, attempt.secret, attempt.packet, self._random, self._pseudonym)
        self._gate.accept(attempt, arrival, end, proved, school, conclusion, 0, attributes)

    def _name(self, success: Success, school: School, packet: Packet) -> str:
        """The name for User-Name in the Accept, "" where the NAS shall not be told."""
        principal, when = success.proved.principal, self._settings.user_name
        at_home = principal.school in ("", school.name) and OPERATOR_NAME not in packet.first
        return principal.name if when == "always" or (when == "at-home" and at_home) else ""

    def _failed(self, conversation: Conversation, failure: Failure, school: School | None, now: float) -> Conclusion:
        """What a failure comes to. Each is told after the reject delay, so that a device that loops does it slowly.

        Where the directory could not be asked, policy's critical grant cannot be given: without a finished method there are
        no keys, and the device would not believe a success.
        """
        if conversation.refusal is not None:
            return Conclusion(Outcome.REJECT, (conversation.refusal,), wrong=True)
        answer, method = failure.answer, conversation.authentication.method
        if isinstance(answer, CouldNotAsk):
            return Conclusion(Outcome.SILENCE, (Cause.DIRECTORY_AWAY,))
        if answer is None or method is None or school is None:
            return Conclusion(Outcome.REJECT, (failure.cause,), failure.principal, wrong=True)
        location = conversation.client.location
        concluded = conclude(conversation.arrival, method, answer, school, location, now)
        if concluded.outcome is Outcome.ACCEPT:  # a method that failed with a proof in hand: not by this door
            return Conclusion(Outcome.REJECT, (failure.cause,), concluded.principal, wrong=True)
        return concluded


def _eap_packet(packet: Packet) -> bytes:
    """What EAP-Message carries, in one piece or several (RFC 3579 section 3.1)."""
    pieces = packet.all(EAP_MESSAGE)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)
