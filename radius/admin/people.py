"""People: their accounts added, listed, given passwords, disabled, enabled and erased.

Usernames are unique in the whole installation, so that a person is the same one at every school's access points.
"""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, RowMapping, delete, insert, select, update

from policies.access import Ownership
from radius.admin import checks
from radius.admin.context import Admin
from radius.admin.credentials import Credentials, Keeping, from_password, name_context
from radius.admin.devices import GONE_DEVICE, gone_mac
from radius.admin.schools import school_named
from radius.admin.session_actions import ask_end_of_erased
from radius.audit import subjects as subjects_of_audit
from radius.audit.tags import Tag
from radius.errors import NotFound, OperatorError
from radius.secret import Secret
from radius.store.erasing import forget_sessions
from radius.store.keyring import Keyring
from radius.store.tables import devices, people, roster_members

COLUMNS = (
    people.c.id,
    people.c.username,
    people.c.display_name,
    people.c.school,
    people.c.role,
    people.c.groups,
    people.c.disabled,
    people.c.valid_from,
    people.c.valid_until,
    people.c.verifier,
    people.c.nt,
    people.c.plain,
    people.c.argon2,
    people.c.enrolled,
    people.c.roster,
    people.c.roster_id,
    people.c.roster_facts,
    people.c.barred,
    people.c.left_at,
    people.c.roster_digest,
)

Stored = Mapping[str, Any] | RowMapping
"""A row of table people, with COLUMNS at least."""

IN_NO_ROSTER: Mapping[str, Any] = {
    "enrolled": [],
    "roster": "",
    "roster_id": None,
    "roster_facts": {},
    "barred": False,
    "left_at": 0.0,
    "roster_digest": b"",
}
"""The columns of somebody who is in no roster."""


class Person(Struct, frozen=True):
    """A person as administrators see her: no proof. Times are seconds since the epoch, 0 for unbounded; `methods` are those
    by which she can prove herself. `roster` is the one that she is in ("" for none), `enrolled` her groups from it with
    the times from and until which they count, `left_at` when it had her no more (0 while it has)."""

    id: int
    username: str
    display_name: str
    school: str
    role: str
    groups: tuple[str, ...]
    disabled: bool
    valid_from: float
    valid_until: float
    methods: tuple[str, ...]
    roster: str = ""
    enrolled: tuple[tuple[str, float, float], ...] = ()
    left_at: float = 0.0

    @property
    def subject(self) -> str:
        """Her name in the audit log, which tells nothing of her."""
        return f"person:{self.id}"


def add_person(
    admin: Admin,
    username: str,
    school: str,
    role: str,
    password: Secret,
    display_name: str = "",
    groups: Iterable[str] = (),
    valid_from: str = "",
    valid_until: str = "",
    keeping: Keeping = Keeping.USUAL,
    shortest: int = checks.PASSWORD_LENGTH,
) -> Person:
    """Add a person. `valid_from` and `valid_until` are days (2026-09-01) in the school's time zone, both included.

    Raises OperatorError when the name is taken, in any school, or anything is not as it must be.
    """
    username = checks.username(username)
    display_name = checks.line(display_name.strip(), "the display name")
    row: dict[str, object] = {
        "username": username,
        "role": checks.role(role),
        "groups": list(checks.groups(tuple(groups))),
        "disabled": False,
        "removed": False,
        "display_name": seal_name(admin.keyring, username, display_name),
        **columns(from_password(admin.keyring, username, checks.password(password, shortest), keeping)),
    }
    with admin.change() as change:
        record = school_named(change.connection, school)
        taken = change.connection.execute(select(people.c.school).where(people.c.username == username)).scalar_one_or_none()
        if taken is not None:
            raise OperatorError(f"the username {username!r} is taken, by somebody of {taken}: choose another")
        row["school"] = school
        row["valid_from"] = checks.first_moment(valid_from, record.timezone)
        row["valid_until"] = checks.last_moment(valid_until, record.timezone)
        change.connection.execute(insert(people).values(revision=change.revision, **row))
        person = _person(admin.keyring, _row_named(change.connection, username))
        change.audit(
            Tag.PERSON_ADDED,
            person.subject,
            school=school,
            subject=person.subject,
            user=username,
            details={"role": role, "password": keeping},
            personal={"display_name": display_name, "groups": ", ".join(person.groups)},
        )
    return person


def set_password(
    admin: Admin,
    username: str,
    password: Secret,
    keeping: Keeping | None = None,
    shortest: int = checks.PASSWORD_LENGTH,
) -> Person:
    """Give a person a new password; without `keeping` it is kept as the old one was. Raises NotFound."""
    octets = checks.password(password, shortest)
    with admin.reading() as connection:
        before = credentials(_row_named(connection, username))
    name = checks.username(username)
    # made outside the transaction: argon2id takes 50 ms, and other writers would wait
    made = from_password(admin.keyring, name, octets, keeping or before.keeping)
    with admin.change() as change:
        person = _person(admin.keyring, _row_named(change.connection, username))
        change.connection.execute(
            update(people).where(people.c.id == person.id).values(revision=change.revision, **columns(made))
        )
        change.audit(
            Tag.PERSON_PASSWORD_SET,
            person.subject,
            school=person.school,
            subject=person.subject,
            user=person.username,
            details={"password": made.keeping},
        )
        return _person(admin.keyring, _row_named(change.connection, username))


def set_disabled(admin: Admin, username: str, disabled: bool) -> Person:
    """Disable or enable a person's account; nothing else of it changes. Raises NotFound."""
    with admin.change() as change:
        person = _person(admin.keyring, _row_named(change.connection, username))
        change.connection.execute(
            update(people).where(people.c.id == person.id).values(disabled=disabled, revision=change.revision)
        )
        change.audit(
            Tag.PERSON_DISABLED if disabled else Tag.PERSON_ENABLED,
            person.subject,
            school=person.school,
            subject=person.subject,
            user=person.username,
        )
        return _person(admin.keyring, _row_named(change.connection, username))


def list_people(
    admin: Admin,
    school: str | None = None,
    role: str | None = None,
    text: str = "",
    after: str = "",
    limit: int = 100,
) -> list[Person]:
    """At most `limit` people by username, beginning after the name `after`.

    `text` is looked for in usernames and display names, whatever the case. Display names are sealed, so this opens each:
    2 seconds for 850,000 people. Raises NotFound for an unknown school.
    """
    query = select(*COLUMNS).where(people.c.removed.is_(False), people.c.username > after).order_by(people.c.username)
    if role is not None:
        query = query.where(people.c.role == role)
    if not text:
        query = query.limit(limit)
    wanted, found = text.casefold(), list[Person]()
    with admin.reading() as connection:
        if school is not None:
            school_named(connection, school)
            query = query.where(people.c.school == school)
        with connection.execution_options(yield_per=1000).execute(query) as rows:
            for row in rows.mappings():
                if wanted in row["username"] or wanted in open_name(admin.keyring, row).casefold():
                    found.append(_person(admin.keyring, row))
                    if len(found) == limit:
                        break
    return found


def get_person(admin: Admin, username: str) -> Person:
    """The person of that name, in any case. Raises NotFound."""
    with admin.reading() as connection:
        return _person(admin.keyring, _row_named(connection, username))


def erase_person(admin: Admin, username: str) -> int:
    """Erase a person: her account, her own devices, and the key under which the audit log has her parameters sealed.

    What is in the log stays, without anybody being able to read whom it is about. Returns how many devices went with her.
    Her living sessions are ended. School-owned (managed) devices stay and lose their owner. Raises NotFound.
    """
    with admin.change() as change:
        person = _person(admin.keyring, _row_named(change.connection, username))
        owned = change.connection.execute(
            select(devices.c.id, devices.c.ownership).where(devices.c.owner == person.username, devices.c.removed.is_(False))
        ).all()
        subjects = [person.subject, *(f"device:{number}" for number, ownership in owned if ownership != Ownership.MANAGED)]
        for subject in subjects:  # while her sessions still say whose they are
            ask_end_of_erased(admin, change, subject)
        for subject in subjects:  # first: from here on SQLite overwrites what is deleted
            subjects_of_audit.erase(change.work, subject)
        forget_sessions(change.work, subjects)
        gone: dict[str, Any] = {
            "username": f"erased {person.id}",  # a space: no account can have this name
            "display_name": b"",
            "groups": [],
            "disabled": True,
            "removed": True,
            **IN_NO_ROSTER,
            **columns(Credentials()),
        }
        change.connection.execute(delete(roster_members).where(*_memberships(change.connection, person.id)))
        change.connection.execute(update(people).where(people.c.id == person.id).values(revision=change.revision, **gone))
        for number, ownership in owned:
            values: Mapping[str, object] = {"owner": ""}
            if ownership != Ownership.MANAGED:
                values = {**GONE_DEVICE, "mac": gone_mac(number)}
            change.connection.execute(update(devices).where(devices.c.id == number).values(revision=change.revision, **values))
        devices_gone = len(subjects) - 1
        change.audit(Tag.PERSON_ERASED, person.subject, school=person.school, details={"devices": str(devices_gone)})
    return devices_gone


def credentials(row: Stored) -> Credentials:
    """The proofs in a row of table people."""
    return Credentials(row["verifier"], row["nt"], row["plain"], row["argon2"])


def columns(made: Credentials) -> dict[str, object]:
    """`made` as columns of table people."""
    return {"verifier": made.verifier, "nt": made.nt, "plain": made.plain, "argon2": made.argon2}


def seal_name(keyring: Keyring, username: str, display_name: str) -> bytes:
    """A display name as it is stored; nothing for none."""
    return keyring.seal(display_name.encode(), name_context(username)) if display_name else b""


def open_name(keyring: Keyring, row: Stored) -> str:
    """The display name in a row of table people."""
    sealed = cast("bytes", row["display_name"])
    return keyring.open(sealed, name_context(row["username"])).decode() if sealed else ""


def _row_named(connection: Connection, username: str) -> RowMapping:
    name = checks.username(username)
    query = select(*COLUMNS).where(people.c.username == name, people.c.removed.is_(False))
    row = connection.execute(query).mappings().first()
    if row is None:
        raise NotFound(f"there is nobody with the username {name!r}: 'kapija user list --text' finds people")
    return row


def _memberships(connection: Connection, id_: int) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Which rows of roster_members are this person's."""
    roster, key = connection.execute(select(people.c.roster, people.c.roster_id).where(people.c.id == id_)).one()
    return roster_members.c.roster == roster, roster_members.c.person == key


def _person(keyring: Keyring, row: RowMapping) -> Person:
    return Person(
        id=row["id"],
        username=row["username"],
        display_name=open_name(keyring, row),
        school=row["school"],
        role=row["role"],
        groups=tuple(row["groups"]),
        disabled=row["disabled"],
        valid_from=row["valid_from"],
        valid_until=row["valid_until"],
        methods=credentials(row).methods,
        roster=row["roster"],
        enrolled=tuple((group, first, end) for group, first, end in row["enrolled"]),
        left_at=row["left_at"],
    )
