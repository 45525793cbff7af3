"""What comes back later is bounded, and full means silence for the new request alone."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from time import perf_counter_ns

import pytest

from radius.audit.causes import Cause
from radius.audit.events import Event, UnknownClientSeen
from radius.directory.question import Answer, CouldNotAsk, KnownMac, NotHere, Principal, Proved, Question, Refused, Wrong
from radius.server.counters import Counters, discarded
from radius.server.later import (
    ANSWER_WITHIN,
    ASKING_AT_MOST,
    BEAT,
    DELAYED_AT_MOST,
    UNKNOWN_AT_MOST,
    UNKNOWN_NOTES_A_ROUND,
    LoopLater,
    read_handed,
)

QUESTION = Question("ana", KnownMac("02-00-00-00-00-01"), 0.0)


class Asked:
    """Whoever is asked: told by the test, from another thread."""

    def __init__(self) -> None:
        self.tells: list[Callable[[Answer], None]] = []
        self.deadlines: list[float] = []

    def ask(self, question: Question, deadline: float, tell: Callable[[Answer], None]) -> None:
        self.tells.append(tell)
        self.deadlines.append(deadline)

    def give_up(self, question: Question) -> Answer:
        return CouldNotAsk("given up")

    def tell(self, answer: Answer, number: int = 0) -> None:
        thread = threading.Thread(target=self.tells[number], args=(answer,))
        thread.start()
        thread.join()


class JumpingLoop(asyncio.SelectorEventLoop):
    """A loop whose clock the test moves."""

    def __init__(self) -> None:
        self._jumped = 0.0
        self._stands_at = time.monotonic()
        super().__init__()

    def time(self) -> float:
        return self._stands_at + self._jumped

    def pass_time(self, seconds: float) -> None:
        """Let that much time pass, and do what is due then."""
        self._jumped += seconds
        for _ in range(3):
            self.call_soon(self.stop)
            self.run_forever()


class Bench:
    """A LoopLater on a loop of its own, with one hand-over inbox."""

    def __init__(self, reject_delay: float = 1.0) -> None:
        self.directory = Asked()
        self.loop = JumpingLoop()
        self.inbox, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        theirs.setblocking(False)
        self.theirs = theirs
        self.events: list[Event] = []
        self.counters = Counters()
        self.later = LoopLater(self.loop, self.directory, self.events.append, self.counters, reject_delay, [theirs])

    def close(self) -> None:
        self.loop.close()
        self.inbox.close()
        self.theirs.close()


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.close()


PROVED = Proved(Principal("ldap:1", "ana", "student", frozenset(), "os-primer"))
WRONG = Wrong(PROVED.principal)


def asked(bench: Bench) -> list[Answer]:
    """What is told, as it comes."""
    answers: list[Answer] = []
    bench.later.ask(QUESTION, answers.append)
    return answers


def test_an_answer_comes_back_into_the_loop(bench: Bench) -> None:
    answers = asked(bench)
    bench.directory.tell(PROVED)
    assert answers == []
    bench.loop.pass_time(0.0)
    assert answers == [PROVED]
    assert bench.later.under_way == 0


@pytest.mark.parametrize("answer", [WRONG, NotHere(), Refused(PROVED.principal, Cause.METHOD_NOT_CHECKABLE)])
def test_a_no_is_told_on_the_beat_however_long_it_took(bench: Bench, answer: Answer) -> None:
    """Inside a tunnel no reject delay hides how long a directory took."""
    quick, slow = asked(bench), asked(bench)
    bench.directory.tell(answer, 0)
    bench.loop.pass_time(BEAT * 0.8)
    bench.directory.tell(answer, 1)
    bench.loop.pass_time(BEAT * 0.19)
    assert quick == slow == []
    bench.loop.pass_time(BEAT * 0.02)
    assert quick == slow == [answer]


def test_a_directory_slower_than_the_beat_is_told_on_a_later_one(bench: Bench) -> None:
    answers = asked(bench)
    bench.loop.pass_time(BEAT * 2.1)
    bench.directory.tell(NotHere())
    bench.loop.pass_time(BEAT * 0.8)
    assert answers == []
    bench.loop.pass_time(BEAT * 0.2)
    assert answers == [NotHere()]


@pytest.mark.parametrize("answer", [PROVED, CouldNotAsk("ldap")])
def test_a_proof_and_an_outage_are_told_at_once(bench: Bench, answer: Answer) -> None:
    answers = asked(bench)
    bench.directory.tell(answer)
    bench.loop.pass_time(0.0)
    assert answers == [answer]


def test_a_directory_that_never_answers_is_given_up_at_the_deadline_and_may_answer_later_in_vain(bench: Bench) -> None:
    answers = asked(bench)
    bench.loop.pass_time(ANSWER_WITHIN - 0.1)
    assert answers == []
    bench.loop.pass_time(0.2)
    assert answers == [CouldNotAsk("given up")]
    assert bench.later.under_way == 0
    bench.directory.tell(PROVED)
    bench.loop.pass_time(1.0)
    assert answers == [CouldNotAsk("given up")]
    assert bench.later.under_way == 0


def test_an_answer_for_a_loop_that_is_closed_is_nobodys() -> None:
    bench = Bench()
    answers = asked(bench)
    bench.close()
    bench.directory.tell(PROVED)
    assert answers == []


def test_too_many_questions_could_not_be_asked_and_the_others_go_on(bench: Bench) -> None:
    told = [asked(bench) for _ in range(ASKING_AT_MOST + 5)]
    bench.loop.pass_time(0.0)
    assert sum(map(len, told)) == 5
    assert len(bench.directory.tells) == ASKING_AT_MOST
    bench.directory.tell(PROVED, 7)
    bench.loop.pass_time(0.0)
    assert told[7] == [PROVED]


def test_delayed_rejects_are_bounded(bench: Bench) -> None:
    taken = [bench.later.delay(lambda: None, perf_counter_ns()) for _ in range(DELAYED_AT_MOST + 1)]
    assert taken.count(False) == 1
    assert not taken[-1]


def test_without_a_delay_a_reject_leaves_at_once() -> None:
    bench = Bench(0.0)
    sent: list[str] = []
    assert bench.later.delay(lambda: sent.append("reject"), perf_counter_ns())
    bench.close()
    assert sent == ["reject"]


def test_a_reject_leaves_at_one_time_after_its_request_however_long_the_directory_took(bench: Bench) -> None:
    """An account whose password takes 50 ms to check must not be told from one that does not exist."""
    sent: list[str] = []
    now = perf_counter_ns()
    assert bench.later.delay(lambda: sent.append("unknown at once"), now)
    assert bench.later.delay(lambda: sent.append("wrong after the whole delay"), now - 1_000_000_000)
    assert bench.later.delay(lambda: sent.append("wrong after longer"), now - 4_000_000_000)
    bench.loop.pass_time(0.01)
    assert sorted(sent) == ["wrong after longer", "wrong after the whole delay"]
    assert bench.later.under_way == 1


@pytest.mark.parametrize("source", [("192.0.2.1", 5), ("2001:db8::1", 5, 0, 0)])
def test_a_datagram_handed_over_arrives_as_it_was(bench: Bench, source: tuple[str, int]) -> None:
    bench.later.hand_over(0, b"\x01octets\xff", source, 3, b"pktinfo")
    assert read_handed(bench.inbox.recv(65_536)) == (b"\x01octets\xff", source, 3, b"pktinfo")


def test_a_full_inbox_is_silence_and_a_counter(bench: Bench) -> None:
    for _ in range(100_000):
        bench.later.hand_over(0, b"x" * 4096, ("192.0.2.1", 5), 0, b"")
        if bench.counters.handover_full:
            break
    assert bench.counters.handover_full == 1


def test_unknown_clients_are_noted_in_rounds_and_a_flood_of_them_is_bounded(bench: Bench) -> None:
    for number in range(UNKNOWN_AT_MOST * 3):
        bench.later.unknown_client(f"192.0.{number // 256}.{number % 256}", b"x", 1.0)
    bench.later.note_unknown(2.0)
    assert len(bench.events) == UNKNOWN_NOTES_A_ROUND
    for _ in range(100):
        bench.later.note_unknown(2.0)
    assert len(bench.events) == UNKNOWN_AT_MOST


def test_an_unknown_client_is_noted_once_a_round_with_its_count_and_last_packet(bench: Bench) -> None:
    for octets in (b"first", b"last"):
        bench.later.unknown_client("192.0.2.1", octets, 1.0)
    bench.later.note_unknown(2.0)
    assert bench.events == [UnknownClientSeen(2.0, "192.0.2.1", 2, b"last")]


def test_what_was_discarded_is_told_in_words_and_nothing_when_nothing_was() -> None:
    counters = Counters()
    before = counters.read()
    assert discarded(before, counters.read()) == ""
    counters.malformed += 3
    counters.accepts += 9
    assert discarded(before, counters.read()) == "3 malformed"
