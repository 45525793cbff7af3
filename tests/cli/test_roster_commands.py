"""`kapija roster`: the diff before, the question, the guard, and what is said after."""

import json

import pytest

from tests.fakes import oneroster as one


@pytest.fixture
def register(tmp_path):
    def write(*usernames: str, **more: list[dict[str, str]]):
        users = [one.user(f"u-{name}", name) for name in usernames]
        tables = {
            "orgs": [one.org("s1", "os-vuk")],
            "academicSessions": [one.session("t1", "2026-09-01", "2027-06-21")],
            "courses": [one.COURSE],
            "classes": [one.class_("c1", "8-2", "s1", "t1")],
            "users": users,
            "roles": [one.role(user["sourcedId"], "s1") for user in users],
            "enrollments": [one.enrollment(user["sourcedId"], "c1") for user in users],
            **more,
        }
        return str(one.write_zip(tmp_path / "register.zip", one.texts(tables)))

    return write


def test_a_preview_is_a_diff_and_changes_nothing(expect, register) -> None:
    shown = expect("roster", "preview", register("ana", "mika"))
    assert "+ ana (os-vuk, student)" in shown.stdout
    assert "2 added, 0 changed" in shown.stdout
    assert expect("user", "list", "--json").stdout.strip() in {"", "[]"}


def test_an_import_shows_asks_and_tells(expect, register) -> None:
    path = register("ana", "mika")
    expect("roster", "import", path, stdin="n\n", status=1, says="nothing was changed: answer y")
    assert "Imported: 2 added." in expect("roster", "import", path, stdin="y\n").stdout
    again = expect("roster", "import", path)
    assert "Nothing was changed: everything is as the file has it." in again.stdout
    diff = expect("roster", "preview", register("ana", "vera")).stdout
    assert "- mika (os-vuk, student): is disabled" in diff
    assert "+ vera (os-vuk, student)" in diff
    listed = json.loads(expect("roster", "list", "--json").stdout)
    assert [(each["name"], each["kind"], each["people"], each["left"]) for each in listed] == [("register", "oneroster", 2, 0)]
    (ana,) = [each for each in json.loads(expect("user", "list", "--json").stdout) if each["username"] == "ana"]
    assert ana["methods"] == []


def test_changes_are_told_in_words(expect, register) -> None:
    expect("roster", "import", register("ana"), "--yes")
    diff = expect("roster", "preview", register("ana", roles=[one.role("u-ana", "s1", "teacher")])).stdout
    assert "~ ana (os-vuk, staff): role student -> staff" in diff


def test_many_leavers_stop_even_with_yes(expect, register) -> None:
    names = [f"demo{number}" for number in range(30)]
    expect("roster", "import", register(*names), "--yes")
    shown = expect("roster", "preview", register(*names[:10]))
    assert "importing it would remove 20 pupils of 30 people" in shown.stderr
    expect("roster", "import", register(*names[:10]), "--yes", status=1, says="If they really left, say so with --remove 20")
    expect("roster", "import", register(*names[:10]), "--yes", "--remove", "19", status=1, says="--remove 20")
    assert "20 left" in expect("roster", "import", register(*names[:10]), "--yes", "--remove", "20").stdout
    assert "Nobody left" in expect("roster", "erase-left", "register", "--days", "30", "--yes").stdout
    assert "Erased: 20." in expect("roster", "erase-left", "register", "--days", "0", "--yes").stdout
    expect("roster", "erase-left", "nowhere", "--days", "0", status=1, says="there is no roster 'nowhere'")


def test_a_bad_file_is_told_with_its_places(expect, register) -> None:
    path = register("ana", roles=[one.role("u-ana", "s1", "janitor")])
    for command in ("preview", "import"):
        shown = expect("roster", command, path, status=1, says="has 1 problem: nothing was changed")
        assert "roles.csv, line 2: column role: 'janitor'" in shown.stderr
    fields = json.loads(expect("roster", "preview", path, "--json", status=1, says="1 problem").stdout)
    assert fields["bad"] == 1


def test_schools_are_named_by_the_operator(expect, register) -> None:
    path = register("ana", orgs=[one.org("s1", "")])
    expect("roster", "preview", path, "--name-school", "s1", status=2, says="must be ID=SHORT")
    assert "+ ana (os-vuk, student)" in expect("roster", "preview", path, "--name-school", "s1=os-vuk").stdout
