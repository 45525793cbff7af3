"""Policies: checked, published as a new version, compared, rolled back. Nothing published is ever changed or lost."""

import difflib
from collections.abc import Iterable
from hashlib import sha256

from msgspec import Struct
from sqlalchemy import Connection, func, insert, select

from policies.calendar import CalendarError
from policies.calendar import parse as parse_calendar
from policies.combine import check_together
from policies.document import Document, DocumentError, parse
from policies.lint import Finding, Known, Severity, lint
from policies.parse_grant import CheckAttribute
from policies.problems import Problem
from policies.rule import NATIONAL
from radius.admin import checks
from radius.admin.context import Admin, Change
from radius.admin.roles import roles_in_directories, roles_of_accounts
from radius.admin.schools import school_named
from radius.audit.tags import Tag
from radius.errors import NotFound, OperatorError
from radius.store.tables import clients, policies, schools

SCHOOLS_NAMED = 5


class PolicyRefused(OperatorError):  # noqa: N818 - what happened to it
    """The document has faults; nothing was published. `findings` has each with its place."""

    def __init__(self, scope: str, findings: list[Finding]) -> None:
        first = findings[0]
        more = f" (and {len(findings) - 1} more: 'kapija policy check' shows all)" if len(findings) > 1 else ""
        super().__init__(f"the policy of {scope} cannot be used: {first.place}: {first.words}{more}")
        self.findings = findings


class Version(Struct, frozen=True):
    """A published version: `time` in seconds since the epoch, `sha256` the hash (hex) of its text in UTF-8."""

    scope: str
    version: int
    sha256: str
    author: str
    time: float
    note: str


class Published(Struct, frozen=True):
    """What was published, and what lint found in it that may not be meant."""

    version: Version
    warnings: list[Finding]


_VERSION = (
    policies.c.scope,
    policies.c.version,
    policies.c.sha256,
    policies.c.author,
    policies.c.time,
    policies.c.note,
)


def check(admin: Admin, scope: str, text: str, check_attribute: CheckAttribute, families: Iterable[str]) -> list[Finding]:
    """Everything that is to be said of `text` as the policy of `scope` ("national" or a school), before it is published.

    `families` are the NAS families there are. Raises PolicyRefused for a text that is no policy, and NotFound.
    """
    document = _parsed(text, scope, check_attribute)
    with admin.reading() as connection:
        known = _known_names(connection, families)
        if scope == NATIONAL:
            return lint(document, known=known) + _at_schools(connection, document, check_attribute)
        record = school_named(connection, scope)
        above = texts_in_force(connection, NATIONAL).get(NATIONAL)
    national = _parsed(above, NATIONAL, check_attribute) if above is not None else None
    try:
        calendar = parse_calendar(record.calendar, record.timezone)
    except CalendarError:
        calendar = None  # told when it was set; lint then does without the names of its bells
    return lint(national, document, known, record.vlans, calendar)


def publish(
    admin: Admin,
    scope: str,
    text: str,
    check_attribute: CheckAttribute,
    families: Iterable[str],
    note: str = "",
) -> Published:
    """Publish `text` as the next version; every worker has it within a second.

    Raises PolicyRefused when it is no policy or lint finds an error, OperatorError when it is what is in force already.
    """
    note = checks.line(note.strip(), "the note", 500)
    findings = check(admin, scope, text, check_attribute, families)  # outside: with 4,000 schools it takes a second
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    if errors:
        raise PolicyRefused(scope, errors)
    with admin.change() as change:
        return Published(_append(change, admin.actor, scope, text, note, Tag.POLICY_PUBLISHED), findings)


def rollback(
    admin: Admin, scope: str, version: int, check_attribute: CheckAttribute, families: Iterable[str], note: str = ""
) -> Published:
    """Publish the text of an earlier version again, as a new version.

    What lint finds comes back as it is and stops nothing: who rolls back is in a hurry, and this text was in force once.
    Raises PolicyRefused when it is no policy any more (an attribute that the dictionary has lost), NotFound.
    """
    note = checks.line(note.strip(), "the note", 500) or f"back to version {version}"
    _, text = show(admin, scope, version)
    findings = check(admin, scope, text, check_attribute, families)
    with admin.change() as change:
        return Published(_append(change, admin.actor, scope, text, note, Tag.POLICY_ROLLED_BACK), findings)


def history(admin: Admin, scope: str) -> list[Version]:
    """Every version of a scope, the newest first. Raises NotFound for a school that there is not."""
    query = select(*_VERSION).where(policies.c.scope == scope).order_by(policies.c.version.desc())
    with admin.reading() as connection:
        _known_scope(connection, scope)
        return [Version(*row) for row in connection.execute(query)]


def in_force(admin: Admin) -> list[Version]:
    """The version in force of each scope that has one; the national policy first, then schools by name."""
    newest = select(policies.c.scope, func.max(policies.c.version).label("newest")).group_by(policies.c.scope).subquery()
    query = select(*_VERSION).join(newest, (policies.c.scope == newest.c.scope) & (policies.c.version == newest.c.newest))
    with admin.reading() as connection:
        versions = [Version(*row) for row in connection.execute(query)]
    return sorted(versions, key=lambda version: (version.scope != NATIONAL, version.scope))


def show(admin: Admin, scope: str, version: int | None = None) -> tuple[Version, str]:
    """A version, the one in force unless one is named, and its text. Raises NotFound."""
    with admin.reading() as connection:
        _known_scope(connection, scope)
        query = select(*_VERSION).where(policies.c.scope == scope).order_by(policies.c.version.desc()).limit(1)
        if version is not None:
            query = query.where(policies.c.version == version)
        row = connection.execute(query).first()
        if row is None:
            raise _no_version(scope, version)
        found = Version(*row)
        return found, _text(connection, scope, found.version)


def diff(admin: Admin, scope: str, old: int, new: int | None = None) -> list[str]:
    """The unified diff from version `old` to `new` (the one in force unless named), line by line. Raises NotFound."""
    to, after = show(admin, scope, new)
    _, before = show(admin, scope, old)
    return diff_texts(before, after, f"{scope} version {old}", f"{scope} version {to.version}")


def diff_texts(before: str, after: str, before_name: str, after_name: str) -> list[str]:
    """The unified diff of two texts, line by line without line ends."""
    return list(difflib.unified_diff(before.splitlines(), after.splitlines(), before_name, after_name, lineterm=""))


def _append(change: Change, author: str, scope: str, text: str, note: str, tag: Tag) -> Version:
    connection = change.connection
    _known_scope(connection, scope)
    newest = connection.execute(
        select(policies.c.version, policies.c.sha256)
        .where(policies.c.scope == scope)
        .order_by(policies.c.version.desc())
        .limit(1)
    ).first()
    digest = sha256(text.encode()).hexdigest()
    if newest is not None and newest.sha256 == digest:
        raise OperatorError(f"version {newest.version} of {scope}, which is in force, has this very text: nothing to publish")
    made = Version(scope, newest.version + 1 if newest is not None else 1, digest, author, change.now, note)
    connection.execute(
        insert(policies).values(
            scope=scope,
            version=made.version,
            sha256=digest,
            document=text,
            author=author,
            time=change.now,
            note=note,
            removed=False,
            revision=change.revision,
        )
    )
    change.audit(
        tag,
        f"policy {scope}",
        school="" if scope == NATIONAL else scope,
        details={"version": str(made.version), "sha256": digest, "note": note},
    )
    return made


def _parsed(text: str, scope: str, check_attribute: CheckAttribute) -> Document:
    try:
        return parse(text, scope, check_attribute)
    except DocumentError as error:
        raise PolicyRefused(scope, [_as_finding(problem) for problem in error.problems]) from None


def _as_finding(problem: Problem) -> Finding:
    place = f"{problem.place} (rule {problem.rule!r})" if problem.rule else problem.place
    return Finding(Severity.ERROR, place, problem.message)


def _at_schools(connection: Connection, national: Document, check_attribute: CheckAttribute) -> list[Finding]:
    """What a new national policy does to schools: their rules that no longer fit, VLAN names that they have not mapped."""
    findings, lacking = list[Finding](), dict[str, list[str]]()
    wanted = {rule.grant.vlan: rule.place for rule in national.rules if rule.grant and isinstance(rule.grant.vlan, str)}
    texts = texts_in_force(connection)
    for row in connection.execute(select(schools.c.name, schools.c.vlans).where(schools.c.removed.is_(False))):
        for vlan in wanted.keys() - row.vlans.keys():
            lacking.setdefault(str(vlan), []).append(row.name)
        text = texts.get(row.name)
        if text is not None:
            try:
                document = parse(text, row.name, check_attribute)
            except DocumentError:
                continue  # 'kapija check' tells of it
            findings += [
                Finding(Severity.WARNING, f"{row.name} {problem.place}", problem.message)
                for problem in check_together(national, document)
            ]
    for vlan, names in sorted(lacking.items()):
        shown = ", ".join(sorted(names)[:SCHOOLS_NAMED]) + (" ..." if len(names) > SCHOOLS_NAMED else "")
        words = f"{len(names)} schools have not mapped the VLAN name {vlan!r}, and will refuse its people: {shown}"
        findings.append(Finding(Severity.WARNING, f"{wanted[vlan]}.grant.vlan", words))
    return findings


def _known_names(connection: Connection, families: Iterable[str]) -> Known:
    tags, names = set[str](), set[str]()
    for row in connection.execute(select(schools.c.name, schools.c.tags).where(schools.c.removed.is_(False))):
        names.add(row.name)
        tags.update(row.tags)
    places = set(connection.execute(select(clients.c.location).where(clients.c.removed.is_(False)).distinct()).scalars())
    return Known(
        roles=frozenset(roles_of_accounts(connection) | roles_in_directories(connection)),
        tags=frozenset(tags),
        schools=frozenset(names),
        locations=frozenset(places - {""}),
        families=frozenset(families),
    )


def _known_scope(connection: Connection, scope: str) -> None:
    if scope != NATIONAL:
        school_named(connection, scope)


def texts_in_force(connection: Connection, scope: str | None = None) -> dict[str, str]:
    """The text in force of each scope that has one, or of one scope alone."""
    newest = select(policies.c.scope, func.max(policies.c.version).label("newest")).group_by(policies.c.scope)
    newest = newest.where(policies.c.scope == scope) if scope is not None else newest
    one = newest.subquery()
    on = (policies.c.scope == one.c.scope) & (policies.c.version == one.c.newest)
    return {row.scope: row.document for row in connection.execute(select(policies.c.scope, policies.c.document).join(one, on))}


def _text(connection: Connection, scope: str, version: int) -> str:
    query = select(policies.c.document).where(policies.c.scope == scope, policies.c.version == version)
    text: str | None = connection.execute(query).scalar_one_or_none()
    if text is None:
        raise _no_version(scope, version)
    return text


def _no_version(scope: str, version: int | None) -> NotFound:
    if version is None:
        return NotFound(f"no policy of {scope} has been published yet: 'kapija policy publish' does it")
    return NotFound(f"{scope} has no policy version {version}: 'kapija policy history' shows those there are")
