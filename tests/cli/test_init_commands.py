"""`kapija init` and `kapija key`: a home that only its owner reads, made once."""

import json
import stat
from collections.abc import Callable
from pathlib import Path

from click.testing import CliRunner, Result

from radius.cli import main

Kapija = Callable[..., Result]


def init(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["init", *arguments])


def test_a_new_home_is_ready_and_only_its_owner_can_look_into_it(tmp_path: Path) -> None:
    home = tmp_path / "gate"
    result = init(str(home))
    assert result.exit_code == 0, result.output
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert stat.S_IMODE((home / "master.key").stat().st_mode) == 0o600
    assert f"export KAPIJA_HOME='{home}'" in result.stdout
    key = (home / "master.key").read_text().split()[-1]
    assert key not in result.output
    assert CliRunner().invoke(main, ["--home", str(home), "db", "status"]).exit_code == 0


def test_a_second_init_changes_nothing(home: Path) -> None:
    before = {file.name: file.read_bytes() for file in home.iterdir() if file.is_file()}
    result = init(str(home))
    assert result.exit_code == 1
    assert "is a home directory already" in result.stderr
    assert {file.name: file.read_bytes() for file in home.iterdir() if file.is_file()} == before


def test_a_directory_with_other_things_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.odt").touch()
    result = init(str(tmp_path))
    assert result.exit_code == 1
    assert "is not empty (thesis.odt)" in result.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.odt"]


def test_the_node_and_the_store_can_be_named(tmp_path: Path) -> None:
    store = tmp_path / "elsewhere.db"
    said = json.loads(init(str(tmp_path / "a"), "--node", "second", "--store-url", f"sqlite:///{store}", "--json").stdout)
    assert (said["node"], said["new"]) == ("second", True)
    assert store.exists()


def test_a_bad_node_name_is_told_and_leaves_no_home(tmp_path: Path) -> None:
    result = init(str(tmp_path / "a"), "--node", "Not A Name")
    assert result.exit_code == 1
    assert "node" in result.stderr
    assert not (tmp_path / "a" / "kapija.toml").exists()


def test_a_second_node_with_another_master_key_is_refused(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'shared.db'}"
    assert init(str(tmp_path / "one"), "--store-url", store).exit_code == 0
    refused = init(str(tmp_path / "two"), "--store-url", store, "--node", "node2")
    assert refused.exit_code == 1
    assert "master key" in refused.stderr
    assert not (tmp_path / "two" / "kapija.toml").exists()


def test_a_rotated_master_key_opens_what_was_sealed_and_the_former_one_does_not(kapija: Kapija, home: Path) -> None:
    former = (home / "master.key").read_bytes()
    kapija("client", "add", "192.0.2.1", "--school", "os-vuk", "--family", "generic")
    rotated = json.loads(kapija("key", "rotate", "--json").stdout)
    assert rotated["former"]
    assert rotated["current"] not in rotated["former"]
    assert kapija("client", "list").exit_code == 0
    (row,) = json.loads(kapija("audit", "search", "--tag", "key:", "--json").stdout)
    assert row["actor"].startswith("cli:")
    (home / "master.key").write_bytes(former)
    refused = kapija("client", "list")
    assert refused.exit_code == 1
    assert "which" in refused.stderr
    assert "does not hold" in refused.stderr


def test_a_key_that_does_not_belong_here_is_not_put_behind_a_new_one(kapija: Kapija, home: Path, tmp_path: Path) -> None:
    init(str(tmp_path / "other"))
    strange = (tmp_path / "other" / "master.key").read_bytes()
    (home / "master.key").write_bytes(strange)
    assert kapija("key", "rotate").exit_code == 1
    assert (home / "master.key").read_bytes() == strange
