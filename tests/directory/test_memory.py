"""What memory may say: fresh while the directory is there, the password that held last while it is away, never a guess."""

import msgspec
import pytest

from radius.audit.causes import Cause
from radius.directory.description import CacheTimes
from radius.directory.memory import Memory
from radius.directory.question import (
    Answer,
    Credential,
    MsChap2Response,
    NotHere,
    PlainPassword,
    Principal,
    Proved,
    Question,
    Refused,
    Remembered,
    VerifiedCertificate,
    Wrong,
)
from radius.directory.tally import Tally
from radius.secret import Secret
from tests.fakes.known import MemoryFile, known
from tests.fakes.school_house import NOW

ANA = Principal("ldap:1", "ana", "student", frozenset({"8-2", "hor"}), "os-primer")
HOUR = 3600.0
TIMES = CacheTimes()


class House:
    """One worker's memory of a directory; the time is `now`."""

    def __init__(self, times: CacheTimes = TIMES, file: MemoryFile | None = None) -> None:
        self.file = file if file is not None else MemoryFile()
        self.tally = Tally()
        self.memory = Memory(known(self.file), times, self.tally)
        self.now = NOW

    def question(self, credential: Credential, name: str = "ana") -> Question:
        return Question(name, credential, self.now, True)

    def learn(self, credential: Credential, answer: Answer, name: str = "ana") -> None:
        self.memory.learn(self.question(credential, name), answer)

    def fresh(self, credential: Credential, name: str = "ana") -> Proved | None:
        return self.memory.fresh(self.question(credential, name))

    def away(self, credential: Credential, name: str = "ana") -> Proved | None:
        return self.memory.away(self.question(credential, name))


def password(text: str = "lozinka") -> PlainPassword:
    return PlainPassword(Secret(text))


def proved(version: bytes = b"v1", principal: Principal = ANA) -> Proved:
    return Proved(principal, version=version)


@pytest.fixture
def house() -> House:
    made = House()
    made.learn(password(), proved())
    return made


def test_a_password_that_held_holds_for_minutes_and_says_whence(house: House) -> None:
    answer = house.fresh(password())
    assert answer == Proved(ANA, None, True, b"v1")
    house.now += TIMES.proof_seconds
    assert house.fresh(password()) is None


def test_while_the_directory_is_away_it_holds_for_hours(house: House) -> None:
    house.now += TIMES.proof_hours_away * HOUR - 1
    assert house.away(password()) == Proved(ANA, None, True, b"v1")
    house.now += 1
    assert house.away(password()) is None


def test_another_password_is_no_answer_there_or_away(house: House) -> None:
    assert house.fresh(password("druga")) is house.away(password("druga")) is None


def test_of_a_stranger_nothing_is_known(house: House) -> None:
    assert house.fresh(password(), "bora") is house.away(password(), "bora") is None
    assert house.fresh(Remembered(b"v1"), "bora") is None


def test_a_clock_that_went_back_makes_nothing_fresh(house: House) -> None:
    house.now -= 10
    assert house.fresh(password()) is house.away(password()) is None


@pytest.mark.parametrize("times", [CacheTimes(proof_seconds=0), CacheTimes(facts_seconds=0)])
def test_zero_seconds_ask_each_time_and_still_survive_an_outage(times: CacheTimes) -> None:
    house = House(times)
    house.learn(password(), proved())
    assert house.fresh(password()) is None
    assert house.away(password()) is not None


def test_zero_hours_survive_nothing() -> None:
    house = House(CacheTimes(proof_hours_away=0))
    house.learn(password(), proved())
    assert house.fresh(password()) is not None
    assert house.away(password()) is None


def test_a_new_password_takes_the_olds_place_at_once(house: House) -> None:
    house.learn(password("nova"), proved(b"v2"))
    assert house.fresh(password("nova")) is not None
    assert house.fresh(password()) is house.away(password()) is None


def test_a_new_password_proved_under_another_spelling_takes_the_olds_place_too(house: House) -> None:
    house.now += 1
    house.learn(password("nova"), proved(b"v2"), "ana@skola.example")
    assert house.away(password()) is None


def test_a_password_that_no_longer_holds_is_forgotten(house: House) -> None:
    house.learn(password(), Wrong(ANA))
    assert house.fresh(password()) is house.away(password()) is None


def test_whoever_guesses_takes_nobodys_survival_away(house: House) -> None:
    house.learn(password("pogodak"), Wrong(ANA))
    house.learn(Remembered(b"v0"), Wrong(ANA))  # an old session
    assert house.away(password()) is not None


def test_a_session_that_held_and_holds_no_more_takes_the_password_along(house: House) -> None:
    house.learn(Remembered(b"v1"), Wrong(ANA))
    assert house.away(password()) is house.away(Remembered(b"v1")) is None


@pytest.mark.parametrize("cause", [Cause.ACCOUNT_DISABLED, Cause.ACCOUNT_EXPIRED])
def test_an_account_that_may_not_come_in_is_forgotten(house: House, cause: Cause) -> None:
    house.learn(password(), Refused(ANA, cause))
    assert house.away(password()) is house.away(Remembered(b"v1")) is None


def test_an_account_that_is_gone_is_forgotten(house: House) -> None:
    house.learn(password(), NotHere())
    assert house.away(password()) is house.away(Remembered(b"v1")) is None


@pytest.mark.parametrize("cause", [Cause.METHOD_NOT_CHECKABLE, Cause.ACCOUNT_LOCKED, Cause.AMBIGUOUS_ACCOUNT])
def test_what_was_found_before_any_proof_takes_nobodys_survival_away(house: House, cause: Cause) -> None:
    house.learn(password("pogodak"), Refused(ANA, cause))
    assert house.away(password()) is not None


def test_a_resumed_session_is_answered_from_facts_of_its_version(house: House) -> None:
    assert house.fresh(Remembered(b"v1")) == Proved(ANA, None, True, b"v1")
    assert house.fresh(Remembered(b"v2")) is house.away(Remembered(b"v2")) is None
    house.now += TIMES.facts_seconds
    assert house.fresh(Remembered(b"v1")) is None
    assert house.away(Remembered(b"v1")) is not None  # the survival window of MS-CHAPv2
    house.now += TIMES.proof_hours_away * HOUR
    assert house.away(Remembered(b"v1")) is None


def test_without_a_version_no_session_is_believed() -> None:
    house = House()
    house.learn(password(), proved(b""))
    assert house.fresh(Remembered(b"")) is None


def test_a_response_to_a_challenge_is_never_answered_from_memory(house: House) -> None:
    response = MsChap2Response(b"a" * 16, b"p" * 16, b"ana", b"r" * 24)
    house.learn(response, Proved(ANA, Secret(b"k" * 16), version=b"v1"))
    assert house.fresh(response) is house.away(response) is None
    assert house.away(Remembered(b"v1")) is not None


def test_newer_facts_of_another_version_end_the_proof(house: House) -> None:
    house.now += 1
    house.learn(Remembered(b"v2"), proved(b"v2"))
    assert house.fresh(password()) is house.away(password()) is None


def test_a_certificate_is_known_by_its_names(house: House) -> None:
    shown = VerifiedCertificate(("ana@skola.example", "ana"))
    assert house.fresh(shown) is None
    house.learn(shown, proved())
    assert house.fresh(shown) == Proved(ANA, None, True, b"v1")
    assert house.fresh(VerifiedCertificate(("ana",))) is None


def test_what_one_worker_learned_the_others_know(house: House) -> None:
    other = House(file=house.file)
    assert other.fresh(password()) is not None
    house.learn(password("nova"), proved(b"v2"))
    assert other.fresh(password()) is None
    assert other.fresh(password("nova")) is not None


def test_neither_names_nor_passwords_nor_facts_can_be_read_in_the_file(house: House) -> None:
    house.learn(password("canary-lozinka"), proved(), "canary-ime")
    everything = b"".join(key + octets for key, octets in house.file.table.items())
    for word in (b"canary", b"ana", b"student", b"os-primer"):
        assert word not in everything


def test_octets_of_another_key_or_another_release_are_nothing_known(house: House) -> None:
    for key in list(house.file.table):
        house.file.table[key] = msgspec.msgpack.encode(["nothing", "known"])
    other = House(file=house.file)
    assert other.fresh(password()) is None


def test_looks_into_memory_are_counted(house: House) -> None:
    house.fresh(password())
    house.fresh(password("druga"))
    house.fresh(Remembered(b"v1"))
    house.fresh(password(), "bora")
    assert (house.tally.hits["proofs"], house.tally.misses["proofs"]) == (1, 1)
    assert (house.tally.hits["facts"], house.tally.misses["facts"]) == (1, 1)
