"""A real home directory for the tests of commands, and the command line to use on it."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from radius.admin.context import open_admin
from radius.audit.carry import Carrier
from radius.audit.events import AccessDecided
from radius.audit.journal import Journal
from radius.cli import main
from radius.settings import load

Kapija = Callable[..., Result]


@pytest.fixture(scope="session")
def template_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one school, made once by the commands themselves and copied for each test."""
    path = tmp_path_factory.mktemp("template") / "home"
    for arguments in (
        ["init", str(path)],
        ["--home", str(path), "school", "add", "os-vuk", "--title", "Вук Караџић"],
    ):
        result = CliRunner().invoke(main, arguments)
        assert result.exit_code == 0, result.output
    return path


@pytest.fixture
def home(template_home: Path, tmp_path: Path) -> Path:
    """This test's own copy of the home."""
    return Path(shutil.copytree(template_home, tmp_path / "home"))


@pytest.fixture
def kapija(home: Path) -> Kapija:
    """`kapija("policy", "show", stdin="...")` runs a command on this test's home."""

    def run(*arguments: str, stdin: str | bytes = "") -> Result:
        return CliRunner().invoke(main, ["--home", str(home), *arguments], input=stdin)

    return run


@pytest.fixture
def expect(kapija: Kapija) -> Kapija:
    """`expect("user", "list", status=1, says="...")` runs a command that must end so: with that status, without a
    traceback, and when it fails with one sentence that has these words in it."""

    def run(*arguments: str, stdin: str | bytes = "", status: int = 0, says: str = "") -> Result:
        result = kapija(*arguments, stdin=stdin)
        assert result.exit_code == status, result.output
        assert "Traceback" not in result.output
        assert "fault-" not in result.output  # an unforeseen exception leaves a note of that name
        if status:
            last = result.stderr.rstrip().splitlines()[-1]
            assert last.startswith("Error: " if status == 2 else "kapija: "), result.stderr
            assert says in last
        return result

    return run


@pytest.fixture
def happened(home: Path, tmp_path: Path) -> Callable[..., None]:
    """`happened(event, ...)` brings a worker's events into this home's audit log, by a journal and its carrier."""

    def carry(*events: AccessDecided) -> None:
        with open_admin(load(home), "test") as admin:
            journal = Journal(tmp_path / "journal", "node1-w0", admin.keyring.journal_key("node1"))
            for event in events:
                journal.append(event)
            journal.close()
            Carrier(admin.engine, admin.keyring, tmp_path / "journal", "node1").step(time.time())

    return carry


@pytest.fixture
def on_disk(home: Path) -> Callable[[], bytes]:
    """Every octet of the home directory's files: what must be in none of them is looked for here."""
    return lambda: b"".join(path.read_bytes() for path in sorted(home.rglob("*")) if path.is_file())
