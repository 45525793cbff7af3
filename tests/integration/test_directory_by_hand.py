"""A school's directory connected as docs/directories.md says, by commands alone, with a real Kapija and a real slapd."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from radius.cli import main
from tests.fakes.described_school import DescribedSchool
from tests.fakes.serving import SECRET, Serving, eventually, make_home
from tests.fakes.slapd import Slapd

MAP = '[[map]]\nwhen = "group = nastavnici"\nrole = "staff"\n\n[[map]]\nrole = "student"\nschool = "os-primer"\n'


class Operator:
    """Somebody at the command line of a home."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._secret = home / "shared"
        self._secret.write_text(SECRET)

    def __call__(self, *arguments: str, stdin: str = "") -> Result:
        done = CliRunner().invoke(main, ["--home", str(self._home), *arguments], input=stdin)
        assert "fault of Kapija" not in done.output, done.output
        return done

    def login(self, user: str, password: str, method: str = "pap") -> bool:
        """Whether that person gets in."""
        options = ("--method", method, "--secret-file", str(self._secret), "--password-stdin", "--tries", "1", "--timeout", "5")
        return self("test", "login", user, *options, stdin=f"{password}\n").exit_code == 0

    def status(self) -> dict:
        """What `directory status` says of the directory skola."""
        (found,) = json.loads(self("directory", "status", "skola", "--json").stdout)
        return dict(found)

    def check(self) -> list[str]:
        """The weights of what `check` says of the directory."""
        return [one["level"] for one in json.loads(self("check", "--json").stdout) if one["check"] == "directory skola"]


@pytest.fixture
def slapd(peer: Callable[[str], Path], tmp_path: Path) -> Iterator[Slapd]:
    with Slapd(peer("slapd"), tmp_path / "slapd") as running:
        yield running


def test_a_directory_is_tried_added_used_looked_at_and_taken_out(slapd: Slapd, tmp_path: Path) -> None:
    home = make_home(tmp_path / "kapija")
    operator = Operator(home.path)
    school = DescribedSchool(slapd, tmp_path)
    school.map = MAP
    file, secret = school.write()
    with Serving(home, workers=2):
        assert operator("directory", "test", file, secret, "--user", "ana").exit_code == 0
        assert not operator.login("ana", "ana-lozinka")
        assert operator("directory", "add", "skola", file, secret).exit_code == 0
        eventually(lambda: operator.login("ana", "ana-lozinka"), "people of the directory get in")
        assert not operator.login("ana", "another")
        assert operator.login("ucenik.primer", "canary-password-5527"), "local accounts are untouched"
        assert not operator.login("ana", "ana-lozinka", "mschapv2"), "the directory has no NT hash that may be read"
        assert operator.check() == ["ok"]
        eventually(lambda: operator.status()["asked"] >= 2, "the workers' numbers are there")
        assert (operator.status()["breaker"], operator.status()["workers"]) == ("closed", 2)

        school.people = 'nt_hash = "sambaNTPassword"'
        file, _ = school.write()
        assert operator("directory", "change", "skola", file).exit_code == 0
        eventually(lambda: operator.login("ana", "ana-lozinka", "mschapv2"), "a changed description is in force")
        eventually(lambda: "resumption" in operator.status()["away"], "it says what survives of PEAP")

        assert operator.login("ana", "ana-lozinka")
        slapd.stop()
        assert not operator.login("đura", "лозинка Ђура")
        away = lambda: not operator.login("đura", "лозинка Ђура") and operator.status()["breaker"].startswith("open")  # noqa: E731
        eventually(away, "a worker sees that it is away")
        assert operator.login("ana", "ana-lozinka"), "who is known gets in while it is away"
        assert operator.check() == ["fail"]
        assert operator("directory", "test", "skola").exit_code == 1
        slapd.start()
        eventually(lambda: operator.login("đura", "лозинка Ђура"), "it is asked again when it is back")

        operator("directory", "disable", "skola")
        eventually(lambda: not operator.login("ana", "ana-lozinka"), "a disabled directory's people are unknown")
        operator("directory", "enable", "skola")
        eventually(lambda: operator.login("ana", "ana-lozinka"), "and known again")
        operator("directory", "remove", "skola")
        eventually(lambda: not operator.login("ana", "ana-lozinka"), "a removed one's are not")
