"""The master key's file and environment: who may read it, and what is told when it is wrong."""

import os
import pickle
from pathlib import Path

import pytest

from radius.settings import Home, Settings
from radius.store.master_key import MasterKey, MasterKeyUnusable, WrongMasterKey, key_id

KEY, OTHER = bytes(range(32)), bytes(range(32, 64))


def home(path: Path) -> Home:
    return Home(path, Settings())


def write(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def line(key: bytes) -> str:
    return f"{key_id(key).hex()} {key.hex()}\n"


def test_a_created_key_is_read_again_and_is_for_its_owner_alone(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        made = MasterKey.create(tmp_path / "master.key")
    finally:
        os.umask(old)
    assert (tmp_path / "master.key").stat().st_mode & 0o777 == 0o600
    read = MasterKey.load(home(tmp_path), {})
    assert read.ids == made.ids
    assert read.unwrap("seal", made.wrap("seal", b"data key")) == b"data key"
    assert [path.name for path in tmp_path.iterdir()] == ["master.key"]


def test_an_existing_key_is_never_overwritten(tmp_path: Path) -> None:
    MasterKey.create(tmp_path / "master.key")
    before = (tmp_path / "master.key").read_bytes()
    with pytest.raises(MasterKeyUnusable, match="exists already: move it away first"):
        MasterKey.create(tmp_path / "master.key")
    assert (tmp_path / "master.key").read_bytes() == before


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o620, 0o601, 0o644, 0o777])
def test_a_file_that_others_can_open_is_refused(tmp_path: Path, mode: int) -> None:
    path = write(tmp_path / "master.key", line(KEY), mode)
    with pytest.raises(MasterKeyUnusable, match=rf"mode {mode:04o}\): run 'chmod 600 {path}'"):
        MasterKey.read(path)


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_file_of_its_owner_alone_is_read(tmp_path: Path, mode: int) -> None:
    assert MasterKey.read(write(tmp_path / "master.key", line(KEY), mode)).ids == (key_id(KEY),)


def test_the_first_line_is_current_and_the_others_still_open(tmp_path: Path) -> None:
    master = MasterKey.read(write(tmp_path / "master.key", f"# a comment\n\n{line(OTHER)}{line(KEY)}"))
    old = MasterKey([KEY], "test").wrap("seal", b"x")
    assert master.ids == (key_id(OTHER), key_id(KEY))
    assert master.unwrap("seal", old) == b"x"
    assert not master.is_current(old)
    assert master.is_current(master.wrap("seal", b"x"))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "holds no key"),
        ("# only words\n", "holds no key"),
        (KEY.hex(), "line 1 is not 'id key'"),
        (line(KEY) + "id key more", "line 2 is not 'id key'"),
        (line(KEY)[:-3], "line 1 is not 64 hexadecimal digits"),
        (line(KEY).replace("1f", "zz"), "line 1 is not 64 hexadecimal digits"),
        (line(KEY).replace("1e1f", "1f1e"), "line 1: the key does not fit its id"),
        (line(KEY).replace(" ", " \u0161"), "line 1 is not 64 hexadecimal digits"),
    ],
)
def test_a_malformed_file_is_told_by_its_line_without_the_key(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(MasterKeyUnusable, match=sentence) as caught:
        MasterKey.read(write(tmp_path / "master.key", text))
    assert KEY.hex()[:12] not in str(caught.value)


def test_a_missing_file_says_where_a_key_comes_from(tmp_path: Path) -> None:
    with pytest.raises(
        MasterKeyUnusable, match="does not exist: restore the master key from its copy, or set KAPIJA_MASTER_KEY"
    ):
        MasterKey.load(home(tmp_path), {})
    (tmp_path / "master.key").mkdir()
    with pytest.raises(MasterKeyUnusable, match="cannot be read"):
        MasterKey.load(home(tmp_path), {})


def test_the_environment_takes_the_files_place(tmp_path: Path) -> None:
    write(tmp_path / "master.key", line(KEY))
    master = MasterKey.load(home(tmp_path), {"KAPIJA_MASTER_KEY": f" {OTHER.hex()}  {KEY.hex().upper()} "})
    assert master.ids == (key_id(OTHER), key_id(KEY))
    assert master.from_environment
    assert not MasterKey.load(home(tmp_path), {"KAPIJA_MASTER_KEY": " "}).from_environment
    with pytest.raises(MasterKeyUnusable, match="KAPIJA_MASTER_KEY: key 2 is not 64 hexadecimal digits") as caught:
        MasterKey.load(home(tmp_path), {"KAPIJA_MASTER_KEY": f"{OTHER.hex()} {KEY.hex()[:-1]}"})
    assert KEY.hex()[:12] not in str(caught.value)


def test_a_wrapped_key_opens_only_under_its_own_name_key_and_unchanged() -> None:
    master = MasterKey([KEY], "master.key")
    wrapped = master.wrap("seal", b"k" * 32)
    with pytest.raises(WrongMasterKey, match="'pepper' was changed"):
        master.unwrap("pepper", wrapped)
    with pytest.raises(
        WrongMasterKey, match=f"is wrapped under the master key {key_id(KEY).hex()}, which other.key does not hold"
    ):
        MasterKey([OTHER], "other.key").unwrap("seal", wrapped)
    for place in range(len(wrapped)):
        with pytest.raises(WrongMasterKey):
            master.unwrap("seal", wrapped[:place] + bytes([wrapped[place] ^ 1]) + wrapped[place + 1 :])
        with pytest.raises(WrongMasterKey):
            master.unwrap("seal", wrapped[:place])


def test_a_master_key_shows_its_ids_alone() -> None:
    master = MasterKey([KEY], "master.key")
    assert repr(master) == str(master) == f"MasterKey({key_id(KEY).hex()})"
    with pytest.raises(TypeError):
        pickle.dumps(master)


def test_replacing_the_file_leaves_the_old_one_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = write(tmp_path / "master.key", line(KEY))
    write(tmp_path / "master.key.new", "half a key, left by a power failure", 0o644)
    MasterKey([OTHER, KEY], "test").write(path)
    assert MasterKey.read(path).ids == (key_id(OTHER), key_id(KEY))
    assert [path.name for path in tmp_path.iterdir()] == ["master.key"]
    (tmp_path / "master.key.new").mkdir()
    with pytest.raises(MasterKeyUnusable, match="cannot be written"):
        MasterKey([OTHER], "test").write(path)
    assert MasterKey.read(path).ids == (key_id(OTHER), key_id(KEY))
