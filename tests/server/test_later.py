"""What comes back later is bounded, and full means silence for the new request alone."""

import asyncio
import socket
from collections.abc import Iterator
from time import perf_counter_ns

import pytest

from radius.audit.events import Event, UnknownClientSeen
from radius.directory.question import Answer, CouldNotAsk, KnownMac, NotHere, Question
from radius.server.counters import Counters, discarded
from radius.server.later import ASKING_AT_MOST, DELAYED_AT_MOST, UNKNOWN_AT_MOST, UNKNOWN_NOTES_A_ROUND, LoopLater, read_handed

QUESTION = Question("ana", KnownMac("02-00-00-00-00-01"), 0.0)


class Asked:
    """A directory that answers at once, or fails."""

    def __init__(self, fails: bool = False) -> None:
        self._fails = fails

    def answer_now(self, question: Question) -> Answer | None:
        return None

    def answer(self, question: Question, deadline: float) -> Answer:
        if self._fails:
            raise RuntimeError("away")
        return NotHere()


class Bench:
    """A LoopLater on a loop of its own, with one hand-over inbox."""

    def __init__(self, directory: Asked, reject_delay: float) -> None:
        self.loop = asyncio.new_event_loop()
        self.inbox, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        theirs.setblocking(False)
        self.theirs = theirs
        self.events: list[Event] = []
        self.counters = Counters()
        self.later = LoopLater(self.loop, directory, self.events.append, self.counters, reject_delay, [theirs])

    def close(self) -> None:
        self.later.close()
        self.loop.close()
        self.inbox.close()
        self.theirs.close()


@pytest.fixture
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    made = Bench(getattr(request, "param", Asked()), 1.0)
    yield made
    made.close()


def ask(bench: Bench) -> Answer:
    """The answer that comes back into the loop."""
    answers: list[Answer] = []

    def then(answer: Answer) -> None:
        answers.append(answer)
        bench.loop.stop()

    bench.later.ask(QUESTION, then)
    bench.loop.run_forever()
    return answers[0]


def test_an_answer_comes_back_into_the_loop(bench: Bench) -> None:
    assert ask(bench) == NotHere()
    assert bench.later.under_way == 0


@pytest.mark.parametrize("bench", [Asked(fails=True)], indirect=True)
def test_a_directory_that_fails_could_not_be_asked(bench: Bench) -> None:
    assert isinstance(ask(bench), CouldNotAsk)
    assert bench.counters.faults == 1


def test_too_many_questions_could_not_be_asked_and_the_others_go_on(bench: Bench) -> None:
    answers: list[Answer] = []
    for _ in range(ASKING_AT_MOST + 5):
        bench.later.ask(QUESTION, answers.append)
    while len(answers) < ASKING_AT_MOST + 5:
        bench.loop.run_until_complete(asyncio.sleep(0))
    assert sum(isinstance(answer, CouldNotAsk) for answer in answers) == 5


def test_delayed_rejects_are_bounded(bench: Bench) -> None:
    taken = [bench.later.delay(lambda: None, perf_counter_ns()) for _ in range(DELAYED_AT_MOST + 1)]
    assert taken.count(False) == 1
    assert not taken[-1]


def test_without_a_delay_a_reject_leaves_at_once() -> None:
    bench = Bench(Asked(), 0.0)
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
    bench.loop.call_later(0.01, bench.loop.stop)
    bench.loop.run_forever()
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
