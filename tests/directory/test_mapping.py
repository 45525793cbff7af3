"""The rows of a description give role, groups and school; the first row wins for the one, all rows add to the other."""

from typing import Any

import msgspec
import pytest

from radius.directory.conditions import Facts, Group
from radius.directory.description import MapRow
from radius.directory.mapping import MAX_GROUPS, Mapped, Mapping

GROUPS = (Group("cn=8-2,dc=skola", "8-2"), Group("cn=ucenici,dc=skola", "ucenici"))


def mapped(*rows: dict[str, Any], **attributes: list[str]) -> Mapped:
    known = {name.lower(): values for name, values in attributes.items()}
    return Mapping(msgspec.convert(rows, tuple[MapRow, ...])).of(Facts("uid=ana,dc=skola", known, GROUPS, 0.0))


def test_the_first_row_that_gives_a_role_gives_it() -> None:
    rows = ({"when": "group = nastavnici", "role": "staff"}, {"when": "group = ucenici", "role": "student"}, {"role": "guest"})
    assert mapped(*rows).role == "student"
    assert mapped(rows[0], rows[2]).role == "guest"
    assert mapped(rows[0]) == Mapped("", frozenset(), "")


def test_each_value_of_an_attribute_becomes_a_group() -> None:
    row = {"attribute": "departmentNumber", "groups": "odeljenje-{value}"}
    assert mapped(row, departmentNumber=["8-2", " hor "]).groups == {"odeljenje-8-2", "odeljenje-hor"}
    assert mapped(row).groups == frozenset()


def test_values_are_translated_and_what_is_not_named_gives_nothing() -> None:
    row = {"attribute": "employeeType", "values": {"Teacher": "staff", "pupil": "student"}, "role": "{value}"}
    assert mapped(row, employeeType=["teacher"]).role == "staff"
    assert mapped(row, employeeType=["janitor", "PUPIL"]).role == "student"
    assert mapped(row, employeeType=["janitor"]).role == ""


def test_a_school_is_a_short_name_in_small_letters() -> None:
    assert mapped({"attribute": "o", "school": "{value}"}, o=["OS-Vuk"]).school == "os-vuk"


def test_groups_of_the_directory_become_groups_here() -> None:
    assert mapped({"attribute": "group", "groups": ["{value}", "dir-{value}"]}).groups == {
        "8-2", "ucenici", "dir-8-2", "dir-ucenici",
    }  # fmt: skip


def test_a_person_in_thousands_of_groups_does_not_carry_them_all() -> None:
    groups = mapped({"attribute": "ou", "groups": "{value}"}, ou=[str(number) for number in range(5_000)]).groups
    assert len(groups) == MAX_GROUPS


@pytest.mark.parametrize(
    ("rows", "reads"),
    [
        ([{"role": "guest"}], False),
        ([{"when": "ou = 8-2", "role": "guest"}], False),
        ([{"when": "group = a", "role": "guest"}], True),
        ([{"when": "group = cn=a,dc=b", "role": "guest"}], True),
        ([{"when": "group contains a", "role": "guest"}], True),
        ([{"attribute": "group", "groups": "{value}"}], True),
    ],
)
def test_groups_are_read_only_where_a_row_asks_for_them(rows: list[dict[str, Any]], reads: bool) -> None:
    assert Mapping(msgspec.convert(rows, tuple[MapRow, ...])).groups is reads
