"""`kapija explain --user` for people of an external directory: found there without a password, and judged by the same rules."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from tests.fakes.described_school import DescribedSchool
from tests.fakes.ports import free_tcp_ports
from tests.fakes.slapd import Slapd

Kapija = Callable[..., Result]

POLICY = """
[[rule]]
id = "pupils"
when = { role = "student", home = true, group = "8-2" }
grant = { vlan = 20 }

[[rule]]
id = "staff"
when = { role = "staff" }
grant = { vlan = 30 }
"""
CLASSES = '\n[[map]]\nattribute = "departmentNumber"\ngroups = "{value}"\n'


@pytest.fixture
def school(slapd: Slapd, tmp_path: Path, expect: Kapija) -> DescribedSchool:
    """A school with rules and a directory, which is added."""
    described = DescribedSchool(slapd, tmp_path)
    described.map += CLASSES
    expect("policy", "publish", "-", "--school", "os-vuk", stdin=POLICY)
    expect("directory", "add", "skola", *described.write())
    return described


def told(expect: Kapija, user: str, *arguments: str) -> dict[str, Any]:
    found = json.loads(expect("explain", "--user", user, "--school", "os-vuk", *arguments, "--json").stdout)
    return dict(found)


def test_a_pupil_of_the_directory_gets_in_by_the_rule_for_her_class(school: DescribedSchool, expect: Kapija) -> None:
    found = told(expect, "ana")
    assert (found["permitted"], found["rule"], found["notes"]) == (True, "os-vuk:pupils", [])
    assert found["remarks"][0] == "The directory skola knows ana"
    lines = expect("explain", "--user", "ana", "--school", "os-vuk").stdout
    assert "ana would get in" in lines
    assert "MS-CHAPv2 is not offered for names without a realm, because the directory skola cannot check it" in lines


def test_somebody_whom_no_rule_permits_is_told_why(school: DescribedSchool, expect: Kapija) -> None:
    found = told(expect, "vera")
    assert (found["permitted"], found["notes"]) == (False, [])
    assert found["cause"]


def test_a_disabled_account_does_not_get_in_whatever_the_rules_say(school: DescribedSchool, expect: Kapija) -> None:
    found = told(expect, "iskljucen")
    assert found["permitted"] is False
    assert "disabled" in found["notes"][0]


def test_a_method_that_the_directory_cannot_check_stands_in_the_way(school: DescribedSchool, expect: Kapija) -> None:
    found = told(expect, "ana", "--method", "peap")
    assert found["permitted"] is False
    assert found["notes"] == ["MS-CHAPv2 is not offered for names without a realm, because the directory skola cannot check it"]
    school.people = 'nt_hash = "sambaNTPassword"'
    expect("directory", "change", "skola", school.write()[0])
    assert told(expect, "ana", "--method", "peap")["permitted"] is True


def test_a_name_that_nobody_has_and_a_realm_that_nobody_serves(school: DescribedSchool, expect: Kapija) -> None:
    for user in ("nobody", "ana@elsewhere.example"):
        arguments = ("explain", "--user", user, "--school", "os-vuk")
        expect(
            *arguments,
            status=1,
            says=f"there is no account '{user}': 'kapija user list' shows the local ones, and no directory",
        )


def test_a_directory_that_is_away_is_said_and_what_is_decided_meanwhile(school: DescribedSchool, expect: Kapija) -> None:
    school.servers = [f"ldaps://127.0.0.1:{free_tcp_ports(1)[0]}"]
    expect("directory", "change", "skola", school.write()[0])
    arguments = ("explain", "--user", "ana", "--school", "os-vuk")
    expect(*arguments, status=1, says="the directory skola could not be asked: 'kapija directory test skola' says why")
    assert told(expect, "ana", "--directory-away")["permitted"] is False


def test_a_local_account_goes_before_the_directory(school: DescribedSchool, expect: Kapija) -> None:
    expect("user", "add", "ana", "--school", "os-vuk", "--role", "staff", "--password-stdin", stdin="dugačka lozinka\n")
    found = told(expect, "ana")
    assert (found["rule"], found["remarks"]) == ("os-vuk:staff", [])
