"""An Accounting-Request becomes an Account: RFC 2866, 2867, 2869, 3162, 4372, 4818 and 6911; families add what is their own.

Octets are counted in 64 bits (Acct-Input-Gigawords, RFC 2869 section 5.1). Addresses are kept as text in RFC 5952's spelling;
a prefix without host bits; Framed-Interface-Id and a prefix of 64 bits are one address (RFC 3162 section 2.2). What the access
point says of itself in octets that are no text is kept in hexadecimal, because it only has to be the same each time.
"""

from collections.abc import Callable
from ipaddress import IPv6Address, IPv6Network
from typing import Final

from policies.access import Arrival
from policies.value import Value
from radius.errors import PeerError
from radius.vendors.texts import name_of
from radius.wire.attributes import (
    ACCT_DELAY_TIME,
    ACCT_INPUT_GIGAWORDS,
    ACCT_INPUT_OCTETS,
    ACCT_INPUT_PACKETS,
    ACCT_MULTI_SESSION_ID,
    ACCT_OUTPUT_GIGAWORDS,
    ACCT_OUTPUT_OCTETS,
    ACCT_OUTPUT_PACKETS,
    ACCT_SESSION_ID,
    ACCT_SESSION_TIME,
    ACCT_STATUS_TYPE,
    ACCT_TERMINATE_CAUSE,
    CHARGEABLE_USER_IDENTITY,
    CLASS,
    DELEGATED_IPV6_PREFIX,
    EVENT_TIMESTAMP,
    FRAMED_INTERFACE_ID,
    FRAMED_IP_ADDRESS,
    FRAMED_IPV6_ADDRESS,
    FRAMED_IPV6_PREFIX,
    NAS_IDENTIFIER,
    NAS_IP_ADDRESS,
    NAS_IPV6_ADDRESS,
    NAS_PORT,
    NAS_PORT_ID,
    USER_NAME,
    VENDOR_SPECIFIC,
)
from radius.wire.packet import Packet

STATUSES: Final = {  # Acct-Status-Type: RFC 2866 section 5.1, RFC 2867 section 3.1
    1: "start",
    2: "stop",
    3: "interim",
    7: "on",
    8: "off",
    9: "tunnel-start",
    10: "tunnel-stop",
    11: "tunnel-reject",
    12: "tunnel-link-start",
    13: "tunnel-link-stop",
    14: "tunnel-link-reject",
    15: "failed",
}
WITHOUT_SESSION: Final = frozenset({"on", "off"})
_NOWHERE: Final = frozenset({"0.0.0.0", "255.255.255.255", "255.255.255.254", "::"})  # noqa: S104 - no device has these
_HALF: Final = 64  # bits of an IPv6 address that are the network's, RFC 4291 section 2.5.1
_MOST_OCTETS: Final = (1 << 63) - 1  # what SQL's largest integer holds; 9 exabytes
MOST_ADDRESSES: Final = 16  # of one session that are kept; a device with privacy addresses has two or three

Read = Callable[[Packet], Arrival]


class Own(Value):
    """What a family's access points say in attributes of their own."""

    __slots__ = ("addresses", "audit_session_id")

    def __init__(self, audit_session_id: str = "", addresses: tuple[str, ...] = ()) -> None:
        self.audit_session_id: Final = audit_session_id
        self.addresses: Final = addresses


NOTHING: Final = Own()


def nothing(_packet: Packet) -> Own:
    """For families that say nothing of their own."""
    return NOTHING


class Account(Value):
    """What an Accounting-Request says. `status` is a word of STATUSES or type-N; `session_time` and `delay` are seconds, -1
    when it does not say; `event_timestamp` seconds since the epoch, 0 likewise. `class_` has every Class, in order."""

    __slots__ = (
        "addresses",
        "arrival",
        "class_",
        "cui",
        "delay",
        "event_timestamp",
        "input_octets",
        "input_packets",
        "multi_session_id",
        "nas_address",
        "nas_identifier",
        "nas_port",
        "nas_port_id",
        "output_octets",
        "output_packets",
        "own",
        "session_id",
        "session_time",
        "status",
        "terminate_cause",
    )

    def __init__(self, packet: Packet, status: str, arrival: Arrival, own: Own) -> None:
        first = packet.first
        self.status: Final = status
        self.arrival: Final = arrival
        self.own: Final = own
        self.session_id: Final = name_of(first.get(ACCT_SESSION_ID))
        self.multi_session_id: Final = name_of(first.get(ACCT_MULTI_SESSION_ID))
        self.nas_address: Final = _nas_address(first)
        self.nas_identifier: Final = name_of(first.get(NAS_IDENTIFIER))
        self.nas_port: Final = _number(first.get(NAS_PORT), -1)
        self.nas_port_id: Final = name_of(first.get(NAS_PORT_ID))
        self.addresses: Final = _addresses(packet, own.addresses)
        self.class_: Final = packet.all(CLASS)
        self.cui: Final = name_of(first.get(CHARGEABLE_USER_IDENTITY))
        self.event_timestamp: Final = _number(first.get(EVENT_TIMESTAMP), 0)
        self.delay: Final = _number(first.get(ACCT_DELAY_TIME), -1)
        self.input_octets: Final = _large(first.get(ACCT_INPUT_GIGAWORDS), first.get(ACCT_INPUT_OCTETS))
        self.output_octets: Final = _large(first.get(ACCT_OUTPUT_GIGAWORDS), first.get(ACCT_OUTPUT_OCTETS))
        self.input_packets: Final = _number(first.get(ACCT_INPUT_PACKETS), 0)
        self.output_packets: Final = _number(first.get(ACCT_OUTPUT_PACKETS), 0)
        self.session_time: Final = _number(first.get(ACCT_SESSION_TIME), -1)
        self.terminate_cause: Final = _number(first.get(ACCT_TERMINATE_CAUSE), 0)


def account(packet: Packet, read: Read, own: Callable[[Packet], Own]) -> Account | None:
    """What the request says, `read` and `own` being the family's; None when it has no Acct-Status-Type, or no Acct-Session-Id
    where one must be (RFC 2866 section 5.13)."""
    first = packet.first
    number = _number(first.get(ACCT_STATUS_TYPE), 0)
    status = STATUSES.get(number) or f"type-{number}"
    if not number or (not first.get(ACCT_SESSION_ID) and status not in WITHOUT_SESSION):
        return None
    try:
        arrival = read(packet)
    except PeerError:  # a name that cannot be read is no reason to lose the record, or to have it sent for ever
        named = {kind: value for kind, value in first.items() if kind != USER_NAME}
        arrival = read(Packet(packet.code, packet.identifier, packet.authenticator, named, packet.octets))
    return Account(packet, status, arrival, own(packet) if VENDOR_SPECIFIC in first else NOTHING)


def ipv4(octets: bytes) -> str:
    """Four octets as people write them."""
    return f"{octets[0]}.{octets[1]}.{octets[2]}.{octets[3]}"


def _number(value: bytes | None, absent: int) -> int:
    return int.from_bytes(value, "big") if value is not None and len(value) == 4 else absent


def _large(high: bytes | None, low: bytes | None) -> int:
    octets = _number(low, 0)
    return octets if high is None else min(_number(high, 0) << 32 | octets, _MOST_OCTETS)


def _nas_address(first: dict[int, bytes]) -> str:
    v4, v6 = first.get(NAS_IP_ADDRESS), first.get(NAS_IPV6_ADDRESS)
    if v4 is not None and len(v4) == 4:
        return ipv4(v4)
    return str(IPv6Address(v6)) if v6 is not None and len(v6) == 16 else ""


def _addresses(packet: Packet, own: tuple[str, ...]) -> tuple[str, ...]:
    """Framed addresses and prefixes, each once: IPv4 first, so that the first is what people know a device by."""
    first = packet.first
    found = []
    v4 = first.get(FRAMED_IP_ADDRESS)
    if v4 is not None and len(v4) == 4:
        found.append(ipv4(v4))
    if FRAMED_IPV6_ADDRESS in first:
        found += [str(IPv6Address(value)) for value in packet.all(FRAMED_IPV6_ADDRESS) if len(value) == 16]
    for kind in (FRAMED_IPV6_PREFIX, DELEGATED_IPV6_PREFIX):
        if kind in first:
            found += [text for value in packet.all(kind) if (text := _prefix(value, first.get(FRAMED_INTERFACE_ID)))]
    if not found and not own:
        return ()
    each = dict.fromkeys(address for address in (*found, *own) if address not in _NOWHERE)
    return tuple(each)[:MOST_ADDRESSES]


def _prefix(value: bytes, interface: bytes | None) -> str:
    """RFC 3162 section 2.3: an octet of zero, the length, and as many octets as are needed; "" when it is none."""
    if not 2 <= len(value) <= 18 or value[1] > 128:
        return ""
    length, octets = value[1], value[2:].ljust(16, b"\0")
    if length == _HALF and interface is not None and len(interface) == 8:
        return str(IPv6Address(octets[:8] + interface))
    network = IPv6Network((octets, length), strict=False)
    return str(network.network_address) if length == 128 else str(network)
