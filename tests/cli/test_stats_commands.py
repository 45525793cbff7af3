"""`kapija stats`: for people and for programs, with figures of clients, and a word when nothing runs."""

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from radius.admin.installation import init_home
from radius.cli import main
from radius.server.figures import BUCKETS
from radius.server.status import (
    ClientRow,
    JournalStatus,
    KeeperStatus,
    StepTimes,
    WorkerStatus,
    write_clients,
    write_keeper,
    write_status,
)
from radius.settings import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made, _ = init_home(tmp_path / "home")
    return made


def stats(home: Home, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--home", str(home.path), "stats", *arguments])


def tell(home: Home, worker: int = 0, failing: str = "", written: float = 2e9) -> None:
    counts = [0] * BUCKETS
    counts[10] = 4
    write_status(
        home.status,
        WorkerStatus(
            worker,
            os.getpid(),
            1e9,
            written,
            {"access_requests": 5, "accepts": 3, "rejects": 2, "shed_old": 7, "requests": 12},
            times={"total": StepTimes(counts, 56)},
            outcomes=[
                ("cisco", "pap", "access:decide:granted", "", 3),
                ("cisco", "peap", "access:decide:denied", "wrong-password", 2),
            ],
            gauges={"conversations": 4.0, "admission_pressed": 1.0},
            journal=JournalStatus(0, 5, 1, 2, 3 << 20, failing),
            nodes={"node2": 60.0},
        ),
    )


def test_without_a_running_server_it_says_how_to_start_one(home: Home) -> None:
    result = stats(home)
    assert result.exit_code == 1
    assert "no worker" in result.output
    assert "kapija serve" in result.output


def test_people_read_requests_replies_methods_causes_and_silences(home: Home) -> None:
    tell(home)
    tell(home, worker=1, failing="the journal cannot be written: No space left on device")
    write_keeper(home.status, KeeperStatus("carrier", os.getpid(), 1.0, 2.0, 1e9, "the database is away"))
    text = stats(home).output
    for words in (
        "2 workers",
        "10 Access-Requests",
        "6 Access-Accepts, 4 Access-Rejects",
        "pap 6, peap 4",
        "4  denied: wrong-password",
        "14 that had waited for too long because too many came",
        "8 conversations",
        "under overload",
        "3.0 MiB on the disk",
        "ALARM: the journal cannot be written: No space left on device; authentication goes on",
        "The carrier cannot work since",
        "Node node2 was last heard of 60 s ago",
    ):
        assert words in text, words


def test_a_worker_that_says_nothing_is_named(home: Home) -> None:
    tell(home, written=1e9)
    assert "has said nothing for" in stats(home).output


def test_programs_read_the_same(home: Home) -> None:
    tell(home)
    whole = json.loads(stats(home, "--json").output)
    assert whole["counters"]["accepts"] == 3
    assert whole["outcomes"] == [
        {"family": "cisco", "method": "pap", "outcome": "granted", "cause": "", "count": 3},
        {"family": "cisco", "method": "peap", "outcome": "denied", "cause": "wrong-password", "count": 2},
    ]
    assert whole["steps"] == [{"step": "total", "count": 4, "mean_us": 14, "p50_us": 13, "p95_us": 13, "p99_us": 13}]
    assert whole["journal"]["spool_bytes"] == 3 << 20
    assert whole["workers"][0]["conversations"] == 4.0
    assert whole["nodes"] == {"node2": 60.0}


def test_clients_with_trouble_come_first_and_one_can_be_asked_for(home: Home) -> None:
    tell(home)
    rows = {"192.0.2.1": ClientRow(9, 0, 0, 0, 0, 1e9), "192.0.2.2": ClientRow(1, 0, 0, 5, 2, 1e9)}
    write_clients(home.status, 0, os.getpid(), rows)
    assert [line.split("\t")[0] for line in stats(home, "--clients").output.splitlines()] == [
        "client",
        "192.0.2.2",
        "192.0.2.1",
    ]
    (one,) = json.loads(stats(home, "--client", "192.0.2.2", "--json").output)
    assert (one["discarded"], one["repeated"], one["accepted"]) == (5, 2, 1)
    assert "192.0.2.9" in stats(home, "--client", "192.0.2.9").output
    assert stats(home, "--client", "192.0.2.9").exit_code == 1
