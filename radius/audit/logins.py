"""By which login a session came in: the newest grant in the audit log to its device by its rule."""

from msgspec import Struct
from sqlalchemy import Connection, select

from radius.audit import facts
from radius.audit.blind import mac_index
from radius.audit.subjects import living_keys, open_personal
from radius.audit.tags import Tag
from radius.store.keyring import Keyring
from radius.store.session_facts import AnyRow
from radius.store.tables import audit

_LOOK_AT = 20  # of a device's newest grants


class LoginFound(Struct, frozen=True):
    """The method of a login, and the name that was proved: "" when it is unreadable, because the person was erased."""

    method: str
    name: str


def login_of(connection: Connection, keyring: Keyring, mac: str, rule: str, policy: str) -> LoginFound | None:
    """The login of the device `mac` that `rule` let in under the policy whose hash begins with `policy`; None when the log has
    none (any more) among its newest."""
    if not mac:
        return None
    for row in _grants(connection, keyring, mac):
        told = facts.decode_facts(row.facts)
        if isinstance(told, facts.AccessFacts) and told.rule == rule and told.policy.startswith(policy):
            return LoginFound(told.method, _name(connection, keyring, row))
    return None


def _grants(connection: Connection, keyring: Keyring, mac: str) -> list[AnyRow]:
    query = select(audit.c.chain, audit.c.number, audit.c.facts, audit.c.subject_key, audit.c.personal)
    mine = (audit.c.mac_index == mac_index(keyring, mac)) & (audit.c.tag == Tag.ACCESS_GRANTED.value)
    return list(connection.execute(query.where(mine).order_by(audit.c.time.desc()).limit(_LOOK_AT)))


def _name(connection: Connection, keyring: Keyring, row: AnyRow) -> str:
    named = living_keys(connection, keyring, [row.subject_key]).get(row.subject_key)
    octets = open_personal(named.key, row.personal, row.chain, row.number) if named is not None else None
    return facts.decode_personal(octets).user if octets is not None else ""
