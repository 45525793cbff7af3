"""`kapija session`: who is on the network, and who was; ends sessions or has them authenticated again, with the answers."""

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

import click
from msgspec.structs import replace

from radius.admin import session_actions, sessions
from radius.admin.context import Admin
from radius.admin.session_actions import Asked
from radius.admin.sessions import Details, Filter, Session
from radius.audit.answers import NasAnswer, explain_answer
from radius.audit.sentences import Language
from radius.cli.frame import At, Cell, administrator, json_option, pass_home, say, show_one, show_table, title, warn, words
from radius.errors import OperatorError
from radius.settings import Home
from radius.store.outbox import Kind, Standing

COLUMNS: Final = ("id", "user", "mac", "address", "school", "nas", "ssid", "rule", "vlan", "started", "ended")
HOLDERS: Final = ("address", "since", "until", "session", "user", "subject", "mac", "school", "access_point", "ssid", "rule")
ANSWERS: Final = ("request", "session", "state", "sent", "answer", "error_cause", "cause", "cure")
WAIT: Final = 15.0  # seconds: longer than an access point is asked before silence is an answer
LOOK_EVERY: Final = 0.1
NO_ANSWER_YET: Final = 3  # exit status: asked, and not yet answered
REFUSED: Final = 1


def filters(command: Callable[..., None]) -> Callable[..., None]:
    """The options by which sessions are chosen, given as one Filter in `wanted`."""

    def chosen(
        school: str | None,
        user: str | None,
        subject: str | None,
        mac: str | None,
        nas: str | None,
        ssid: str | None,
        **rest: object,
    ) -> None:
        command(wanted=Filter(school=school, user=user, subject=subject, mac=mac, nas=nas, ssid=ssid), **rest)

    chosen.__name__, chosen.__doc__ = command.__name__, command.__doc__
    chosen.__click_params__ = getattr(command, "__click_params__", [])  # type: ignore[attr-defined]
    for option, text in (
        ("--ssid", "Only in this network."),
        ("--nas", "Only at the access point or controller with this address."),
        ("--mac", "Only of the device with this address."),
        ("--subject", "Only of this person or device, as the audit log calls it: person:17."),
        ("--user", "Only of this user name, as the access point reports it."),
        ("--school", "Only at this school's access points."),
    ):
        chosen = click.option(option, help=text)(chosen)
    return chosen


def asking(command: Callable[..., None]) -> Callable[..., None]:
    """What the commands that ask something of sessions have in common."""
    command = filters(command)
    for decorate in (
        json_option,
        click.option("--wait", type=click.FloatRange(0, 300), default=WAIT, show_default=True, help="Seconds for the answers."),
        click.option("--note", default="", help="Why, for the audit log."),
        click.option("--all", "of_all", is_flag=True, help="Every living session that the options choose."),
        click.argument("numbers", type=int, nargs=-1),
    ):
        command = decorate(command)
    return command


@click.group()
def session() -> None:
    """Who is on the network now, and who was."""


@session.command("list")
@click.option("--all", "ended_too", is_flag=True, help="Also those that have ended.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True, help="At most so many, newest first.")
@json_option
@filters
@pass_home
def list_(home: Home, wanted: Filter, ended_too: bool, limit: int, as_json: bool) -> None:
    """List the sessions that are on now."""
    with administrator(home) as admin:
        found = sessions.list_sessions(admin, replace(wanted, living=None if ended_too else True), limit)
    show_table((tuple(_fields(one)[key] for key in COLUMNS) for one in found), COLUMNS, as_json)


@session.command()
@click.argument("number", type=int)
@json_option
@pass_home
def show(home: Home, number: int, as_json: bool) -> None:
    """Show a session: what it has, its addresses, its records, and what was asked of its access point."""
    with administrator(home) as admin:
        details = sessions.show_session(admin, number)
        asked = session_actions.requests_of(admin, number)
    if as_json:
        show_one(_fields(details.session) | _parts(details, asked), as_json=True)  # type: ignore[arg-type]
        return
    show_one(_fields(details.session))
    for name, rows in _parts(details, asked).items():
        if rows:
            say(f"\n{title(name)}:")
            show_table((tuple(row.values()) for row in rows), tuple(rows[0]))


@session.command("who-had")
@click.argument("address")
@click.option("--at", "when", default="", help="Local time: 2026-11-23T10:42, or with its offset from UTC (default: now).")
@click.option("--school", help="Only at this school: others may use the same private addresses.")
@json_option
@pass_home
def who_had(home: Home, address: str, when: str, school: str | None, as_json: bool) -> None:
    """Say who had an IPv4 or IPv6 ADDRESS at a time, itself or within a prefix."""
    with administrator(home) as admin:
        found = sessions.who_had(admin, address, _instant(when, admin.now()), school)
    rows = []
    for one in found:
        fields = _fields(one.session) | {"session": one.session.id, "address": one.held.address}
        fields |= {"since": At(one.held.since), "until": At(one.held.until)}
        rows.append(tuple(fields[key] for key in HOLDERS))
    show_table(rows, HOLDERS, as_json)
    if not rows and not as_json:
        say("Nobody had this address then, as far as access points have reported.")


@session.command()
@asking
@pass_home
def disconnect(
    home: Home, wanted: Filter, numbers: tuple[int, ...], of_all: bool, note: str, wait: float, as_json: bool
) -> None:
    """End sessions, by their NUMBERS or with --all by options, and wait for the access points' answers."""
    _ask(home, Kind.DISCONNECT, numbers, _chosen(wanted, numbers, of_all), note, wait, as_json)


@session.command()
@asking
@pass_home
def reauthenticate(
    home: Home, wanted: Filter, numbers: tuple[int, ...], of_all: bool, note: str, wait: float, as_json: bool
) -> None:
    """Have sessions authenticated again, by their NUMBERS or with --all by options.

    Where an access point cannot be told to, the session is ended, and the device comes again by itself.
    """
    _ask(home, Kind.REAUTHENTICATE, numbers, _chosen(wanted, numbers, of_all), note, wait, as_json)


def _instant(text: str, now: float) -> float:
    """A time as people write it; without an offset it is this computer's."""
    if not text:
        return now
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        raise OperatorError(f"--at: '{text}' is no time; write it like 2026-11-23T10:42") from None


def _chosen(wanted: Filter, numbers: tuple[int, ...], of_all: bool) -> Filter | None:
    """The filter, where sessions are chosen by one. Refuses what is neither or both: nobody is to end everything by mistake."""
    if bool(numbers) == of_all:
        raise click.UsageError("name sessions by their numbers, or choose them by options and add --all")
    if numbers and wanted != Filter():
        raise click.UsageError("sessions that are named by their numbers need no options")
    if of_all and wanted == Filter():
        raise click.UsageError("--all needs an option that says which: --school, --user, --mac, --nas, --ssid or --subject")
    return wanted if of_all else None


def _ask(
    home: Home, kind: Kind, numbers: tuple[int, ...], wanted: Filter | None, note: str, wait: float, as_json: bool
) -> None:
    ask_one = session_actions.ask_disconnect if kind is Kind.DISCONNECT else session_actions.ask_reauthenticate
    with administrator(home) as admin:
        if wanted is not None:
            asked = session_actions.ask_of_all(admin, kind, wanted, note)
            wait += len(asked) / session_actions.A_SECOND
        else:
            asked = [ask_one(admin, number, note) for number in dict.fromkeys(numbers)]
        standing = _wait(admin, asked, wait)
    _tell(standing, as_json)
    if any(each.state == "waiting" for each in standing):
        warn("not every access point has answered yet: 'kapija session show' tells when it has; is 'kapija serve' running?")
        raise click.exceptions.Exit(NO_ANSWER_YET)
    if any(each.state != "done" for each in standing):
        raise click.exceptions.Exit(REFUSED)


def _wait(admin: Admin, asked: Sequence[Asked], seconds: float) -> list[Standing]:
    """The requests once all are answered, or as they are after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        standing = session_actions.answers(admin, asked)
        if all(each.state != "waiting" for each in standing) or time.monotonic() >= deadline:
            return standing
        time.sleep(LOOK_EVERY)


def _tell(standing: list[Standing], as_json: bool) -> None:
    rows = [_answer(each) for each in standing]
    if as_json or len(rows) > 1:
        show_table((tuple(row[key] for key in ANSWERS) for row in rows), ANSWERS, as_json)
        return
    row = rows[0]
    if row["state"] == "waiting":
        return
    code = f" (Error-Cause {row['error_cause']})" if row["error_cause"] else ""
    say(f"Session {row['session']}: {words(row['cause'])}{code}")
    if row["state"] != "done":
        say(words(row["cure"]))


def _answer(each: Standing) -> dict[str, Cell]:
    told = explain_answer(NasAnswer(each.answer), Language.ENGLISH) if each.answer else None
    return {
        "request": each.id,
        "session": each.session,
        "state": each.state,
        "sent": each.sent,
        "answer": each.answer,
        "error_cause": each.error_cause,
        "cause": told.cause if told is not None else "",
        "cure": told.cure if told is not None else "",
    }


def _parts(details: Details, asked: list[Standing]) -> dict[str, list[dict[str, Cell]]]:
    return {
        "addresses": [
            {"address": each.address, "since": At(each.since), "until": At(each.until)} for each in details.addresses
        ],
        "records": [
            {
                "status": each.status,
                "event_time": At(each.event_time),
                "time": At(each.time),
                "input_octets": each.input_octets,
                "output_octets": each.output_octets,
                "session_time": each.session_time,
            }
            for each in details.records
        ],
        "requests": [
            {"kind": each.kind, "created": At(each.created), "answered": At(each.answered), **_answer(each)} for each in asked
        ],
    }


def _fields(one: Session) -> dict[str, Cell]:
    times = {"valid_until", "started", "updated", "ended"}
    values = {name: getattr(one, name) for name in Session.__struct_fields__}
    return {name: At(value) if name in times else value for name, value in values.items()}
