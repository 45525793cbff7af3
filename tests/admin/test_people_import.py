"""Importing people: all or nothing at first, then in chunks that can be interrupted and repeated."""

import sqlite3

import pytest
from sqlalchemy import event, select

from radius.admin import importing, people
from radius.admin.credentials import Keeping
from radius.admin.importing import SHOWN, apply_file, check_file
from radius.crypto.mschap import nt_password_hash
from radius.crypto.passwords import verify
from radius.errors import OperatorError
from radius.secret import Secret
from radius.store import tables
from tests.fakes.postgres import both_stores

pytestmark = both_stores

CHUNK = 20  # in these tests
COLUMNS = ("username", "password", "display_name", "school", "role", "groups", "valid_from", "valid_until", "disabled")
CANARY = "Kanarinac-iz-tabele-5"


@pytest.fixture
def write(tmp_path):
    def write(*rows: dict[str, str], name="people.csv", columns=COLUMNS):
        path = tmp_path / name
        lines = [",".join(columns), *(",".join(row.get(column, "") for column in columns) for row in rows)]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return write


def person(username, **fields):
    return {"username": username, "password": CANARY, "school": "os-vuk", "role": "student", **fields}


def many(count):
    return [person(f"djak{number:05d}", groups=f"{number % 8 + 1}-1") for number in range(count)]


def everybody(admin):
    """All columns but the salted and sealed ones, and the revisions."""
    columns = tables.people.c
    with admin.reading() as connection:
        rows = connection.execute(
            select(columns.username, columns.school, columns.role, columns.groups, columns.disabled, columns.valid_until)
            .where(~columns.removed)
            .order_by(columns.username)
        ).all()
        revision = connection.execute(select(tables.revision.c.value)).scalar_one()
    return [tuple(map(str, row)) for row in rows], revision


def run(admin, path, **options):
    return apply_file(admin, check_file(admin, path), chunk=CHUNK, **options)


def test_people_are_added_with_everything_the_file_says(admin, write, told, on_disk) -> None:
    path = write(person("Ана.И", display_name="Ана Измишљена", groups="8-2|šah", valid_until="2027-06-30", disabled="da"))
    checked = check_file(admin, path)
    assert (checked.good, checked.new, list(checked.bad), checked.roles) == (1, 1, [], {"student": 1})
    assert people.list_people(admin) == []
    done = apply_file(admin, checked)
    assert (done.added, done.changed, done.unchanged, done.skipped) == (1, 0, 0, 0)
    found = people.get_person(admin, "ана.и")
    assert (found.display_name, found.groups, found.disabled) == ("Ана Измишљена", ("8-2", "šah"), True)
    assert found.methods == ("pap", "mschap", "mschapv2")
    row = told()[-1]
    assert (row.tag, row.school, row.details["added"]) == ("people:import:done", "os-vuk", "1")
    assert row.details["file_sha256"] == checked.sha256
    path.unlink()
    assert CANARY.encode() not in on_disk()


def test_the_same_file_again_changes_nothing_and_takes_no_revision(admin, write, told) -> None:
    path = write(*many(20), person("ana", display_name="Ана", valid_from="2026-09-01"))
    run(admin, path)
    before, audited = everybody(admin), told()
    again = run(admin, path)
    assert (again.added, again.changed, again.unchanged) == (0, 0, 21)
    assert everybody(admin) == before
    assert told() == audited


@pytest.mark.parametrize(
    "change",
    [
        {"password": "nova-lozinka-1"},
        {"role": "staff"},
        {"groups": "7-2"},
        {"display_name": "Друго Име"},
        {"valid_from": "2026-10-01"},
        {"valid_until": "2027-01-01"},
        {"disabled": "yes"},
    ],
)
def test_each_changed_field_changes_that_person_alone(admin, write, change) -> None:
    run(admin, write(person("ana"), person("mika")))
    mika = people.get_person(admin, "mika")
    done = run(admin, write(person("ana", **change), person("mika")))
    assert (done.added, done.changed, done.unchanged) == (0, 1, 1)
    assert people.get_person(admin, "mika") == mika
    assert run(admin, write(person("ana", **change), person("mika"))).unchanged == 2


def test_columns_that_the_file_lacks_are_left_as_they_are(admin, write) -> None:
    run(admin, write(person("ana", display_name="Ана", groups="8-2", valid_until="2027-06-30")))
    done = run(admin, write({"username": "ANA", "school": "os-vuk", "role": "staff"}, columns=("username", "school", "role")))
    assert done.changed == 1
    found = people.get_person(admin, "ana")
    assert (found.role, found.display_name, found.groups) == ("staff", "Ана", ("8-2",))
    assert found.valid_until > 0
    assert found.methods


def test_a_file_with_bad_lines_changes_nothing(admin, write, told) -> None:
    path = write(person("ana"), person("ana petrovic"), person("mika", password="kratka"), person("pera", school="os-vukk"))
    before = everybody(admin), told()
    checked = check_file(admin, path)
    assert [problem.line for problem in checked.problems] == [3, 4, 5] == list(checked.bad)
    with pytest.raises(OperatorError, match=r"3 bad lines.*--skip-bad"):
        apply_file(admin, checked)
    assert (everybody(admin), told()) == before


def test_bad_lines_can_be_passed_over(admin, write) -> None:
    path = write(person("ana"), person("ana petrovic"), person("ANA", role="staff"), person("mika"))
    done = run(admin, path, skip_bad=True)
    assert (done.added, done.skipped) == (2, 2)
    assert people.get_person(admin, "ana").role == "student"  # the first of the two lines with her name


def test_a_name_that_comes_twice_names_the_first_line(admin, write) -> None:
    checked = check_file(admin, write(person("Љубица"), person("mika"), person("љубица")))
    assert [(problem.line, problem.message) for problem in checked.problems] == [
        (4, "the username 'љубица' is in line 2 already")
    ]


def test_somebody_of_another_school_is_never_taken_over(admin, write) -> None:
    people.add_person(admin, "ana", "os-tesla", "staff", Secret("anina-lozinka"))
    checked = check_file(admin, write(person("ana"), person("mika")))
    assert "belongs to os-tesla" in checked.problems[0].message
    assert apply_file(admin, checked, skip_bad=True).added == 1
    assert people.get_person(admin, "ana").role == "staff"


def test_somebody_new_needs_a_password_and_a_role(admin, write) -> None:
    checked = check_file(admin, write(person("ana", password=""), person("mika", role="")))
    assert "no password yet" in checked.problems[0].message
    assert "fill in the role" in checked.problems[1].message


def test_only_the_first_bad_lines_are_told_and_all_are_counted(admin, write) -> None:
    checked = check_file(admin, write(*(person(f"dj ak{number}") for number in range(SHOWN + 50))))
    assert len(checked.problems) == SHOWN
    assert len(checked.bad) == SHOWN + 50


def test_an_nt_hash_lets_somebody_in_by_mschap_alone(admin, write) -> None:
    nt_hash = nt_password_hash(CANARY)
    columns = ("username", "nt_hash", "school", "role")
    path = write(person("ana", nt_hash=nt_hash.hex()), columns=columns)
    run(admin, path)
    assert people.get_person(admin, "ana").methods == ("pap", "mschap", "mschapv2")
    assert run(admin, path).unchanged == 1
    assert run(admin, write(person("ana", nt_hash="00" * 16), columns=columns)).changed == 1


@pytest.mark.parametrize("keeping", [Keeping.STRONG, Keeping.CHAP])
def test_an_account_keeps_its_password_as_it_was_marked(admin, write, keeping) -> None:
    methods = people.add_person(admin, "ana", "os-vuk", "student", Secret(CANARY), keeping=keeping).methods
    assert run(admin, write(person("ana"))).unchanged == 1
    assert run(admin, write(person("ana", password="sasvim-nova-lozinka"))).changed == 1
    assert people.get_person(admin, "ana").methods == methods


def test_an_interrupted_import_is_repeated_to_the_same_end(admin, write, told) -> None:
    path = write(*many(2 * CHUNK + 10))
    checked = check_file(admin, path)
    with pytest.raises(KeyboardInterrupt):
        apply_file(admin, checked, progress=_interrupt, chunk=CHUNK)
    assert len(everybody(admin)[0]) == CHUNK  # whole chunks, with their audit rows
    assert told()[-1].details["added"] == str(CHUNK)
    done = run(admin, path)
    assert (done.added, done.changed, done.unchanged) == (CHUNK + 10, 0, CHUNK)
    assert [row.details["added"] for row in told() if row.tag == "people:import:done"] == [str(CHUNK), str(CHUNK), "10"]


def _interrupt(_octets: int) -> None:
    raise KeyboardInterrupt


def test_a_chunk_that_fails_is_rolled_back_whole(admin, write, told) -> None:
    checked = check_file(admin, write(*many(10)))
    before = everybody(admin), told()

    def fail(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    event.listen(admin.engine, "before_cursor_execute", lambda *args: fail() if "UPDATE chains" in args[2] else None)
    with pytest.raises(Exception, match="disk is full"):
        apply_file(admin, checked)
    assert (everybody(admin), told()) == before


def test_a_file_that_changed_after_the_check_is_refused(admin, write) -> None:
    checked = check_file(admin, write(person("ana")))
    write(person("ana"), person("mika"))
    with pytest.raises(OperatorError, match="changed after it was checked"):
        apply_file(admin, checked)
    assert people.list_people(admin) == []


def meanwhile(admin, act) -> None:
    """Let `act` happen between the look at the store and the next transaction that writes."""
    waiting = [act]

    def before(_connection, _cursor, statement, *_: object) -> None:
        if statement.startswith(("BEGIN IMMEDIATE", "UPDATE revision")) and waiting:
            waiting.pop()()

    event.listen(admin.engine, "before_cursor_execute", before)


def test_what_another_administrator_did_in_between_is_kept(admin, write) -> None:
    run(admin, write(person("ana"), person("mika")))
    new = Secret("promenjena-u-medjuvremenu")
    columns = ("username", "school", "role", "groups")
    checked = check_file(admin, write(person("ana", groups="8-2"), person("mika", groups="8-2"), columns=columns))
    meanwhile(admin, lambda: people.set_password(admin, "ana", new))
    assert apply_file(admin, checked).changed == 2
    with admin.reading() as connection:
        row = connection.execute(select(tables.people).where(tables.people.c.username == "ana")).one()
    assert row.groups == ["8-2"]
    assert verify(admin.keyring.pepper, row.verifier, new.reveal())


def test_somebody_erased_in_between_is_told_and_nobody_half_made_appears(admin, write) -> None:
    run(admin, write(person("ana"), person("mika")))
    columns = ("username", "school", "groups")
    checked = check_file(admin, write(person("ana", groups="8-2"), person("mika", groups="8-2"), columns=columns))
    meanwhile(admin, lambda: people.erase_person(admin, "ana"))
    with pytest.raises(OperatorError, match="line 2: 'ana' is not there any more"):
        apply_file(admin, checked)
    assert [(one.username, one.groups) for one in people.list_people(admin)] == [("mika", ())]


def test_somebody_added_at_another_school_in_between_is_not_taken_over(admin, write) -> None:
    checked = check_file(admin, write(person("ana")))
    meanwhile(admin, lambda: people.add_person(admin, "ana", "os-tesla", "staff", Secret("anina-lozinka")))
    with pytest.raises(OperatorError, match="belongs to os-tesla"):
        apply_file(admin, checked)
    assert people.get_person(admin, "ana").school == "os-tesla"


def test_memory_for_the_names_of_a_file_is_a_temporary_database(admin, write) -> None:
    with importing._NamesSeen() as names:
        assert [names.first_line("ana", 2), names.first_line("mika", 3), names.first_line("ana", 9)] == [2, 3, 2]


def test_no_file_but_a_real_one_is_read(admin, tmp_path) -> None:
    with pytest.raises(OperatorError, match="is no file"):
        check_file(admin, tmp_path)
    with pytest.raises(OperatorError, match="cannot be read"):
        check_file(admin, tmp_path / "missing.csv")


def test_progress_comes_with_each_chunk_and_ends_at_the_files_size(admin, write) -> None:
    path, seen = write(*many(CHUNK + 5)), []
    checked = check_file(admin, path, progress=seen.append)
    assert seen == [path.stat().st_size]
    seen.clear()
    apply_file(admin, checked, progress=seen.append, chunk=CHUNK)
    assert len(seen) == 2
    assert 0 < seen[0] < seen[1] == path.stat().st_size
