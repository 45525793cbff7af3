"""`kapija audit`: rows are found by what is known of them, a changed one is named, an export leaves its own trace."""

import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from radius.audit.causes import Cause
from radius.audit.search import Entry
from radius.cli import main
from radius.cli.audit import line
from radius.cli.frame import printable

Kapija = Callable[..., Result]


@pytest.fixture
def people(kapija: Kapija, home: Path) -> Path:
    """Two people were added, so the log has rows with something personal in them."""
    for name in ("ana", "бора"):
        added = kapija(
            "user", "add", name, "--school", "os-vuk", "--role", "student", "--password-stdin", stdin="гај-птица-77\n"
        )
        assert added.exit_code == 0, added.output
    return home


def rows(kapija: Kapija, *arguments: str) -> list[dict[str, object]]:
    result = kapija("audit", "search", "--json", *arguments)
    assert result.exit_code == 0, result.output
    found: list[dict[str, object]] = json.loads(result.stdout)
    return found


def test_a_person_is_found_however_the_name_is_written(kapija: Kapija, people: Path) -> None:
    for name in ("бора", "БОРА"):
        (row,) = rows(kapija, "--user", name)
        assert (row["tag"], row["user"]) == ("person:add:done", "бора")
    assert rows(kapija, "--user", "nobody") == []


def test_filters_narrow_and_the_limit_is_told(kapija: Kapija, people: Path) -> None:
    assert {row["tag"] for row in rows(kapija, "--tag", "person:")} == {"person:add:done"}
    assert rows(kapija, "--tag", "person") == []  # a whole tag, or its beginning up to a colon
    assert len(rows(kapija, "--school", "os-vuk")) == 3
    assert rows(kapija, "--until", "2026-01-01") == []
    assert len(rows(kapija, "--since", "5min")) == 3
    limited = kapija("audit", "search", "--limit", "1")
    assert "these are the newest 1; --limit shows more" in limited.stderr


@pytest.mark.parametrize(
    "arguments", [("--since", "yesterday"), ("--until", "25:00"), ("--limit", "0"), ("--since", "5 parsecs")]
)
def test_a_wrong_filter_is_a_usage_error(kapija: Kapija, arguments: tuple[str, str]) -> None:
    assert kapija("audit", "search", *arguments).exit_code == 2


def test_what_is_no_mac_address_is_told(kapija: Kapija) -> None:
    result = kapija("audit", "search", "--mac", "02-00")
    assert (result.exit_code, "is not a MAC address" in result.stderr) == (1, True)


def test_tail_shows_the_newest_last(kapija: Kapija, people: Path) -> None:
    shown = json.loads(kapija("audit", "tail", "-n", "2", "--json").stdout)
    assert [row["user"] for row in shown] == ["ana", "бора"]
    lines = kapija("audit", "tail", "-n", "1").stdout.splitlines()
    assert len(lines) == 2
    assert "person:add:done" in lines[1]


def test_following_prints_what_comes_until_it_is_interrupted(kapija: Kapija, home: Path) -> None:
    command = [sys.executable, "-m", "radius", "--home", str(home), "audit", "tail", "-n", "0", "--follow", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stderr is not None
            while not process.stderr.readline().startswith("kapija: following"):
                assert process.poll() is None
            assert kapija("school", "add", "os-nova").exit_code == 0
            row = json.loads(process.stdout.readline())
            assert (row["tag"], row["school"]) == ("school:add:done", "os-nova")
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 130
            assert process.stderr.read() == ""
        finally:
            process.kill()


def test_a_whole_log_is_verified_and_a_changed_row_is_named(kapija: Kapija, people: Path) -> None:
    whole = kapija("audit", "verify")
    assert (whole.exit_code, "The audit log is whole." in whole.stdout) == (0, True)
    with sqlite3.connect(people / "kapija.db") as database:
        database.execute("UPDATE audit SET school = 'os-other' WHERE number = 2")
    database.close()
    broken = kapija("audit", "verify")
    assert broken.exit_code == 1
    assert "admin: BROKEN at row 2" in broken.stdout
    assert "keep a copy of the database" in broken.stdout
    said = kapija("audit", "verify", "--json")
    report = json.loads(said.stdout)
    assert (said.exit_code, report["whole"]) == (1, False)
    assert [chain["fault"]["number"] for chain in report["chains"] if chain["fault"]] == [2]


def test_a_cut_off_end_is_found(kapija: Kapija, people: Path) -> None:
    with sqlite3.connect(people / "kapija.db") as database:
        database.execute("DELETE FROM audit WHERE number = (SELECT max(number) FROM audit)")
    database.close()
    broken = kapija("audit", "verify")
    assert (broken.exit_code, "missing at the end" in broken.stdout) == (1, True)


def test_an_export_has_the_evidence_and_is_itself_audited(kapija: Kapija, people: Path, tmp_path: Path) -> None:
    file = tmp_path / "export.jsonl"
    result = kapija("audit", "export", "--user", "ana", "-o", str(file))
    assert result.exit_code == 0, result.output
    assert "1 rows exported" in result.stderr
    (row,) = [one for one in map(json.loads, file.read_text().splitlines()) if one["kind"] == "row"]
    assert row["entry"]["user"] == "ana"
    assert len(row["hash"]) == 64
    assert file.stat().st_mode & 0o777 == 0o600
    (trace,) = rows(kapija, "--tag", "audit:")
    assert trace["details"] == {"format": "jsonl", "user": "given"}  # whom it was about is nobody's to read for ever


def test_an_export_to_the_screen_as_csv_starts_with_its_columns(kapija: Kapija, people: Path) -> None:
    lines = kapija("audit", "export", "--format", "csv", "--tag", "person:").stdout.splitlines()
    assert lines[0].startswith("id,chain,number,time,tag")
    assert len(lines) == 3


def test_an_export_overwrites_nothing_and_leaves_no_trace_of_what_was_not_shown(
    kapija: Kapija, people: Path, tmp_path: Path
) -> None:
    file = tmp_path / "thesis.odt"
    file.write_text("mine")
    result = kapija("audit", "export", "-o", str(file))
    assert (result.exit_code, "exists already" in result.stderr) == (1, True)
    assert file.read_text() == "mine"
    assert rows(kapija, "--tag", "audit:") == []


def test_the_log_cannot_be_read_without_the_master_key(kapija: Kapija, people: Path) -> None:
    (people / "master.key").unlink()
    for command in (["tail"], ["search", "--user", "ana"], ["verify"], ["export"]):
        result = CliRunner().invoke(main, ["--home", str(people), "audit", *command])
        assert result.exit_code == 1, command
        assert "master.key does not exist" in result.stderr


def test_a_row_is_one_line_whatever_its_name_holds() -> None:
    entry = Entry(
        id=1,
        chain="node1",
        number=1,
        time=1_790_000_000.0,
        tag="access:decide:denied",
        school="os-vuk",
        nas="ap\n1",
        user="ana\x1b[2J",
        causes=(Cause.WRONG_PASSWORD, "of-another-release"),
    )
    shown = line(entry)
    assert "\n" not in shown
    assert printable(shown) == shown
    assert "of-another-release" in shown
    assert "wrong-password" not in shown  # a sentence stands for the code
