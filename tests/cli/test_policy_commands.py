"""`kapija policy`: what is published is what was written, and nothing wrong gets through."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Kapija = Callable[..., Result]

FIRST = '# прва\n[[rule]]\nid = "pupils"\nwhen = { role = "student" }\ngrant = { vlan = 20 }\n'
SECOND = FIRST.replace("vlan = 20", "vlan = 21")


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    file = tmp_path / "rules.toml"
    file.write_text(FIRST)
    return file


def test_what_was_published_is_shown_octet_by_octet(kapija: Kapija, rules: Path) -> None:
    published = kapija("policy", "publish", str(rules), "--note", "почетак")
    assert published.exit_code == 0, published.output
    assert "Version 1 of national is in force" in published.stdout
    shown = kapija("policy", "show")
    assert shown.stdout == FIRST
    assert "national version 1, published by cli:" in shown.stderr


def test_a_schools_policy_is_its_own(kapija: Kapija, rules: Path) -> None:
    assert kapija("policy", "publish", str(rules), "--school", "os-vuk").exit_code == 0
    assert kapija("policy", "show", "--school", "os-vuk").stdout == FIRST
    missing = kapija("policy", "show")
    assert missing.exit_code == 1
    assert "no policy of national has been published yet" in missing.stderr


def test_history_diff_and_rollback_tell_the_versions(kapija: Kapija, rules: Path) -> None:
    kapija("policy", "publish", str(rules))
    assert kapija("policy", "publish", "-", "--note", "нова VLAN мрежа", stdin=SECOND.encode()).exit_code == 0
    diff = kapija("policy", "diff", "1").stdout
    assert "-grant = { vlan = 20 }" in diff
    assert "+grant = { vlan = 21 }" in diff
    assert kapija("policy", "rollback", "1").exit_code == 0
    assert kapija("policy", "show").stdout == FIRST
    versions = json.loads(kapija("policy", "history", "--json").stdout)
    assert [one["version"] for one in versions] == [3, 2, 1]
    assert versions[0]["sha256"] == versions[2]["sha256"]
    assert versions[1]["note"] == "нова VLAN мрежа"
    (in_force,) = json.loads(kapija("policy", "history", "--all", "--json").stdout)
    assert (in_force["scope"], in_force["version"]) == ("national", 3)


def test_publishing_is_audited_with_the_hash(kapija: Kapija, rules: Path) -> None:
    kapija("policy", "publish", str(rules))
    (row,) = json.loads(kapija("audit", "search", "--tag", "policy:", "--json").stdout)
    (version,) = json.loads(kapija("policy", "history", "--json").stdout)
    assert row["tag"] == "policy:publish:done"
    assert row["details"]["sha256"] == version["sha256"]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[[rule]]\n", "rule"),
        (FIRST.replace("role", "rol"), "when"),
        (FIRST.replace("vlan = 20", "vlan = 5000"), "vlan"),
        (FIRST.replace("vlan = 20", 'attributes = [{ name = "Fliter-Id", value = "x" }]'), "attribute"),
        ("this is no TOML", "TOML"),
    ],
)
def test_a_faulty_document_is_refused_with_its_place_and_nothing_changes(kapija: Kapija, text: str, place: str) -> None:
    for command in ("check", "publish"):
        result = kapija("policy", command, "-", stdin=text)
        assert result.exit_code == 1, command
        assert place in result.output, command
        assert "fault of Kapija" not in result.output
    assert json.loads(kapija("policy", "history", "--json").stdout) == []


def test_check_shows_every_fault_of_a_document(kapija: Kapija) -> None:
    text = FIRST.replace("role", "rol") + FIRST.replace('"pupils"', '"others"').replace("vlan = 20", "vlan = 5000")
    findings = json.loads(kapija("policy", "check", "-", "--json", stdin=text).stdout)
    assert len(findings) >= 2
    assert {one["severity"] for one in findings} == {"error"}


def test_check_of_a_fine_document_says_so_and_publishes_nothing(kapija: Kapija, rules: Path) -> None:
    result = kapija("policy", "check", str(rules))
    assert (result.exit_code, result.stdout) == (0, f"{rules} is fine as the policy of national.\n")
    assert kapija("policy", "show").exit_code == 1


def test_the_same_text_twice_is_refused(kapija: Kapija, rules: Path) -> None:
    kapija("policy", "publish", str(rules))
    again = kapija("policy", "publish", str(rules))
    assert again.exit_code == 1
    assert "nothing to publish" in again.stderr


@pytest.mark.parametrize("arguments", [("show", "--version", "7"), ("rollback", "7"), ("diff", "7")])
def test_a_version_that_there_is_not_is_told(kapija: Kapija, rules: Path, arguments: tuple[str, ...]) -> None:
    kapija("policy", "publish", str(rules))
    result = kapija("policy", *arguments)
    assert result.exit_code == 1
    assert "national has no policy version 7" in result.stderr


def test_an_unknown_school_a_missing_file_and_other_encodings_are_told(kapija: Kapija, rules: Path, tmp_path: Path) -> None:
    unknown = kapija("policy", "publish", str(rules), "--school", "os-vukk")
    assert (unknown.exit_code, "did you mean os-vuk?" in unknown.stderr) == (1, True)
    missing = kapija("policy", "publish", str(tmp_path / "none.toml"))
    assert (missing.exit_code, "none.toml: No such file" in missing.stderr) == (1, True)
    latin = kapija("policy", "publish", "-", stdin="# škola".encode("iso8859-2"))
    assert (latin.exit_code, "save it as UTF-8" in latin.stderr) == (1, True)
