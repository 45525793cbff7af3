"""What processes write about themselves: counts never fall when a worker dies, and what cannot be read is left out."""

import os
from pathlib import Path

import pytest

from radius.audit.journal import Journal
from radius.server.counters import Counters
from radius.server.figures import BUCKETS, CLIENTS, STEPS, Figures, Times
from radius.server.reporting import Parts, Reporter
from radius.server.stats import collect
from radius.server.status import (
    ClientRow,
    JournalStatus,
    KeeperStatus,
    StepTimes,
    WorkerStatus,
    forget,
    read_all,
    read_clients,
    read_keepers,
    read_statuses,
    write_clients,
    write_keeper,
    write_status,
)

NOBODY = 4_194_305  # above the kernel's largest process number


class Worker:
    """A worker's parts, without a worker."""

    def __init__(self, folder: Path, number: int = 0) -> None:
        self.counters, self.figures, self.flushes = Counters(), Figures(), Times()
        self.journal = Journal(folder / "journal", f"test-{number}", bytes(32))
        parts = Parts(self.counters, self.figures, self.journal, self.flushes, lambda: {"conversations": 2.0}, lambda: ())
        self.reporter = Reporter(folder, number, parts)


def dead(folder: Path, number: int = 0, pid: int = NOBODY) -> None:
    """What a worker that has died left behind."""
    counts = [0] * BUCKETS
    counts[3] = 4
    told = WorkerStatus(
        number,
        pid,
        1.0,
        2.0,
        {"accepts": 10, "longest_stall_ms": 30},
        times={"total": StepTimes(counts, 12), "journal": StepTimes(counts, 12)},
        outcomes=[("generic", "pap", "access:decide:granted", "", 10)],
        gauges={"conversations": 7.0},
        journal=JournalStatus(0, 10, 1, 2, 0, ""),
    )
    write_status(folder, told)


def test_a_worker_begins_with_the_counts_of_the_dead_one_and_its_file_goes(tmp_path: Path) -> None:
    dead(tmp_path)
    worker = Worker(tmp_path)
    write_clients(tmp_path, 0, NOBODY, {"192.0.2.1": row(10)})
    worker.counters.accepts, worker.counters.longest_stall_ms = 1, 5
    worker.reporter.inherit()
    worker.counters.accepts += 1
    worker.reporter.write()
    (told,) = read_all(tmp_path)
    assert (told.pid, told.counters["accepts"], told.counters["longest_stall_ms"]) == (os.getpid(), 12, 30)
    assert sum(told.times["total"].counts) == sum(told.times["journal"].counts) == 4
    assert told.outcomes == [("generic", "pap", "access:decide:granted", "", 10)]
    assert told.journal is not None
    assert (told.journal.written, told.journal.lost, told.journal.groups) == (10, 1, 2)
    assert read_clients(tmp_path)["192.0.2.1"].accepted == 10


def row(accepted: int) -> ClientRow:
    return ClientRow(accepted, 0, 0, 0, 0, 5.0)


def test_another_places_dead_and_one_that_lives_are_left_alone(tmp_path: Path) -> None:
    dead(tmp_path, number=1)
    dead(tmp_path, number=0, pid=os.getppid())
    worker = Worker(tmp_path)
    worker.reporter.inherit()
    assert worker.counters.accepts == 0
    assert len(read_all(tmp_path)) == 2


def test_the_whole_counts_the_dead_too_but_shows_only_who_lives(tmp_path: Path) -> None:
    dead(tmp_path, number=1)
    worker = Worker(tmp_path)
    worker.counters.accepts = 5
    worker.reporter.write()
    found = collect(tmp_path, 100.0)
    assert found.counters["accepts"] == 15
    assert [each.worker for each in found.workers] == [0]
    assert found.gauges == {"conversations": 2.0}
    assert found.journal["written"] == 10
    assert [each.worker for each in read_statuses(tmp_path)] == [0]


def test_counters_times_and_outcomes_are_all_told(tmp_path: Path) -> None:
    worker = Worker(tmp_path)
    for step, times in zip(STEPS, worker.figures.times, strict=True):
        times.add(len(step))
    worker.figures.outcomes["cisco", "peap", "access:decide:denied", "wrong-password"] = 3
    worker.reporter.write()
    (told,) = read_statuses(tmp_path)
    assert set(told.counters) == set(worker.counters.read())
    assert set(told.times) == {*STEPS, "journal"}
    assert {step: times.sum for step, times in told.times.items() if step != "journal"} == {step: len(step) for step in STEPS}
    assert told.outcomes == [("cisco", "peap", "access:decide:denied", "wrong-password", 3)]


def test_a_file_that_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    worker = Worker(tmp_path)
    worker.reporter.write()
    (tmp_path / "worker-7.1.msgpack").write_bytes(b"\xc1 nothing")
    (tmp_path / "clients-7.1.msgpack").write_bytes(b"")
    (tmp_path / "keeper-odd.msgpack").write_bytes(b"\x00")
    assert [each.worker for each in read_all(tmp_path)] == [0]
    assert (read_clients(tmp_path), read_keepers(tmp_path)) == ({}, [])


def test_a_disk_that_takes_nothing_is_told_of_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    worker = Worker(tmp_path)
    (tmp_path / "file").write_bytes(b"")
    worker.reporter._folder = tmp_path / "file" / "status"
    for _ in range(3):
        worker.reporter.write()
    assert caplog.text.count("could not be written") == 1


def test_clients_of_all_workers_are_added_together(tmp_path: Path) -> None:
    write_clients(tmp_path, 0, 11, {"192.0.2.1": row(1), "192.0.2.2": row(5)})
    write_clients(tmp_path, 1, 12, {"192.0.2.1": row(2)})
    assert {name: row.accepted for name, row in read_clients(tmp_path).items()} == {"192.0.2.1": 3, "192.0.2.2": 5}


def test_a_file_of_as_many_clients_as_a_worker_keeps_is_small_enough_to_write_every_ten_seconds(tmp_path: Path) -> None:
    rows = {f"10.{number >> 8}.{number & 255}.1": row(number) for number in range(CLIENTS)}
    write_clients(tmp_path, 0, 1, rows)
    assert (tmp_path / "clients-0.1.msgpack").stat().st_size < 1_000_000


def test_the_spools_age_grows_while_the_database_is_away(tmp_path: Path) -> None:
    write_keeper(tmp_path, KeeperStatus("carrier", os.getpid(), 1.0, 2.0, 0.0, "", {"lag_seconds": 3.0}))
    assert collect(tmp_path, 1000.0).spool_age_seconds == 3.0
    write_keeper(tmp_path, KeeperStatus("carrier", os.getpid(), 1.0, 2.0, 940.0, "away", {"lag_seconds": 3.0}))
    assert collect(tmp_path, 1000.0).spool_age_seconds == 63.0


def test_a_new_start_forgets_what_an_earlier_server_counted(tmp_path: Path) -> None:
    dead(tmp_path)
    write_keeper(tmp_path, KeeperStatus("feeder", os.getpid(), 1.0, 2.0))
    forget(tmp_path)
    assert read_all(tmp_path) == []
    assert [each.name for each in read_keepers(tmp_path)] == ["feeder"]
