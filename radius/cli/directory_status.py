"""`kapija directory status`: how the external directories of this node are, from what its workers write each second.

Neither the store nor the directories are asked, so it works while both are away.
"""

import time
from collections.abc import Iterator
from contextlib import closing

import click

from radius.cli.frame import At, Cell, json_option, pass_home, say, show_table, warn
from radius.directory.description import Description, DescriptionError, parse_description
from radius.errors import NotFound, OperatorError
from radius.server.directory_health import Health, health, survival
from radius.server.status import WorkerStatus, read_statuses
from radius.settings import Home
from radius.store.node_file import NodeFile

SHORT = (
    "name",
    "breaker",
    "since",
    "asked",
    "could_not_ask",
    "p50",
    "p95",
    "p99",
    "busy",
    "waiting",
    "full",
    "facts",
    "proofs",
    "refusals",
)
LONG = (*SHORT, "answered", "joined", "threads", "workers", "checks", "away")
STALE = 10.0  # seconds; workers write each second


@click.command()
@click.argument("name", required=False)
@json_option
@pass_home
def status(home: Home, name: str | None, as_json: bool) -> None:
    """Say how the directories are: breaker, answer times in milliseconds, threads, hits of 100 looks into the cache.

    It counts since the workers of this node started. Below stands what gets people in while a directory is away.
    """
    statuses = read_statuses(home.status)
    if not statuses:
        raise OperatorError("no worker of this node is running, so nobody asks a directory: start it with 'kapija serve'")
    described = _described(home)
    found = {one.name: one for one in health(statuses)}
    if name is not None:
        if name not in {*found, *described}:
            raise NotFound(f"no worker asks a directory {name!r}: 'kapija directory list' shows those there are")
        found = {each: one for each, one in found.items() if each == name}
        described = {each: one for each, one in described.items() if each == name}
    away = {each: _away(home, described.get(each), one) for each, one in found.items()}
    if as_json:
        show_table((tuple(_cells(one, away[one.name]).values()) for one in found.values()), LONG, as_json)
    else:
        show_table(([_cells(one, "")[column] for column in SHORT] for one in found.values()), SHORT)
        for each, words in away.items():
            if words:
                say(f"{each}: {words}")
    for words in (*_missing(found, described), *_stale(statuses)):
        warn(words)


def _described(home: Home) -> dict[str, Description | None]:
    """The directories that this node is to ask; None for one whose description cannot be read."""
    found = dict[str, Description | None]()
    with closing(NodeFile.open(home.node_file)) as file:
        for record in file.directories():
            try:
                found[record.name] = parse_description(record.document)
            except DescriptionError:
                found[record.name] = None
    return found


def _away(home: Home, description: Description | None, one: Health) -> str:
    return survival(description, one.checks, home.settings.eap) if description is not None else ""


def _cells(one: Health, away: str) -> dict[str, Cell]:
    cells: dict[str, Cell] = {
        "name": one.name,
        "breaker": one.breaker,
        "since": At(one.since),
        "asked": one.asked,
        "could_not_ask": one.could_not_ask,
        "p50": round(one.p50, 1),
        "p95": round(one.p95, 1),
        "p99": round(one.p99, 1),
        "busy": one.busy,
        "waiting": one.waiting,
        "full": one.full,
        "facts": one.facts,
        "proofs": one.proofs,
        "refusals": one.refusals,
        "answered": one.answered,
        "joined": one.joined,
        "threads": one.threads,
        "workers": one.workers,
        "checks": one.checks,
        "away": away,
    }
    return cells


def _missing(found: dict[str, Health], described: dict[str, Description | None]) -> Iterator[str]:
    for name in described:
        if name not in found:
            yield f"no worker asks {name} yet; if that stays so, the server's log and 'kapija directory test {name}' say why"


def _stale(statuses: list[WorkerStatus]) -> Iterator[str]:
    now = time.time()
    for one in statuses:
        if now - one.written > STALE:
            yield f"worker {one.worker} (process {one.pid}) has not said anything for {now - one.written:.0f} s; is it stopped?"
