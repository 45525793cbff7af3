"""`kapija directory status`: what workers have written, without asking the store or a directory."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from msgspec.structs import replace

from radius.admin.context import open_admin
from radius.server.status import WorkerStatus, write_status
from radius.settings import Home, load
from radius.store.feed import Feed
from radius.store.node_writer import NodeWriter
from tests.server.test_directory_health import DOCUMENT, MSCHAP, ONE

Kapija = Callable[..., Result]


@pytest.fixture
def serving(home: Path, expect: Kapija) -> Home:
    """A home whose node has the directory skola; a worker says what a test writes."""
    for name, more in (("skola", ""), ("druga", '[serve]\nrealms = ["druga.example"]\n')):
        expect("directory", "add", name, "--file", "-", stdin=DOCUMENT + more)
    opened = load(home)
    with open_admin(opened, "test") as admin:
        writer = NodeWriter.open(opened.node_file)
        Feed(admin.engine, writer).carry_all()
        writer.close()
    (home / "kapija.db").unlink()  # an outage of the store
    return opened


def say(home: Home, number: int = 0, age: float = 0.0, pid: int = 0, **values: object) -> None:
    now = time.time()
    one = replace(ONE, checks=MSCHAP, **values)
    write_status(home.status, WorkerStatus(number, pid or os.getpid(), now - 60, now - age, {}, (one,)))


def test_each_directory_is_a_line_and_a_sentence_says_what_survives(serving: Home, expect: Kapija) -> None:
    say(serving)
    say(serving, 1, state="open", since=1_790_000_000.0, p99=912.34)
    done = expect("directory", "status")
    head, line, sentence = done.stdout.splitlines()
    cells = dict(zip(head.split("\t"), line.split("\t"), strict=True))
    assert cells["name"] == "skola"
    assert cells["breaker"] == "open in 1 of 2 workers"
    assert (cells["asked"], cells["could_not_ask"], cells["p50"], cells["p99"]) == ("20", "2", "1.0", "912.3")
    assert (cells["busy"], cells["waiting"], cells["full"]) == ("8", "10", "6")
    assert (cells["facts"], cells["proofs"], cells["refusals"]) == ("75.0", "0.0", "-")
    assert sentence.startswith("skola: ")
    assert "MS-CHAPv2 cannot be proved from a cache" in sentence
    assert "resumption" in sentence
    assert "no worker asks druga yet" in done.stderr


def test_programs_get_everything(serving: Home, expect: Kapija) -> None:
    say(serving, since=1_790_000_000.0)
    (found,) = json.loads(expect("directory", "status", "skola", "--json").stdout)
    assert found["since"] == "2026-09-21T14:13:20.000Z"
    assert (found["threads"], found["workers"], found["checks"]) == (8, 1, list(MSCHAP))
    assert found["refusals"] is None
    assert "resumption" in found["away"]


def test_one_may_be_named(serving: Home, expect: Kapija) -> None:
    say(serving)
    assert expect("directory", "status", "skola").stderr == ""
    assert "no worker asks druga yet" in expect("directory", "status", "druga").stderr
    expect("directory", "status", "skolla", status=1, says="no worker asks a directory 'skolla'")


def test_a_worker_that_says_nothing_any_more_is_told(serving: Home, expect: Kapija) -> None:
    say(serving, age=75.0)
    assert "has not said anything for 75 s" in expect("directory", "status").stderr


def test_without_workers_there_is_nothing_to_tell(serving: Home, expect: Kapija) -> None:
    expect("directory", "status", status=1, says="no worker of this node is running")
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    say(serving, pid=ended.pid)  # what a worker left behind
    (serving.status / "7.msgpack").write_bytes(b"half a fi")
    expect("directory", "status", status=1, says="start it with 'kapija serve'")
