"""The local directory: each proof that holds, each that does not, and accounts that cannot be checked so."""

import pytest
from argon2 import PasswordHasher
from msgspec.structs import replace

from radius.audit.causes import Cause
from radius.crypto.chap import chap_response
from radius.crypto.mschap import challenge_hash, challenge_response, hash_nt_password_hash, nt_password_hash
from radius.directory.local import REMEMBER_SECONDS, LocalDirectory, RememberedProofs, joined
from radius.directory.question import (
    Answer,
    ChapResponse,
    CouldNotAsk,
    Credential,
    KnownMac,
    MsChap2Response,
    MsChapResponse,
    NotHere,
    PlainPassword,
    Principal,
    Proved,
    Question,
    Refused,
    Wrong,
)
from radius.secret import Secret
from radius.store.records import PersonRecord
from tests.fakes.school_house import NOW, SchoolHouse

PASSWORD = "lozinka učenika Đорђа"
FAR = float("inf")


@pytest.fixture
def house() -> SchoolHouse:
    house = SchoolHouse()
    house.add_person("đorđe.primer", PASSWORD, "student", groups=("8-2", "hor"))
    return house


def ask(house: SchoolHouse, credential: Credential, name: str = "đorđe.primer") -> Answer | None:
    return LocalDirectory(house.records, house.seals).answer_now(Question(name, credential, house.now))


def mschap2(password: str, name: bytes = b"peer") -> MsChap2Response:
    challenge = challenge_hash(b"p" * 16, b"a" * 16, name)
    return MsChap2Response(b"a" * 16, b"p" * 16, name, challenge_response(challenge, nt_password_hash(password)))


def proofs(password: str) -> list[Credential]:
    return [
        PlainPassword(Secret(password)),
        ChapResponse(5, b"c" * 16, chap_response(5, password.encode(), b"c" * 16)),
        MsChapResponse(b"c" * 8, challenge_response(b"c" * 8, nt_password_hash(password))),
        mschap2(password),
    ]


@pytest.mark.parametrize("number", range(4))
def test_the_right_password_proves_by_every_method(house: SchoolHouse, number: int) -> None:
    answer = ask(house, proofs(PASSWORD)[number])
    assert isinstance(answer, Proved)
    assert (answer.principal.role, answer.principal.groups) == ("student", frozenset({"8-2", "hor"}))


@pytest.mark.parametrize("number", range(4))
def test_a_wrong_password_is_wrong_by_every_method(house: SchoolHouse, number: int) -> None:
    assert isinstance(ask(house, proofs(PASSWORD + "x")[number]), Wrong)


@pytest.mark.parametrize("number", range(4))
def test_an_unknown_name_is_not_here_by_every_method(house: SchoolHouse, number: int) -> None:
    assert isinstance(ask(house, proofs(PASSWORD)[number], "niko.primer"), NotHere)


def test_mschap_gives_what_the_keys_are_made_of(house: SchoolHouse) -> None:
    answer = ask(house, mschap2(PASSWORD))
    assert isinstance(answer, Proved)
    assert answer.nt_hash_hash == Secret(hash_nt_password_hash(nt_password_hash(PASSWORD)))


def test_cyrillic_names_compare_without_case(house: SchoolHouse) -> None:
    house.add_person("ана.пример", PASSWORD, "student")
    assert isinstance(ask(house, PlainPassword(Secret(PASSWORD)), "АНА.Пример"), Proved)


@pytest.mark.parametrize("name", ["", " ", "a b", "\x00", "x" * 300, "ana\u202e"])
def test_names_that_no_account_can_have_are_not_here(house: SchoolHouse, name: str) -> None:
    assert isinstance(ask(house, PlainPassword(Secret(PASSWORD)), name), NotHere)


def test_an_account_without_a_kind_of_proof_is_refused_for_that_method(house: SchoolHouse) -> None:
    record = house.records.people["đorđe.primer"]
    bare = PersonRecord(record.id, record.username, record.school, record.role, (), False, 0, 0, b"", b"", b"", "")
    house.records.people["đorđe.primer"] = bare
    for proof in proofs(PASSWORD):
        answer = ask(house, proof)
        assert isinstance(answer, Refused)
        assert answer.cause is Cause.METHOD_NOT_CHECKABLE


def test_an_empty_password_proves_nothing(house: SchoolHouse) -> None:
    assert isinstance(ask(house, PlainPassword(Secret(b""))), Wrong)


# --- strong accounts


@pytest.fixture
def strong(house: SchoolHouse) -> SchoolHouse:
    hashed = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    house.records.people["direktor.primer"] = PersonRecord(
        99, "direktor.primer", "os-primer", "staff", (), False, 0, 0, b"", b"", b"", hashed
    )
    return house


def question(house: SchoolHouse, password: str = PASSWORD, now: float = NOW) -> Question:
    return Question("direktor.primer", PlainPassword(Secret(password)), now)


def test_a_strong_account_is_asked_on_a_thread_and_then_remembered(strong: SchoolHouse) -> None:
    directory = LocalDirectory(strong.records, strong.seals)
    assert directory.answer_now(question(strong)) is None
    assert isinstance(directory.answer(question(strong), FAR), Proved)
    assert isinstance(directory.answer_now(question(strong)), Proved)
    assert directory.answer_now(question(strong, "another")) is None
    assert directory.answer_now(question(strong, now=NOW + REMEMBER_SECONDS)) is None


def test_a_wrong_password_of_a_strong_account_is_never_remembered(strong: SchoolHouse) -> None:
    directory = LocalDirectory(strong.records, strong.seals)
    assert isinstance(directory.answer(question(strong, "wrong"), FAR), Wrong)
    assert directory.answer_now(question(strong, "wrong")) is None


def test_a_changed_password_is_felt_at_once(strong: SchoolHouse) -> None:
    directory = LocalDirectory(strong.records, strong.seals)
    directory.answer(question(strong), FAR)
    record = strong.records.people["direktor.primer"]
    hashed = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("new password")
    strong.records.people["direktor.primer"] = PersonRecord(
        record.id, record.username, record.school, record.role, (), False, 0, 0, b"", b"", b"", hashed
    )
    assert directory.answer_now(question(strong)) is None
    assert isinstance(directory.answer(question(strong), FAR), Wrong)


def test_past_its_deadline_a_directory_could_not_be_asked(strong: SchoolHouse) -> None:
    directory = LocalDirectory(strong.records, strong.seals)
    assert isinstance(directory.answer(question(strong), 0.0), CouldNotAsk)


def test_a_strong_account_cannot_be_checked_by_mschap(strong: SchoolHouse) -> None:
    answer = ask(strong, mschap2(PASSWORD), "direktor.primer")
    assert isinstance(answer, Refused)
    assert answer.cause is Cause.METHOD_NOT_CHECKABLE


def test_remembered_proofs_are_bounded(strong: SchoolHouse) -> None:
    remembered = RememberedProofs(at_most=10)
    for number in range(100):
        remembered.remember(strong.records.people["direktor.primer"], f"password {number}".encode(), NOW)
    assert len(remembered) <= 10


# --- devices


def test_a_registered_device_is_known_by_its_address(house: SchoolHouse) -> None:
    answer = ask(house, KnownMac("02-00-00-00-05-01"))
    assert isinstance(answer, Proved)
    assert answer.principal.ownership == "managed"


def test_other_devices_are_not_here(house: SchoolHouse) -> None:
    assert isinstance(ask(house, KnownMac("02-00-00-00-05-02")), NotHere)


@pytest.mark.parametrize(
    ("disabled", "valid_until", "cause"), [(True, 0.0, Cause.DEVICE_DISABLED), (False, NOW, Cause.DEVICE_EXPIRED)]
)
def test_a_device_that_may_not_come_in_is_refused_with_its_cause(
    house: SchoolHouse, disabled: bool, valid_until: float, cause: Cause
) -> None:
    house.add_device("02-00-00-00-05-03", disabled=disabled, valid_until=valid_until)
    answer = ask(house, KnownMac("02-00-00-00-05-03"))
    assert isinstance(answer, Refused)
    assert answer.cause is cause


# --- what is stored, and how it is compared


def test_a_password_typed_in_another_composition_is_the_same_password(house: SchoolHouse) -> None:
    composed, decomposed = "lozinka \u0161\u0107\u017e", "lozinka s\u030cc\u0301z\u030c"
    house.add_person("sifra.primer", composed, "student")
    assert isinstance(ask(house, PlainPassword(Secret(decomposed)), "sifra.primer"), Proved)


def test_octets_that_are_no_text_are_only_a_wrong_password(house: SchoolHouse) -> None:
    assert isinstance(ask(house, PlainPassword(Secret(b"\xff\xfe\x00"))), Wrong)


def test_an_account_with_an_nt_hash_alone_is_checked_by_pap_too(house: SchoolHouse) -> None:
    record = house.records.people["đorđe.primer"]
    bare = PersonRecord(record.id, record.username, record.school, "student", (), False, 0, 0, b"", record.nt, b"", "")
    house.records.people["đorđe.primer"] = bare
    assert isinstance(ask(house, PlainPassword(Secret(PASSWORD))), Proved)
    assert isinstance(ask(house, PlainPassword(Secret(PASSWORD + "x"))), Wrong)


def test_while_the_node_file_is_being_filled_nobody_is_said_to_be_unknown(house: SchoolHouse) -> None:
    house.records.filled = False
    assert isinstance(ask(house, PlainPassword(Secret(PASSWORD)), "niko.primer"), CouldNotAsk)
    assert isinstance(ask(house, KnownMac("02-00-00-00-05-02")), CouldNotAsk)
    assert isinstance(ask(house, PlainPassword(Secret(PASSWORD))), Proved)


# --- people of a roster


def rostered(house: SchoolHouse, **changes: object) -> PersonRecord:
    record = replace(
        house.records.people["đorđe.primer"], enrolled=(("class:os-primer/8-2", 10.0, 20.0), ("grade-8", 0.0, 0.0))
    )
    house.records.people["đorđe.primer"] = replace(record, **changes)
    return house.records.people["đorđe.primer"]


@pytest.mark.parametrize(("time", "there"), [(9.9, False), (10.0, True), (19.9, True), (20.0, False)])
def test_a_class_counts_while_its_term_runs(house: SchoolHouse, time: float, there: bool) -> None:
    rostered(house)
    house.now = time
    answer = ask(house, PlainPassword(Secret(PASSWORD)))
    assert isinstance(answer, Proved)
    assert answer.principal.groups == {"8-2", "hor", "grade-8"} | ({"class:os-primer/8-2"} if there else set())


BARE = {"verifier": b"", "nt": b"", "plain": b"", "argon2": ""}


def test_only_somebody_without_any_proof_here_is_left_to_another_directory(house: SchoolHouse) -> None:
    directory = LocalDirectory(house.records, house.seals)
    assert directory.without_proof("đorđe.primer") is None
    bare = rostered(house, **BARE)
    assert directory.without_proof("ĐORĐE.primer") is bare
    assert directory.without_proof("nepoznata") is None


def test_what_another_directory_proved_gets_the_rosters_school_role_and_classes(house: SchoolHouse) -> None:
    bare = rostered(house, **BARE)
    theirs = Principal("ad:7", "đorđe", "staff", frozenset({"cn=hor"}), "os-druga")
    answer = joined(bare, Proved(theirs, Secret(b"h" * 16), True, b"version"), 15.0)
    assert isinstance(answer, Proved)
    assert (answer.nt_hash_hash, answer.from_cache, answer.version) == (Secret(b"h" * 16), True, b"version")
    own = answer.principal
    assert (own.subject, own.role, own.school) == (f"person:{bare.id}", "student", bare.school)
    assert own.groups == {"8-2", "hor", "grade-8", "class:os-primer/8-2", "cn=hor"}


def test_whom_the_roster_keeps_out_no_directory_lets_in(house: SchoolHouse) -> None:
    bare = rostered(house, **BARE, disabled=True)
    theirs = Principal("ad:7", "đorđe", "student", frozenset(), "")
    answer = joined(bare, Proved(theirs), 15.0)
    assert isinstance(answer, Refused)
    assert answer.cause is Cause.ACCOUNT_DISABLED
