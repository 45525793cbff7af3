"""Living sessions out of SQL, with what deciding anew needs to know of them."""

from typing import Final

from sqlalchemy import Connection, select

from radius.aaa.deciding import Living
from radius.audit.logins import name_at_login
from radius.store import outbox
from radius.store.keyring import Keyring
from radius.store.session_facts import AnyRow
from radius.store.tables import clients, people

PERSON: Final = "person:"
DEVICE: Final = "device:"


def living(connection: Connection, keyring: Keyring, rows: list[AnyRow]) -> list[Living]:
    """The sessions of these rows (radius.store.session_wishes). A person's name is that of her account now, else that of the
    login."""
    names = _usernames(connection, {row.subject for row in rows})
    locations = _locations(connection, {row.client for row in rows})
    changed = outbox.changed(connection, [row.id for row in rows])
    found = []
    for row in rows:
        rule, policy, vlan = changed.get(row.id, (row.rule, row.policy, row.vlan))
        found.append(
            Living(
                row.id,
                row.school,
                row.family,
                locations.get(row.client, ""),
                row.subject,
                names.get(row.subject) or _name_at_login(connection, keyring, row),
                row.mac,
                row.ssid,
                row.access_point,
                row.method,
                rule,
                policy,
                vlan,
                row.authenticated,
                row.ended,
            )
        )
    return found


def _name_at_login(connection: Connection, keyring: Keyring, row: AnyRow) -> str:
    """For people of an external directory; a device needs none."""
    if not row.login or row.subject.startswith(DEVICE):
        return ""
    return name_at_login(connection, keyring, row.mac, row.login)


def _usernames(connection: Connection, subjects: set[str]) -> dict[str, str]:
    ids = [int(subject.removeprefix(PERSON)) for subject in subjects if subject.startswith(PERSON)]
    query = select(people.c.id, people.c.username).where(people.c.id.in_(ids))
    return {f"{PERSON}{row.id}": row.username for row in connection.execute(query)}


def _locations(connection: Connection, networks: set[str]) -> dict[str, str]:
    query = select(clients.c.network, clients.c.location).where(clients.c.network.in_(networks), clients.c.removed.is_(False))
    return {row.network: row.location for row in connection.execute(query)}
