"""Successors: one at a time, only when ready; one that cannot start changes nothing. A supervisor in a process of its own."""

import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.fakes.serving import eventually

PROGRAM = """
import logging, signal, sys, time
from radius.errors import OperatorError
from radius.server import supervisor

logging.basicConfig(level="INFO", stream=sys.stdout, format="%(message)s")
supervisor.LOOK_EVERY = 0.05
supervisor.LONGEST_PAUSE = 0.3
mode = sys.argv[1]
news = [False, True]

def idle(ready, life):
    ready()
    signal.pause()

def work(ready, life):
    signal.signal(supervisor.RETIRE, lambda *_: retire())
    signal.signal(supervisor.ELDER_GONE, lambda *_: print("told that the elder is gone", flush=True))
    print("begins", "with an elder" if life.elder is not None else "alone", flush=True)
    if mode == "fails" and life.elder is not None:
        raise OperatorError("no room")
    ready()
    while True:
        time.sleep(0.02)

def retire():
    print("retires", flush=True)
    time.sleep(0.1)
    sys.exit(0)

children = [supervisor.Child("feeder", idle), supervisor.Child("carrier", idle)]
children += [supervisor.Child(f"worker {number}", work, renewable=True) for number in range(2)]

def is_new():
    if mode == "stumbles":
        raise MemoryError("canary-in-an-exception")
    return bool(news and news.pop())

supervisor.Supervisor(children, lambda: print("all are ready", flush=True), is_new).run()
print("the end", flush=True)
"""


def supervise(tmp_path: Path, mode: str, until: str, times: int) -> str:
    """What is printed until `until` was there so often, and a stop."""
    log = tmp_path / "log"
    with log.open("wb") as out:
        process = subprocess.Popen([sys.executable, "-c", PROGRAM, mode], stdout=out, stderr=out)
    try:
        eventually(lambda: log.read_text().count(until) >= times, f"{until}, {times} times")
        time.sleep(0.2)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
    return log.read_text()


def test_each_worker_gets_a_successor_and_retires_and_the_housekeepers_stay(tmp_path: Path) -> None:
    said = supervise(tmp_path, "works", "told that the elder is gone", 2)
    assert said.count("begins alone") == said.count("begins with an elder") == said.count("retires") == 2
    assert said.index("begins with an elder") < said.index("retires")
    assert said.count("has a successor") == 2
    assert "is started again" not in said
    assert said.endswith("the end\n")


def test_a_successor_that_cannot_start_changes_nothing_and_is_tried_again(tmp_path: Path) -> None:
    said = supervise(tmp_path, "fails", "could not start; the one before goes on", 3)
    assert "retires" not in said
    assert "has a successor" not in said
    assert "is started again" not in said
    assert said.endswith("the end\n")


def test_a_look_for_something_new_that_fails_ends_nobody(tmp_path: Path) -> None:
    said = supervise(tmp_path, "stumbles", "could not be looked for", 2)
    assert "is started again" not in said
    assert "canary" not in said
    assert said.endswith("the end\n")
