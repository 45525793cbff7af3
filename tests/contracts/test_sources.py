"""Real directories, and the fake one that the chain's tests use, answer alike."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from radius.audit.causes import Cause
from radius.directory.active_directory.source import make_active_directory
from radius.directory.description import BIND_PASSWORD, parse_description
from radius.directory.ldap.source import make_ldap
from radius.directory.question import (
    Answer,
    CouldNotAsk,
    NotHere,
    PlainPassword,
    Proved,
    Question,
    Refused,
    Remembered,
    VerifiedCertificate,
    Wrong,
)
from radius.directory.source import Source
from radius.secret import Secret
from tests.fakes.directory_source import FakeSource
from tests.fakes.samba_dc import SambaDc
from tests.fakes.samba_people import PEOPLE
from tests.fakes.slapd import SERVICE_PASSWORD
from tests.fakes.slapd_people import PEOPLE_BASE

NOW = 1_795_420_800.0


@dataclass
class House:
    """A source that knows ana ("ana-lozinka"), whose certificate has her name, and iskljucen ("iskljucen-lozinka"), whose
    account is disabled; and what can be done to the directory behind it."""

    source: Source
    change_password: Callable[[str, str], None]
    away: Callable[[], AbstractContextManager[None]]


@contextmanager
def fake(_: pytest.FixtureRequest) -> Iterator[House]:
    source = FakeSource(people={"ana": "ana-lozinka", "iskljucen": "iskljucen-lozinka"})
    source.refused["iskljucen"] = Cause.ACCOUNT_DISABLED

    @contextmanager
    def away() -> Iterator[None]:
        source.away = True
        yield
        source.away = False

    yield House(source, source.people.__setitem__, away)
    source.close()


@pytest.fixture(scope="module")
def domain(samba_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Active Directory, by a domain controller of its own, because it is stopped and its passwords are changed."""

    def change_password(name: str, new: str) -> None:
        dc.tool("user", "setpassword", name, f"--newpassword={new}")

    @contextmanager
    def away() -> Iterator[None]:
        dc.signal_all(signal.SIGSTOP)
        yield
        dc.signal_all(signal.SIGCONT)

    # Active Directory takes the former password for another hour, which no other directory does.
    with SambaDc(samba_template, tmp_path_factory.mktemp("samba") / "dc", old_password_minutes=0) as dc:
        dc.tool("domain", "passwordsettings", "set", "--complexity=off")
        change_password("ana", "ana-lozinka")
        dc.tool("user", "create", "iskljucen", "iskljucen-lozinka")
        dc.tool("user", "disable", "iskljucen")
        source = make_active_directory("skola", parse_description(dc.document()), {BIND_PASSWORD: Secret(PEOPLE["kapija"])})
        yield House(source, change_password, away)
        source.close()


@contextmanager
def ldap(request: pytest.FixtureRequest) -> Iterator[House]:
    slapd = request.getfixturevalue("slapd")
    source = make_ldap("skola", parse_description(slapd.document()), {"bind_password": Secret(SERVICE_PASSWORD)})

    def change_password(name: str, new: str) -> None:
        change = {"userPassword": [("MODIFY_REPLACE", [new])]}
        slapd.as_root(lambda root: root.modify(f"uid={name},{PEOPLE_BASE}", change))

    @contextmanager
    def away() -> Iterator[None]:
        slapd.freeze()
        try:
            yield
        finally:
            slapd.thaw()

    yield House(source, change_password, away)
    source.close()


@contextmanager
def active_directory(request: pytest.FixtureRequest) -> Iterator[House]:
    yield request.getfixturevalue("domain")


REAL = [pytest.param(made, marks=pytest.mark.peer) for made in (ldap, active_directory)]


@pytest.fixture(params=[fake, *REAL], ids=["fake", "ldap", "active-directory"])
def house(request: pytest.FixtureRequest) -> Iterator[House]:
    with request.param(request) as made:
        yield made


def ask(house: House, name: str, credential: object, *, remember: bool = False, within: float = 5.0) -> Answer:
    question = Question(name, credential, NOW, remember, "os-primer")  # type: ignore[arg-type]
    return house.source.answer(question, time.monotonic() + within)


def password(text: str) -> PlainPassword:
    return PlainPassword(Secret(text))


def test_the_right_password_proves_it_and_the_subject_is_the_directorys(house: House) -> None:
    answer = ask(house, "ana", password("ana-lozinka"))
    assert isinstance(answer, Proved)
    assert answer.principal.subject.startswith(f"{house.source.name}:")
    assert answer.principal.name == "ana"
    assert not answer.from_cache


def test_a_name_is_the_same_in_other_letters(house: House) -> None:
    one, other = ask(house, "ana", password("ana-lozinka")), ask(house, "ANA", password("ana-lozinka"))
    assert isinstance(one, Proved) and isinstance(other, Proved)
    assert one.principal == other.principal


def test_a_wrong_password_is_wrong_and_says_whose(house: House) -> None:
    answer = ask(house, "ana", password("lozinka"))
    assert isinstance(answer, Wrong)
    assert answer.principal.name == "ana"


@pytest.mark.parametrize("text", ["", "\0"])
def test_an_empty_password_never_proves_anything(house: House, text: str) -> None:
    assert not isinstance(ask(house, "ana", password(text)), Proved)


def test_a_stranger_is_not_here(house: House) -> None:
    assert ask(house, "nepoznat", password("ana-lozinka")) == NotHere()
    assert ask(house, "nepoznat", Remembered(b"version")) == NotHere()
    assert ask(house, "", VerifiedCertificate(("nepoznat@skola.example",))) == NotHere()


def test_that_an_account_is_disabled_is_told_only_after_its_password_held(house: House) -> None:
    answer = ask(house, "iskljucen", password("iskljucen-lozinka"))
    assert isinstance(answer, Refused)
    assert answer.cause is Cause.ACCOUNT_DISABLED
    assert isinstance(ask(house, "iskljucen", password("something else")), Wrong)
    assert isinstance(ask(house, "", VerifiedCertificate(("iskljucen",))), Refused)


def test_a_certificate_is_somebodys(house: House) -> None:
    answer = ask(house, "", VerifiedCertificate(("nepoznat", "ana")))
    assert isinstance(answer, Proved)
    assert answer.principal.name == "ana"


def test_the_version_is_there_when_it_is_asked_for_and_holds_while_the_account_is_the_same(house: House) -> None:
    answer = ask(house, "ana", password("ana-lozinka"), remember=True)
    assert isinstance(answer, Proved)
    assert answer.version
    assert isinstance(ask(house, "ana", Remembered(answer.version)), Proved)
    assert isinstance(ask(house, "ana", Remembered(b"another")), Wrong)


def test_the_version_changes_with_the_password(house: House) -> None:
    before = ask(house, "ana", password("ana-lozinka"), remember=True)
    assert isinstance(before, Proved)
    house.change_password("ana", "nova lozinka")
    try:
        assert isinstance(ask(house, "ana", Remembered(before.version)), Wrong)
        assert isinstance(ask(house, "ana", password("nova lozinka")), Proved)
        assert isinstance(ask(house, "ana", password("ana-lozinka")), Wrong)
    finally:
        house.change_password("ana", "ana-lozinka")


def test_while_it_is_away_it_could_not_be_asked_whatever_the_question(house: House) -> None:
    with house.away():
        for name, credential in (
            ("ana", password("ana-lozinka")),
            ("ana", password("wrong")),
            ("nepoznat", password("wrong")),
            ("ana", Remembered(b"version")),
            ("ana", VerifiedCertificate(("ana",))),
        ):
            answer = ask(house, name, credential, within=0.5)
            assert answer == CouldNotAsk(house.source.name)
    assert isinstance(ask(house, "ana", password("ana-lozinka")), Proved)


def test_after_its_deadline_it_could_not_be_asked(house: House) -> None:
    assert isinstance(ask(house, "ana", password("ana-lozinka"), within=-1.0), CouldNotAsk)
