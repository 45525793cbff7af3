"""The CSV format: every line a Row or a Problem with its number, whatever is in the file."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radius.admin.csv_lines import MAX_LINE, Problem
from radius.admin.people_file import PeopleFile, Row
from radius.errors import OperatorError
from radius.secret import Secret

ZONES = {"os-vuk": "Europe/Belgrade", "os-tesla": "Europe/Belgrade"}


@pytest.fixture
def read(tmp_path):
    def read(text: str | bytes, school=None, shortest=8) -> list[Row | Problem]:
        path = tmp_path / "people.csv"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return list(PeopleFile(path, ZONES, school, shortest).read())

    return read


def only(entries):
    (entry,) = entries
    return entry


HEADER = "username,password,school,role\n"


@pytest.mark.parametrize("start", ["", "\ufeff"])
@pytest.mark.parametrize("separator", [",", ";"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_usual_kinds_of_csv_are_read(read, start, separator, end) -> None:
    lines = [
        "Username,PASSWORD,school,role,groups",
        "Ана.И,tajna-lozinka,os-vuk,student,8-2|šah",
        "",
        'petar,"a ""b"" c 1",os-tesla,staff,',
    ]
    entries = read(start + end.join(line.replace(",", separator) for line in lines))
    assert [(row.line, row.username, row.school, row.role, row.groups) for row in entries] == [
        (2, "ана.и", "os-vuk", "student", ("8-2", "šah")),
        (4, "petar", "os-tesla", "staff", ()),
    ]
    assert entries[1].password == Secret('a "b" c 1')


def test_what_the_file_does_not_say_is_none(read) -> None:
    row = only(read("username,school\nana,os-vuk\n"))
    assert (row.role, row.groups, row.display_name, row.disabled, row.valid_from, row.valid_until) == (None,) * 6
    assert (row.password, row.nt_hash) == (None, None)


def test_an_empty_field_clears_but_never_a_password_or_role(read) -> None:
    row = only(read("username,school,password,nt_hash,role,groups,display_name,valid_until,disabled\nana,os-vuk,,,,,,,\n"))
    assert (row.groups, row.display_name, row.valid_until, row.disabled) == ((), "", 0.0, False)
    assert (row.password, row.nt_hash, row.role) == (None, None, None)


def test_the_school_may_be_named_outside_the_file(read) -> None:
    assert only(read("username\nana\n", school="os-tesla")).school == "os-tesla"
    with pytest.raises(OperatorError, match="--school"):
        read("username\nana\n")


@pytest.mark.parametrize(
    ("text", "flag"), [("yes", True), ("DA", True), ("да", True), ("1", True), ("ne", False), ("0", False)]
)
def test_disabled_is_said_in_several_words(read, text, flag) -> None:
    assert only(read(f"username,school,disabled\nana,os-vuk,{text}\n")).disabled is flag


def test_a_password_keeps_its_spaces(read) -> None:
    assert only(read(HEADER + "ana, razmak oko nje ,os-vuk,student\n")).password == Secret(" razmak oko nje ")


def test_an_nt_hash_is_32_hexadecimal_digits(read) -> None:
    row = only(read("username,school,nt_hash\nana,os-vuk,8846F7EAEE8FB117AD06BDD830B7586C\n"))
    assert row.nt_hash == Secret(bytes.fromhex("8846f7eaee8fb117ad06bdd830b7586c"))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("ana petrovic,dobra-lozinka,os-vuk,student", "has a space"),
        (",dobra-lozinka,os-vuk,student", "is empty"),
        ("ana,kratka1,os-vuk,student", "at least 8"),
        ("ana,dobra-lozinka,os-vukk,student", "did you mean os-vuk"),
        ("ana,dobra-lozinka,,student", "no school ''"),
        ("ana,dobra-lozinka,os-vuk,Ученик", "role"),
        ("ana,dobra-lozinka,os-vuk", "3 fields where the header has 4"),
        ("ana,dobra-lozinka,os-vuk,student,8-2", "5 fields"),
        ('ana,"dobra"-lozinka,os-vuk,student', "not valid CSV"),
        ("ana,dobra-lozinka,os-vuk,student\x00", "role"),
    ],
)
def test_a_bad_line_is_told_with_its_number_and_the_others_are_read(read, line, words) -> None:
    entries = read(HEADER + "prva,dobra-lozinka,os-vuk,student\n" + line + "\nposlednja,dobra-lozinka,os-vuk,student\n")
    first, bad, last = entries
    assert (first.username, last.username) == ("prva", "poslednja")
    assert isinstance(bad, Problem)
    assert bad.line == 3
    assert words in bad.message
    assert "lozinka" not in bad.message
    assert "kratka1" not in bad.message


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("valid_from", "1.9.2026"),
        ("valid_until", "2026-02-30"),
        ("valid_until", "9999-12-31"),
        ("disabled", "maybe"),
        ("nt_hash", "8846"),
        ("nt_hash", "x" * 32),
        ("groups", "x" * 65),
        ("display_name", "a\tb"),
    ],
)
def test_a_bad_field_makes_a_bad_line(read, column, value) -> None:
    entry = only(read(f"username,school,{column}\nana,os-vuk,{value}\n"))
    assert isinstance(entry, Problem)
    assert entry.line == 2


def test_a_password_and_a_hash_together_are_refused(read) -> None:
    entry = only(read("username,school,password,nt_hash\nana,os-vuk,dobra-lozinka,8846f7eaee8fb117ad06bdd830b7586c\n"))
    assert "both" in entry.message


def test_a_line_in_another_encoding_is_bad_and_the_next_one_is_not(read) -> None:
    text = (HEADER + "ana,dobra-lozinka,os-vuk,student\n").encode()
    bad, good = read(text + "žika,dobra-lozinka,os-vuk,student\n".encode("cp1250") + b"mika,dobra-lozinka,os-vuk,student\n")[1:]
    assert (bad.line, "UTF-8" in bad.message) == (3, True)
    assert good.username == "mika"


def test_a_field_over_two_lines_counts_both(read) -> None:
    bad, good = read(HEADER + '"ana\nb",dobra-lozinka,os-vuk,student\nmika,dobra-lozinka,os-vuk,student\n')
    assert bad.line == 2
    assert good.line == 4


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("", "must name the columns"),
        ("usernam,school", "did you mean username"),
        ("username,school,school", "twice"),
        ("school,role", "username among them"),
        ("ana,dobra-lozinka,os-vuk", "no column 'ana'"),
    ],
)
def test_a_header_that_is_none_ends_it(read, header, words) -> None:
    with pytest.raises(OperatorError, match=words):
        read(header + "\nana,os-vuk\n")


def test_a_file_that_is_no_csv_ends_it_in_bounded_memory(read) -> None:
    with pytest.raises(OperatorError, match="longer than"):
        read(HEADER.encode() + b"x" * (MAX_LINE + 1))
    with pytest.raises(OperatorError, match="UTF-8"):
        read(b"\x89PNG\r\n\x1a\n")


def test_a_missing_file_is_told_in_a_sentence() -> None:
    with pytest.raises(OperatorError, match="cannot be read"):
        list(PeopleFile(Path("/nonexistent/people.csv"), ZONES, None, 8).read())


@given(st.binary(max_size=300))
def test_any_octets_behind_a_header_give_rows_problems_or_one_error(tmp_path_factory, octets) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(b"username,school,password,groups\n" + octets)
    try:
        entries = list(PeopleFile(path, ZONES, None, 8).read())
    except OperatorError:
        return
    numbers = [entry.line for entry in entries]
    assert numbers == sorted(set(numbers))
    assert all(2 <= number <= octets.count(b"\n") + 2 for number in numbers)
