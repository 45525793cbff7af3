"""What names a session to its access point: kept sealed in the outbox, and made into attributes by radius.vendors."""

from msgspec import Struct


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
