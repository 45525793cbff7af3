"""A roster makes accounts without a password: a directory proves them, and what they may is the roster's."""

import time
from collections.abc import Iterator

import pytest

from radius.audit.causes import Cause
from radius.directory.question import (
    Answer,
    CouldNotAsk,
    MsChap2Response,
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
from tests.directory.test_chain import House
from tests.fakes.directory_source import BIND, FakeSource
from tests.fakes.school_house import NOW

PASSWORD = "directory password"


@pytest.fixture
def house() -> Iterator[House]:
    house = House(FakeSource("ldap", {"ana": PASSWORD}), realms=[""])
    house.sources[0].roles["ana"] = "staff"  # which the roster knows better
    add(house, "ana")
    add(house, "iva")
    yield house
    house.chain.close()


def add(house: House, name: str, *, disabled: bool = False) -> None:
    enrolled = (("class:os-primer/8-2", 0.0, NOW + 1.0), ("class:os-primer/7-2", 0.0, NOW - 1.0))
    house.local.records.people[name] = PersonRecord(
        7, name, "os-primer", "student", ("choir",), disabled, 0.0, 0.0, b"", b"", b"", "", enrolled
    )


def ask(house: House, name: str, credential: object, *, remember: bool = False) -> Answer:
    question = Question(name, credential, NOW, remember, "os-primer")  # type: ignore[arg-type]
    return house.chain.answer(question, time.monotonic() + 2.0)


def password(text: str = PASSWORD) -> PlainPassword:
    return PlainPassword(Secret(text))


def test_the_directory_proves_and_the_roster_says_who_she_is(house: House) -> None:
    for _ in range(2):  # the second time from memory
        answer = ask(house, "ana", password())
        assert isinstance(answer, Proved)
        who = answer.principal
        assert (who.subject, who.role, who.school) == ("person:7", "student", "os-primer")
        assert who.groups == {"choir", "class:os-primer/8-2", "8-2"}
    assert len(house.sources[0].asked) == 1


def test_a_wrong_password_is_wrong(house: House) -> None:
    assert isinstance(ask(house, "ana", password("guess")), Wrong)


def test_whom_the_roster_has_dismissed_stays_out_although_the_directory_still_knows_her(house: House) -> None:
    add(house, "ana", disabled=True)
    answer = ask(house, "ana", password())
    assert isinstance(answer, Refused)
    assert answer.cause is Cause.ACCOUNT_DISABLED
    assert isinstance(ask(house, "ana", password("guess")), Wrong)  # and a stranger is not told so


def test_whom_no_directory_knows_nobody_can_prove(house: House) -> None:
    answer = ask(house, "iva", password())
    assert isinstance(answer, Refused)
    assert answer.cause is Cause.METHOD_NOT_CHECKABLE


def test_an_outage_is_no_denial(house: House) -> None:
    assert isinstance(ask(house, "ana", password()), Proved)
    house.sources[0].away = True
    assert isinstance(ask(house, "ana", password()), Proved)
    assert isinstance(ask(house, "iva", password()), CouldNotAsk)


def test_a_resumed_session_holds_until_the_roster_dismisses_her(house: House) -> None:
    first = ask(house, "ana", password(), remember=True)
    assert isinstance(first, Proved)
    assert isinstance(ask(house, "ana", Remembered(first.version), remember=True), Proved)
    assert isinstance(ask(house, "ana", Remembered(b"another")), Wrong)
    add(house, "ana", disabled=True)
    assert isinstance(ask(house, "ana", Remembered(first.version)), Refused)


def test_a_certificate_needs_no_directory(house: House) -> None:
    answer = ask(house, "ana", VerifiedCertificate(("ana",)))
    assert isinstance(answer, Proved)
    assert answer.principal.subject == "person:7"
    assert house.sources[0].asked == []


def test_what_is_offered_is_what_the_directory_can_check(house: House) -> None:
    assert house.chain.checks_for("ana", "os-primer") == BIND
    assert MsChap2Response in house.chain.checks_for("nastavnik.primer", "os-primer")  # an account with a password here


def test_without_a_directory_she_cannot_be_proved() -> None:
    house = House()
    add(house, "ana")
    answer = ask(house, "ana", password())
    assert isinstance(answer, Refused)
    assert answer.cause is Cause.METHOD_NOT_CHECKABLE
    house.chain.close()
