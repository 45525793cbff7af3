"""People: names, passwords and what is kept of them, erasing."""

import pytest
from argon2 import PasswordHasher
from sqlalchemy import func, select

from radius.admin import devices, people
from radius.admin.credentials import Keeping
from radius.crypto.mschap import hash_nt_password_hash, nt_password_hash
from radius.crypto.passwords import verify
from radius.errors import NotFound, OperatorError
from radius.secret import Secret
from radius.store import tables
from tests.fakes.postgres import both_stores, sqlite_alone

pytestmark = both_stores

CANARY = Secret("Kanarinac-u-rudniku-73")


def add(admin, username="Ана.Измишљена", password=CANARY, **options):
    return people.add_person(admin, username, "os-vuk", "student", password, **options)


def stored(admin, person_id):
    with admin.reading() as connection:
        return connection.execute(select(tables.people).where(tables.people.c.id == person_id)).one()


def test_what_is_kept_proves_the_password_and_nothing_shows_it(admin, on_disk, told) -> None:
    person = add(admin, display_name="Ана Измишљена", groups=("8-2", "šah"))
    row = stored(admin, person.id)
    assert verify(admin.keyring.pepper, row.verifier, CANARY.reveal())
    nt = nt_password_hash(CANARY.reveal().decode())
    assert admin.keyring.open(row.nt, f"person-nt:{person.username}") == nt + hash_nt_password_hash(nt)
    assert (row.plain, row.argon2) == (b"", "")
    assert person.methods == ("pap", "mschap", "mschapv2")
    octets = on_disk()
    for hidden in (CANARY.reveal(), nt, "Ана Измишљена".encode()):
        assert hidden not in octets
    assert CANARY.reveal().decode() not in repr(person) + repr(told())


def test_two_people_with_one_password_have_nothing_in_common(admin) -> None:
    one, other = stored(admin, add(admin).id), stored(admin, add(admin, "petar.izmisljeni").id)
    assert one.verifier != other.verifier
    assert one.nt != other.nt


def test_the_username_and_name_are_not_readable_in_the_audit_log(admin, told) -> None:
    person = add(admin, display_name="Ана Измишљена", groups=("8-2",))
    row = told()[-1]
    assert (row.tag, row.school, row.object) == ("person:add:done", "os-vuk", f"person:{person.id}")
    assert row.details == {"role": "student", "password": "usual"}


@pytest.mark.parametrize("spelling", ["Ана.Измишљена", "АНА.ИЗМИШЉЕНА", "ана.измишљена"])
def test_cyrillic_names_are_compared_without_case(admin, spelling) -> None:
    person = add(admin)
    assert people.get_person(admin, spelling).id == person.id
    with pytest.raises(OperatorError, match="taken, by somebody of os-vuk"):
        people.add_person(admin, spelling, "os-tesla", "staff", CANARY)


@pytest.mark.parametrize("username", ["", "ana petrovic", "ana\x00", "ana\u202e", "a" * 254])
def test_a_bad_username_is_refused(admin, username) -> None:
    with pytest.raises(OperatorError, match="username"):
        add(admin, username)


@pytest.mark.parametrize("password", ["short-7", "tab\tin-it-12345", "x" * 129, b"\xff\xfe-latin-2-\xe6"])
def test_a_bad_password_is_refused_without_being_told(admin, password) -> None:
    with pytest.raises(OperatorError, match="password") as error:
        add(admin, password=Secret(password))
    assert str(password) not in str(error.value)
    assert people.list_people(admin) == []


def test_the_least_length_of_a_password_can_be_set(admin) -> None:
    assert add(admin, password=Secret("kratka"), shortest=6)
    with pytest.raises(OperatorError, match="at least 20"):
        add(admin, "petar", password=Secret("duza-ali-ne-dovoljno"[:19]), shortest=20)


@pytest.mark.parametrize(
    "options",
    [
        {"groups": ("a|b",)},
        {"groups": tuple(f"g{n}" for n in range(65))},
        {"valid_from": "1.9.2026."},
        {"valid_until": "2026-02-30"},
        {"display_name": "two\nlines"},
    ],
)
def test_a_bad_detail_is_refused_and_nothing_is_added(admin, options, told) -> None:
    before = told()
    with pytest.raises(OperatorError):
        add(admin, **options)
    assert people.list_people(admin) == []
    assert told() == before


def test_an_unknown_school_or_role_is_refused(admin) -> None:
    with pytest.raises(NotFound, match="did you mean os-vuk"):
        people.add_person(admin, "ana", "os-vukk", "student", CANARY)
    with pytest.raises(OperatorError, match="role"):
        people.add_person(admin, "ana", "os-vuk", "Ученик", CANARY)


def test_days_are_the_schools_own_and_the_last_one_is_whole(admin) -> None:
    person = add(admin, valid_from="2026-09-01", valid_until="2027-06-30")
    assert person.valid_from == 1_788_213_600  # 2026-08-31T22:00Z: midnight of Belgrade's summer
    assert person.valid_until == 1_814_392_800  # 2027-06-30T22:00Z


def test_a_password_can_be_kept_for_chap(admin, on_disk) -> None:
    person = add(admin, keeping=Keeping.CHAP)
    row = stored(admin, person.id)
    assert admin.keyring.open(row.plain, f"person-plain:{person.username}") == CANARY.reveal()
    assert person.methods == ("pap", "chap", "mschap", "mschapv2")
    assert CANARY.reveal() not in on_disk()


def test_a_strong_account_keeps_argon2id_alone(admin) -> None:
    person = add(admin, keeping=Keeping.STRONG)
    row = stored(admin, person.id)
    assert row.argon2.startswith("$argon2id$")
    assert PasswordHasher().verify(row.argon2, CANARY.reveal())
    assert (row.verifier, row.nt, row.plain) == (b"", b"", b"")
    assert person.methods == ("pap",)


@pytest.mark.parametrize("keeping", list(Keeping))
def test_a_new_password_is_kept_as_the_old_one_was(admin, keeping) -> None:
    person = add(admin, keeping=keeping)
    assert people.set_password(admin, person.username, Secret("nova-lozinka-1")).methods == person.methods
    row = stored(admin, person.id)
    assert not verify(admin.keyring.pepper, row.verifier, CANARY.reveal())


def test_a_strong_account_can_become_usual_and_back(admin, told) -> None:
    person = add(admin, keeping=Keeping.STRONG)
    usual = people.set_password(admin, person.username, CANARY, Keeping.USUAL)
    assert "mschapv2" in usual.methods
    assert stored(admin, person.id).argon2 == ""
    people.set_password(admin, person.username, CANARY, Keeping.STRONG)
    assert stored(admin, person.id).nt == b""
    assert [row.tag for row in told()[-2:]] == ["person:password:set"] * 2


def test_an_account_is_disabled_and_enabled(admin, told) -> None:
    person = add(admin)
    assert people.set_disabled(admin, "АНА.измишљена", disabled=True).disabled
    assert not people.set_disabled(admin, person.username, disabled=False).disabled
    assert [row.tag for row in told()[-2:]] == ["person:disable:done", "person:enable:done"]
    with pytest.raises(NotFound):
        people.set_disabled(admin, "nobody", disabled=True)


def test_people_are_listed_by_school_role_text_and_page(admin) -> None:
    for number in range(5):
        people.add_person(admin, f"djak{number}", "os-vuk", "student", CANARY, f"Ђак Број {number}")
    people.add_person(admin, "nastavnik", "os-tesla", "staff", CANARY, "Наставник Измишљени")
    names = lambda **options: [person.username for person in people.list_people(admin, **options)]  # noqa: E731
    assert names(school="os-vuk", limit=2) == ["djak0", "djak1"]
    assert names(school="os-vuk", after="djak1", limit=2) == ["djak2", "djak3"]
    assert names(role="staff") == ["nastavnik"]
    assert names(text="БРОЈ 3") == ["djak3"]
    assert names(text="DJAK", limit=3) == ["djak0", "djak1", "djak2"]
    assert names(text="nobody") == []
    with pytest.raises(NotFound):
        names(school="os-vukk")


def test_erasing_leaves_nothing_that_names_the_person(admin, told) -> None:
    person = add(admin, display_name="Ана Измишљена")
    phone = devices.add_device(admin, "02-00-00-00-05-01", "os-vuk", ownership="registered", owner=person.username)
    tablet = devices.add_device(admin, "02-00-00-00-05-02", "os-vuk", ownership="managed", owner=person.username)
    assert people.erase_person(admin, "ана.измишљена") == 1
    row = stored(admin, person.id)
    assert row.removed
    assert row.username == f"erased {person.id}"
    assert (row.display_name, row.verifier, row.nt, row.groups) == (b"", b"", b"", [])
    with admin.reading() as connection:
        keys = connection.execute(select(tables.subject_keys.c.subject)).scalars().all()
        indexes = connection.execute(select(func.count(tables.audit.c.user_index))).scalar_one()
    assert person.subject not in keys
    assert phone.subject not in keys
    assert indexes == 0
    left = devices.list_devices(admin)
    assert [(device.id, device.owner) for device in left] == [(tablet.id, "")]
    assert told()[-1].tag == "person:erase:done"
    with pytest.raises(NotFound):
        people.erase_person(admin, person.username)


@sqlite_alone
def test_an_erased_name_is_in_no_file(admin, on_disk) -> None:
    person = add(admin, "zuzana-izmisljena@os-vuk", display_name="Зузана Измишљена")
    admin.engine.dispose()  # the last connection writes the log back into the database
    assert person.username.encode() in on_disk()
    people.erase_person(admin, person.username)
    admin.engine.dispose()
    assert person.username.encode() not in on_disk()


def test_an_erased_name_is_free_for_somebody_new(admin) -> None:
    person = add(admin)
    people.erase_person(admin, person.username)
    assert add(admin).id != person.id


def test_the_erased_persons_row_is_still_carried_to_the_nodes(admin) -> None:
    person = add(admin)
    before = stored(admin, person.id).revision
    people.erase_person(admin, person.username)
    assert stored(admin, person.id).revision > before
