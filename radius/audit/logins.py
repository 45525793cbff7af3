"""Under which name a session's login was proved: the audit log has it, sealed under the person's key."""

from typing import Final

from sqlalchemy import Connection, select

from radius.audit import facts
from radius.audit.blind import mac_index
from radius.audit.subjects import living_keys, open_personal
from radius.audit.tags import Tag
from radius.store.keyring import Keyring
from radius.store.tables import audit

_LOOK_AT: Final = 50  # of a device's newest grants: a living session's login is among its last


def name_at_login(connection: Connection, keyring: Keyring, mac: str, login: str) -> str:
    """The name that was proved in the login with this id from the device `mac`; "" when the log does not have it among the
    newest of that device, or nobody can read it any more, because the person was erased."""
    if not mac:
        return ""
    query = select(audit.c.chain, audit.c.number, audit.c.facts, audit.c.subject_key, audit.c.personal)
    mine = (audit.c.mac_index == mac_index(keyring, mac)) & (audit.c.tag == Tag.ACCESS_GRANTED.value)
    for row in connection.execute(query.where(mine).order_by(audit.c.time.desc()).limit(_LOOK_AT)):
        told = facts.decode_facts(row.facts)
        if isinstance(told, facts.AccessFacts) and told.login == login:
            named = living_keys(connection, keyring, [row.subject_key]).get(row.subject_key)
            octets = open_personal(named.key, row.personal, row.chain, row.number) if named is not None else None
            return facts.decode_personal(octets).user if octets is not None else ""
    return ""
