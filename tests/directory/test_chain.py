"""Local accounts first and at no cost; then one directory after the other; three answers, and the order among them."""

import time
from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import strategies as st

from radius.audit.causes import Cause
from radius.directory.breaker import FAILURES
from radius.directory.chain import Chain
from radius.directory.guard import Guard
from radius.directory.local import LocalDirectory
from radius.directory.question import (
    Answer,
    ChapResponse,
    CouldNotAsk,
    KnownMac,
    MsChap2Response,
    NotHere,
    PlainPassword,
    Proved,
    Question,
    Refused,
    Remembered,
    VerifiedCertificate,
    Wrong,
)
from radius.secret import Secret
from radius.store.records import PersonRecord
from tests.fakes.directory_source import BIND, WITH_HASHES, FakeSource, description
from tests.fakes.known import known
from tests.fakes.school_house import NOW, SchoolHouse

REALM = ["skola.example"]


class House:
    """A chain of local accounts (those of a SchoolHouse) and these directories."""

    def __init__(self, *sources: FakeSource, realms: list[str] | None = None) -> None:
        self.local = SchoolHouse()
        self.sources = sources
        self.chain = Chain(LocalDirectory(self.local.records, self.local.seals), self._fault)
        guards = []
        for position, source in enumerate(sources):
            described = description("[limits]\ndeadline_seconds = 0.3\n", realms=realms or REALM, position=position)
            guards.append(Guard(source, described, known(prefix=source.name), self._fault))
        self.chain.adopt(guards)

    def _fault(self, name: str, error: BaseException) -> None:
        raise AssertionError(f"{name}: {error}")

    def question(self, name: str, credential: object) -> Question:
        return Question(name, credential, NOW, False, "os-primer")  # type: ignore[arg-type]

    def pap(self, name: str, text: str) -> Answer:
        return self.chain.answer(self.question(name, password(text)), time.monotonic() + 2.0)

    def now(self, name: str, text: str) -> Answer | None:
        return self.chain.answer_now(self.question(name, password(text)))


def password(text: str) -> PlainPassword:
    return PlainPassword(Secret(text))


@pytest.fixture
def made() -> Iterator[list[House]]:
    houses: list[House] = []
    yield houses
    for house in houses:
        house.chain.close()


def two(made: list[House], first: dict[str, str], second: dict[str, str]) -> House:
    house = House(FakeSource("first", first), FakeSource("second", second))
    made.append(house)
    return house


def test_local_accounts_are_answered_from_memory_and_no_directory_hears_of_them(made: list[House]) -> None:
    house = House(FakeSource("ldap", {"nastavnik.primer": "other"}), realms=[""])
    made.append(house)
    assert isinstance(house.now("nastavnik.primer", "staff password 1"), Proved)
    assert isinstance(house.pap("nastavnik.primer", "wrong"), Wrong)
    assert house.sources[0].asked == []


def test_a_realm_that_no_directory_claims_is_local_alone(made: list[House]) -> None:
    house = House(FakeSource("ldap", {"ana": "ana-lozinka"}))
    made.append(house)
    assert house.now("ana@other.example", "ana-lozinka") == NotHere()
    assert house.now("ana", "ana-lozinka") == NotHere()
    assert house.sources[0].asked == []


def test_the_first_that_proves_it_ends_it(made: list[House]) -> None:
    house = two(made, {"ana": "one"}, {"ana": "one"})
    answer = house.pap("ana@skola.example", "one")
    assert isinstance(answer, Proved)
    assert answer.principal.subject == "first:ana"
    assert house.sources[1].asked == []


def test_not_here_goes_on_and_wrong_ends_it(made: list[House]) -> None:
    house = two(made, {"ana": "one"}, {"bora": "two", "ana": "two"})
    assert isinstance(house.pap("bora@skola.example", "two"), Proved)
    assert isinstance(house.pap("ana@skola.example", "two"), Wrong)
    assert house.pap("vera@skola.example", "x") == NotHere()


def test_one_that_could_not_be_asked_is_passed_over_and_then_nobody_is_wrong(made: list[House]) -> None:
    house = two(made, {"ana": "one"}, {"bora": "two", "ana": "two"})
    house.sources[0].away = True
    assert isinstance(house.pap("bora@skola.example", "two"), Proved)
    assert house.pap("bora@skola.example", "wrong") == CouldNotAsk("first")
    assert house.pap("vera@skola.example", "x") == CouldNotAsk("first")


def test_a_later_one_that_is_away_does_not_make_an_earlier_ones_wrong_doubtful(made: list[House]) -> None:
    house = two(made, {"ana": "one"}, {})
    house.sources[1].away = True
    assert isinstance(house.pap("ana@skola.example", "wrong"), Wrong)


def test_a_disabled_account_with_the_right_password_ends_it_even_if_another_is_away(made: list[House]) -> None:
    house = two(made, {}, {"ana": "two"})
    house.sources[0].away = True
    house.sources[1].refused["ana"] = Cause.ACCOUNT_DISABLED
    answer = house.pap("ana@skola.example", "two")
    assert isinstance(answer, Refused)
    assert answer.cause is Cause.ACCOUNT_DISABLED


KNOWS = st.sampled_from(["proves", "wrong", "not here", "away"])


def one_that(knows: str, name: str) -> FakeSource:
    people = {"proves": {"ana": "right"}, "wrong": {"ana": "another"}}.get(knows, {"somebody": "x"})
    source = FakeSource(name, people)
    source.away = knows == "away"
    return source


@given(st.lists(KNOWS, max_size=4))
def test_the_order_of_answers_is_the_tables(knows: list[str]) -> None:
    house = House(*(one_that(each, f"d{number}") for number, each in enumerate(knows)))
    answer = house.pap("ana@skola.example", "right")
    house.chain.close()
    decisive = next((each for each in knows if each in ("proves", "wrong")), None)
    before = knows[: knows.index(decisive)] if decisive else knows
    if decisive == "proves":
        assert isinstance(answer, Proved)
    elif "away" in before:
        assert isinstance(answer, CouldNotAsk)
    else:
        assert isinstance(answer, Wrong if decisive else NotHere)


def test_what_memory_knows_needs_no_thread_and_a_no_always_comes_by_one(made: list[House]) -> None:
    """So that the moment of an answer does not tell a name that is here from one that is not."""
    house = House(FakeSource("ldap", {"ana": "ana-lozinka"}), realms=[""])
    made.append(house)
    assert house.now("ana", "ana-lozinka") is None
    house.pap("ana", "ana-lozinka")
    assert isinstance(house.now("ana", "ana-lozinka"), Proved)
    for name in ("ana", "nepoznat", "nastavnik.primer"):  # in the directory, nowhere, local
        house.pap(name, "wrong")
        assert house.now(name, "wrong") is None


def test_while_it_is_away_memory_answers_everything_at_once(made: list[House]) -> None:
    house = House(FakeSource("ldap", {"ana": "ana-lozinka"}))
    made.append(house)
    house.pap("ana@skola.example", "ana-lozinka")
    house.sources[0].away = True
    for number in range(FAILURES):
        house.pap(f"{number}@skola.example", "x")
    answer = house.now("ana@skola.example", "ana-lozinka")
    assert isinstance(answer, Proved)
    assert answer.from_cache
    assert house.now("ana@skola.example", "nova") == CouldNotAsk("ldap")
    assert house.now("nepoznat@skola.example", "x") == CouldNotAsk("ldap")


def test_an_answer_that_never_comes_is_given_up_with_what_memory_knows(made: list[House]) -> None:
    house = House(FakeSource("ldap", {"ana": "ana-lozinka"}))
    made.append(house)
    house.pap("ana@skola.example", "ana-lozinka")
    known_ana = house.question("ana@skola.example", password("ana-lozinka"))
    assert isinstance(house.chain.give_up(known_ana), Proved)
    assert house.chain.give_up(house.question("ana@skola.example", password("nova"))) == CouldNotAsk("ldap")
    house.sources[0].held.clear()
    house.sources[0].deaf = True
    began = time.monotonic()
    late = house.chain.answer(house.question("bora@skola.example", password("x")), began + 0.1)
    assert late == CouldNotAsk("ldap")
    assert time.monotonic() - began < 1.0
    house.sources[0].held.set()


def test_a_device_is_never_asked_of_a_directory(made: list[House]) -> None:
    house = House(FakeSource("ldap"), realms=[""])
    made.append(house)
    question = house.question("02-00-00-00-00-99", KnownMac("02-00-00-00-00-99"))
    assert house.chain.answer_now(question) == NotHere()


def test_what_no_directory_of_the_realm_can_check_is_said_so_whoever_it_is(made: list[House]) -> None:
    house = House(FakeSource("ldap", {"ana": "ana-lozinka"}))
    made.append(house)
    for name in ("ana@skola.example", "nepoznat@skola.example"):
        for credential in (ChapResponse(1, b"c" * 16, b"r" * 16), MsChap2Response(b"a" * 16, b"p" * 16, b"ana", b"r" * 24)):
            answer = house.chain.answer(house.question(name, credential), time.monotonic() + 1)
            assert isinstance(answer, Refused)
            assert (answer.cause, answer.principal.subject) == (Cause.METHOD_NOT_CHECKABLE, "")
    assert house.sources[0].asked == []


def test_a_certificate_is_routed_by_its_names(made: list[House]) -> None:
    house = House(FakeSource("ldap", {"ana": "ana-lozinka"}))
    made.append(house)
    theirs, ours = VerifiedCertificate(("ana@other.example",)), VerifiedCertificate(("ana@skola.example", "ana@x.example"))
    assert house.chain.answer_now(house.question("ana@other.example", theirs)) == NotHere()
    answer = house.chain.answer(house.question("ana@skola.example", ours), time.monotonic() + 1)
    assert isinstance(answer, Proved)
    assert house.sources[0].asked[0].credential == VerifiedCertificate(("ana@skola.example",))


def test_a_resumed_session_is_asked_too(made: list[House]) -> None:
    house = House(FakeSource("ldap", {"ana": "ana-lozinka"}))
    made.append(house)
    version = house.sources[0].version("ana")
    for credential, expected in ((Remembered(version), Proved), (Remembered(b"old"), Wrong)):
        answer = house.chain.answer(house.question("ana@skola.example", credential), time.monotonic() + 1)
        assert isinstance(answer, expected)


def test_a_strong_local_account_is_checked_on_a_thread(made: list[House]) -> None:
    house = House()
    made.append(house)
    hashed = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("strong password")
    person = PersonRecord(9, "direktor.primer", "os-primer", "staff", (), False, 0, 0, b"", b"", b"", hashed)
    house.local.records.people["direktor.primer"] = person
    assert house.now("direktor.primer", "strong password") is None
    assert isinstance(house.pap("direktor.primer", "strong password"), Proved)
    assert isinstance(house.pap("direktor.primer", "wrong"), Wrong)


def test_while_the_node_file_is_being_filled_nobody_is_sent_away(made: list[House]) -> None:
    house = House(FakeSource("ldap", {"ana": "ana-lozinka"}))
    made.append(house)
    house.local.records.filled = False
    assert house.now("ana@skola.example", "ana-lozinka") == CouldNotAsk("local")


@pytest.mark.parametrize(
    ("identity", "checks"),
    [
        ("ana@skola.example", BIND),
        ("anonymous@skola.example", BIND),
        ("@skola.example", BIND),
        ("ana@hash.example", WITH_HASHES),
        ("ana@other.example", LocalDirectory.checks),
        ("ana", LocalDirectory.checks),
        ("nastavnik.primer@skola.example", BIND),
    ],
)
def test_what_can_be_checked_depends_on_the_realm(made: list[House], identity: str, checks: frozenset[type]) -> None:
    house = House(FakeSource("ldap"))
    other = Guard(FakeSource("hashes", checks=WITH_HASHES), description(realms=["hash.example"]), known(), house._fault)
    house.chain.adopt([*house.chain.guards, other])
    made.append(house)
    assert house.chain.checks_for(identity, "os-primer") == checks


def test_where_the_name_is_a_local_account_local_accounts_say_what_can_be_checked(made: list[House]) -> None:
    house = House(FakeSource("ldap"), realms=[""])
    made.append(house)
    assert house.chain.checks_for("ucenik.primer", "os-primer") == LocalDirectory.checks
    assert house.chain.checks_for("OS-VUK\\ucenik.primer", "os-primer") == LocalDirectory.checks
    assert house.chain.checks_for("anonymous", "os-primer") == BIND
    assert [guard.name for guard in house.chain.served_by("anonymous", "os-primer")] == ["ldap"]
