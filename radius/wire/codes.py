"""The packet codes of RADIUS: IANA's "RADIUS Packet Type Codes", those that Kapija knows."""

from enum import IntEnum


class Code(IntEnum):
    """What a packet is. A code outside this list decodes as a plain int and the server decides."""

    ACCESS_REQUEST = 1  # RFC 2865 section 4
    ACCESS_ACCEPT = 2
    ACCESS_REJECT = 3
    ACCOUNTING_REQUEST = 4  # RFC 2866 section 4
    ACCOUNTING_RESPONSE = 5
    ACCESS_CHALLENGE = 11  # RFC 2865 section 4.4
    STATUS_SERVER = 12  # RFC 5997
    DISCONNECT_REQUEST = 40  # RFC 5176 section 2
    DISCONNECT_ACK = 41
    DISCONNECT_NAK = 42
    COA_REQUEST = 43
    COA_ACK = 44
    COA_NAK = 45


def code_name(code: int) -> str:
    """The standards' name for logs and screens: "Access-Request", or "Code-99" for one that is not known."""
    return _NAMES.get(code) or f"Code-{code}"


_NAMES = {int(code): code.name.title().replace("_", "-") for code in Code} | {
    int(Code.DISCONNECT_ACK): "Disconnect-ACK",
    int(Code.DISCONNECT_NAK): "Disconnect-NAK",
    int(Code.COA_REQUEST): "CoA-Request",
    int(Code.COA_ACK): "CoA-ACK",
    int(Code.COA_NAK): "CoA-NAK",
}
