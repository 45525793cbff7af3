"""What a row of a file changes about a person: nothing, the columns that differ, or a new person."""

from collections.abc import Mapping
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from msgspec import Struct
from sqlalchemy import Connection, RowMapping, bindparam, insert, select, update

from radius.admin.context import Change
from radius.admin.credentials import Credentials, Keeping, from_nt_hash, from_password, nt_context, plain_context
from radius.admin.people import COLUMNS, IN_NO_ROSTER, columns, credentials, open_name, seal_name
from radius.admin.people_file import Row
from radius.errors import OperatorError
from radius.secret import Secret
from radius.store.keyring import Keyring
from radius.store.tables import people

Values = dict[str, Any]
"""Columns of table people, ready to be written; with `id` when it is somebody whom the store has."""

Stored = Mapping[str, Any] | RowMapping

WRITTEN = tuple(column.name for column in COLUMNS if column.name != "id")


class Rostered(Struct, frozen=True):
    """What a roster says beside a Row: whose roster by which id, groups with the times from and until which they count, what is
    to be remembered, whether she is to be kept out, and since when she is in the roster no more (0 while she is in it)."""

    roster: str
    id: str
    enrolled: list[list[object]]
    facts: dict[str, Any]
    out: bool = False
    left_at: float = 0.0


def stored_people(connection: Connection, names: list[str]) -> dict[str, RowMapping]:
    """Those of these usernames whom the store has, with their revisions."""
    query = select(*COLUMNS, people.c.revision).where(people.c.username.in_(names), people.c.removed.is_(False))
    return {row["username"]: row for row in connection.execute(query).mappings()}


def revisions(connection: Connection, names: list[str]) -> dict[str, int]:
    """The revisions of those of these usernames whom the store has."""
    query = select(people.c.username, people.c.revision).where(people.c.username.in_(names), people.c.removed.is_(False))
    return {row.username: row.revision for row in connection.execute(query)}


def merged(keyring: Keyring, row: Row, stored: Stored | None, rostered: Rostered | None = None) -> Values | None:
    """The person as she shall be, or None when the store has her so already.

    A roster's people need no proof, may change their school and their username, and get a password only while they have none:
    a person's own choice is not undone each night. Raises OperatorError for what the check of the file refuses (the store
    may have changed since).
    """
    if stored is None:
        return _new(keyring, row, rostered)
    if rostered is None and stored["school"] != row.school:
        raise OperatorError(f"line {row.line}: {row.username!r} belongs to {stored['school']}: check the file again")
    changes: Values = {}
    for name in ("school", "role", "valid_from", "valid_until", "disabled"):
        value = getattr(row, name)
        if value is not None and value != stored[name]:
            changes[name] = value
    if row.groups is not None and list(row.groups) != stored["groups"]:
        changes["groups"] = list(row.groups)
    if row.username != stored["username"]:
        changes |= _renamed(keyring, row.username, stored)
    if row.display_name is not None and row.display_name != open_name(keyring, stored):
        changes["display_name"] = seal_name(keyring, row.username, row.display_name)
    if rostered is None or not credentials(stored):
        changes |= _new_proofs(keyring, row, credentials(stored))
    if rostered is not None:
        changes |= {name: value for name, value in _roster_columns(rostered, stored).items() if value != stored[name]}
    if not changes:
        return None
    return {name: stored[name] for name in ("id", *WRITTEN)} | changes


def left(stored: Stored, rostered: Rostered) -> Values | None:
    """The person who is in her roster no more: kept out, with her proofs. None when she is so already."""
    changes = {name: value for name, value in _roster_columns(rostered, stored).items() if value != stored[name]}
    return {name: stored[name] for name in ("id", *WRITTEN)} | changes if changes else None


def _roster_columns(rostered: Rostered, stored: Stored) -> Values:
    """Who was disabled by the roster (`barred`) is enabled by it; who was disabled by an administrator stays so."""
    values: Values = {
        "roster": rostered.roster,
        "roster_id": rostered.id,
        "enrolled": rostered.enrolled,
        "roster_facts": rostered.facts,
        "left_at": rostered.left_at and (stored["left_at"] or rostered.left_at),
    }
    if rostered.out and not stored["disabled"]:
        values |= {"disabled": True, "barred": True}
    elif not rostered.out and stored["barred"]:
        values |= {"disabled": False, "barred": False}
    return values


def _renamed(keyring: Keyring, username: str, stored: Stored) -> Values:
    """What is sealed to the former username, sealed to the new one."""
    former, before = stored["username"], credentials(stored)
    values: Values = {"username": username, "display_name": seal_name(keyring, username, open_name(keyring, stored))}
    if before.nt:
        values["nt"] = keyring.seal(keyring.open(before.nt, nt_context(former)), nt_context(username))
    if before.plain:
        values["plain"] = keyring.seal(keyring.open(before.plain, plain_context(former)), plain_context(username))
    return values


def _new(keyring: Keyring, row: Row, rostered: Rostered | None) -> Values:
    made = _proofs(keyring, row, Keeping.USUAL)
    if row.role is None or (made is None and rostered is None):
        raise OperatorError(f"line {row.line}: {row.username!r} is not there any more: check the file again")
    values: Values = {
        "username": row.username,
        "display_name": seal_name(keyring, row.username, row.display_name or ""),
        "school": row.school,
        "role": row.role,
        "groups": list(row.groups or ()),
        "disabled": bool(row.disabled),
        "valid_from": row.valid_from or 0.0,
        "valid_until": row.valid_until or 0.0,
        **IN_NO_ROSTER,
        **columns(made or Credentials()),
    }
    return values if rostered is None else values | _roster_columns(rostered, values)


def _proofs(keyring: Keyring, row: Row, keeping: Keeping) -> Credentials | None:
    if row.password is not None:
        return from_password(keyring, row.username, row.password.reveal(), keeping)
    if row.nt_hash is not None:
        return from_nt_hash(keyring, row.username, row.nt_hash.reveal())
    return None


def _new_proofs(keyring: Keyring, row: Row, before: Credentials) -> Mapping[str, object]:
    """The columns of new proofs; none when the file has no password, or the one there is."""
    if row.password is not None and _is_password(keyring, before, row.password):
        return {}
    if row.nt_hash is not None and before.nt and Secret(keyring.open(before.nt, nt_context(row.username))[:16]) == row.nt_hash:
        return {}
    made = _proofs(keyring, row, before.keeping)
    return columns(made) if made is not None else {}


def _is_password(keyring: Keyring, before: Credentials, password: Secret) -> bool:
    if before.argon2:
        try:
            return PasswordHasher().verify(before.argon2, password.reveal())
        except VerificationError:
            return False
    return before.prove(keyring, password.reveal())


def write(change: Change, wanted: list[Values]) -> tuple[int, int]:
    """Write people, new ones and those whom the store has in a set each; how many of both."""
    common = {"removed": False, "revision": change.revision}
    new = [values | common for values in wanted if "id" not in values]
    old = [{**values, **common, "known_as": values["id"]} for values in wanted if "id" in values]
    if new:
        change.connection.execute(insert(people), new)
    if old:
        set_all: Values = {name: bindparam(name) for name in (*WRITTEN, *common)}
        for values in old:
            del values["id"]
        change.connection.execute(update(people).where(people.c.id == bindparam("known_as")).values(set_all), old)
    return len(new), len(old)
