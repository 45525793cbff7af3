"""Whether an external directory fits what there is: the schools and roles that it names, and the other directories."""

from collections.abc import Iterator, Mapping

from sqlalchemy import Connection

from radius.admin import checks
from radius.admin.policies import texts_in_force
from radius.admin.roles import mapped, roles_in_rules, roles_of_accounts
from radius.admin.schools import timezones
from radius.directory.description import Description
from radius.errors import OperatorError


def misfits(connection: Connection, name: str, description: Description, others: Mapping[str, Description]) -> Iterator[str]:
    """A sentence for each thing in which the directory `name` does not fit; `others` are the enabled directories beside it."""
    yield from _schools(connection, name, description)
    yield from _roles(connection, name, description)
    for other, theirs in others.items():
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
