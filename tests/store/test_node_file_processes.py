"""The node file between processes: readers beside a writer, readers that are killed, a map that grows under a reader."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from radius.store.node_file import Kind, NodeFile, NodeFileClosed
from radius.store.node_writer import Batch, Entry, NodeWriter
from radius.store.records import PersonRecord

ROOT = Path(__file__).parents[2]

READER = """
import sys
from pathlib import Path
from radius.store.node_file import NodeFile, Kind
file = NodeFile.open(Path(sys.argv[1]))
file.refresh()
for line in sys.stdin:
    if line == "refresh\\n":
        file.refresh()
    person = file.person("ana")
    print(file.generation(), person.id if person else 0, len(list(file.names(Kind.PERSON))), flush=True)
"""


@contextmanager
def reader(path: Path) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-c", READER, str(path)]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def ask(process: "subprocess.Popen[str]", line: str) -> list[int]:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(line + "\n")
    process.stdin.flush()
    return [int(word) for word in process.stdout.readline().split()]


def ana(row: int) -> Entry:
    record = PersonRecord(row, "ana", "os-vuk", "student", (), False, 0.0, 0.0, b"v" * 50, b"n" * 60, b"", "")
    return Entry(Kind.PERSON, "ana", msgspec.msgpack.encode(record), row)


def crowd(count: int) -> Batch:
    entries = []
    for n in range(count):
        record = PersonRecord(n + 10, f"p{n}", "os-vuk", "student", (), False, 0.0, 0.0, b"v" * 50, b"n" * 60, b"", "")
        entries.append(Entry(Kind.PERSON, record.username, msgspec.msgpack.encode(record), record.id))
    return Batch(entries)


def test_a_reader_sees_whole_generations_while_another_process_writes(tmp_path: Path) -> None:
    path = tmp_path / "x.lmdb"
    writer = NodeWriter.open(path)
    writer.apply(Batch([ana(1)]))
    with reader(path) as process:
        assert ask(process, "look") == [1, 1, 1]
        writer.apply(Batch([ana(2), *crowd(300).entries]))
        assert ask(process, "look") == [1, 1, 1]
        assert ask(process, "refresh") == [2, 2, 301]
    writer.close()


def test_a_reader_adopts_a_map_that_grew_beyond_its_own(tmp_path: Path) -> None:
    path = tmp_path / "x.lmdb"
    script = READER.replace(
        "file = NodeFile.open(Path(sys.argv[1]))",
        "from radius.store import node_file\n"
        "file = NodeFile(node_file.open_environment(Path(sys.argv[1]), True, 1 << 17), Path(sys.argv[1]))",
    )
    writer = NodeWriter.open(path, map_size=1 << 17)
    writer.apply(Batch([ana(1)]))
    command = [sys.executable, "-c", script, str(path)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert ask(process, "look") == [1, 1, 1]
        writer.apply(crowd(3000))
        assert writer._environment.info()["map_size"] > 1 << 19
        assert ask(process, "look") == [1, 1, 1]
        assert ask(process, "refresh") == [2, 1, 3001]
        assert process.stdin is not None
        process.stdin.close()
    assert process.returncode == 0
    writer.close()


def test_the_slot_of_a_killed_reader_is_given_back_with_the_next_batch(tmp_path: Path) -> None:
    path = tmp_path / "x.lmdb"
    writer = NodeWriter.open(path)
    writer.apply(Batch([ana(1)]))
    with reader(path) as process:
        ask(process, "refresh")
        assert str(process.pid) in writer._environment.readers()
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert str(process.pid) in writer._environment.readers()
        writer.apply(Batch([ana(2)]))
        assert str(process.pid) not in writer._environment.readers()
    writer.close()


def test_a_writer_killed_within_a_batch_leaves_the_last_whole_one(tmp_path: Path) -> None:
    path = tmp_path / "x.lmdb"
    script = f"""
import os, sys
sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from tests.store.test_node_file_processes import ana, crowd
from radius.store.node_writer import Batch, NodeWriter, Writing
writer = NodeWriter.open(Path({str(path)!r}))
writer.apply(Batch([ana(1)], {{"carried": b"1"}}))
with writer._environment.begin(db=writer._records, write=True) as transaction:
    Writing(transaction, writer._records, writer._rows).apply(Batch([ana(2), *crowd(2000).entries], {{"carried": b"2"}}))
    os.kill(os.getpid(), 9)
"""
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False).returncode == -signal.SIGKILL
    writer = NodeWriter.open(path)
    person = writer.person("ana")
    assert person is not None
    assert (person.id, writer.mark("carried"), writer.generation()) == (1, b"1", 1)
    assert list(writer.names(Kind.PERSON)) == ["ana"]
    assert writer.apply(Batch([ana(2)])) == 2  # the dead writer's lock is free
    writer.close()


def test_a_file_opened_before_a_fork_refuses_to_be_refreshed_in_the_child(tmp_path: Path) -> None:
    path = tmp_path / "x.lmdb"
    writer = NodeWriter.open(path)
    child = os.fork()
    if not child:
        status = 1
        try:
            writer.reader().refresh()
            NodeFile.refresh(writer)
        except NodeFileClosed:
            status = 42
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 42
    writer.close()


def test_one_process_opens_the_file_once_and_is_told_so(tmp_path: Path) -> None:
    writer = NodeWriter.open(tmp_path / "x.lmdb")
    with pytest.raises(Exception, match="already open in this process"):
        NodeFile.open(tmp_path / "x.lmdb")
    writer.close()
