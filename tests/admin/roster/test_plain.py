"""Plain rosters: one CSV, a workbook, a folder; in English or Serbian; and the same file again."""

import csv
from datetime import date, datetime

import pytest
from openpyxl import Workbook

from radius.admin.people import get_person, list_people
from radius.admin.roster.columns import plain_form
from radius.admin.roster.enrolled import united
from radius.admin.roster.reading import grade
from radius.admin.roster.rosters import Options
from radius.admin.roster.school_names import short_name
from tests.admin.roster.conftest import MARCH, SEPTEMBER
from tests.fakes.postgres import both_stores

SERBIAN = """\
Корисничко име;Име;Презиме;Школа;Улога;Одељење;Разред;Лозинка
ana;Ана;Измишљена;os-vuk;ученик;8-2|Хор;VIII;prva-lozinka-1
petar;Петар;Измишљени;os-vuk;nastavnik;8-2;;
"""


def workbook(path, sheets):
    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


SHEETS = {
    "Škole": [["škola", "naziv", "jezik"], ["os-nova", "ОШ Нова", "sr-Latn"]],
    "Polugodišta": [
        ["polugodište", "prvi dan", "poslednji dan"],
        ["prvo", date(2026, 9, 1), datetime(2026, 12, 31)],
        ["drugo", "20.1.2027.", "2027-06-20"],
    ],
    "Odeljenja": [["odeljenje", "škola", "polugodište"], ["1-1", "os-nova", "prvo, drugo"], ["Hor", "os-nova", "drugo"]],
    "Ljudi": [
        ["šifra", "korisničko ime", "ime i prezime", "škola", "uloga", "isključen"],
        [101, "jova", "Јова Измишљени", "os-nova", "učenik", False],
        [102, "vera", "Вера Измишљена", "os-nova", "nastavnica", True],
    ],
    "Upisi": [
        ["šifra", "odeljenje", "od", "do"],
        [101, "1-1", None, None],
        [102, "1-1", None, None],
        [101, "Hor", "2027-02-01", None],
    ],
}


@both_stores
def test_a_serbian_csv_of_people_with_their_classes(house, tmp_path) -> None:
    path = tmp_path / "ljudi.csv"
    path.write_text(SERBIAN, encoding="utf-8-sig")
    assert house.run(path).people == {"added": 2}
    ana = get_person(house.admin, "ana")
    assert (ana.display_name, ana.role, ana.methods) == ("Ана Измишљена", "student", ("pap", "mschap", "mschapv2"))
    assert house.groups("ana", SEPTEMBER) == {"class:os-vuk/8-2", "class:os-vuk/Хор", "grade-8"}
    assert house.groups("petar", SEPTEMBER) == {"teaches:os-vuk/8-2"}
    assert house.look(path, lambda plan: plan.is_empty)
    path.write_text("\n".join(SERBIAN.splitlines()[:2]), encoding="utf-8")
    assert house.run(path).people == {"left": 1}
    assert get_person(house.admin, "petar").disabled


@both_stores
def test_a_workbook_with_everything(house, tmp_path) -> None:
    path = workbook(tmp_path / "skola.xlsx", SHEETS)
    done = house.run(path)
    assert (done.people, done.schools) == ({"added": 2}, ("os-nova",))
    assert house.groups("jova", SEPTEMBER) == {"class:os-nova/1-1"}
    assert house.groups("jova", MARCH) == {"class:os-nova/1-1", "class:os-nova/Hor"}
    assert house.groups("jova", 1_799_000_000) == set()  # 3 January, between the terms
    assert get_person(house.admin, "vera").disabled
    assert house.look(path, lambda plan: plan.is_empty)


def test_a_folder_of_csv_files_is_the_same_as_the_workbook(house, tmp_path) -> None:
    folder = tmp_path / "csv"
    folder.mkdir()
    for name, rows in SHEETS.items():
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(
                [cell.isoformat()[:10] if isinstance(cell, date) else cell for cell in row] for row in rows
            )
    house.run(folder)
    assert house.look(workbook(tmp_path / "skola.xlsx", SHEETS), lambda plan: plan.is_empty)


def test_two_rosters_have_people_of_their_own(house, tmp_path) -> None:
    one, two = tmp_path / "one.csv", tmp_path / "two.csv"
    one.write_text("username,role\nana,student\nmika,student\n")
    two.write_text("username,role\npera,student\n")
    house.run(one, Options(school="os-vuk"), name="one")
    house.run(two, Options(school="os-vuk"), name="two")
    one.write_text("username,role\nana,student\n")
    assert house.run(one, Options(school="os-vuk"), name="one").people == {"left": 1}
    assert not get_person(house.admin, "pera").disabled
    one.write_text("username,role\nana,student\npera,student\n")

    def problems(plan):
        return plan.problems[0].message

    assert "(pera in roster 'two')" in house.look(one, problems, Options(school="os-vuk"), "one")


def test_columns_that_the_file_lacks_are_left_as_they_are(house, tmp_path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("username,role,classes,display_name\nana,student,8-2,Ana\n")
    house.run(path, Options(school="os-vuk"))
    path.write_text("username,role\nana,staff\n")
    assert house.run(path, Options(school="os-vuk")).people == {"changed": 1}
    assert house.groups("ana", SEPTEMBER) == {"class:os-vuk/8-2"}
    assert [person.display_name for person in list_people(house.admin)] == ["Ana"]


@pytest.mark.parametrize(
    ("text", "form"),
    [("Корисничко име", "korisnickoime"), ("korisničko_ime", "korisnickoime"), ("Đak", "djak"), ("Поље", "polje")],
)
def test_names_of_columns_are_compared_without_script_and_signs(text, form) -> None:
    assert plain_form(text) == form


def test_grades_and_short_names() -> None:
    assert [grade(text) for text in ("08", "8", "VIII", "iii.", "KG", "", "?")] == ["8", "8", "8", "3", "kg", "", ""]
    assert short_name("ОШ „Вук Караџић“, Београд") == "os-vuk-karadzic-beograd"


def test_times_of_a_group_that_touch_are_one() -> None:
    spans = [("a", 1.0, 3.0), ("a", 3.0, 5.0), ("a", 7.0, 0.0), ("b", 0.0, 2.0), ("a", 8.0, 9.0), ("b", 0.0, 0.0)]
    assert united(spans) == [["a", 1.0, 5.0], ["a", 7.0, 0.0], ["b", 0.0, 0.0]]
