"""How a worker and its directories are, in a small file that it writes about once a second and commands read.

`node/status/NUMBER.msgpack` is replaced whole, so a reader sees one moment. Numbers count since the worker started.
"""

import os
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct

from radius.directory.guard import Guard


class DirectoryStatus(Struct, frozen=True):
    """One external directory as one worker sees it.

    `state` is closed (asked), open (not asked, because it is away) or half-open (asked a little, since a probe was answered),
    `since` when it came into it (seconds since the epoch). Of the questions, `asked` went to it; of these `answered` and
    `could_not_ask` (no answer in time); `joined` waited for another's answer, `full` found no room. `p50`, `p95` and `p99` are
    milliseconds of its latest answers. `busy` of `threads` have a question, `waiting` wait for one. Hits and misses are looks
    into memory: at people's "facts", at "proofs" (passwords that held), at "refusals" of the last seconds. `checks` names the
    credentials that it can check, such as PlainPassword and MsChap2Response.
    """

    name: str
    state: str
    since: float
    asked: int
    answered: int
    could_not_ask: int
    joined: int
    full: int
    p50: float
    p95: float
    p99: float
    threads: int
    busy: int
    waiting: int
    hits: dict[str, int]
    misses: dict[str, int]
    checks: tuple[str, ...]


class WorkerStatus(Struct, frozen=True):
    """One worker: its process, when it started and when this was written (seconds since the epoch), its counters
    (radius.server.counters) and its directories."""

    worker: int
    pid: int
    started: float
    written: float
    counters: dict[str, int]
    directories: tuple[DirectoryStatus, ...] = ()


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(WorkerStatus).decode


def directory_status(guard: Guard, monotonic: float, now: float) -> DirectoryStatus:
    """How a directory is at `now` (seconds since the epoch), which is `monotonic` on the other clock."""
    tally, lane, breaker = guard.tally, guard.lane, guard.breaker
    p50, p95, p99 = tally.percentiles()
    return DirectoryStatus(
        guard.name,
        str(breaker.state),
        now - (monotonic - breaker.since),
        tally.asked,
        tally.answered,
        tally.could_not_ask,
        tally.joined,
        tally.full,
        p50,
        p95,
        p99,
        lane.threads,
        lane.busy,
        lane.waiting,
        dict(tally.hits),
        dict(tally.misses),
        tuple(sorted(kind.__name__ for kind in guard.checks)),
    )


def write_status(folder: Path, status: WorkerStatus) -> None:
    """Replace the worker's file. Blocks; raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    place = folder / f"{status.worker}.msgpack"
    beside = folder / f".{status.worker}.{status.pid}"
    beside.write_bytes(_encode(status))
    beside.replace(place)


def read_statuses(folder: Path) -> list[WorkerStatus]:
    """What the workers have written, by their number; a file that cannot be read is left out, and so is one whose worker is
    gone."""
    found = list[WorkerStatus]()
    for place in folder.glob("*.msgpack"):
        with suppress(OSError, msgspec.DecodeError):
            status = _decode(place.read_bytes())
            if _lives(status.pid):
                found.append(status)
    return sorted(found, key=lambda status: status.worker)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
