"""What a device tried, on the screen: a diagnosis in a sentence, then its attempts from the oldest to the newest."""

from collections.abc import Iterator, Sequence

import click

from radius.admin.context import Admin
from radius.audit.causes import Cause
from radius.audit.diagnosis import Around, Diagnosis, diagnose
from radius.audit.search import Entry, search
from radius.audit.sentences import Audience, Explanation, Language, explain
from radius.audit.timeline import RESULTS, Run, runs, way
from radius.cli.frame import At, say, to_json, warn

ATTEMPTS = 200  # the newest rows that a diagnosis looks at
LANGUAGE = Language.ENGLISH


def show_device(admin: Admin, mac: str, as_json: bool) -> None:
    """The diagnosis and the timeline of the device with this address. Raises OperatorError for an address that is none."""
    with admin.reading() as connection:
        entries = search(connection, admin.keyring, mac=mac, limit=ATTEMPTS)
        diagnosis = diagnose(connection, admin.keyring, entries)
    if as_json:
        attempts = [_fields(run) for run in runs(entries)]
        click.echo(to_json({"mac": mac, "diagnosis": _diagnosis_fields(diagnosis), "attempts": attempts}, indent=2))
        return
    told = diagnosis.told(LANGUAGE)
    say(f"{mac}: {told.cause} {told.cure}")
    if evidence := _evidence(diagnosis.around):
        say(f"Seen beside it: {evidence}.")
    if entries:
        say("")
        show_timeline(entries)
    if len(entries) == ATTEMPTS:
        warn(f"these are the newest {ATTEMPTS} rows; 'kapija audit search --mac {mac} --limit N' shows more")


def show_timeline(entries: Sequence[Entry]) -> None:
    """The attempts among `entries` (newest first) from the oldest to the newest, a failure with its cause and cure."""
    for run in runs(entries):
        for line in _lines(run):
            say(line)


def told(code: str) -> Explanation:
    """The coordinator's sentences for a cause's code; the code itself where another release wrote it."""
    try:
        return explain(Cause(code), Audience.COORDINATOR, LANGUAGE)
    except ValueError:
        return Explanation(code, "")


def _evidence(around: Around) -> str:
    seen = []
    if around.account_in_order:
        seen.append("the account came in on another device, or its password was set anew since this one last came in")
    if around.failing_alike or around.coming_in:
        seen.append(
            f"at the same access point within an hour {around.failing_alike} other devices failed alike "
            f"and {around.coming_in} came in"
        )
    return "; ".join(seen)


def _lines(run: Run) -> Iterator[str]:
    entry = run.latest
    yield f"{At(run.first)}  {_how_often(run)}{'  '.join(('', *_who_and_where(entry)))}"
    for code in entry.causes:
        sentences = told(code)
        yield f"    Cause: {sentences.cause}"
        if sentences.cure:
            yield f"    Cure: {sentences.cure}"
    if entry.detail:
        yield f"    Detail: {entry.detail}"


def _how_often(run: Run) -> str:
    if run.count == 1:
        return run.result
    return f"{run.result} {run.count} times since then, last at {At(run.latest.time)}"


def _who_and_where(entry: Entry) -> Iterator[str]:
    if entry.tag not in RESULTS:
        yield f"{entry.object} by {entry.actor}"
        return
    outside = f" (outside the tunnel: {entry.outer})" if entry.outer else ""
    yield (entry.user or "without a name") + outside
    if entry.method:
        yield way(entry)
    yield f"{entry.ssid or 'wired or unnamed network'} at {entry.access_point or entry.client or entry.nas} ({entry.school})"
    if entry.rule:
        yield f"rule {entry.rule}"
    if entry.vlan:
        yield f"VLAN {entry.vlan}"


def _diagnosis_fields(diagnosis: Diagnosis) -> dict[str, object]:
    told = diagnosis.told(LANGUAGE)
    around = diagnosis.around
    return {
        "code": str(diagnosis.code),
        "cause": told.cause,
        "cure": told.cure,
        "others_failing_alike": around.failing_alike,
        "others_coming_in": around.coming_in,
        "account_in_order": around.account_in_order,
    }


def _fields(run: Run) -> dict[str, object]:
    """A run as JSON: codes with their sentences, times that a program can read."""
    entry = run.latest
    where = ("school", "nas", "access_point", "ssid")
    names = ("user", "outer", *where, "method", "inner", "tls", "resumed", "rounds", "from_cache")
    return {
        "first": At(run.first),
        "last": At(entry.time),
        "count": run.count,
        "result": run.result,
        **{name: getattr(entry, name) for name in names},
        "rule": entry.rule,
        "vlan": entry.vlan,
        "causes": [{"code": code, "cause": told(code).cause, "cure": told(code).cure} for code in entry.causes],
        "detail": entry.detail,
    }
