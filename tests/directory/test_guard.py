"""One directory and what stands around it: nobody waits for a stuck one twice, nobody is told no for an outage, it heals."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from radius.directory.breaker import FAILURES, PAUSE, BreakerState
from radius.directory.guard import OVERDUE, Guard
from radius.directory.question import Answer, CouldNotAsk, NotHere, PlainPassword, Proved, Question, Remembered, Wrong
from radius.secret import Secret
from tests.fakes.directory_source import FakeSource, description
from tests.fakes.known import MemoryFile, known
from tests.fakes.school_house import NOW
from tests.fakes.serving import eventually

AWAY = CouldNotAsk("ldap")
QUICK = "[limits]\nthreads = 2\nwaiting = 3\ndeadline_seconds = 0.3\n"


class House:
    """A guard with its source; `later` seconds have passed on its clock beyond the real one."""

    def __init__(self, more: str = QUICK) -> None:
        self.source = FakeSource(people={"ana": "ana-lozinka", "bora": "bora-lozinka"})
        self.file = MemoryFile()
        self.later = 0.0
        self.faults: list[str] = []
        self.guard = Guard(
            self.source,
            description(more),
            known(self.file),
            lambda name, error: self.faults.append(type(error).__name__),
            self.clock,
        )

    def clock(self) -> float:
        return time.monotonic() + self.later

    def ask(self, name: str = "ana", text: str = "", tell: Callable[[Answer], None] | None = None) -> "Told":
        told = Told()
        question = Question(name, PlainPassword(Secret(text or f"{name}-lozinka")), NOW, False, "os-primer")
        self.guard.ask(question, self.clock() + 4.0, tell or told)
        return told

    def now(self, name: str = "ana", text: str = "") -> Answer | None:
        return self.guard.now(Question(name, PlainPassword(Secret(text or f"{name}-lozinka")), NOW, False, "os-primer"))

    def open(self) -> None:
        """Let the breaker open."""
        self.source.away = True
        for number in range(FAILURES):
            assert self.ask(f"stranger-{number}").answer() == AWAY
        assert self.guard.breaker.state is BreakerState.OPEN


class Told:
    """One that waits for an answer."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self._event = threading.Event()

    def __call__(self, answer: Answer) -> None:
        self.answers.append(answer)
        self._event.set()

    def answer(self) -> Answer:
        assert self._event.wait(10), "nobody was told anything"
        (answer,) = self.answers
        return answer


@pytest.fixture
def house() -> Iterator[House]:
    made = House()
    yield made
    made.source.held.set()
    made.guard.close()


def test_it_is_asked_and_remembers(house: House) -> None:
    assert house.now() is None
    answer = house.ask().answer()
    assert isinstance(answer, Proved)
    assert not answer.from_cache
    assert house.now() == Proved(answer.principal, None, True, house.source.version("ana"))


def test_the_version_is_asked_for_whatever_the_question_says(house: House) -> None:
    house.ask().answer()
    assert [question.remember for question in house.source.asked] == [True]
    assert [question.school for question in house.source.asked] == ["os-primer"]


def test_a_windows_domain_is_for_active_directory_alone(house: House) -> None:
    assert isinstance(house.ask("SKOLA\\ana", "ana-lozinka").answer(), Proved)
    assert house.source.asked[0].principal == "ana"


def test_the_same_question_flies_once_and_all_are_told(house: House) -> None:
    house.source.held.clear()
    waiting = [house.ask() for _ in range(5)]
    another = house.ask(text="druga")
    house.source.held.set()
    assert all(isinstance(told.answer(), Proved) for told in waiting)
    assert isinstance(another.answer(), Wrong)
    assert len(house.source.asked) == 2
    assert house.guard.tally.joined == 4


def test_a_refusal_is_remembered_for_seconds_and_for_that_very_question(house: House) -> None:
    assert isinstance(house.ask(text="pogresna").answer(), Wrong)
    assert isinstance(house.ask(text="pogresna").answer(), Wrong)
    assert house.ask("nepoznat").answer() == house.ask("nepoznat").answer() == NotHere()
    assert len(house.source.asked) == 2
    house.later += 5.0
    assert isinstance(house.ask(text="pogresna").answer(), Wrong)
    assert len(house.source.asked) == 3


def test_a_password_that_was_changed_to_a_new_one_is_felt_at_once(house: House) -> None:
    house.ask().answer()
    house.source.people["ana"] = "nova"
    assert house.now(text="nova") is None
    assert isinstance(house.ask(text="nova").answer(), Proved)
    assert house.now() is None
    assert isinstance(house.ask().answer(), Wrong)


def test_when_too_many_wait_the_next_could_not_be_asked_at_once(house: House) -> None:
    house.source.held.clear()
    taken = [house.ask(f"person-{number}") for number in range(5)]
    assert house.ask("one-too-many").answer() == AWAY
    assert house.guard.tally.full == 1
    house.source.held.set()
    assert [told.answer() for told in taken] == [NotHere()] * 5
    assert house.guard.breaker.closed


def test_a_known_person_gets_in_while_too_many_wait(house: House) -> None:
    house.ask().answer()
    house.source.held.clear()
    for number in range(5):
        house.ask(f"person-{number}")
    answer = house.guard.away(Question("ana", PlainPassword(Secret("ana-lozinka")), NOW))
    assert isinstance(answer, Proved)
    assert answer.from_cache


def test_an_outage_is_felt_by_a_few_and_then_nobody_waits(house: House) -> None:
    house.ask().answer()
    house.open()
    asked = len(house.source.asked)
    assert house.now("bora") == AWAY
    assert house.now(text="druga") == AWAY  # it may well be the new one
    assert isinstance(house.now(), Proved)
    assert len(house.source.asked) == asked


def test_those_who_wait_for_a_thread_are_told_when_the_breaker_opens(house: House) -> None:
    house.source.held.clear()
    began = time.monotonic()
    waiting = [house.ask(f"person-{number}") for number in range(5)]
    for told in waiting:
        assert told.answer() == AWAY
    assert time.monotonic() - began < 2.0  # not five deadlines one after the other
    assert house.guard.tally.could_not_ask <= 4


def test_it_heals_by_itself_a_probe_first_and_then_somebodys_login(house: House) -> None:
    house.open()
    house.guard.tick()
    assert not any(isinstance(question.credential, Remembered) for question in house.source.asked)
    house.later += PAUSE
    house.guard.tick()
    eventually(lambda: isinstance(house.source.asked[-1].credential, Remembered), "a probe was sent")
    assert house.guard.breaker.state is BreakerState.OPEN
    house.source.away = False
    house.later += 2 * PAUSE

    def half_open() -> bool:
        house.guard.tick()
        return house.guard.breaker.state is BreakerState.HALF_OPEN

    eventually(half_open, "a probe is answered")
    assert house.now() is None
    assert isinstance(house.ask().answer(), Proved)
    eventually(lambda: house.guard.breaker.closed, "it is closed")


def test_what_a_probe_hears_teaches_nothing(house: House) -> None:
    house.ask("ana").answer()
    house.open()
    house.source.away = False
    house.guard._latest = Question("ana", PlainPassword(Secret("ana-lozinka")), NOW)
    house.later += PAUSE
    house.guard.tick()
    eventually(lambda: house.guard.breaker.state is BreakerState.HALF_OPEN, "the probe was answered")
    assert isinstance(house.now(), Proved)


def test_a_source_that_hangs_for_good_is_given_up_and_counts_as_away() -> None:
    house = House("[limits]\nthreads = 3\nwaiting = 3\ndeadline_seconds = 0.1\n")
    house.source.deaf = True
    house.source.held.clear()
    stuck = [house.ask(f"person-{number}") for number in range(3)]
    eventually(lambda: len(house.source.asked) == 3, "all three are being asked")
    house.later += 0.1 + OVERDUE + 0.1
    house.guard.tick()
    assert [told.answer() for told in stuck] == [AWAY] * 3
    assert house.guard.breaker.state is BreakerState.OPEN
    house.source.held.set()
    house.guard.close()


def test_a_fault_of_ours_is_told_without_its_text_and_answers_could_not_ask(house: House) -> None:
    house.source.broken = True
    assert house.ask().answer() == AWAY
    assert house.faults == ["RuntimeError"]


def test_closing_lets_nobody_wait_for_ever(house: House) -> None:
    house.source.held.clear()
    waiting = [house.ask(f"person-{number}") for number in range(5)]
    house.guard.close()
    assert [told.answer() for told in waiting] == [AWAY] * 5
    assert house.source.closed


def test_percentiles_are_of_what_was_answered(house: House) -> None:
    assert house.guard.tally.percentiles() == (0.0, 0.0, 0.0)
    for number in range(100):
        house.guard.tally.took(number / 1000, answered=True)
    house.guard.tally.took(9.0, answered=False)
    assert house.guard.tally.percentiles() == (50.0, 95.0, 99.0)
    assert (house.guard.tally.asked, house.guard.tally.answered, house.guard.tally.could_not_ask) == (101, 100, 1)
