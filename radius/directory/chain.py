"""Local accounts first, then the directories of the name's realm, one after the other, until one knows.

Proved ends it, and so do *wrong* and *refused*; *not here* and *could not ask* go on. In the end

    somebody proved it                         that
    one could not be asked, then *wrong*       could not ask: that one may have the account, with this password
    all that could be asked say *not here*     could not ask if one could not, else *not here*
    no directory of the realm can check it     METHOD_NOT_CHECKABLE

`answer_now` takes what memory has, so local accounts never wait for anything. What says no to somebody who has proved nothing
is not told by it where a directory claims the name: it comes by `ask` like a directory's own, so that the moment of the answer
tells nobody whether a name is here, elsewhere or nowhere (radius.server.later).

A person whom a roster made, and of whom nothing is kept that could prove her, is proved by a directory: whether she may come
in, her school, role and classes are the roster's (`local.joined`).
"""

import time
from collections.abc import Callable, Sequence
from functools import partial
from threading import Event
from typing import Final

from radius.audit.causes import Cause
from radius.directory.guard import Guard, OnFault, Tell
from radius.directory.lane import Lane
from radius.directory.local import LocalDirectory, joined
from radius.directory.question import (
    NOT_PROVED,
    Answer,
    CouldNotAsk,
    KnownMac,
    NotHere,
    Principal,
    Proved,
    Question,
    Refused,
    VerifiedCertificate,
    Wrong,
)
from radius.directory.routing import Routes, is_anonymous
from radius.store.records import PersonRecord

LOCAL_THREADS: Final = 4  # argon2id
LOCAL_WAITING: Final = 256
_NOT_HERE: Final = NotHere()
_NOBODY: Final[frozenset[str]] = frozenset()
_NO_GUARDS: Final[tuple[Guard, ...]] = ()


class Chain:
    """The `Directory` of a worker: local accounts and every external directory. `clock` gives monotonic seconds."""

    name = "chain"

    def __init__(self, local: LocalDirectory, on_fault: OnFault, clock: Callable[[], float] = time.monotonic) -> None:
        self._local = local
        self._local_now = local.answer_now
        self._on_fault = on_fault
        self._clock = clock
        self._lane = Lane("local", LOCAL_THREADS, LOCAL_WAITING)
        self._routes: Routes[Guard] = Routes(())
        self._has_directories = False

    @property
    def guards(self) -> tuple[Guard, ...]:
        """The external directories."""
        return self._routes.directories

    @property
    def checks(self) -> frozenset[type]:
        """See `Directory.checks`."""
        return self._local.checks.union(*(guard.checks for guard in self.guards))

    def adopt(self, guards: Sequence[Guard]) -> None:
        """These are the external directories from now on. Those that are no more are for the caller to close."""
        self._routes = Routes(guards)
        self._has_directories = bool(guards)

    def tick(self) -> None:
        """About once a second."""
        for guard in self.guards:
            guard.tick()

    def close(self) -> None:
        """Let go of all threads."""
        self._lane.close()
        for guard in self.guards:
            guard.close()

    # --- who can check what

    def checks_for(self, identity: str, school: str) -> frozenset[type]:
        """The kinds of Credential that can be checked for an outer identity at a school's access point: those of local
        accounts where the name is one or no directory claims it, else those of its directories."""
        served = self.served_by(identity, school)
        return frozenset[type]().union(*(guard.checks for guard in served)) if served else self._local.checks

    def served_by(self, identity: str, school: str) -> tuple[Guard, ...]:
        """The directories on which it depends what can be offered; () where that is local accounts."""
        if not self._has_directories:
            return _NO_GUARDS
        guards = self._routes.of_name(identity, school)
        if guards and not is_anonymous(identity) and self._local.can_prove(identity):
            return _NO_GUARDS
        return guards

    # --- asking

    def answer_now(self, question: Question) -> Answer | None:
        """See `Directory.answer_now`."""
        answer = self._local_now(question)
        if not self._has_directories or answer is None or isinstance(answer, Proved):
            return answer
        known = None if isinstance(answer, NotHere) else self._without_proof(question)
        if isinstance(answer, NotHere) or known is not None:
            guards = self._routes.of(question)
            if not guards or isinstance(question.credential, KnownMac):
                return answer
            first = guards[0]
            if type(question.credential) in first.checks:  # the common morning: the first one's people, known
                proved = first.now(self._routes.asked_of(first, question))
                if isinstance(proved, Proved):
                    return proved if known is None else joined(known, proved, question.time)
                if proved is None:
                    return None
            said = _Walk(self._routes, question, guards, 0.0, _ignore).from_memory()
            if said is None or _is_bare_no(said):
                return None
            return said if known is None else _joined(known, said, answer, question.time)
        return None if _is_bare_no(answer) and self._routes.claimed(question.principal) else answer

    def answer(self, question: Question, deadline: float) -> Answer:
        """See `Directory.answer`."""
        said = self.answer_now(question)
        if said is not None:
            return said
        heard = self._wait(lambda tell: self.ask(question, deadline, tell), deadline)
        return self.give_up(question) if heard is None else heard

    def answer_of(self, name: str, question: Question, deadline: float) -> Answer | None:
        """What the directory of that name says by itself, wherever the question would lead; None when there is none. Blocks."""
        guard = next((each for each in self.guards if each.name == name), None)
        if guard is None:
            return None
        said = guard.now(question)
        if said is not None:
            return said
        heard = self._wait(lambda tell: guard.ask(question, deadline, tell), deadline)
        return guard.away(question) if heard is None else heard

    def _wait(self, ask: Callable[[Tell], None], deadline: float) -> Answer | None:
        """What is told until the deadline."""
        heard: list[Answer] = []
        told = Event()

        def tell(answer: Answer) -> None:
            heard.append(answer)
            told.set()

        ask(tell)
        told.wait(max(0.0, deadline - self._clock()))
        return heard[0] if heard else None

    def ask(self, question: Question, deadline: float, tell: Tell) -> None:
        """Ask whoever must be asked, without blocking. `tell` is called once, at once or from a thread of a directory's own;
        it may be late after a `deadline` (monotonic seconds), or never when a source hangs for good."""
        answer = self._local_now(question)
        if answer is None:
            call = partial(self._local.answer, question, deadline)
            if not self._lane.put(call, lambda answer, fault: tell(self._landed(answer, fault))):
                tell(CouldNotAsk(self._local.name))
        elif isinstance(question.credential, KnownMac):
            tell(answer)
        elif isinstance(answer, NotHere):
            _Walk(self._routes, question, self._routes.of(question), deadline, tell).go_on()
        else:
            known, guards = self._without_proof(question), self._routes.of(question)
            if known is None or not guards:
                tell(answer)
            else:
                joining = partial(_tell_joined, known, answer, question.time, tell)
                _Walk(self._routes, question, guards, deadline, joining).go_on()

    def give_up(self, question: Question) -> Answer:
        """The answer to a question that nobody waits for any longer: what memory says while its directories are away."""
        first = self._local.name
        for guard in reversed(self._routes.of(question)):
            first = guard.name
            answer = guard.away(self._routes.asked_of(guard, question))
            if isinstance(answer, Proved):
                known = self._without_proof(question)
                return answer if known is None else joined(known, answer, question.time)
        return CouldNotAsk(first)

    def _without_proof(self, question: Question) -> PersonRecord | None:
        """The account that only a directory can prove. A certificate needs none: local accounts say whose it is."""
        if isinstance(question.credential, KnownMac | VerifiedCertificate):
            return None
        return self._local.without_proof(question.principal)

    def _landed(self, answer: Answer | None, fault: BaseException | None) -> Answer:
        if fault is not None:
            self._on_fault(self._local.name, fault)
        return CouldNotAsk(self._local.name) if answer is None else answer


class _Walk:
    """One question's way along the directories of its realm."""

    __slots__ = ("_at", "_could_not", "_deadline", "_guards", "_question", "_routes", "_tell", "_unchecked")

    def __init__(
        self, routes: Routes[Guard], question: Question, guards: tuple[Guard, ...], deadline: float, tell: Tell
    ) -> None:
        self._routes = routes
        self._question = question
        self._guards = guards
        self._deadline = deadline
        self._tell = tell
        self._at = 0
        self._could_not: CouldNotAsk | None = None
        self._unchecked = False

    def from_memory(self) -> Answer | None:
        """What memory makes of it; None when a directory must be asked."""
        while (guard := self._next()) is not None:
            said = guard.now(self._routes.asked_of(guard, self._question))
            if said is None:
                return None
            end = self._weigh(said)
            if end is not None:
                return end
        return self._nobody_knew()

    def go_on(self) -> None:
        """On to the next directory, until one knows."""
        while (guard := self._next()) is not None:
            question = self._routes.asked_of(guard, self._question)
            said = guard.now(question)
            if said is None:
                guard.ask(question, self._deadline, self._told)
                return
            end = self._weigh(said)
            if end is not None:
                self._tell(end)
                return
        self._tell(self._nobody_knew())

    def _told(self, answer: Answer) -> None:
        end = self._weigh(answer)
        if end is None:
            self.go_on()
        else:
            self._tell(end)

    def _next(self) -> Guard | None:
        kind = type(self._question.credential)
        while self._at < len(self._guards):
            guard = self._guards[self._at]
            self._at += 1
            if kind in guard.checks:
                return guard
            self._unchecked = True
        return None

    def _weigh(self, answer: Answer) -> Answer | None:
        """The end of it, or None to go on."""
        if isinstance(answer, CouldNotAsk):
            self._could_not = self._could_not or answer
            return None
        if isinstance(answer, NotHere):
            return None
        return self._could_not if _is_bare_no(answer) and self._could_not is not None else answer

    def _nobody_knew(self) -> Answer:
        if self._could_not is not None:
            return self._could_not
        if self._unchecked:  # whether the account is there was not asked, and is not told
            return Refused(Principal("", self._question.principal, "", _NOBODY, ""), Cause.METHOD_NOT_CHECKABLE)
        return _NOT_HERE


def _joined(known: PersonRecord, said: Answer, local: Answer, now: float) -> Answer:
    """What directories said of an account that is here as well; if none knows it, what local accounts say."""
    if isinstance(said, Proved):
        return joined(known, said, now)
    return local if isinstance(said, NotHere) else said


def _tell_joined(known: PersonRecord, local: Answer, now: float, tell: Tell, said: Answer) -> None:
    tell(_joined(known, said, local, now))


def _is_bare_no(answer: Answer) -> bool:
    """Whether it refuses somebody who has proved nothing."""
    return answer.cause in NOT_PROVED if isinstance(answer, Refused) else isinstance(answer, Wrong | NotHere)


def _ignore(answer: Answer) -> None:
    """Nobody waits."""
