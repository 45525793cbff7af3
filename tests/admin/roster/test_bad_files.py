"""Bad files of each kind: every problem with its file, line, column and mend, and the store as it was."""

import zipfile
from copy import deepcopy

import pytest

from radius.admin.roster import container as container_module
from radius.admin.roster.applying import apply
from radius.admin.roster.rosters import Options, planned
from radius.admin.roster.staging import SHOWN
from radius.errors import OperatorError
from tests.admin.roster.conftest import REGISTER
from tests.fakes import oneroster as one

BAD = {
    "twice": ("users", one.user("u1", "druga"), "users.csv, line 7: the id 'u1' is in line 2 already"),
    "same username": ("users", one.user("u8", "ANA"), "users.csv, line 7: the username 'ana' is in line 2 already"),
    "no name": ("users", one.user("u8", "dj ak"), "users.csv, line 7: the username 'dj ak'"),
    "enabled": ("users", one.user("u8", "x", enabledUser="maybe"), "column enabledUser: must be true or false"),
    "status": ("users", one.user("u8", "x", status="inactive"), "column status: must be active or tobedeleted"),
    "time": ("users", one.user("u8", "x", dateLastModified="yesterday"), "column dateLastModified: 'yesterday' is no time"),
    "role": ("roles", one.role("u1", "s2", "janitor"), "roles.csv, line 8: column role: 'janitor' is none of"),
    "nobody": ("roles", one.role("u99", "s2"), "roles.csv, line 8: column userSourcedId: there is nobody 'u99'"),
    "nowhere": ("roles", one.role("u1", "s99"), "roles.csv, line 8: column orgSourcedId: there is no organisation 's99'"),
    "no class": ("enrollments", one.enrollment("u1", "c99"), "line 8: column classSourcedId: there is no class 'c99'"),
    "no term": ("classes", one.class_("c9", "9", "s1", "t9"), "line 5: column termSourcedIds: there is no term 't9'"),
    "no school": ("classes", one.class_("c9", "9", "d", "t1"), "column schoolSourcedId: 'd' is no school"),
    "no course": ("classes", one.class_("c9", "9", "s1", "t1", courseSourcedId="x"), "there is no course 'x'"),
    "empty term": ("academicSessions", one.session("t9", "2027-01-01", "2027-01-01"), "column endDate: a session from"),
    "no day": ("academicSessions", one.session("t9", "2027-02-30", "2027-03-01"), "'2027-02-30' is not a day"),
    "short password": ("users", one.user("u8", "x", password="kratka"), "at least 8 characters"),
    "same school": ("orgs", one.org("s3", "os-vuk"), "column identifier: 'os-vuk' is also 's1': say --name-school s3=ANOTHER"),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_each_mistake_is_told_with_its_place_and_changes_nothing(house, told, what) -> None:
    table, row, message = BAD[what]
    register = deepcopy(REGISTER)
    register[table].append(row)
    before, audited = house.everything(), told()

    def look(plan):
        with pytest.raises(OperatorError, match="nothing was changed"):
            apply(house.admin, plan)
        return [f"{problem.place}: {problem.message}" for problem in plan.problems]

    problems = house.look(house.write(register), look)
    assert any(message in problem for problem in problems), problems
    assert all("kratka" not in problem for problem in problems)
    assert (house.everything(), told()) == (before, audited)


def test_a_pupil_without_a_username_is_told_and_a_parent_needs_none(house) -> None:
    register = deepcopy(REGISTER)
    register["users"][0]["username"] = register["users"][4]["username"] = ""
    problems = house.look(house.write(register), lambda plan: [problem.message for problem in plan.problems])
    assert problems == ["'u1': has no username: give one"]


def test_only_the_first_problems_are_told_and_all_are_counted(house) -> None:
    register = deepcopy(REGISTER)
    register["users"] += [one.user(f"x{number}", f"a b{number}") for number in range(SHOWN + 20)]
    assert house.look(house.write(register), lambda plan: (len(plan.problems), plan.bad)) == (SHOWN, SHOWN + 20)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda files: files.update(manifest=files["manifest"].replace("1.2", "1.1")), "export it as 1.2|export the roster"),
        (
            lambda files: files.update(manifest=files["manifest"].replace("users,bulk", "users,full")),
            "must be bulk, delta or absent",
        ),
        (lambda files: files.pop("users"), r"says that users.csv is bulk, but there is no such file"),
        (
            lambda files: files.update(users=files["users"].replace("enabledUser", "enabled")),
            "columns enabledUser of OneRoster",
        ),
        (lambda files: files.update(manifest="a,b\r\n"), "must be propertyName,value"),
        (lambda files: files.update(manifest="propertyName,value\r\noneroster.version,1.2\r\n"), "nothing to import"),
        (lambda files: files.update(users="x" * 70_000), "longer than 65536 octets"),
    ],
)
def test_a_set_that_is_no_oneroster_is_refused_whole(house, tmp_path, edit, message) -> None:
    files = one.texts(deepcopy(REGISTER))
    edit(files)
    with pytest.raises(OperatorError, match=message):
        house.run(one.write_folder(tmp_path / "set", files))


def test_lines_that_are_not_utf8_or_too_short_are_told(house, tmp_path) -> None:
    folder = one.write_folder(tmp_path / "set", one.texts(deepcopy(REGISTER)))
    path = folder / "users.csv"
    path.write_bytes(path.read_bytes() + "u8,,,true,đorđe\r\n".encode("cp1250"))
    problems = house.look(folder, lambda plan: [f"{each.place}: {each.message}" for each in plan.problems])
    assert problems == ["users.csv, line 7: is not UTF-8; save the file as 'CSV UTF-8'"]


def test_a_bomb_and_other_strange_archives_are_refused(house, tmp_path) -> None:
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("users.csv", b"0" * (container_module.SMALL + 1))
    with pytest.raises(OperatorError, match="a zip bomb"):
        house.run(bomb)
    many = tmp_path / "many.zip"
    with zipfile.ZipFile(many, "w") as archive:
        for number in range(container_module.MAX_MEMBERS + 1):
            archive.writestr(f"{number}.csv", b"")
    with pytest.raises(OperatorError, match="would unpack to more than"):
        house.run(many)
    apart = tmp_path / "apart.zip"
    with zipfile.ZipFile(apart, "w") as archive:
        archive.writestr("a/users.csv", b"")
        archive.writestr("b/roles.csv", b"")
    with pytest.raises(OperatorError, match="several folders"):
        house.run(apart)
    damaged = tmp_path / "damaged.xlsx"
    damaged.write_bytes(bomb.read_bytes()[:-30])
    with pytest.raises(OperatorError, match=r"no XLSX workbook and no zip|damaged"):
        house.run(damaged)


def test_a_workbook_with_entities_or_without_sense_is_refused(house, tmp_path) -> None:
    laughs = tmp_path / "laughs.xlsx"
    with zipfile.ZipFile(laughs, "w") as archive:
        archive.writestr("[Content_Types].xml", '<!DOCTYPE x [<!ENTITY a "ha">]><Types>&a;</Types>')
    with pytest.raises(OperatorError, match="document type"):
        house.run(laughs)
    empty = tmp_path / "empty.xlsx"
    with zipfile.ZipFile(empty, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
    with pytest.raises(OperatorError, match="not a readable XLSX workbook"):
        house.run(empty)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("username,role,kolona\nana,student,1\n", "line 1: there is no column 'kolona'"),
        ("role\nstudent\n", "must name the columns, username among them"),
        ("username,korisnik\na,b\n", "the column 'username' is there twice"),
    ],
)
def test_headers_that_nobody_understands_are_refused(house, tmp_path, text, message) -> None:
    path = tmp_path / "people.csv"
    path.write_text(text)
    with pytest.raises(OperatorError, match=message):
        house.run(path, Options(school="os-vuk"))


def test_a_roster_keeps_its_kind(house, tmp_path) -> None:
    house.run(house.write(deepcopy(REGISTER)))
    path = tmp_path / "people.csv"
    path.write_text("username,role\nana,student\n")
    with pytest.raises(OperatorError, match="comes as oneroster"), planned(house.admin, "register", path, Options("os-vuk")):
        pass
