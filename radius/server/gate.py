"""The way of a packet: client, octets, duplicate, authenticators, proof, directory, policy, reply, event.

One natural way, no detours. What memory can answer is answered inside the call; only a directory that must be waited for, a
reject that is delayed, or a device that belongs to another worker comes back later. Nothing here raises: on the wire a fault
is silence and a counter.
"""

import logging
from collections.abc import Callable
from time import perf_counter_ns, time
from typing import Final

from policies.access import Arrival, Method
from policies.decision import Decision
from radius.aaa.backoff import Backoff
from radius.aaa.conclude import Conclusion, Outcome, conclude
from radius.aaa.limits import within
from radius.aaa.schools import School, Schools
from radius.aaa.silences import Silences
from radius.audit.causes import Cause
from radius.audit.events import Event
from radius.audit.tags import Tag
from radius.directory.question import Answer, Directory, PlainPassword, Proved, Question, Wrong
from radius.errors import MalformedPacket, PeerError
from radius.server.attempt import Attempt, Eap, Later, TakesAccounting
from radius.server.clients import Client, Clients, is_text
from radius.server.counters import Counters
from radius.server.credentials import Ended, Proof, read_proof
from radius.server.decision_events import decided
from radius.server.duplicates import Duplicates, key_of, repeat
from radius.server.faults import where
from radius.server.figures import Figures
from radius.server.replies import Replies, Template, proxy_states
from radius.server.sockets import Port, Source
from radius.server.status_server import answer_status
from radius.server.steering import owner_of
from radius.store.records import PresenceRecord
from radius.wire.attributes import CALLING_STATION_ID, EAP_MESSAGE, PROXY_STATE, STATE
from radius.wire.codes import Code
from radius.wire.packet import Packet, decode, glance

log = logging.getLogger(__name__)

# On a packet's way an attribute of an enumeration or a module is a look-up; a final name of this module's own is none.
_ACCESS_REQUEST: Final = int(Code.ACCESS_REQUEST)
_ACCESS_ACCEPT: Final = int(Code.ACCESS_ACCEPT)
_ACCESS_REJECT: Final = int(Code.ACCESS_REJECT)
_ACCOUNTING_REQUEST: Final = int(Code.ACCOUNTING_REQUEST)
_STATUS_SERVER: Final = int(Code.STATUS_SERVER)
_GRANTED: Final = str(Tag.ACCESS_GRANTED)
_DENIED: Final = str(Tag.ACCESS_DENIED)
_UNANSWERED: Final = str(Tag.ACCESS_UNANSWERED)
_ACCEPT: Final = Outcome.ACCEPT
_SILENCE: Final = Outcome.SILENCE
_MAB: Final = Method.MAB
_clock: Final = perf_counter_ns


class Gate:
    """One worker's gate. `worker` of `workers` owns the devices whose Calling-Station-Id hashes to it; `clock` gives seconds
    since the epoch; `another_server` says that access points have one to ask when this one is silent."""

    def __init__(
        self,
        clients: Clients,
        schools: Schools,
        directory: Directory,
        replies: Replies,
        record: Callable[[Event], None],
        later: Later,
        counters: Counters,
        worker: int = 0,
        workers: int = 1,
        clock: Callable[[], float] = time,
        another_server: bool = False,
    ) -> None:
        self._clients = clients
        self._schools = schools
        self._directory = directory
        self._replies = replies
        self._record = record
        self._later = later
        self._counters = counters
        self._worker = worker
        self._workers = workers
        self._clock = clock
        self.duplicates = Duplicates()
        self.backoff = Backoff()
        self._silences = Silences(another_server)
        self.figures = Figures()
        self.closing = False  # the server stops: nothing new is begun
        self.eap: Eap | None = None  # without it a request with EAP-Message is rejected
        self.accounting: TakesAccounting | None = None  # without it the accounting port answers Status-Server alone
        self.presence: Callable[[str], PresenceRecord | None] | None = None  # without it no grant's limits are held

    def knows(self, address: str) -> bool:
        """Whether a client has this source address."""
        return self._clients.find(address) is not None or self._clients.prepare(address) is not None

    def is_under_way(self, octets: bytes) -> bool:
        """Whether a datagram, at a glance, goes on with a conversation that lives."""
        state = glance(octets, STATE)
        return state is not None and self.eap is not None and self.eap.is_under_way(state)

    def receive(self, octets: bytes, source: Source, port: Port, local: bytes, handed: bool = False) -> None:
        """Take one datagram. `handed` says that another worker has passed it on to us."""
        counters = self._counters
        counters.requests += 1
        began = _clock()
        client = self._clients.find(source[0]) or self._clients.prepare(source[0])
        if client is None:
            counters.unknown_client += 1
            self._later.unknown_client(source[0], octets, self._clock())
            return
        try:
            packet = decode(octets)
        except MalformedPacket:
            counters.malformed += 1
            return
        state = None
        if STATE in packet.first and EAP_MESSAGE in packet.first and self.eap is not None:
            state = self.eap.route(packet, source, port, local)
            if state is None:
                return
        elif self.closing:
            counters.shed_stopping += 1
            return
        elif self._workers > 1 and not handed and not port.accounting and self._passed_on(packet, octets, source, port, local):
            return
        if packet.code != _ACCESS_REQUEST or port.accounting:
            self._other_code(packet, client, source, port, local)
            return
        key = key_of(source, packet.identifier)
        seen = self.duplicates.find(key, packet.octets)
        if seen is not None:
            self.figures.of(client).repeated += 1
            repeat(seen.reply, source, port, local, counters)
            return
        now = self._clock()
        secret = self._clients.verify(client, packet, source[0], now)
        if secret is None:
            self.figures.of(client).discarded += 1
            return
        counters.access_requests += 1
        seen = self.duplicates.begin(key, packet.octets)
        attempt = Attempt(packet, client, secret, seen, source, port, local, now, began, _clock(), state)
        try:
            self._authenticate(attempt)
        except Exception as error:  # noqa: BLE001 - the edge: whatever is wrong with one request, the next is served
            self.fault(attempt, error)

    def _authenticate(self, attempt: Attempt) -> None:
        """From the request's attributes to a question, and to its answer if memory has it."""
        packet, client, now = attempt.packet, attempt.client, attempt.now
        if attempt.state is not None and self.eap is not None and self.eap.goes_on(attempt):
            return  # the conversation knows who arrived where
        try:
            arrival = client.family.read(packet)
        except PeerError:
            self.finish(attempt, Arrival(""), None, Conclusion(Outcome.REJECT, (Cause.UNREADABLE_NAME,)), None)
            return
        if EAP_MESSAGE in packet.first and self.eap is not None:
            self.eap.begin(attempt, arrival)
            return
        proof = read_proof(packet, arrival, attempt.secret)
        if not isinstance(proof, Proof):
            self.finish(attempt, arrival, None, Conclusion(Outcome.REJECT, (proof,)), None)
            return
        refusal = self.backoff.refusal(arrival.mac, arrival.user_name, now)
        if refusal is not None:
            self.finish(attempt, arrival, proof, Conclusion(Outcome.REJECT, (refusal,), wrong=True), None)
            return
        question = Question(arrival.user_name, proof.credential, now, False, client.school)
        answer = self._directory.answer_now(question)
        if answer is None:
            self._later.ask(question, lambda answer: self._answered_later(attempt, arrival, proof, answer))
            return
        self._answered(attempt, arrival, proof, answer)

    def _answered_later(self, attempt: Attempt, arrival: Arrival, proof: Proof, answer: Answer) -> None:
        try:
            self._answered(attempt, arrival, proof, answer)
        except Exception as error:  # noqa: BLE001 - the edge: whatever is wrong with one request, the next is served
            self.fault(attempt, error)

    def _answered(self, attempt: Attempt, arrival: Arrival, proof: Proof, answer: Answer) -> None:
        """From the directory's answer to the conclusion, and what it teaches the back-off."""
        answered = _clock()
        client = attempt.client
        school = self._schools.get(client.school)
        if school is None:
            self.finish(attempt, arrival, proof, Conclusion(Outcome.SILENCE, (Cause.SCHOOL_GONE,)), None)
            return
        conclusion = conclude(arrival, proof.method, answer, school, client.location, attempt.now)
        if conclusion.wrong:
            conclusion = _doubt_the_secret(conclusion, attempt, proof)
            if conclusion.causes[0] is not Cause.SECRET_MISMATCH:  # which is the access point's fault, not the person's
                patience = answer.patience if isinstance(answer, Wrong) else 0.0
                self.backoff.failed(arrival.mac, arrival.user_name, attempt.now, patience)
        elif isinstance(answer, Proved) and proof.method is not _MAB:
            self.backoff.succeeded(arrival.mac, arrival.user_name, attempt.now)
        if conclusion.outcome is _ACCEPT:
            self.accept(attempt, arrival, proof, answer, school, conclusion, answered)
        else:
            self.finish(attempt, arrival, proof, self.or_silence(conclusion, attempt), school, answered)

    def or_silence(self, conclusion: Conclusion, attempt: Attempt) -> Conclusion:
        """A directory that is away is a reject that blames nobody; silence instead, while that lets the access point ask a
        server which may know better and does not make it take us for dead."""
        if conclusion.outcome is not _SILENCE or conclusion.causes[0] is not Cause.DIRECTORY_AWAY:
            return conclusion
        if self._silences.may_be(attempt.source[0]):
            return conclusion
        return Conclusion(Outcome.REJECT, conclusion.causes, conclusion.principal, conclusion.decision)

    def accept(
        self,
        attempt: Attempt,
        arrival: Arrival,
        proof: Proof | Ended,
        answer: Answer,
        school: School,
        conclusion: Conclusion,
        answered: int,
        eap: bytes = b"",
    ) -> None:
        """An accept with the rule's grant; `eap` are the attributes that an EAP conversation adds."""
        decision = conclusion.decision
        packet, family = attempt.packet, attempt.client.family_name
        if decision is None or not decision.permitted:  # conclude() promises otherwise; a promise is not a lock
            raise AssertionError("an accept without a rule that permits")
        principal = conclusion.principal
        counts = decision.grant is not None and decision.grant.counts
        held: Decision | Cause = decision
        if counts and principal is not None and self.presence is not None:
            held = within(decision, self.presence(principal.subject), arrival.mac, attempt.now)
        template = self._replies.template(held, school, family) if isinstance(held, Decision) else held
        if not isinstance(template, Template):
            refused = Conclusion(Outcome.REJECT, (template,), principal, decision)
            self.finish(attempt, arrival, proof, refused, school, answered)
            return
        if held is not decision and isinstance(held, Decision):
            decision, conclusion = held, Conclusion(_ACCEPT, conclusion.causes, principal, held)
        seconds, octets = self._replies.session_time(template, decision, attempt.now)
        login, class_ = self._replies.login(template, decision, principal, counts, proof.method, attempt.now)
        octets = template.attributes + octets + class_ + eap
        if isinstance(answer, Proved) and isinstance(proof, Proof):
            if answer.nt_hash_hash is not None:
                octets += self._replies.keys(proof, answer, attempt.secret, packet)
            psk = answer.principal.psk
            if template.grant.psk and psk is not None:
                octets += self._replies.pre_shared_key(psk, arrival.ssid, family, attempt.secret, packet)
        if PROXY_STATE in packet.first:
            octets += proxy_states(packet)
        self._counters.accepts += 1
        self.send(attempt, attempt.secret.reply(_ACCESS_ACCEPT, packet, octets))
        self._note(attempt, arrival, proof, conclusion, _GRANTED, answered, template.vlan, seconds, login, counts)

    def finish(
        self,
        attempt: Attempt,
        arrival: Arrival,
        proof: Proof | Ended | None,
        conclusion: Conclusion,
        school: School | None,
        answered: int = 0,
    ) -> None:
        """A reject (delayed where a proof was wrong) or silence."""
        packet = attempt.packet
        if conclusion.outcome is _SILENCE:
            self._counters.silences += 1
            self.forget(attempt)
            self._note(attempt, arrival, proof, conclusion, _UNANSWERED, answered)
            return
        language = school.language if school is not None else self._language(attempt.client)
        octets = self._replies.rejection(
            conclusion, packet, proof if isinstance(proof, Proof) else None, language
        ) + proxy_states(packet)
        reply = attempt.secret.reply(_ACCESS_REJECT, packet, octets)
        self._counters.rejects += 1
        if not conclusion.wrong:
            self.send(attempt, reply)
        elif not self._later.delay(lambda: self.send(attempt, reply), attempt.began):
            self._counters.delayed_rejects_full += 1
            self.forget(attempt)
        self._note(attempt, arrival, proof, conclusion, _DENIED, answered)

    def forget(self, attempt: Attempt) -> None:
        """Silence: when the NAS repeats this request, it is tried anew."""
        attempt.seen.forget()

    def send(self, attempt: Attempt, reply: bytes) -> None:
        """The reply, and what a repeated request gets."""
        attempt.seen.reply = reply
        self._silences.spoke(attempt.source[0])
        try:
            attempt.port.send(reply, attempt.source, attempt.local)
        except OSError:  # the NAS repeats, and then gets the same octets from `duplicates`
            self._counters.send_failures += 1

    def _note(
        self,
        attempt: Attempt,
        arrival: Arrival,
        proof: Proof | Ended | None,
        conclusion: Conclusion,
        tag: str,
        answered: int,
        vlan: int = 0,
        seconds: int = 0,
        login: str = "",
        counts: bool = False,
    ) -> None:
        """What is counted and the audit event: filled along the way, written once."""
        done = _clock()
        method = proof.method if proof is not None else ""
        began, decoded, answered = attempt.began, attempt.decoded, answered or done
        took = ((decoded - began) // 1000, (answered - decoded) // 1000, (done - answered) // 1000, (done - began) // 1000)
        self.figures.took(took[0], took[1], took[2], took[3])
        self.figures.decided(attempt.client, method, tag, conclusion.causes, attempt.now)
        self._record(decided(attempt, arrival, proof, conclusion, tag, took, vlan, seconds, login, counts))

    def _passed_on(self, packet: Packet, octets: bytes, source: Source, port: Port, local: bytes) -> bool:
        device = packet.first.get(CALLING_STATION_ID)
        if device is None:
            return False
        owner = owner_of(device, self._workers)
        if owner == self._worker:
            return False
        self._later.hand_over(owner, octets, source, port.number, local)
        return True

    def _other_code(self, packet: Packet, client: Client, source: Source, port: Port, local: bytes) -> None:
        """Accounting-Request on its port, Status-Server (RFC 5997) on both; every other code is not for this port."""
        if packet.code == _ACCOUNTING_REQUEST and port.accounting and self.accounting is not None:
            try:
                self.accounting.receive(packet, client, source, port, local)
            except Exception as error:  # noqa: BLE001 - the edge: whatever is wrong with one record, the next is taken
                self._counters.faults += 1
                log.error("an accounting record from %s was not taken and got no answer: %s", source[0], where(error))
            return
        if packet.code != _STATUS_SERVER:
            self._counters.unexpected_code += 1
            return
        answer_status(packet, client.secrets(self._clock()), source, port, local, self._counters)

    def fault(self, attempt: Attempt, error: Exception) -> None:
        """Our own fault: silence, so that the NAS fails over; never an accept, and never a reject that blames a person."""
        self._counters.faults += 1
        self.forget(attempt)
        log.error("a request from %s could not be decided and got no answer: %s", attempt.source[0], where(error))

    def _language(self, client: Client) -> str:
        school = self._schools.get(client.school)
        return school.language if school is not None else "en"


def _doubt_the_secret(conclusion: Conclusion, attempt: Attempt, proof: Proof) -> Conclusion:
    """An unprintable password in an unsigned request is the mark of two different shared secrets: say so."""
    credential = proof.credential
    if type(credential) is not PlainPassword or attempt.packet.message_authenticator_at:
        return conclusion
    if is_text(credential.password.reveal()):
        return conclusion
    causes = (Cause.SECRET_MISMATCH, *conclusion.causes)
    return Conclusion(conclusion.outcome, causes, conclusion.principal, conclusion.decision, wrong=True)
