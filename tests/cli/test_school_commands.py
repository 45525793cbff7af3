"""`kapija school`."""

import json

import pytest


def test_a_school_is_added_and_listed(expect) -> None:
    expect("school", "add", "gim-1", "--title", "Прва измишљена", "--tag", "pilot")
    listed = json.loads(expect("school", "list", "--json").output)
    assert listed[:1] == [
        {
            "name": "gim-1",
            "title": "Прва измишљена",
            "timezone": "Europe/Belgrade",
            "language": "sr-Cyrl",
            "tags": ["pilot"],
            "vlans": {},
            "calendar": False,
        }
    ]
    assert "Прва измишљена" in expect("school", "list").output


def test_vlan_names_are_set_shown_and_removed(expect) -> None:
    expect("school", "add", "gim-1")
    expect("school", "vlan", "gim-1", "pupils", "20")
    expect("school", "vlan", "gim-1", "staff", "10")
    assert json.loads(expect("school", "vlan", "gim-1", "--json").output) == [
        {"vlan": "staff", "id": 10},
        {"vlan": "pupils", "id": 20},
    ]
    assert "pupils" not in expect("school", "vlan", "gim-1", "pupils", "--remove").output


def test_a_calendar_is_set_printed_and_removed(expect, tmp_path) -> None:
    expect("school", "add", "gim-1")
    file = tmp_path / "calendar.toml"
    file.write_text('[[term]]\nname = "prvo"\nfirst = 2026-09-01\nlast = 2026-12-25\n')
    expect("school", "calendar", "gim-1", str(file))
    assert expect("school", "calendar", "gim-1").output == file.read_text()
    expect("school", "calendar", "gim-1", "--remove")
    assert expect("school", "calendar", "gim-1").output == ""


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("add",), 2, "NAME"),
        (("add", "GIM"), 1, "short name"),
        (("add", "national"), 1, "choose another"),
        (("add", "gim-2", "--timezone", "Belgrade"), 1, "did you mean Europe/Belgrade"),
        (("add", "gim-2", "--language", "sr"), 2, "sr-Cyrl"),
        (("vlan", "gim-9"), 1, "did you mean gim-1"),
        (("vlan", "gim-1", "pupils"), 2, "--remove"),
        (("vlan", "gim-1", "pupils", "20", "--remove"), 2, "not both"),
        (("vlan", "gim-1", "--remove"), 2, "name the VLAN"),
        (("vlan", "gim-1", "pupils", "many"), 2, "integer"),
        (("vlan", "gim-1", "pupils", "4095"), 1, "1 to 4094"),
        (("vlan", "gim-1", "pupils", "--remove"), 1, "no VLAN name"),
        (("calendar", "gim-1", "/nonexistent"), 2, "does not exist"),
    ],
)
def test_a_mistake_is_one_sentence_and_a_status(expect, arguments, status, words) -> None:
    expect("school", "add", "gim-1")
    expect("school", *arguments, status=status, says=words)


def test_a_calendar_in_another_encoding_is_told(expect, tmp_path) -> None:
    expect("school", "add", "gim-1")
    file = tmp_path / "calendar.toml"
    file.write_bytes("# šk. god.".encode("cp1250"))
    expect("school", "calendar", "gim-1", str(file), status=1, says="UTF-8")


def test_without_a_home_directory_the_mend_is_init(expect, home) -> None:
    (home / "kapija.toml").unlink()
    expect("school", "list", status=1, says="kapija init")
