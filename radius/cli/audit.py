"""`kapija audit`: the evidence followed, searched, verified and exported."""

import os
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event
from typing import TextIO

import click
from msgspec.structs import asdict
from sqlalchemy import Connection

from radius.admin.context import Admin
from radius.audit.export import export_csv, export_json_lines
from radius.audit.search import Entry, Query
from radius.audit.search import search as find
from radius.audit.search import tail as newest
from radius.audit.tags import Tag
from radius.audit.timeline import way
from radius.audit.verify import ChainReport, Report
from radius.audit.verify import verify as verify_chains
from radius.cli.frame import At, Cell, Function, administrator, json_option, pass_home, say, show_table, to_json, warn, words
from radius.cli.timeline import show_timeline, told
from radius.errors import OperatorError
from radius.settings import Home

COLUMNS = ("time", "event", "user", "outer", "mac", "school", "nas", "ssid", "method", "vlan", "rule", "why", "detail")
FOLLOW_SECONDS = 0.5  # the housekeeper carries events into the store within a second

_AGO = re.compile(r"(\d+)(s|min|h|d)")
_UNITS = {"s": "seconds", "min": "minutes", "h": "hours", "d": "days"}


class Moment(click.ParamType[float]):
    """`2026-09-01`, `2026-09-01T08:05` (this machine's time zone unless it says one) or an age: `30min`, `2h`, `7d`."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds since the epoch."""
        if isinstance(value, float):
            return value
        text = str(value).strip()
        if age := _AGO.fullmatch(text):
            return time.time() - timedelta(**{_UNITS[age[2]]: int(age[1])}).total_seconds()
        try:
            return datetime.fromisoformat(text).timestamp()
        except (ValueError, OverflowError, OSError):
            self.fail(f"{text!r} is no time: write 2026-09-01T08:05, or an age such as 30min, 2h or 7d", param, ctx)


def filters(command: Function) -> Function:
    """The options that say which rows."""
    for option in (
        click.option("--tag", help="An event, such as access:decide:denied, or its beginning up to a colon (access:)."),
        click.option("--until", type=Moment(), help="Rows before this time."),
        click.option("--since", type=Moment(), help="Rows from this time on: 2026-09-01T08:05, or an age: 30min, 2h, 7d."),
        click.option("--school", help="Rows of this school."),
        click.option("--nas", help="Rows from this access point's name or address."),
        click.option("--mac", help="Rows of this device, in any usual spelling."),
        click.option("--user", help="Rows of this person."),
    ):
        command = option(command)
    return command


@click.group()
def audit() -> None:
    """The audit log: follow, search, verify and export."""


@audit.command()
@click.option("-n", "number", type=click.IntRange(0, 10_000), default=20, show_default=True, help="How many of the last rows.")
@click.option("-f", "--follow", is_flag=True, help="Go on with what comes; --json then prints an object a line.")
@json_option
@pass_home
def tail(home: Home, number: int, follow: bool, as_json: bool) -> None:
    """Show the last rows, the newest last."""
    with administrator(home) as admin:
        with admin.reading() as connection:
            entries = newest(connection, admin.keyring, limit=number) if number else []
            last = entries[-1].id if entries else _last_id(connection, admin)
        if not follow:
            _show(entries, as_json)
            return
        with _interrupted() as stop:
            warn("following; Ctrl-C ends it")
            while not stop.is_set():
                for entry in entries:
                    click.echo(to_json(_fields(entry)) if as_json else line(entry))
                last = entries[-1].id if entries else last
                stop.wait(FOLLOW_SECONDS)
                with admin.reading() as connection:
                    entries = newest(connection, admin.keyring, after=last)
        raise KeyboardInterrupt


@audit.command()
@filters
@click.option("--limit", type=click.IntRange(1, 100_000), default=100, show_default=True, help="At most so many rows.")
@json_option
@pass_home
def search(
    home: Home,
    user: str | None,
    mac: str | None,
    nas: str | None,
    school: str | None,
    since: float | None,
    until: float | None,
    tag: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """Find rows, the newest first. With --mac: what that device tried, as a timeline, the oldest first."""
    with administrator(home) as admin, admin.reading() as connection:
        entries = find(
            connection,
            admin.keyring,
            user=user,
            mac=mac,
            nas=nas,
            school=school,
            since=since,
            until=until,
            tag=tag,
            limit=limit,
        )
    if mac is not None and not as_json:
        show_timeline(entries)
    else:
        _show(entries, as_json)
    if len(entries) == limit:
        warn(f"these are the newest {limit}; --limit shows more")


@audit.command()
@json_option
@pass_home
def verify(home: Home, as_json: bool) -> None:
    """Walk every chain and name the first row that does not hold; exit status 1 when one does not."""
    with administrator(home) as admin, admin.reading() as connection, _walking(connection, as_json) as walked:
        report = verify_chains(connection, admin.keyring.signer, admin.keyring, walked)
    if as_json:
        _show_report_json(report)
    else:
        _tell_report(report)
    if not report.whole:
        click.get_current_context().exit(1)


@audit.command()
@filters
@click.option(
    "--format", "kind", type=click.Choice(["jsonl", "csv"]), default="jsonl", show_default=True, help="jsonl is evidence."
)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="A new file, readable by you alone.  [default: the screen]"
)
@pass_home
def export(
    home: Home,
    user: str | None,
    mac: str | None,
    nas: str | None,
    school: str | None,
    since: float | None,
    until: float | None,
    tag: str | None,
    kind: str,
    output: Path | None,
) -> None:
    """Write rows as JSON Lines, with hashes and checkpoints, or as CSV. The export itself is audited."""
    query = Query(user=user, mac=mac, nas=nas, school=school, since=since, until=until, tag=tag)
    write = export_csv if kind == "csv" else export_json_lines
    with administrator(home) as admin, _output(output) as out:
        _note_export(admin, query, kind)  # first: an export that is cut off has shown rows too
        with admin.reading() as connection:
            count = write(connection, admin.keyring, query, out)
    warn(f"{count} rows exported" + (f" to {output}" if output else ""))


# --- showing


def line(entry: Entry) -> str:
    """One row on one line, without columns that have nothing to say."""
    told = (f"{name} {words(value)}" for name, value in zip(COLUMNS[2:], _cells(entry)[2:], strict=True) if value)
    return f"{At(entry.time)}  {entry.tag}  {'  '.join(told)}"


def _show(entries: Sequence[Entry], as_json: bool) -> None:
    if as_json:
        click.echo(to_json([_fields(entry) for entry in entries], indent=2))
    else:
        show_table([_cells(entry) for entry in entries], COLUMNS)


def _cells(entry: Entry) -> tuple[Cell, ...]:
    return (
        At(entry.time),
        entry.tag,
        entry.user or entry.actor,
        entry.outer,
        entry.mac,
        entry.school,
        entry.nas,
        entry.ssid,
        way(entry),
        entry.vlan or "",
        entry.rule or entry.object,
        _why(entry),
        entry.detail,
    )


def _why(entry: Entry) -> str:
    if entry.causes:
        return "; ".join(_sentence(code) for code in entry.causes)
    return ", ".join(f"{key}={value}" for key, value in entry.details.items())


def _sentence(code: str) -> str:
    """What happened and what to do."""
    sentences = told(code)
    return f"{sentences.cause} {sentences.cure}".strip()


def _fields(entry: Entry) -> dict[str, object]:
    """The row as JSON: codes as they are stored, and what they say; times that a program can read."""
    fields: dict[str, object] = asdict(entry)
    fields["why"] = _why(entry) if entry.causes else ""
    fields["time"] = At(entry.time)
    fields["valid_until"] = At(entry.valid_until)
    return fields


def _show_report_json(report: Report) -> None:
    fields = {
        "whole": report.whole,
        "chains": [_chain_fields(chain) for chain in report.chains],
        "gaps": [asdict(gap) for gap in report.gaps],
    }
    click.echo(to_json(fields, indent=2))


def _chain_fields(chain: ChainReport) -> dict[str, object]:
    return {**asdict(chain), "hash": chain.hash.hex(), "fault": asdict(chain.fault) if chain.fault else None}


def _tell_report(report: Report) -> None:
    for chain in report.chains:
        if chain.fault is None:
            unsigned = chain.last - chain.signed
            after = f", the last {unsigned} not signed yet" if unsigned else ""
            say(f"{chain.chain}: {chain.rows} rows hold{after}")
        else:
            at = f", {At(chain.fault.time)}" if chain.fault.time else ""
            say(f"{chain.chain}: BROKEN at row {chain.fault.number}{at} ({chain.fault.wrong}): {chain.fault.words}")
    for gap in report.gaps:
        say(f"{gap.chain}: a known gap before row {gap.number}, {At(gap.time)}: {gap.words}")
    say("The audit log is whole." if report.whole else "The audit log is NOT whole: keep a copy of the database as it is now.")


@contextmanager
def _walking(connection: Connection, as_json: bool) -> Iterator[Callable[[int], None] | None]:
    """A progress bar on a terminal, nothing elsewhere."""
    if as_json or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console  # noqa: PLC0415 - rich costs 50 ms
    from rich.progress import Progress  # noqa: PLC0415

    total = connection.exec_driver_sql("SELECT count(*) FROM audit").scalar_one()
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("verifying", total=total)
        yield lambda rows: progress.advance(task, rows)


# --- helpers


@contextmanager
def _interrupted() -> Iterator[Event]:
    """Set by SIGINT. As an exception it would be lost where it meets a destructor, and the follower would go on."""
    stop = Event()
    before = signal.signal(signal.SIGINT, lambda *_: stop.set())
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)


def _last_id(connection: Connection, admin: Admin) -> int:
    """The newest row's id, for a follower that starts with nothing."""
    entries = newest(connection, admin.keyring, limit=1)
    return entries[0].id if entries else 0


def _note_export(admin: Admin, query: Query, kind: str) -> None:
    """The export's own row. Whom it asks for stays out of it: a name would be readable there for ever."""
    asked = {name: str(value) for name, value in asdict(query).items() if value is not None and name not in ("user", "mac")}
    asked |= {name: "given" for name in ("user", "mac") if getattr(query, name) is not None}
    with admin.change() as change:
        change.audit(Tag.AUDIT_EXPORTED, "audit", school=query.school or "", details={"format": kind, **asked})


@contextmanager
def _output(path: Path | None) -> Iterator[TextIO]:
    if path is None:
        yield sys.stdout
        return
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise OperatorError(f"{path} exists already: choose another file, nothing was exported") from None
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
        yield file
