"""The process that shows a node's figures to Prometheus: it reads what the others have written when somebody asks.

So it costs a worker nothing, it may die at any time, and several processes are put together without shared memory. No label
names a client, a person or a school: those figures are in `kapija stats` and in the audit log.
"""

import logging
import os
import signal
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from threading import Event

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from radius.server.counters import DISCARDS, MAXIMA
from radius.server.figures import BUCKETS, upper_bound
from radius.server.stats import NodeStats, collect
from radius.server.status import DirectoryStatus, StepTimes
from radius.server.supervisor import Ready
from radius.settings import Home

log = logging.getLogger(__name__)

AGAIN_AFTER = 30.0  # seconds, where the address is not to be had
REQUESTS = {"Access-Request": "access_requests", "Status-Server": "status_server"}
REPLIES = {"Access-Accept": "accepts", "Access-Reject": "rejects", "Access-Challenge": "eap_challenges"}
STATES = {"closed": 0, "half-open": 1, "open": 2}
SHOWN_BUCKETS = range(7, BUCKETS, 4)  # one an octave: 8 us, 16 us, ...


def run_metrics(home: Home, ready: Ready) -> None:
    """Answer until SIGTERM, or until the supervisor is gone. An address that is not to be had is told, and tried again."""
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    supervisor = os.getppid()
    settings = home.settings.metrics
    registry = CollectorRegistry(auto_describe=False)
    registry.register(NodeCollector(home.status, home.settings.node))
    ready()
    server = None
    while os.getppid() == supervisor:
        if server is None:
            try:
                server, _ = start_http_server(settings.port, settings.listen, registry)
            except OSError as error:
                log.warning("metrics are not to be had at %s port %d: %s", settings.listen, settings.port, error.strerror)
        if stop.wait(1.0 if server is not None else AGAIN_AFTER):
            break
    if server is not None:
        server.shutdown()


class NodeCollector(Collector):
    """The figures of the node whose processes write into `folder`."""

    def __init__(self, folder: Path, node: str) -> None:
        self._folder = folder
        self._node = node

    def collect(self) -> Iterator[Metric]:
        """Every metric, as of now."""
        now = time.time()
        stats = collect(self._folder, now)
        yield InfoMetricFamily("kapija", "This node", value={"node": self._node, "version": version("kapija")})
        yield from _packets(stats)
        yield from _times(stats)
        yield from _gauges(stats)
        yield from _journal(stats)
        yield from _directories(stats)
        yield from _others(stats, now)


def _counter(name: str, words: str, label: str, values: dict[str, float]) -> Metric:
    family = CounterMetricFamily(name, words, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def _packets(stats: NodeStats) -> Iterator[Metric]:
    counters = stats.counters
    yield CounterMetricFamily("kapija_datagrams", "Datagrams read", value=counters.get("requests", 0))
    yield _counter(
        "kapija_requests", "New, signed requests of clients", "code", {k: counters.get(v, 0) for k, v in REQUESTS.items()}
    )
    yield _counter("kapija_replies", "Replies made", "code", {k: counters.get(v, 0) for k, v in REPLIES.items()})
    yield _counter(
        "kapija_discarded", "Datagrams met with silence", "reason", {name: counters.get(name, 0) for name in DISCARDS}
    )
    told = {*DISCARDS, *REQUESTS.values(), *REPLIES.values(), *MAXIMA, "requests"}
    rest = {name: value for name, value in counters.items() if name not in told}
    yield _counter("kapija_events", "What else workers count (radius.server.counters)", "event", dict(rest))
    decisions = CounterMetricFamily(
        "kapija_decisions", "Decisions by what they came to", labels=["family", "method", "outcome", "cause"]
    )
    for (family, method, tag, cause), count in stats.outcomes.items():
        decisions.add_metric([family, method or "none", tag.rpartition(":")[2], cause], count)
    yield decisions


def _times(stats: NodeStats) -> Iterator[Metric]:
    family = HistogramMetricFamily("kapija_step_seconds", "How long a step took", labels=["step"])
    for step, times in stats.times.items():
        family.add_metric([step], _buckets(times), times.sum / 1e6)
    yield family
    stall = stats.counters.get("longest_stall_ms", 0) / 1000
    yield GaugeMetricFamily("kapija_longest_stall_seconds", "Longest time for which a worker's loop did not come round", stall)


def _buckets(times: StepTimes) -> list[tuple[str, float]]:
    found, number, shown = list[tuple[str, float]](), 0, set(SHOWN_BUCKETS)
    for bucket, count in enumerate(times.counts):
        number += count
        if bucket in shown:
            found.append((repr(upper_bound(bucket) / 1e6), number))
    return [*found[:-1], ("+Inf", number)]


def _gauges(stats: NodeStats) -> Iterator[Metric]:
    yield GaugeMetricFamily("kapija_workers", "Workers that live", len(stats.workers))
    for name, value in stats.gauges.items():
        yield GaugeMetricFamily(f"kapija_{name}", f"Now: {name.replace('_', ' ')}", value)


def _journal(stats: NodeStats) -> Iterator[Metric]:
    yield GaugeMetricFamily("kapija_journal_waiting_events", "Events that wait for the next fsync", stats.journal["waiting"])
    yield CounterMetricFamily("kapija_journal_written_events", "Events made durable", value=stats.journal["written"])
    yield CounterMetricFamily("kapija_journal_lost_events", "Events lost, each in a counted gap", value=stats.journal["lost"])
    yield GaugeMetricFamily("kapija_journal_failing", "1 while the journal cannot be written", float(bool(stats.failing)))
    yield GaugeMetricFamily("kapija_spool_bytes", "Octets of journals on the disk", stats.spool_bytes)
    yield GaugeMetricFamily("kapija_spool_age_seconds", "Age of the oldest event not in the database", stats.spool_age_seconds)


def _directories(stats: NodeStats) -> Iterator[Metric]:
    state = GaugeMetricFamily("kapija_directory_state", "0 asked, 1 asked a little, 2 not asked", labels=["directory"])
    busy = GaugeMetricFamily("kapija_directory_busy", "Questions at a directory now", labels=["directory"])
    questions = CounterMetricFamily(
        "kapija_directory_questions", "Questions by what came of them", labels=["directory", "result"]
    )
    looks = CounterMetricFamily("kapija_directory_cache", "Looks into memory", labels=["directory", "memory", "result"])
    by_name = dict[str, list[DirectoryStatus]]()
    for worker in stats.workers:
        for each in worker.directories:
            by_name.setdefault(each.name, []).append(each)
    for name, seen in by_name.items():
        state.add_metric([name], max(STATES.get(each.state, 2) for each in seen))
        busy.add_metric([name], sum(each.busy for each in seen))
        for result in ("answered", "could_not_ask", "joined", "full"):
            questions.add_metric([name, result], sum(getattr(each, result) for each in seen))
        for result, of in (("hit", "hits"), ("miss", "misses")):
            for memory in sorted({key for each in seen for key in getattr(each, of)}):
                looks.add_metric([name, memory, result], sum(getattr(each, of).get(memory, 0) for each in seen))
    yield from (state, busy, questions, looks)


def _others(stats: NodeStats, now: float) -> Iterator[Metric]:
    failing = GaugeMetricFamily("kapija_housekeeper_failing_seconds", "For how long its work fails", labels=["name"])
    carried = CounterMetricFamily("kapija_carried_events", "Events carried into the database", labels=["name"])
    for keeper in stats.keepers:
        failing.add_metric([keeper.name], now - keeper.failing_since if keeper.failing_since else 0.0)
        if "carried" in keeper.numbers:
            carried.add_metric([keeper.name], keeper.numbers["carried"])
    yield from (failing, carried)
    heard = GaugeMetricFamily("kapija_node_heard_seconds", "How long ago another node was heard of", labels=["node"])
    latest = dict[str, float]()
    for worker in stats.workers:
        for name, ago in worker.nodes.items():
            latest[name] = min(latest.get(name, ago), ago)
    for name, ago in latest.items():
        heard.add_metric([name], ago)
    yield heard
