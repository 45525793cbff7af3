"""`kapija check`: each thing that can be wrong is named, with its cure, and only then is the exit status 1."""

import json
import os
import socket
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import Result

from radius.admin import preflight
from radius.admin.ports import holder_of, try_to_bind
from radius.admin.preflight import Finding, Level
from radius.settings import load

Kapija = Callable[..., Result]
Findings = dict[str, list[dict[str, str]]]

RULE = '[[rule]]\nid = "all"\nwhen = { role = "student" }\ngrant = { vlan = "pupils" }\n'


@pytest.fixture
def taken() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        yield sock


def listen(home: Path, auth: int, acct: int = 0, more: str = "") -> None:
    (home / "kapija.toml").write_text(f'[radius]\nlisten = ["127.0.0.1"]\nauth_port = {auth}\nacct_port = {acct}\n{more}')


def check(kapija: Kapija) -> tuple[int, Findings]:
    result = kapija("check", "--json")
    assert "fault of Kapija" not in result.output
    found: Findings = {}
    for one in json.loads(result.stdout):
        found.setdefault(one["check"], []).append(one)
    return result.exit_code, found


def prepare(kapija: Kapija, home: Path) -> None:
    listen(home, 0)
    for arguments in (
        ("school", "vlan", "os-vuk", "pupils", "20"),
        ("client", "add", "192.0.2.1", "--school", "os-vuk", "--family", "generic"),
    ):
        assert kapija(*arguments).exit_code == 0
    assert kapija("policy", "publish", "-", stdin=RULE).exit_code == 0


def test_a_ready_home_passes_without_a_warning_about_itself(kapija: Kapija, home: Path) -> None:
    prepare(kapija, home)
    status, found = check(kapija)
    assert status == 0
    found.pop("receive buffer")  # of this machine, not of the home
    levels = {one["level"] for group in found.values() for one in group}
    assert levels == {"ok"}
    assert set(found) == {
        "settings",
        "database",
        "master key",
        "audit",
        "clients",
        "policy",
        "certificate",
        "disk",
        "clock",
    }


def test_a_home_that_lacks_everything_says_what_to_add(kapija: Kapija, home: Path) -> None:
    listen(home, 0)
    status, found = check(kapija)
    assert status == 0  # it would serve, if nobody
    assert found["clients"][0]["mend"] == "add one: kapija client add"
    assert found["policy"][0]["mend"] == "publish one: kapija policy publish FILE"


@pytest.mark.parametrize("text", ["[radius]\nprot = 1\n", "[radius", 'node = "A B"\n'])
def test_wrong_settings_are_told_alone(kapija: Kapija, home: Path, text: str) -> None:
    (home / "kapija.toml").write_text(text)
    status, found = check(kapija)
    assert (status, list(found)) == (1, ["settings"])
    assert found["settings"][0]["level"] == "fail"


def test_a_missing_home_is_a_finding_too(kapija: Kapija, home: Path) -> None:
    (home / "kapija.toml").unlink()
    status, found = check(kapija)
    assert status == 1
    assert "kapija init" in found["settings"][0]["mend"]


def test_a_master_key_that_others_can_read_is_told_with_the_command(kapija: Kapija, home: Path) -> None:
    listen(home, 0)
    (home / "master.key").chmod(0o644)
    status, found = check(kapija)
    assert status == 1
    assert f"chmod 600 {home / 'master.key'}" in found["master key"][0]["mend"]


def test_a_lost_master_key_is_told(kapija: Kapija, home: Path) -> None:
    listen(home, 0)
    (home / "master.key").unlink()
    status, found = check(kapija)
    assert (status, found["master key"][0]["level"]) == (1, "fail")


def test_an_older_database_names_the_upgrade(kapija: Kapija, home: Path) -> None:
    listen(home, 0)
    with sqlite3.connect(home / "kapija.db") as database:
        database.execute("DELETE FROM alembic_version")
    database.close()
    status, found = check(kapija)
    assert status == 1
    assert "kapija db upgrade" in found["database"][0]["mend"]
    assert found["clock"][0]["level"] == "ok"  # the rest is looked at all the same


def test_a_taken_port_names_who_has_it(kapija: Kapija, home: Path, taken: socket.socket) -> None:
    port = taken.getsockname()[1]
    listen(home, port)
    status, found = check(kapija)
    assert status == 1
    assert f"127.0.0.1:{port} is in use by" in found[f"port {port}"][0]["words"]
    assert f"(process {os.getpid()})" in found[f"port {port}"][0]["words"]
    assert "radius.auth_port" in found[f"port {port}"][0]["mend"]


def test_an_address_of_another_machine_is_told(kapija: Kapija, home: Path) -> None:
    (home / "kapija.toml").write_text('[radius]\nlisten = ["192.0.2.77"]\nauth_port = 18120\nacct_port = 0\n')
    status, found = check(kapija)
    assert status == 1
    assert "192.0.2.77:18120 cannot be had" in found["port 18120"][0]["words"]


def test_a_policy_that_names_an_unmapped_vlan_is_told(kapija: Kapija, home: Path) -> None:
    prepare(kapija, home)
    assert kapija("school", "vlan", "os-vuk", "pupils", "--remove").exit_code == 0
    _, found = check(kapija)
    assert any("pupils" in one["words"] for one in found["policy national"])


def test_a_client_without_message_authenticator_is_a_warning(kapija: Kapija, home: Path) -> None:
    prepare(kapija, home)
    assert kapija("client", "mode", "192.0.2.1", "optional").exit_code == 0
    status, found = check(kapija)
    assert status == 0
    assert any("CVE-2024-3596" in one["words"] for one in found["clients"])


def test_a_full_disk_would_be_told_before_it_hurts(kapija: Kapija, home: Path) -> None:
    listen(home, 0, more="[journal]\nlimit_megabytes = 99999999999\n")
    _, found = check(kapija)
    assert found["disk"][0]["level"] == "warn"
    assert "journal.limit_megabytes" in found["disk"][0]["mend"]


def test_people_get_a_line_for_each_finding_and_its_cure(kapija: Kapija, home: Path) -> None:
    listen(home, 0)
    (home / "master.key").chmod(0o640)
    out = kapija("check").stdout
    assert "FAIL  master key:" in out
    assert "      run 'chmod 600" in out


def no_lint(_home: object) -> Iterator[Finding]:
    return iter(())


@pytest.mark.parametrize(("now", "level"), [(0.0, Level.FAIL), (1_788_000_000.0, Level.OK)])
def test_a_clock_without_its_battery_is_told(home: Path, now: float, level: Level) -> None:
    listen(home, 0)
    clocks = [one for one in preflight.preflight(load(home), no_lint, now) if one.check == "clock"]
    assert clocks[-1].level is level


def test_a_clock_behind_the_audit_log_is_a_failure(home: Path) -> None:
    listen(home, 0)
    behind = 1_740_000_000.0  # February 2025; the school was added later
    findings = [one for one in preflight.preflight(load(home), no_lint, behind) if one.level is Level.FAIL]
    assert [one.check for one in findings] == ["clock", "certificate"]  # the certificate of `init` has not begun by that clock
    assert "behind the newest audit row" in findings[0].words


def test_a_small_receive_buffer_comes_with_the_line_that_mends_it(tmp_path: Path) -> None:
    (tmp_path / "rmem_max").write_text("212992\n")
    small = preflight.receive_buffer(4_194_304, tmp_path / "rmem_max")
    assert (small.level, "208 KiB" in small.words) == (Level.WARN, True)
    assert "net.core.rmem_max=4194304" in small.mend
    assert preflight.receive_buffer(212_992, tmp_path / "rmem_max").level is Level.OK
    assert preflight.receive_buffer(4_194_304, tmp_path / "missing").level is Level.OK


def test_the_holder_of_a_wildcard_port_is_found_for_every_address(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("0.0.0.0", 0))
        port = sock.getsockname()[1]
        for address in ("127.0.0.1", "0.0.0.0"):
            holder = holder_of(address, port)
            assert holder is not None
            assert holder.pid == os.getpid()
            assert not holder.is_kapija
    assert holder_of("127.0.0.1", port) is None
    assert try_to_bind("127.0.0.1", port) is None
    assert holder_of("127.0.0.1", port, proc=tmp_path) is None  # a system without /proc


def test_a_kapija_process_is_known_by_its_command_line(tmp_path: Path) -> None:
    (tmp_path / "net").mkdir()
    columns = "1: 0100007F:0714 00000000:0000 07 00000000:00000000 00:00000000 00000000 0 0 4711 2 0 0"
    (tmp_path / "net" / "udp").write_text(f"  sl  local_address rem_address\n {columns}\n")
    for pid, line in ((7, b"/usr/bin/python3\0/srv/.venv/bin/kapija\0serve\0"), (8, b"freeradius\0-f\0")):
        process = tmp_path / str(pid)
        (process / "fd").mkdir(parents=True)
        (process / "cmdline").write_bytes(line)
        (process / "comm").write_text("comm\n")
    (tmp_path / "7" / "fd" / "3").symlink_to("socket:[4711]")
    holder = holder_of("127.0.0.1", 0x714, proc=tmp_path)
    assert holder is not None
    assert (holder.pid, holder.is_kapija) == (7, True)
    (tmp_path / "7" / "fd" / "3").unlink()
    (tmp_path / "8" / "fd" / "3").symlink_to("socket:[4711]")
    holder = holder_of("127.0.0.1", 0x714, proc=tmp_path)
    assert holder is not None
    assert (holder.pid, holder.is_kapija) == (8, False)
