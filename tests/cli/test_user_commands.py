"""`kapija user`, but for the import."""

import json

import pytest

CANARY = "Kanarinac-u-rudniku-73"


@pytest.fixture
def ana(expect) -> str:
    expect(*ADD, "--name", "Ана Измишљена", stdin=CANARY + "\n")
    return "ана.измишљена"


ADD = ("user", "add", "Ана.Измишљена", "--school", "os-vuk", "--role", "student", "--password-stdin")


@pytest.mark.parametrize("way", ["stdin", "file", "prompt"])
def test_the_password_is_taken_in_three_ways_and_shown_in_none(expect, on_disk, tmp_path, way) -> None:
    file = tmp_path / "password.txt"
    file.write_text(CANARY)
    option = {"stdin": ("--password-stdin",), "file": ("--password-file", str(file)), "prompt": ()}[way]
    stdin = {"stdin": CANARY, "file": "", "prompt": f"{CANARY}\n{CANARY}\n"}[way]
    result = expect(*ADD[:-1], *option, "--json", stdin=stdin)
    file.unlink()
    assert json.loads(result.stdout)["methods"] == ["pap", "mschap", "mschapv2"]
    assert CANARY not in result.output + result.stderr
    assert CANARY.encode() not in on_disk()


def test_two_different_passwords_at_the_prompt_change_nothing(expect) -> None:
    expect(*ADD[:-1], stdin="prva-lozinka\ndruga-lozinka\n", status=1)
    assert json.loads(expect("user", "list", "--json").output) == []


def test_people_are_listed_with_their_names(expect, ana) -> None:
    listed = json.loads(expect("user", "list", "--school", "os-vuk", "--text", "ИЗМИШ", "--json").output)
    assert [(person["username"], person["display_name"]) for person in listed] == [(ana, "Ана Измишљена")]


def test_a_long_list_says_how_to_go_on(expect, ana) -> None:
    expect("user", "add", "petar", "--school", "os-vuk", "--role", "staff", "--password-stdin", stdin=CANARY)
    result = expect("user", "list", "--limit", "1")
    assert "--after 'petar'" in result.stderr
    assert ana in expect("user", "list", "--limit", "1", "--after", "petar").output


def test_a_password_is_changed_for_a_name_in_any_case(expect, ana, on_disk) -> None:
    new = "Nova-kanarinka-11"
    result = expect("user", "passwd", "АНА.ИЗМИШЉЕНА", "--password-stdin", stdin=new)
    assert "mschapv2" in result.output
    assert new not in result.output
    assert new.encode() not in on_disk()


def test_how_a_password_is_kept_can_be_chosen(expect, ana) -> None:
    assert "good for pap." in expect("user", "passwd", ana, "--strong", "--password-stdin", stdin=CANARY).output
    assert "chap" in expect("user", "passwd", ana, "--allow-chap", "--password-stdin", stdin=CANARY).output
    assert "pap, mschap" in expect("user", "passwd", ana, "--usual", "--password-stdin", stdin=CANARY).output


def test_an_account_is_disabled_and_enabled(expect, ana) -> None:
    assert "\topen\n" in expect("user", "list").output
    expect("user", "disable", ana)
    assert "\tdisabled\n" in expect("user", "list").output
    assert json.loads(expect("user", "list", "--json").output)[0]["disabled"] is True
    expect("user", "enable", ana)
    assert json.loads(expect("user", "list", "--json").output)[0]["disabled"] is False


def test_the_list_shows_the_last_day_of_an_account(expect) -> None:
    expect("user", "add", "gost", *ADD[3:], "--valid-until", "2027-06-30", stdin=CANARY)
    assert "until 2027-06-30\n" in expect("user", "list").output


def test_erasing_asks_first(expect, ana) -> None:
    expect("user", "erase", ana, stdin="n\n", status=1, says="nothing was erased")
    assert "erased" in expect("user", "erase", ana, "--yes").output
    assert ana not in expect("user", "list").output


@pytest.mark.parametrize(
    ("arguments", "stdin", "status", "words"),
    [
        (("add", "ana", "--school", "os-vuk", "--password-stdin"), CANARY, 2, "--role"),
        (("add", "ana petrovic", *ADD[3:]), CANARY, 1, "has a space"),
        (("add", "ana", *ADD[3:]), "kratka", 1, "at least 8"),
        (("add", "ana", *ADD[3:]), "", 1, "nothing came"),
        (("add", "ana", *ADD[3:], "--min-length", "30"), CANARY, 1, "at least 30"),
        (("add", "ana", *ADD[3:], "--valid-until", "juni"), CANARY, 1, "2026-09-01"),
        (("add", "ana", *ADD[3:], "--strong", "--allow-chap"), CANARY, 2, "argon2id"),
        (("add", "ana", "--password", "x"), "", 2, "--password"),
        (("passwd", "niko", "--password-stdin"), CANARY, 1, "nobody with the username 'niko'"),
        (("passwd", "ana", "--usual", "--strong", "--password-stdin"), CANARY, 2, "one of"),
        (("disable", "niko"), "", 1, "nobody"),
        (("enable", "niko"), "", 1, "nobody"),
        (("erase", "niko", "--yes"), "", 1, "nobody"),
        (("list", "--school", "os-vukk"), "", 1, "did you mean os-vuk"),
        (("list", "--limit", "0"), "", 2, "--limit"),
    ],
)
def test_a_mistake_is_one_sentence_and_a_status(expect, arguments, stdin, status, words) -> None:
    result = expect("user", *arguments, stdin=stdin, status=status, says=words)
    assert CANARY not in result.output + result.stderr
