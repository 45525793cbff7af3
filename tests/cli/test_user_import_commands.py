"""`kapija user import`."""

import json

import pytest

CANARY = "Kanarinac-iz-tabele-5"
HEADER = "username;password;display_name;school;role;groups\n"


@pytest.fixture
def write(tmp_path):

    def write(*lines: str):
        path = tmp_path / "people.csv"
        path.write_text("\ufeff" + HEADER + "".join(line + "\n" for line in lines), encoding="utf-8")
        return str(path)

    return write


GOOD = f"Ана.И;{CANARY};Ана Измишљена;os-vuk;student;8-2|šah"
BAD = f"ana petrovic;{CANARY};;os-vuk;student;"
SHORT = "mika;kratka1;;os-vuk;student;"


def usernames(expect) -> list[str]:
    return [person["username"] for person in json.loads(expect("user", "list", "--json").output)]


def test_a_good_file_is_imported_and_again_without_a_change(expect, write) -> None:
    path = write(GOOD, f"mika;{CANARY};;os-vuk;staff;")
    result = json.loads(expect("user", "import", path, "--json").stdout)
    assert result == {"added": 2, "changed": 0, "unchanged": 0, "skipped": 0, "roles": {"staff": 1, "student": 1}}
    assert usernames(expect) == ["mika", "ана.и"]
    assert json.loads(expect("user", "import", path, "--json").stdout)["unchanged"] == 2


def test_bad_lines_are_told_with_their_numbers_and_nothing_is_changed(expect, write) -> None:
    result = expect("user", "import", write(GOOD, BAD, SHORT), status=1, says="2 bad lines: nothing was changed")
    assert "line 3: " in result.stderr
    assert "line 4: the password must have at least 8" in result.stderr
    assert CANARY not in result.output + result.stderr
    assert "kratka1" not in result.output + result.stderr
    assert usernames(expect) == []


def test_asked_to_go_on_it_passes_over_the_bad_lines(expect, write) -> None:
    result = expect("user", "import", write(GOOD, BAD), "--skip-bad", "--json")
    assert json.loads(result.stdout)["skipped"] == 1
    assert "line 3: " in result.stderr
    assert usernames(expect) == ["ана.и"]


def test_a_file_can_be_checked_alone(expect, write) -> None:
    assert (
        "Good: 1 line, of which 1 with new people. Bad: 0 lines."
        in expect("user", "import", write(GOOD), "--check-only").stdout
    )
    shown = json.loads(expect("user", "import", write(GOOD, BAD), "--check-only", "--json", status=1).stdout)
    assert (shown["good"], shown["bad"], shown["problems"][0][:8]) == (1, 1, "line 3: ")
    assert usernames(expect) == []


def test_the_passwords_of_the_file_are_not_in_the_store(expect, write, on_disk, tmp_path) -> None:
    expect("user", "import", write(GOOD))
    (tmp_path / "people.csv").unlink()
    octets = on_disk()
    assert CANARY.encode() not in octets
    assert "Ана Измишљена".encode() not in octets


def test_one_school_may_be_named_for_the_whole_file(expect, write, tmp_path) -> None:
    path = tmp_path / "own.csv"
    path.write_text(f"username,password,role\nana,{CANARY},student\n")
    expect("user", "import", str(path), status=1, says="--school")
    expect("user", "import", str(path), "--school", "os-vukk", status=1, says="did you mean os-vuk")
    expect("user", "import", str(path), "--school", "os-vuk")
    assert usernames(expect) == ["ana"]


def test_a_file_that_is_not_there_or_no_csv_is_told(expect, write, tmp_path) -> None:
    expect("user", "import", str(tmp_path / "missing.csv"), status=2, says="does not exist")
    (tmp_path / "photo.csv").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00")
    expect("user", "import", str(tmp_path / "photo.csv"), status=1, says="UTF-8")
