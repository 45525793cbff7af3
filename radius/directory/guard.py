"""One external directory with what stands around it: its memory, its threads, its breaker, one flight for the same question.

    ask -> memory -> the same question under way? join it -> breaker -> lane (bounded) -> source.answer -> learn -> tell all

Nothing here blocks but the source, on the directory's own threads. Whatever goes wrong there is *could not ask*, and before
anybody is told that, memory is asked what it says while the directory is away.
"""

import hashlib
import secrets
import time
from collections.abc import Callable
from functools import partial
from threading import Lock
from typing import Final

from radius.directory.breaker import Breaker, BreakerState
from radius.directory.description import Description
from radius.directory.known import Known
from radius.directory.lane import Lane
from radius.directory.memory import Memory, who
from radius.directory.names import without_domain
from radius.directory.question import (
    Answer,
    ChapResponse,
    CouldNotAsk,
    MsChap2Response,
    MsChapResponse,
    PlainPassword,
    Proved,
    Question,
    Remembered,
    VerifiedCertificate,
)
from radius.directory.refusals import Refusals
from radius.directory.source import Source
from radius.directory.tally import Tally

PROBE_WITHIN: Final = 2.0  # seconds
OVERDUE: Final = 0.5  # seconds after its deadline a source that has not returned counts as one that failed

Tell = Callable[[Answer], None]
OnFault = Callable[[str, BaseException], None]


class _Flight:
    """A question under way, and who waits for its answer."""

    __slots__ = ("asked", "deadline", "given_up", "key", "question", "tells")

    def __init__(self, key: bytes, question: Question, deadline: float, tell: Tell) -> None:
        self.key = key
        self.question = question
        self.deadline = deadline
        self.tells = [tell]
        self.asked = False  # the source has it
        self.given_up = False  # those who waited have been told


class Guard:
    """`on_fault` is told of a source that raises, which is a fault of ours; `clock` gives seconds of the monotonic clock."""

    def __init__(
        self,
        source: Source,
        description: Description,
        known: Known,
        on_fault: OnFault,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        limits = description.limits
        self.name = source.name
        self.checks = source.checks
        self.serve = description.serve
        self.domain = description.ntlm.domain.lower() if description.ntlm is not None else ""
        self._has_domains = description.kind == "active-directory"
        self.tally = Tally()
        self.breaker = Breaker(limits.threads, clock())
        self.lane = Lane(source.name, limits.threads, limits.waiting)
        self._probing = Lane(f"{source.name} probe", 1, 0)
        self._source = source
        self._deadline = limits.deadline_seconds
        self._memory = Memory(known, description.cache, self.tally)
        self._refusals = Refusals(description.cache.refusal_seconds)
        self._on_fault = on_fault
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._flights: dict[bytes, _Flight] = {}
        self._lock = Lock()
        self._latest: Question | None = None
        self._could_not = CouldNotAsk(source.name)

    def now(self, question: Question) -> Answer | None:
        """What memory says: an answer, or None when the directory must be asked."""
        proved = self._memory.fresh(question)
        if proved is not None:
            return proved
        state = self.breaker.state
        if state is BreakerState.OPEN:
            return self.away(question)
        if state is BreakerState.HALF_OPEN:
            return self._memory.away(question)
        return None

    def away(self, question: Question) -> Answer:
        """What is answered while the directory cannot be asked."""
        return self._memory.away(question) or self._could_not

    def ask(self, question: Question, deadline: float, tell: Tell) -> None:
        """Ask the directory; `tell` is called with its answer, at once or from a thread of its own. Call `now` first."""
        key = self._digest(question)
        moment = self._clock()
        refused = self._refusals.find(key, moment)
        if refused is not None:
            self.tally.hits["refusals"] += 1
            tell(refused)
            return
        self.tally.misses["refusals"] += 1
        flight = _Flight(key, question, min(deadline, moment + self._deadline), tell)
        with self._lock:
            under_way = self._flights.get(key)
            if under_way is not None:
                self.tally.joined += 1
                under_way.tells.append(tell)
                return
            admitted = self.breaker.admits(moment)
            if admitted:
                self._flights[key] = flight
        if not admitted:
            tell(self.away(question))
        elif not self.lane.put(partial(self._fly, flight), partial(self._landed, flight)):
            self.tally.full += 1
            self.breaker.withdrawn()
            self._tell_all(flight, self._could_not)

    def tick(self) -> None:
        """About once a second: send a probe when it is due, and give up on what a hanging source keeps."""
        moment = self._clock()
        overdue = [each for each in list(self._flights.values()) if moment > each.deadline + OVERDUE]
        for flight in overdue:
            if flight.asked and not flight.given_up:
                flight.given_up = True
                self._failed(moment)
            self._tell_all(flight, self._could_not)
        latest = self._latest
        if latest is not None and self.breaker.wants_probe(moment):
            question = self._as_asked(Question(latest.principal, Remembered(b""), time.time(), False, latest.school))
            deadline = moment + PROBE_WITHIN
            if not self._probing.put(partial(self._source.answer, question, deadline), self._probed):
                self.breaker.probed(False, moment)

    def close(self) -> None:
        """Let go of threads and source; who still waits is answered from memory."""
        self.lane.close()
        self._probing.close()
        for flight in list(self._flights.values()):
            self._tell_all(flight, self._could_not)
        self._source.close()

    # --- on the directory's threads

    def _fly(self, flight: _Flight) -> Answer | None:
        """Ask the source; None when there is no use in it any more."""
        moment = self._clock()
        if moment >= flight.deadline or self.breaker.state is BreakerState.OPEN:
            return None
        flight.asked = True
        self._latest = flight.question
        answer = self._source.answer(self._as_asked(flight.question), flight.deadline)
        self.tally.took(self._clock() - moment, answered=not isinstance(answer, CouldNotAsk))
        return answer

    def _landed(self, flight: _Flight, answer: Answer | None, fault: BaseException | None) -> None:
        moment = self._clock()
        if fault is not None:
            self._on_fault(self.name, fault)
        if answer is not None and not isinstance(answer, CouldNotAsk):
            self.breaker.answered(moment)
            self._memory.learn(flight.question, answer)
            if not isinstance(answer, Proved):
                self._refusals.keep(flight.key, answer, moment)
        elif not flight.asked:
            self.breaker.withdrawn()
        elif not flight.given_up:
            self._failed(moment)
        self._tell_all(flight, answer or self._could_not)

    def _probed(self, answer: Answer | None, fault: BaseException | None) -> None:
        if fault is not None:
            self._on_fault(self.name, fault)
        self.breaker.probed(answer is not None and not isinstance(answer, CouldNotAsk), self._clock())

    def _failed(self, moment: float) -> None:
        """It was asked and did not answer. When that opens the breaker, those who still wait for a thread need not wait."""
        self.breaker.failed(moment)
        if self.breaker.state is BreakerState.OPEN:
            for flight in list(self._flights.values()):
                if not flight.asked:
                    self._tell_all(flight, self._could_not)

    def _tell_all(self, flight: _Flight, answer: Answer) -> None:
        """Once: whoever comes later finds nobody waiting."""
        with self._lock:
            if self._flights.get(flight.key) is flight:
                del self._flights[flight.key]
            tells, flight.tells = flight.tells, []
        if isinstance(answer, CouldNotAsk):
            answer = self.away(flight.question)
        for tell in tells:
            tell(answer)

    def _as_asked(self, question: Question) -> Question:
        """The version is always asked for, since what is known of an account is known for a version of it; and Windows' domains
        mean something to Active Directory alone."""
        name = question.principal if self._has_domains else without_domain(question.principal)
        return Question(name, question.credential, question.time, True, question.school)

    def _digest(self, question: Question) -> bytes:
        """The same for the same question, and nothing that would tell a password."""
        digest = hashlib.blake2b(key=self._key, digest_size=16)
        for part in (who(question).encode(), question.school.encode(), *_parts(question)):
            digest.update(len(part).to_bytes(4, "big") + part)
        return digest.digest()


def _parts(question: Question) -> tuple[bytes, ...]:
    credential = question.credential
    kind = type(credential).__name__.encode()
    if isinstance(credential, PlainPassword):
        return kind, credential.password.reveal()
    if isinstance(credential, MsChap2Response):
        return (
            kind,
            credential.authenticator_challenge,
            credential.peer_challenge,
            credential.user_name,
            credential.nt_response,
        )
    if isinstance(credential, MsChapResponse):
        return kind, credential.challenge, credential.nt_response
    if isinstance(credential, ChapResponse):
        return kind, bytes((credential.identifier,)), credential.challenge, credential.response
    if isinstance(credential, VerifiedCertificate):
        return kind, *(name.encode() for name in credential.names)
    if isinstance(credential, Remembered):
        return kind, credential.version
    return (kind, credential.mac.encode())  # which no source checks
