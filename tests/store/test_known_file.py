"""What directories said outlives its worker, is seen by the others, is bounded, and is never worth a fault."""

import multiprocessing
from pathlib import Path

import pytest

from radius.store.known_file import LARGEST, KnownFile


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "node" / "known.lmdb"


def written(path: Path, key: bytes, octets: bytes) -> None:
    file = KnownFile.open(path)
    file.put(key, octets)
    file.close()


def in_another_process(path: Path, key: bytes, octets: bytes) -> None:
    process = multiprocessing.get_context("spawn").Process(target=written, args=(path, key, octets))
    process.start()
    process.join(30)
    assert process.exitcode == 0


def test_what_was_put_is_there_at_once_and_after_a_flush_and_after_a_restart(path: Path) -> None:
    file = KnownFile.open(path)
    assert file.get(b"ana") is None
    file.put(b"ana", b"known")
    assert file.get(b"ana") == b"known"
    file.flush()
    assert file.get(b"ana") == b"known"
    file.refresh()
    assert file.get(b"ana") == b"known"
    file.close()
    again = KnownFile.open(path)
    assert again.get(b"ana") == b"known"
    again.close()
    assert path.stat().st_mode & 0o777 == 0o600


def test_closing_writes_what_still_waits(path: Path) -> None:
    written(path, b"ana", b"known")
    file = KnownFile.open(path)
    assert file.get(b"ana") == b"known"
    file.close()


def test_another_process_sees_it_with_its_next_view(path: Path) -> None:
    file = KnownFile.open(path)
    in_another_process(path, b"ana", b"theirs")
    assert file.get(b"ana") is None
    file.refresh()
    assert file.get(b"ana") == b"theirs"
    file.close()


def test_what_is_dropped_is_gone_from_both_generations(path: Path) -> None:
    file = KnownFile.open(path, generation=1)
    for number in range(4):
        file.put(b"%d" % number, b"x")
        file.flush()
        file.refresh()
    assert file.get(b"2") == file.get(b"3") == b"x"  # an older and a newer
    for key in (b"2", b"3"):
        file.put(key, None)
        assert file.get(key) is None
    file.flush()
    file.refresh()
    assert file.get(b"2") is file.get(b"3") is None
    file.close()


def test_a_whole_generation_goes_when_two_are_full_and_the_newest_stay(path: Path) -> None:
    file = KnownFile.open(path, generation=10)
    for number in range(100):
        file.put(b"%d" % number, b"x")
        file.flush()
        file.refresh()
    there = [number for number in range(100) if file.get(b"%d" % number)]
    assert 10 <= len(there) <= 20
    assert there == list(range(there[0], 100))
    file.close()


def test_what_is_too_large_is_not_kept_and_takes_the_place_of_nothing(path: Path) -> None:
    file = KnownFile.open(path)
    file.put(b"ana", b"small")
    file.put(b"ana", b"x" * (LARGEST + 1))
    assert file.get(b"ana") is None
    file.close()


@pytest.mark.parametrize("octets", [b"no database at all", b"\0" * 100_000])
def test_a_damaged_file_is_put_aside_and_begun_anew(path: Path, octets: bytes, caplog: pytest.LogCaptureFixture) -> None:
    path.parent.mkdir()
    path.write_bytes(octets)
    file = KnownFile.open(path)
    file.put(b"ana", b"known")
    file.close()
    assert "begun anew" in caplog.text
    assert path.with_suffix(".broken").read_bytes() == octets
    again = KnownFile.open(path)
    assert again.get(b"ana") == b"known"
    again.close()


def test_where_no_file_can_be_made_memory_serves(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "node").write_text("a file where the folder should be")
    file = KnownFile.open(tmp_path / "node" / "known.lmdb")
    file.put(b"ana", b"known")
    file.flush()
    file.refresh()
    assert file.get(b"ana") == b"known"
    file.close()
    assert "forgotten when a worker ends" in caplog.text
