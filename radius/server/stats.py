"""What a node's processes wrote about themselves, put together: for `kapija stats` and for the metrics alike."""

from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

from radius.server.counters import MAXIMA
from radius.server.figures import BUCKETS, upper_bound
from radius.server.status import KeeperStatus, StepTimes, WorkerStatus, lives, read_all, read_keepers

HIGHEST = frozenset({"queue_age_seconds"})  # of these gauges the workers' highest counts, of the others their sum

Outcome = tuple[str, str, str, str]


class NodeStats(Struct, frozen=True):
    """All workers together since the server started: counters, times by step, and outcomes by (family, method, tag, cause).

    `gauges` are of those that live, which are in `workers`; `spool_bytes` is what lies on the disk for the database, and
    `spool_age_seconds` how old the oldest of it is, as far as the carrier knows.
    """

    workers: list[WorkerStatus]
    keepers: list[KeeperStatus]
    counters: dict[str, int]
    times: dict[str, StepTimes]
    outcomes: dict[Outcome, int]
    gauges: dict[str, float]
    journal: dict[str, int]
    failing: str
    spool_bytes: int
    spool_age_seconds: float


def collect(folder: Path, now: float) -> NodeStats:
    """The node whose processes write into `folder`, at `now` (seconds since the epoch)."""
    told = read_all(folder)
    workers = [each for each in told if lives(each.pid)]
    keepers = read_keepers(folder)
    journals = [each.journal for each in told if each.journal is not None]
    living = [each.journal for each in workers if each.journal is not None]
    return NodeStats(
        workers,
        keepers,
        _counters(told),
        _times(told),
        _outcomes(told),
        _gauges(workers),
        {name: sum(getattr(each, name) for each in journals) for name in ("written", "lost", "groups")}
        | {"waiting": sum(each.waiting for each in living)},
        next((each.failing for each in living if each.failing), ""),
        max((each.spool_bytes for each in living), default=0),
        spool_age(keepers, now),
    )


def spool_age(keepers: Iterable[KeeperStatus], now: float) -> float:
    """How old the oldest event is that the database may not have: of the carrier's last round, and since when it fails."""
    for keeper in keepers:
        if keeper.name == "carrier":
            waited = now - keeper.failing_since if keeper.failing_since else 0.0
            return keeper.numbers.get("lag_seconds", 0.0) + waited
    return 0.0


def quantile(times: StepTimes, share: float) -> float:
    """The time in microseconds within which this share (0 to 1) of a step's runs ended; 0.0 when there was none."""
    number = sum(times.counts)
    passed = 0
    for bucket, count in enumerate(times.counts):
        passed += count
        if count and passed >= share * number:
            below = upper_bound(bucket - 1) if bucket else 0
            return (below + upper_bound(bucket)) / 2
    return 0.0


def _counters(told: Iterable[WorkerStatus]) -> dict[str, int]:
    found = dict[str, int]()
    for status in told:
        for name, value in status.counters.items():
            found[name] = max(found.get(name, 0), value) if name in MAXIMA else found.get(name, 0) + value
    return found


def _times(told: Iterable[WorkerStatus]) -> dict[str, StepTimes]:
    found = dict[str, StepTimes]()
    for status in told:
        for step, times in status.times.items():
            if len(times.counts) == BUCKETS:
                so_far = found.get(step, StepTimes([0] * BUCKETS, 0))
                counts = [a + b for a, b in zip(so_far.counts, times.counts, strict=True)]
                found[step] = StepTimes(counts, so_far.sum + times.sum)
    return found


def _outcomes(told: Iterable[WorkerStatus]) -> dict[Outcome, int]:
    found = dict[Outcome, int]()
    for status in told:
        for family, method, tag, cause, count in status.outcomes:
            key = (family, method, tag, cause)
            found[key] = found.get(key, 0) + count
    return found


def _gauges(workers: Iterable[WorkerStatus]) -> dict[str, float]:
    found = dict[str, float]()
    for status in workers:
        for name, value in status.gauges.items():
            so_far = found.get(name, 0.0)
            found[name] = max(so_far, value) if name in HIGHEST else so_far + value
    return found
