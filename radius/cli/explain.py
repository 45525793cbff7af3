"""`kapija explain`: what would be decided for somebody, by which rule, why, and what the access point would be told.

With --mac alone it says instead what is wrong with that device (radius.cli.timeline).
"""

from collections.abc import Iterator
from datetime import datetime
from math import inf
from zoneinfo import ZoneInfo

import click
import msgspec
from msgspec import Struct

from policies.access import Arrival, Method
from policies.decision import RuleVerdict
from policies.mac import canonical_mac
from radius.aaa.explain import Explanation, explain_access
from radius.aaa.schools import Schools
from radius.admin.context import open_admin
from radius.audit.sentences import explain as sentences
from radius.cli.explain_directory import in_directories
from radius.cli.frame import At, json_option, pass_home, printable, say, to_json
from radius.cli.timeline import show_device
from radius.directory.local import device_principal, principal_of
from radius.directory.names import canonical_username
from radius.directory.question import Principal
from radius.errors import NotFound, OperatorError
from radius.settings import Home
from radius.store.lookup import SqlRecords
from radius.store.records import ClientRecord, SchoolRecord
from radius.vendors import FAMILIES
from radius.vendors.base import timing
from radius.wire import dictionary

METHODS = [str(method) for method in Method]


@click.command()
@click.option("--user", help="The person's user name.")
@click.option("--mac", default="", help="The device's MAC address. Alone: what this device tried, and what is wrong with it.")
@click.option("--school", help="The short name of the school whose access point asks.")
@click.option("--ssid", default="", help="The wireless network; leave it out for a wire.")
@click.option("--at", "when", default="", help="Local time at the school: 2026-09-01T08:00 (default: now).")
@click.option("--method", type=click.Choice(METHODS), help="How she proves herself (default: pap, with --mac alone mab).")
@click.option("--client", "address", default="", help="The access point's address, for its family and location.")
@click.option("--family", type=click.Choice(list(FAMILIES)), help="The NAS family whose attributes are shown.")
@click.option("--directory-away", is_flag=True, help="As if the directory could not be asked.")
@json_option
@pass_home
def explain(
    home: Home,
    user: str | None,
    mac: str,
    school: str | None,
    ssid: str,
    when: str,
    method: str | None,
    address: str,
    family: str | None,
    directory_away: bool,
    as_json: bool,
) -> None:
    """Say what would be decided for somebody if the password were right, by which rule, and why.

    With --school and --mac but without --user, the device itself is asked for (MAB). With --mac alone, say what is wrong with
    the device now and what to do, and show what it tried.
    """
    if user is None and not mac:
        raise click.UsageError("name somebody: --user NAME for a person, --mac ADDRESS for a device")
    if school is None:
        if user is not None or ssid or when or method or address or family or directory_away:
            raise click.UsageError("--school says whose rules are asked; only --mac ADDRESS alone does without")
        with open_admin(home, "explain") as admin:
            show_device(admin, _mac(mac), as_json)
        return
    words = dictionary.load()
    with open_admin(home, "explain") as admin, admin.reading() as connection:
        records = SqlRecords(connection)
        found = Schools(records, words.check).get(school)
        record = records.school(school)
        if found is None or record is None:
            raise NotFound(f"there is no school '{school}': 'kapija school list' shows them all")
        now = _instant(when, record, admin.now())
        kind = Method(method) if method else (Method.PAP if user is not None else Method.MAB)
        if user is None:
            principal, notes = _device(records, _mac(mac), now)
        else:
            principal, notes = _person(records, user, now)
        remarks: list[str] = []
        if user is not None and principal is None:  # nobody with a local account
            principal, notes, remarks = in_directories(admin, user, school, kind, directory_away)
        client = _client(records, school, address)
        arrival = Arrival(user or mac, _mac(mac), ssid, wired=not ssid)
        dialect = family or (client.family if client is not None else "generic")
        location = client.location if client is not None else ""
        shown = explain_access(arrival, kind, principal, found, location, dialect, now, directory_away)
    answer = msgspec.structs.replace(_answer(shown, user or _mac(mac), dialect, words, record, now, notes), remarks=remarks)
    if as_json:
        click.echo(to_json(msgspec.to_builtins(answer), indent=2))
    else:
        for line in _lines(answer):
            say(line)


def _mac(text: str) -> str:
    mac = canonical_mac(text) if text else ""
    if mac is None:
        raise OperatorError(f"--mac: '{printable(text)}' is no MAC address; write it like 02-00-00-00-05-01")
    return mac


def _instant(text: str, school: SchoolRecord, now: float) -> float:
    if not text:
        return now
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise OperatorError(f"--at: '{text}' is no time; write it like 2026-09-01T08:00") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(school.timezone))).timestamp()


def _device(records: SqlRecords, mac: str, now: float) -> tuple[Principal | None, list[str]]:
    """The device, and what stands in the way before any rule is asked."""
    device = records.device(mac)
    if device is None:
        return None, ["no device with this address is registered: 'kapija device add' registers it"]
    notes = ["the device is disabled"] if device.disabled else []
    if device.valid_until and now >= device.valid_until:
        notes.append(f"the device's registration ended on {At(device.valid_until)}")
    return device_principal(device), notes


def _person(records: SqlRecords, user: str, now: float) -> tuple[Principal | None, list[str]]:
    """The person with a local account, and what stands in the way before any rule is asked."""
    try:
        person = records.person(canonical_username(user))
    except ValueError as error:
        raise OperatorError(f"--user: '{printable(user)}' can be nobody's user name: {error}") from None
    if person is None:
        return None, []
    notes = ["the account is disabled: 'kapija user enable' opens it"] if person.disabled else []
    if person.valid_from and now < person.valid_from:
        notes.append(f"the account begins on {At(person.valid_from)}")
    if person.valid_until and now >= person.valid_until:
        notes.append(f"the account ended on {At(person.valid_until)}")
    if not person.nt:
        notes.append("this account cannot be checked by MS-CHAP or MS-CHAPv2, because it stores no NT hash")
    return principal_of(person), notes


def _client(records: SqlRecords, school: str, address: str) -> ClientRecord | None:
    if not address:
        clients = records.clients_of(school)
        return clients[0] if len(clients) == 1 else None
    client = records.client(address)
    if client is None:
        raise NotFound(f"there is no client '{address}': 'kapija client list' shows them all")
    return client


class Answer(Struct, frozen=True):
    """What is printed; the field names are the JSON keys."""

    who: str
    permitted: bool
    rule: str
    at: str
    school: str
    valid_until: str | None
    policy: str
    notes: list[str]
    rules: tuple[RuleVerdict, ...]
    cause: str = ""
    cure: str = ""
    told_to_the_person: str = ""
    family: str = ""
    attributes: list[tuple[str, str]] = []
    cannot_be_said: tuple[str, ...] = ()
    remarks: list[str] = []


def _answer(
    shown: Explanation, who: str, family: str, words: dictionary.Dictionary, school: SchoolRecord, now: float, notes: list[str]
) -> Answer:
    decision, terms, until = shown.decision, shown.terms, shown.decision.valid_until
    attributes: list[tuple[str, str]] = []
    lost: tuple[str, ...] = ()
    if terms is not None:
        expression = FAMILIES[family].express(terms)
        octets = b"".join(words.encode(each.name, each.value, each.tag) for each in expression.attributes)
        if shown.timing is not None and shown.timing.seconds:
            octets += timing(shown.timing.seconds, shown.timing.reauthenticate)
        attributes, lost = words.describe(octets), expression.lost
    told = sentences(shown.cause, "coordinator", "en") if shown.cause is not None else None
    return Answer(
        who,
        decision.permitted and terms is not None and not notes,
        decision.rule,
        _local(now, school),
        school.name,
        _local(until, school) if until != inf else None,
        decision.policy,
        notes,
        shown.verdicts,
        told.cause if told is not None else "",
        told.cure if told is not None else "",
        decision.denial.reason if decision.denial is not None else "",
        family,
        attributes,
        lost,
    )


def _local(instant: float, school: SchoolRecord) -> str:
    return datetime.fromtimestamp(instant, ZoneInfo(school.timezone)).isoformat(sep=" ", timespec="minutes")


def _lines(answer: Answer) -> Iterator[str]:
    verb = "would get in" if answer.permitted else "would not get in"
    rule = f"by rule {answer.rule}" if answer.rule else "because no rule matches"
    yield f"At {answer.at} {answer.who} {verb} at {answer.school}, {rule}."
    for note in answer.notes:
        yield f"But: {note}."
    for remark in answer.remarks:
        yield f"{remark}."
    if answer.cause:
        yield f"Cause: {answer.cause}"
        yield f"Cure: {answer.cure}"
    if answer.told_to_the_person:
        yield f"The person is told: {answer.told_to_the_person}"
    yield ""
    yield "Rules, in the order in which they were tried:"
    for rule_verdict in answer.rules:
        yield f"  {'=> ' if rule_verdict.matched else '   '}{rule_verdict.rule}"
        for reason in rule_verdict.conditions:
            yield f"         {'yes' if reason.holds else 'no '}  {reason.words}"
    if answer.attributes or answer.cannot_be_said:
        yield ""
        yield f"Attributes in the reply ({answer.family}):"
        for name, value in answer.attributes:
            yield f"  {name} = {value}"
    if answer.cannot_be_said:
        yield f"This family cannot be told: {', '.join(answer.cannot_be_said)}"
    if answer.valid_until:
        yield f"The decision holds until {answer.valid_until}; then the device is asked to prove itself again."
