"""Which roles there are: those of accounts, those that rules ask for, those that directories give. Any short name may be one.

A role that is none of these is most often a slip of the pen, which would shut people out without a word.
"""

from collections.abc import Iterable, Iterator

from sqlalchemy import Connection, select

from policies.conditions import Role
from policies.document import DocumentError, parse
from policies.logic import leaves
from radius.admin import checks
from radius.directory.description import Description, DescriptionError, parse_description
from radius.store.tables import devices, directories, people


def roles_of_accounts(connection: Connection) -> set[str]:
    """The usual ones, and those of people and devices."""
    found = set(checks.ROLES)
    for table in (people, devices):
        found.update(connection.execute(select(table.c.role).where(table.c.removed.is_(False)).distinct()).scalars())
    return found


def roles_in_rules(documents: Iterable[tuple[str, str]], among: set[str]) -> set[str]:
    """Which of the roles `among` rules ask for; `documents` are pairs of scope and text.

    A document is parsed only when it has one of the words in it: there are thousands.
    """
    found = set[str]()
    for scope, text in documents:
        if any(role in text for role in among - found):
            found |= among & set(_asked_for(scope, text))
    return found


def roles_in_directories(connection: Connection) -> set[str]:
    """The roles that enabled directories give to people."""
    query = select(directories.c.document).where(directories.c.removed.is_(False), directories.c.disabled.is_(False))
    found = set[str]()
    for text in connection.execute(query).scalars():
        try:
            found.update(mapped(parse_description(text), "role"))
        except DescriptionError:  # 'kapija check' tells of it
            continue
    return found


def mapped(description: Description, key: str) -> Iterator[str]:
    """Every text that [[map]] rows may give as "role" or "school", as far as that can be told: {value} without a table of
    values is whatever stands in the directory."""
    for row in description.map:
        text: str = getattr(row, key)
        if "{value}" not in text:
            yield from [text] if text else []
        else:
            yield from (text.replace("{value}", value) for value in row.values.values())


def _asked_for(scope: str, text: str) -> Iterator[str]:
    try:
        document = parse(text, scope, lambda _name, _value, _tag: None)
    except DocumentError:  # 'kapija check' tells of it
        return
    for rule in document.rules:
        for _, leaf in leaves(rule.when, ""):
            if isinstance(leaf, Role):
                yield from leaf.values
