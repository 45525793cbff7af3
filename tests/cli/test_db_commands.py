"""`kapija db`: the schema's version told and raised."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

from click.testing import CliRunner, Result

from radius.cli import main

Kapija = Callable[..., Result]


def test_a_new_home_is_current(kapija: Kapija) -> None:
    result = kapija("db", "status", "--json")
    said = json.loads(result.stdout)
    assert (result.exit_code, said["state"]) == (0, "current")
    assert said["revision"] == said["needed"]
    again = kapija("db", "upgrade")
    assert again.stdout == f"The database is at revision {said['needed']} already.\n"


def test_an_empty_database_is_raised_to_this_programs_revision(tmp_path: Path) -> None:
    (tmp_path / "kapija.toml").touch()

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(main, ["--home", str(tmp_path), "db", *arguments])

    before = run("status")
    assert (before.exit_code, "empty" in before.stdout) == (1, True)
    assert "from revision none to" in run("upgrade").stdout
    assert run("status").exit_code == 0


def test_a_newer_programs_database_is_not_touched(kapija: Kapija, home: Path) -> None:
    with sqlite3.connect(home / "kapija.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    status = kapija("db", "status")
    assert (status.exit_code, "newer than this program" in status.stdout) == (1, True)
    upgrade = kapija("db", "upgrade")
    assert upgrade.exit_code == 1
    assert "9999" in upgrade.stderr


def test_a_file_that_is_no_database_is_told(kapija: Kapija, home: Path) -> None:
    for file in home.glob("kapija.db*"):
        file.unlink()
    (home / "kapija.db").write_bytes(b"no database at all, but long enough to be read as a header" * 40)
    result = kapija("db", "status")
    assert result.exit_code == 1
    assert "is no SQLite database" in result.stderr


def test_the_password_of_a_database_is_never_printed(kapija: Kapija, home: Path) -> None:
    (home / "kapija.toml").write_text('[store]\nurl = "postgresql+psycopg://kapija:canary-5ecret@127.0.0.1:1/kapija"\n')
    result = kapija("db", "status")
    assert result.exit_code == 1
    assert "canary-5ecret" not in result.output
    assert not list(home.glob("fault-*"))
