"""kill -9 and a disk that takes no more, in processes of their own."""

import signal
import subprocess
import sys
from pathlib import Path

from radius.audit.events import JournalGap
from radius.audit.reading import JournalReader
from radius.audit.segment import segments

KEY = bytes(range(32))

PRELUDE = """
import sys
from pathlib import Path
from radius.audit.journal import Journal
from radius.audit.events import UnknownClientSeen
directory, key = Path(sys.argv[1]), bytes(range(32))
"""

LOAD = (
    PRELUDE
    + """
journal = Journal(directory, "node1-w0", key, segment_bytes=100_000)
n = 0
while True:
    for _ in range(200):
        n += 1
        journal.append(UnknownClientSeen(float(n), "192.0.2.9", n, b"x" * 40))
    journal.flush()
    print(journal.sequence, n, flush=True)
"""
)

SMALL_DISK = (
    PRELUDE
    + """
import resource
now = [0.0]
journal = Journal(directory, "node1-w0", key, waiting_limit=50, clock=lambda: now[0])
resource.setrlimit(resource.RLIMIT_FSIZE, (9_000, resource.RLIM_INFINITY))
n = 0
for _ in range(40):
    now[0] += 2
    for _ in range(10):
        n += 1
        journal.append(UnknownClientSeen(float(n), "192.0.2.9", n, b"x" * 40))
    if n == 200:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))
    if n == 300:
        assert "File too large" in journal.failing, journal.failing
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    journal.flush()
journal.close()
print(journal.failing or "well", journal.lost, flush=True)
"""
)


def start(program: str, directory: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", program, str(directory)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])


def read_everything(directory: Path) -> tuple[JournalReader, list[object]]:
    ((writer, paths),) = segments(directory).items()
    reader = JournalReader(writer, KEY)
    return reader, [event for group in reader.read(paths, 10**9) for event in group.events]


def test_every_flushed_group_is_there_after_kill_9_under_load(tmp_path: Path) -> None:
    with start(LOAD, tmp_path) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(60)]
        process.send_signal(signal.SIGKILL)
        lines += process.stdout.readlines()
    complete = [line.split() for line in lines if line.endswith("\n")]
    sequence, events = (int(word) for word in complete[-1])
    reader, found = read_everything(tmp_path)
    assert reader.broken is None
    assert reader.sequence >= sequence
    assert len(found) >= events
    assert [event.count for event in found] == list(range(1, len(found) + 1))  # type: ignore[attr-defined]


def test_a_disk_that_takes_no_more_costs_only_what_is_counted(tmp_path: Path) -> None:
    with start(SMALL_DISK, tmp_path) as process:
        out, errors = process.communicate(timeout=60)
    assert errors == ""
    state, lost = out.split()
    assert state == "well"
    reader, found = read_everything(tmp_path)
    assert reader.broken is None
    gaps = sum(event.lost for event in found if isinstance(event, JournalGap))
    events = [event for event in found if not isinstance(event, JournalGap)]
    assert gaps == int(lost) > 0
    assert len(events) + gaps == 400
    counts = [event.count for event in events]  # type: ignore[attr-defined]
    assert counts == sorted(set(counts))
