"""What names a session to its access point: kept sealed in the outbox, and made into attributes by radius.vendors."""

from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Row

from radius.store.session_tables import sessions

AnyRow = Row[*tuple[Any, ...]]


class SessionFacts(Struct, frozen=True, array_like=True):
    """What is known of a session that shall be ended or changed. "" and None mean: not known.

    `user_name` is the User-Name as the NAS sent it (with EAP the outer one). `mac` is in the canonical spelling.
    `nas_address` and `nas_identifier` are what the NAS reported of itself, not the address its datagrams come from.
    """

    user_name: str = ""
    mac: str = ""
    acct_session_id: str = ""
    nas_address: str = ""
    nas_identifier: str = ""
    nas_port: int | None = None
    nas_port_id: str = ""
    framed_address: str = ""
    audit_session_id: str = ""


FACTS: Final = tuple(
    sessions.c[name]
    for name in (
        "user",
        "mac",
        "session_id",
        "nas_address",
        "nas_identifier",
        "nas_port",
        "nas_port_id",
        "address",
        "audit_session_id",
    )
)
"""The columns of table sessions that `facts_of` reads."""


def facts_of(row: AnyRow) -> SessionFacts:
    """What names the session of a row that has FACTS. An IPv6 prefix is no address that an access point would compare."""
    return SessionFacts(
        row.user,
        row.mac,
        row.session_id,
        row.nas_address,
        row.nas_identifier,
        row.nas_port if row.nas_port >= 0 else None,
        row.nas_port_id,
        row.address if "/" not in row.address else "",
        row.audit_session_id,
    )
