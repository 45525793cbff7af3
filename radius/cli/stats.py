"""`kapija stats`: what the running server does and how it is, from what its processes write about themselves each second."""

import time
from collections import Counter
from collections.abc import Iterable

import click

from radius.cli.frame import At, Cell, json_option, pass_home, say, show_table, to_json
from radius.errors import OperatorError
from radius.server.counters import DISCARDS
from radius.server.stats import NodeStats, collect, quantile
from radius.server.status import ClientRow, StepTimes, read_clients
from radius.settings import Home

CLIENT_COLUMNS = ("client", "accepted", "rejected", "unanswered", "discarded", "repeated", "last")
STEP_COLUMNS = ("step", "count", "mean_us", "p50_us", "p95_us", "p99_us")
STALE_AFTER = 5.0  # seconds without a word from a worker


@click.command()
@click.option("--client", "wanted", multiple=True, help="Show this client's figures (its address or network); repeat for more.")
@click.option("--clients", is_flag=True, help="Show every client's figures, those with the most trouble first.")
@json_option
@pass_home
def stats(home: Home, wanted: tuple[str, ...], clients: bool, as_json: bool) -> None:
    """What the running server has done since it started, and how it is now.

    Counts are of all its workers together. Figures of clients are ten seconds old at most.
    """
    now = time.time()
    found = collect(home.status, now)
    if not found.workers:
        raise OperatorError(f"no worker of {home.path} is running: start it with 'kapija serve'")
    if wanted or clients:
        _show_clients(read_clients(home.status), wanted, as_json)
    elif as_json:
        click.echo(to_json(_whole(found), indent=2))
    else:
        for line in _lines(found, now):
            say(line)


def _show_clients(rows: dict[str, ClientRow], wanted: tuple[str, ...], as_json: bool) -> None:
    missing = [name for name in wanted if name not in rows]
    if missing:
        raise OperatorError(
            f"nothing has come from {', '.join(missing)} ('kapija stats --clients' lists who has sent something)"
        )
    chosen = [(name, rows[name]) for name in wanted] if wanted else sorted(rows.items(), key=lambda item: _trouble(item[1]))
    show_table(
        ((name, row.accepted, row.rejected, row.unanswered, row.discarded, row.repeated, At(row.last)) for name, row in chosen),
        CLIENT_COLUMNS,
        as_json,
    )


def _trouble(row: ClientRow) -> tuple[int, int]:
    return -(row.discarded + row.unanswered + row.repeated), -(row.accepted + row.rejected)


# --- for programs


def _whole(found: NodeStats) -> dict[str, object]:
    return {
        "workers": [
            {
                "worker": each.worker,
                "pid": each.pid,
                "started": At(each.started),
                "written": At(each.written),
                "retiring": each.retiring,
                **each.gauges,
            }
            for each in found.workers
        ],
        "counters": found.counters,
        "outcomes": [
            {"family": family, "method": method, "outcome": _end(tag), "cause": cause, "count": count}
            for (family, method, tag, cause), count in sorted(found.outcomes.items())
        ],
        "steps": [dict(zip(STEP_COLUMNS, row, strict=True)) for row in _steps(found)],
        "now": found.gauges,
        "journal": {
            **found.journal,
            "failing": found.failing,
            "spool_bytes": found.spool_bytes,
            "spool_age_seconds": found.spool_age_seconds,
        },
        "directories": [
            {
                "worker": worker.worker,
                "directory": each.name,
                "state": each.state,
                "asked": each.asked,
                "answered": each.answered,
                "could_not_ask": each.could_not_ask,
                "busy": each.busy,
                "waiting": each.waiting,
                "hits": each.hits,
                "misses": each.misses,
                "p50_ms": each.p50,
                "p99_ms": each.p99,
            }
            for worker in found.workers
            for each in worker.directories
        ],
        "nodes": {name: ago for worker in found.workers for name, ago in worker.nodes.items()},
        "housekeepers": [
            {
                "name": each.name,
                "pid": each.pid,
                "failing_since": At(each.failing_since),
                "failing": each.failing,
                **each.numbers,
            }
            for each in found.keepers
        ],
    }


# --- for people


def _lines(found: NodeStats, now: float) -> Iterable[str]:
    counters, gauges = found.counters, found.gauges
    since = min(each.started for each in found.workers)
    yield f"{len(found.workers)} workers, the eldest since {At(since)}"
    for each in found.workers:
        if now - each.written > STALE_AFTER:
            yield f"  worker {each.worker} (process {each.pid}) has said nothing for {now - each.written:.0f} s"
    yield ""
    yield f"Requests   {counters.get('access_requests', 0)} Access-Requests, {counters.get('status_server', 0)} Status-Server"
    yield (
        f"Replies    {counters.get('accepts', 0)} Access-Accepts, {counters.get('rejects', 0)} Access-Rejects,"
        f" {counters.get('eap_challenges', 0)} Access-Challenges, {counters.get('duplicates', 0)} of them sent again"
    )
    for title, place in (("Method", 1), ("Family", 0)):
        yield f"{title:<10} {_by(found, place)}"
    for (cause, end), count in _causes(found).most_common(12):
        yield f"  {count:>8}  {end}: {cause}"
    thrown = {name: counters[name] for name in DISCARDS if counters.get(name)}
    yield "Silence    " + (", ".join(f"{count} {DISCARDS[name]}" for name, count in thrown.items()) or "none")
    yield ""
    yield from _table_lines(_steps(found), STEP_COLUMNS)
    yield ""
    yield (
        f"Now        {gauges.get('conversations', 0):.0f} conversations, {gauges.get('under_way', 0):.0f} answers under way,"
        f" {gauges.get('admission_waiting', 0):.0f} requests in wait, queue age {gauges.get('queue_age_seconds', 0):.3f} s"
        + (", under overload" if gauges.get("admission_pressed") else "")
    )
    yield f"Memory     {gauges.get('resumptions', 0):.0f} TLS sessions, {gauges.get('clients_ready', 0):.0f} clients ready"
    yield (
        f"Journal    {found.journal['written']} events written, {found.journal['lost']} lost,"
        f" {found.spool_bytes / 2**20:.1f} MiB on the disk, the oldest not stored {found.spool_age_seconds:.1f} s old"
    )
    if found.failing:
        yield f"           ALARM: {found.failing}; authentication goes on"
    for keeper in found.keepers:
        if keeper.failing:
            yield f"The {keeper.name} cannot work since {At(keeper.failing_since)}: {keeper.failing}"
    for worker in found.workers:
        for guard in worker.directories:
            if guard.state != "closed":
                yield f"Directory {guard.name} is {guard.state} at worker {worker.worker} since {At(guard.since)}"
        for name, ago in worker.nodes.items():
            if ago > STALE_AFTER:
                yield f"Node {name} was last heard of {ago:.0f} s ago (worker {worker.worker})"


def _by(found: NodeStats, place: int) -> str:
    counted = Counter[str]()
    for key, count in found.outcomes.items():
        counted[key[place] or "none"] += count
    return ", ".join(f"{name} {count}" for name, count in counted.most_common()) or "none"


def _causes(found: NodeStats) -> Counter[tuple[str, str]]:
    counted = Counter[tuple[str, str]]()
    for (_, _, tag, cause), count in found.outcomes.items():
        if cause:
            counted[cause, _end(tag)] += count
    return counted


def _end(tag: str) -> str:
    return tag.rpartition(":")[2]


def _steps(found: NodeStats) -> list[tuple[Cell, ...]]:
    return [(step, *_figures(times)) for step, times in found.times.items() if any(times.counts)]


def _figures(times: StepTimes) -> tuple[Cell, ...]:
    number = sum(times.counts)
    return (number, round(times.sum / number), *(round(quantile(times, share)) for share in (0.5, 0.95, 0.99)))


def _table_lines(rows: Iterable[tuple[Cell, ...]], columns: tuple[str, ...]) -> Iterable[str]:
    yield f"{columns[0]:<14}" + "".join(f"{column:>12}" for column in columns[1:])
    for row in rows:
        yield f"{row[0]!s:<14}" + "".join(f"{cell!s:>12}" for cell in row[1:])
