"""What a row of a file changes about a person: nothing, the columns that differ, or a new person."""

from collections.abc import Container, Mapping
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy import Connection, RowMapping, bindparam, insert, select, update

from radius.admin.context import Change
from radius.admin.credentials import Credentials, Keeping, from_nt_hash, from_password, nt_context
from radius.admin.people import COLUMNS, columns, credentials, open_name, seal_name
from radius.admin.people_file import Row
from radius.errors import OperatorError
from radius.secret import Secret
from radius.store.keyring import Keyring
from radius.store.tables import people

Values = dict[str, Any]
"""Columns of table people, ready to be written."""

_written = tuple(column.name for column in COLUMNS if column.name != "id")


def stored_people(connection: Connection, names: list[str]) -> dict[str, RowMapping]:
    """Those of these usernames whom the store has, with their revisions."""
    query = select(*COLUMNS, people.c.revision).where(people.c.username.in_(names), people.c.removed.is_(False))
    return {row["username"]: row for row in connection.execute(query).mappings()}


def revisions(connection: Connection, names: list[str]) -> dict[str, int]:
    """The revisions of those of these usernames whom the store has."""
    query = select(people.c.username, people.c.revision).where(people.c.username.in_(names), people.c.removed.is_(False))
    return {row.username: row.revision for row in connection.execute(query)}


def merged(keyring: Keyring, row: Row, stored: RowMapping | None) -> Values | None:
    """The person as she shall be, or None when the store has her so already.

    Raises OperatorError for what the check of the file refuses (the store may have changed since).
    """
    if stored is None:
        return _new(keyring, row)
    if stored["school"] != row.school:
        raise OperatorError(f"line {row.line}: {row.username!r} belongs to {stored['school']}: check the file again")
    changes: Values = {}
    for name in ("role", "valid_from", "valid_until", "disabled"):
        value = getattr(row, name)
        if value is not None and value != stored[name]:
            changes[name] = value
    if row.groups is not None and list(row.groups) != stored["groups"]:
        changes["groups"] = list(row.groups)
    if row.display_name is not None and row.display_name != open_name(keyring, stored):
        changes["display_name"] = seal_name(keyring, row.username, row.display_name)
    changes |= _new_proofs(keyring, row, credentials(stored))
    if not changes:
        return None
    return {name: stored[name] for name in _written} | changes


def _new(keyring: Keyring, row: Row) -> Values:
    made = _proofs(keyring, row, Keeping.USUAL)
    if row.role is None or made is None:
        raise OperatorError(f"line {row.line}: {row.username!r} is not there any more: check the file again")
    return {
        "username": row.username,
        "display_name": seal_name(keyring, row.username, row.display_name or ""),
        "school": row.school,
        "role": row.role,
        "groups": list(row.groups or ()),
        "disabled": bool(row.disabled),
        "valid_from": row.valid_from or 0.0,
        "valid_until": row.valid_until or 0.0,
        **columns(made),
    }


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


def write(change: Change, wanted: list[Values], known: Container[str]) -> tuple[int, int]:
    """Write people, the new ones and those whose usernames are `known` in a set each; how many of both."""
    common = {"removed": False, "revision": change.revision}
    new = [values | common for values in wanted if values["username"] not in known]
    old = [values | common | {"known_as": values["username"]} for values in wanted if values["username"] in known]
    if new:
        change.connection.execute(insert(people), new)
    if old:
        set_all: Values = {name: bindparam(name) for name in (*_written, *common)}
        change.connection.execute(update(people).where(people.c.username == bindparam("known_as")).values(set_all), old)
    return len(new), len(old)
