"""`kapija systemd`: units that systemd itself finds right and well closed, for the whole server and for its parts."""

import os
import pwd
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from radius.admin.installation import init_home
from radius.cli import main
from radius.cli.systemd import unit
from radius.errors import OperatorError
from radius.settings import Home, load

MOST_EXPOSED = 2.5  # of 10, as systemd-analyze counts it; Debian 12 says 1.9, and 2.3 for the account root


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made, _ = init_home(tmp_path / "a home")
    return made


def systemd(home: Home, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--home", str(home.path), "systemd", *arguments])


@pytest.fixture
def analyze() -> str:
    found = shutil.which("systemd-analyze")
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail("systemd-analyze is missing: apt-get install systemd")
        pytest.skip("systemd-analyze is missing: apt-get install systemd")
    return found


def test_the_whole_server_is_one_unit_and_its_parts_are_one_each_under_a_target(home: Home) -> None:
    assert re.findall(r"^# /etc/systemd/system/(\S+)", systemd(home).output, re.M) == ["kapija.service"]
    parts = systemd(home, "--parts").output
    assert re.findall(r"^# /etc/systemd/system/(\S+)", parts, re.M) == [
        "kapija.target",
        "kapija-feeder.service",
        "kapija-carrier.service",
        "kapija-dispatcher.service",
        "kapija-radius.service",
        "kapija-metrics.service",
    ]
    assert re.findall(r"--only (\w+)", parts) == ["feeder", "carrier", "dispatcher", "radius", "metrics"]


def test_metrics_that_are_switched_off_have_no_unit(home: Home) -> None:
    file = home.path / "kapija.toml"
    file.write_text(file.read_text().replace("[metrics]", "[metrics]\nport = 0"))
    assert "--only metrics" not in systemd(load(home.path), "--parts").output


def test_the_unit_serves_this_home_as_its_owner_and_may_write_nowhere_else(home: Home) -> None:
    text = systemd(home).output
    owner = pwd.getpwuid(home.path.stat().st_uid).pw_name
    assert f"\nUser={owner}\n" in text
    assert f'\nEnvironment="KAPIJA_HOME={home.path}"\n' in text
    assert f'\nReadWritePaths="{home.path}"\n' in text
    assert "\nCapabilityBoundingSet=\n" in text
    assert "\nUser=kapija\n" in systemd(home, "--user", "kapija").output


def test_a_port_below_1024_brings_the_one_capability_that_it_needs(home: Home) -> None:
    file = home.path / "kapija.toml"
    file.write_text(file.read_text().replace("[radius]", "[radius]\nauth_port = 645"))
    low = load(home.path)
    assert "\nAmbientCapabilities=CAP_NET_BIND_SERVICE\n" in unit(low, "kapija")
    assert "\nAmbientCapabilities=\n" in unit(low, "kapija", "carrier")


@pytest.mark.parametrize("user", ["", "a b", "root\nExecStart=/bin/sh", "%u"])
def test_a_user_that_is_no_account_is_refused(home: Home, user: str) -> None:
    with pytest.raises(OperatorError):
        unit(home, user)


def test_paths_stand_in_units_as_systemd_reads_them(home: Home) -> None:
    odd = Home(Path('/srv/50% "off"\\x'), home.settings)
    assert r'Environment="KAPIJA_HOME=/srv/50%% \"off\"\\x"' in unit(odd, "kapija")
    with pytest.raises(OperatorError):
        unit(Home(Path("/srv/a\nb"), home.settings), "kapija")


@pytest.mark.peer
@pytest.mark.parametrize("more", [[], ["--parts"]])
def test_systemd_verifies_the_units_and_finds_them_closed(home: Home, tmp_path: Path, analyze: str, more: list[str]) -> None:
    into = tmp_path / "units"
    into.mkdir()
    assert systemd(home, *more, "--user", "root", "--into", str(into)).exit_code == 0
    files = sorted(into.iterdir())
    verified = subprocess.run(
        [analyze, "verify", "--man=no", *map(str, files)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{into}:"},
    )
    assert [line for line in verified.stderr.splitlines() if str(into) in line or "kapija" in line] == []
    for file in files:
        if file.suffix == ".service":
            told = subprocess.run(
                [analyze, "security", "--offline=true", "--no-pager", str(file)], capture_output=True, text=True, check=False
            )
            exposure = re.search(r"exposure level for \S+: ([0-9.]+)", told.stdout)
            assert exposure is not None, told.stderr
            assert float(exposure[1]) <= MOST_EXPOSED
