"""External directories (LDAP, Active Directory): added from a description, changed, disabled, removed; their secrets sealed.

A description is the TOML text that radius.directory.description reads. Its secrets are never in it: they are given apart,
by name, and stand sealed in the same row. What is added must fit what there is (radius.admin.directory_fit).
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, Row, insert, select, update

from radius.admin import checks
from radius.admin.context import Admin, Change
from radius.admin.directory_fit import check_secrets, check_use, misfits, wanted_secrets
from radius.audit.tags import Tag
from radius.directory.description import Description, DescriptionError, parse_description
from radius.errors import NotFound, OperatorError
from radius.secret import Secret
from radius.store.directory_secrets import open_secrets, seal_secrets
from radius.store.keyring import SealBroken
from radius.store.tables import directories


class External(Struct, frozen=True):
    """An external directory as administrators see it. `description` is None when `document` cannot be read any more, as after
    a change of its row by other hands; `error` then says why."""

    name: str
    disabled: bool
    document: str
    description: Description | None
    error: str = ""


def add_directory(admin: Admin, name: str, document: str, secrets: Mapping[str, Secret], *, disabled: bool = False) -> External:
    """Add a directory, with every secret that its description needs.

    Raises DescriptionError, and OperatorError for what does not fit: unknown schools and roles, secrets too few or too many, a
    directory that already answers for the same names at the same schools in the same place.
    """
    checks.slug(name, "the directory")
    description = parse_description(document)
    check_secrets(description, secrets)
    row = {"document": document, "disabled": disabled, "secrets": seal_secrets(admin.keyring, name, secrets), "removed": False}
    with admin.change() as change:
        found = change.connection.execute(select(directories.c.removed).where(directories.c.name == name)).scalar_one_or_none()
        if found is False:
            raise OperatorError(f"there is a directory {name} already: 'kapija directory change {name}' changes it")
        _check_fit(change.connection, name, description, disabled)
        statement = insert(directories) if found is None else update(directories).where(directories.c.name == name)
        change.connection.execute(statement.values(name=name, revision=change.revision, **row))
        change.audit(Tag.DIRECTORY_ADDED, f"directory {name}", details=_details(description, secrets))
    return External(name, disabled, document, description)


def list_directories(admin: Admin) -> list[External]:
    """Every directory in the order in which they are asked; those that cannot be read last."""
    with admin.reading() as connection:
        return sorted((_external(row) for row in _rows(connection)), key=_order)


def get_directory(admin: Admin, name: str) -> External:
    """The directory of that name. Raises NotFound."""
    with admin.reading() as connection:
        return _external(_row(connection, name))


def reveal_secrets(admin: Admin, name: str) -> dict[str, Secret]:
    """The secrets of a directory, to try it with. Raises NotFound, and OperatorError when they cannot be opened."""
    with admin.reading() as connection:
        return _stored_secrets(admin, _row(connection, name))


def missing_secrets(admin: Admin, name: str, description: Description, given: Collection[str]) -> list[str]:
    """The secrets that `description` needs, that are not `given` and that the directory `name`, if there is one, does not have.

    Raises OperatorError for one that is given and not needed.
    """
    check_use(description, given)
    with admin.reading() as connection:
        row = _find(connection, name)
    kept = _stored_secrets(admin, row) if row is not None else {}
    return [secret for secret in wanted_secrets(description) if secret not in {*given, *kept}]


def change_directory(admin: Admin, name: str, document: str | None, secrets: Mapping[str, Secret]) -> External:
    """Give a directory another description, other secrets, or both; secrets that are not given stay while they are needed.

    Raises as `add_directory` does, and OperatorError when nothing would change.
    """
    with admin.change() as change:
        row = _row(change.connection, name)
        document = row.document if document is None else document
        description = parse_description(document)
        wanted = wanted_secrets(description)
        needed = [secret for secret in wanted if secret not in secrets]
        stored = _stored_secrets(admin, row) if needed else {}  # not opened when all are given anew: they may be what is broken
        after = {**{secret: stored[secret] for secret in needed if secret in stored}, **secrets}
        check_secrets(description, after)
        if document == row.document and not secrets:
            raise OperatorError(f"the directory {name} has this description already: nothing was changed")
        _check_fit(change.connection, name, description, row.disabled)
        values = {"document": document, "secrets": seal_secrets(admin.keyring, name, after)}
        _update(change, name, values)
        details = {**_details(description, after), "new_secrets": ", ".join(sorted(secrets))}
        change.audit(Tag.DIRECTORY_CHANGED, f"directory {name}", details=details)
    return External(name, row.disabled, document, description)


def set_disabled(admin: Admin, name: str, *, disabled: bool) -> None:
    """Ask a directory no more, or again. Raises NotFound, and OperatorError when it cannot be enabled as things are now."""
    with admin.change() as change:
        row = _row(change.connection, name)
        if row.disabled is disabled:
            raise OperatorError(f"the directory {name} is {'disabled' if disabled else 'enabled'} already")
        if not disabled:
            _check_fit(change.connection, name, parse_description(row.document), disabled)
        _update(change, name, {"disabled": disabled})
        change.audit(Tag.DIRECTORY_DISABLED if disabled else Tag.DIRECTORY_ENABLED, f"directory {name}")


def remove_directory(admin: Admin, name: str) -> None:
    """Remove a directory: its people are unknown from now on, and its secrets are destroyed. Raises NotFound."""
    with admin.change() as change:
        _row(change.connection, name)
        _update(change, name, {"removed": True, "secrets": b""})
        change.audit(Tag.DIRECTORY_REMOVED, f"directory {name}")


# --- rows


def _rows(connection: Connection) -> list[Row[Any]]:
    return list(connection.execute(select(directories).where(directories.c.removed.is_(False))))


def _find(connection: Connection, name: str) -> Row[Any] | None:
    query = select(directories).where(directories.c.name == name, directories.c.removed.is_(False))
    return connection.execute(query).first()


def _row(connection: Connection, name: str) -> Row[Any]:
    row = _find(connection, name)
    if row is None:
        known = [each.name for each in _rows(connection)]
        raise NotFound(f"there is no directory {name!r}; {checks.near(name, known, 'directories')}")
    return row


def _external(row: Row[Any]) -> External:
    try:
        return External(row.name, row.disabled, row.document, parse_description(row.document))
    except DescriptionError as error:
        return External(row.name, row.disabled, row.document, None, str(error))


def _order(one: External) -> tuple[bool, int, str]:
    return one.description is None, one.description.serve.position if one.description is not None else 0, one.name


def _stored_secrets(admin: Admin, row: Row[Any]) -> dict[str, Secret]:
    try:
        return open_secrets(admin.keyring, row.name, row.secrets)
    except SealBroken:
        raise OperatorError(
            f"the secrets of the directory {row.name} cannot be opened: "
            f"give them anew with 'kapija directory change {row.name} --secret NAME'"
        ) from None


def _update(change: Change, name: str, values: Mapping[str, object]) -> None:
    statement = update(directories).where(directories.c.name == name)
    change.connection.execute(statement.values(revision=change.revision, **values))


# --- what must hold


def _check_fit(connection: Connection, name: str, description: Description, disabled: bool) -> None:
    others = [] if disabled else [_external(row) for row in _rows(connection)]
    for one in misfits(connection, name, description, enabled(others)):
        raise OperatorError(one)


def enabled(found: Iterable[External]) -> dict[str, Description]:
    """The descriptions of those that are asked, by name."""
    return {one.name: one.description for one in found if not one.disabled and one.description is not None}


def _details(description: Description, secrets: Iterable[str]) -> dict[str, str]:
    """What the audit log keeps of a description: whom it serves and where it is, no secret and no personal data."""
    serve = description.serve
    return {
        "kind": description.kind,
        "servers": ", ".join(description.servers),
        "realms": ", ".join(realm or '""' for realm in serve.realms),
        "schools": ", ".join(serve.schools),
        "position": str(serve.position),
        "secrets": ", ".join(sorted(secrets)),
    }
