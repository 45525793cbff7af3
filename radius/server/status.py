"""How each process of a node is, in a small file that it writes about once a second and that commands and metrics read.

    node/status/worker-NUMBER.PID.msgpack     a worker (WorkerStatus)
    node/status/clients-NUMBER.PID.msgpack    its clients' figures, every ten seconds
    node/status/keeper-NAME.msgpack           a housekeeper (KeeperStatus)

A file is replaced whole, so a reader sees one moment. Counts begin with the server: a worker that follows a dead one begins
with that one's counts and removes its file, so the sum of all files never falls while the server runs.
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


class StepTimes(Struct, frozen=True, array_like=True):
    """How often a step took how long: counts by bucket (radius.server.figures), and their sum in microseconds."""

    counts: list[int]
    sum: int


class JournalStatus(Struct, frozen=True):
    """A worker's journal: events that wait for a flush, that were written and lost, groups that were fsynced, octets of the
    whole node's spool on the disk, and what is wrong ("" while all is well)."""

    waiting: int
    written: int
    lost: int
    groups: int
    spool_bytes: int
    failing: str


class WorkerStatus(Struct, frozen=True):
    """One worker: its process, when it started and when this was written (seconds since the epoch), its counters
    (radius.server.counters), its directories and its journal.

    `times` are by step (radius.server.figures.STEPS, and "journal" for an fsync). An outcome is (NAS family, method, tag,
    first cause, how many). `gauges` are how things are now. `nodes` has for each other node that was heard of how many seconds
    ago that was. `retiring` says that a successor has its place.
    """

    worker: int
    pid: int
    started: float
    written: float
    counters: dict[str, int]
    directories: tuple[DirectoryStatus, ...] = ()
    times: dict[str, StepTimes] = {}
    outcomes: list[tuple[str, str, str, str, int]] = []
    gauges: dict[str, float] = {}
    journal: JournalStatus | None = None
    nodes: dict[str, float] = {}
    retiring: bool = False


class ClientRow(Struct, frozen=True, array_like=True):
    """One client's figures at one worker (radius.server.figures.ClientFigures)."""

    accepted: int
    rejected: int
    unanswered: int
    discarded: int
    repeated: int
    last: float


class KeeperStatus(Struct, frozen=True):
    """A housekeeper: its process, when it started and when this was written, since when its work fails (0 while it does not)
    and why, and its numbers: the carrier's `carried` events and the `lag_seconds` of the oldest in its last round."""

    name: str
    pid: int
    started: float
    written: float
    failing_since: float = 0.0
    failing: str = ""
    numbers: dict[str, float] = {}


Clients = dict[str, ClientRow]
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(WorkerStatus).decode
_decode_clients = msgspec.msgpack.Decoder(Clients).decode
_decode_keeper = msgspec.msgpack.Decoder(KeeperStatus).decode
SUFFIX = ".msgpack"


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
    _replace(folder / f"worker-{status.worker}.{status.pid}{SUFFIX}", status)


def write_clients(folder: Path, worker: int, pid: int, clients: Clients) -> None:
    """Replace the worker's file of its clients. Blocks; raises OSError."""
    _replace(folder / f"clients-{worker}.{pid}{SUFFIX}", clients)


def write_keeper(folder: Path, status: KeeperStatus) -> None:
    """Replace the housekeeper's file. Blocks; raises OSError."""
    _replace(folder / f"keeper-{status.name}{SUFFIX}", status)


def read_all(folder: Path, worker: int | None = None) -> list[WorkerStatus]:
    """What workers have written since the server started, also those that have ended, by their number; only one place's where
    `worker` says so. A file that cannot be read is left out."""
    found = list[WorkerStatus]()
    for place in _places(folder, "worker", worker):
        with suppress(OSError, msgspec.DecodeError):
            found.append(_decode(place.read_bytes()))
    return sorted(found, key=lambda status: (status.worker, status.started))


def read_statuses(folder: Path) -> list[WorkerStatus]:
    """What the workers that live have written, by their number."""
    return [status for status in read_all(folder) if lives(status.pid)]


def read_clients(folder: Path, worker: int | None = None, pid: int | None = None) -> Clients:
    """Each client's figures at all workers together, or at one process; also of those that have ended."""
    found: Clients = {}
    for place in _places(folder, "clients", worker, pid):
        with suppress(OSError, msgspec.DecodeError):
            for network, row in _decode_clients(place.read_bytes()).items():
                found[network] = _together(found[network], row) if network in found else row
    return found


def read_keepers(folder: Path) -> list[KeeperStatus]:
    """What the housekeepers that live have written, by their name."""
    found = list[KeeperStatus]()
    for place in sorted(folder.glob(f"keeper-*{SUFFIX}")):
        with suppress(OSError, msgspec.DecodeError):
            status = _decode_keeper(place.read_bytes())
            if lives(status.pid):
                found.append(status)
    return found


def forget(folder: Path, worker: int | None = None, pid: int | None = None) -> None:
    """Remove the files of workers: of one place, or one process, where it is named."""
    for kind in ("worker", "clients"):
        for place in _places(folder, kind, worker, pid):
            place.unlink(missing_ok=True)


def lives(pid: int) -> bool:
    """Whether there is a process with this number."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _places(folder: Path, kind: str, worker: int | None = None, pid: int | None = None) -> list[Path]:
    number, process = ("*" if each is None else str(each) for each in (worker, pid))
    return sorted(folder.glob(f"{kind}-{number}.{process}{SUFFIX}"))


def _replace(place: Path, content: object) -> None:
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = place.with_name(f".{place.name}.{os.getpid()}")
    beside.write_bytes(_encode(content))
    beside.replace(place)


def _together(one: ClientRow, other: ClientRow) -> ClientRow:
    return ClientRow(
        one.accepted + other.accepted,
        one.rejected + other.rejected,
        one.unanswered + other.unanswered,
        one.discarded + other.discarded,
        one.repeated + other.repeated,
        max(one.last, other.last),
    )
