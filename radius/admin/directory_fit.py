"""Whether an external directory is whole, with its secrets, and fits what there is: schools, roles, the other directories."""

from collections.abc import Iterable, Iterator, Mapping

from sqlalchemy import Connection

from radius.admin import checks
from radius.admin.policies import texts_in_force
from radius.admin.roles import mapped, roles_in_rules, roles_of_accounts
from radius.admin.schools import timezones
from radius.directory.description import BIND_PASSWORD, CLIENT_KEY, Description
from radius.directory.ldap.tls import client_context
from radius.errors import OperatorError
from radius.secret import Secret


def wanted_secrets(description: Description) -> tuple[str, ...]:
    """The names of the secrets that a description needs."""
    password = (BIND_PASSWORD,) if description.bind_dn else ()
    return (*password, CLIENT_KEY) if description.client_certificate else password


def check_secrets(description: Description, secrets: Mapping[str, Secret]) -> None:
    """Each secret that is needed is there and none besides, and certificates can be used with them. Raises OperatorError."""
    for name in wanted_secrets(description):
        if not secrets.get(name):
            raise OperatorError(f"the description needs the secret {name}: give it with --secret-file {name}=FILE")
    check_use(description, secrets)
    client_context(description.ca, description.client_certificate, secrets.get(CLIENT_KEY))


def check_use(description: Description, names: Iterable[str]) -> None:
    """None of these secrets is one that the description does not need. Raises OperatorError."""
    wanted = wanted_secrets(description)
    for name in names:
        if name not in wanted:
            needed = (
                f"it needs {' and '.join(wanted)}"
                if wanted
                else "it needs none, as it has neither bind_dn nor client_certificate"
            )
            raise OperatorError(f"the description has no use for a secret {name!r}: {needed}")


def misfits(connection: Connection, name: str, description: Description, others: Mapping[str, Description]) -> Iterator[str]:
    """A sentence for each thing in which the directory `name` does not fit; `others` are the enabled directories beside it."""
    yield from _schools(connection, name, description)
    yield from _roles(connection, name, description)
    for other, theirs in others.items():
        if other == name:
            continue
        realm = _both_answer(description, theirs)
        if realm is not None:
            whose = f"the realm {realm}" if realm else "names without a realm"
            where = " and ".join(sorted({*description.serve.schools} & {*theirs.serve.schools})) or "the same schools"
            yield (
                f"the directories {name} and {other} both answer for {whose} at {where} with position "
                f"{description.serve.position}, so nobody could say which is asked first: give one another position in [serve]"
            )


def _schools(connection: Connection, name: str, description: Description) -> Iterator[str]:
    known = timezones(connection)
    for place, schools in (("serve.schools", description.serve.schools), ("map", mapped(description, "school"))):
        for school in schools:
            if school not in known:
                near = checks.near(school, known, "schools")
                yield f"{place} of the directory {name} names a school {school!r} that there is not; {near}"


def _roles(connection: Connection, name: str, description: Description) -> Iterator[str]:
    given = dict.fromkeys(mapped(description, "role"))
    for role in given:
        try:
            checks.role(role)
        except OperatorError as error:
            yield f"map of the directory {name}: {error}"
            return
    known = roles_of_accounts(connection)
    unknown = {role for role in given if role not in known}
    if unknown:
        known |= roles_in_rules(texts_in_force(connection).items(), unknown)
    for role in given:
        if role not in known:
            near = checks.near(role, known, "roles")
            yield (
                f"map of the directory {name} gives the role {role!r}, which no rule asks for and nobody has; {near} "
                "(a new one is known once a rule that asks for it is published)"
            )


def _both_answer(one: Description, other: Description) -> str | None:
    """A realm for which both are asked at some school in the same place; None when there is none."""
    ours, theirs = one.serve, other.serve
    if ours.position != theirs.position:
        return None
    if ours.schools and theirs.schools and not {*ours.schools} & {*theirs.schools}:
        return None
    return next((realm for realm in ours.realms if realm in theirs.realms), None)
