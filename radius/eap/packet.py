"""EAP octets <-> values (RFC 3748 section 4): packets, expanded types, and what a Nak asks for.

A type is one number: an expanded type (section 5.7) is its Vendor-Id and its Vendor-Type, `vendor << 32 | type`. So a type
below 256 is the same number in either spelling, as that section demands, and compares with `EapType`.
"""

from enum import IntEnum
from struct import Struct
from typing import Final

from policies.value import Value
from radius.eap.method import EapType
from radius.errors import PeerError

MAX_EAP_PACKET: Final = 4096  # no more fits the EAP-Message attributes of a RADIUS packet (RFC 2865 section 3)
HEADER: Final = 4  # Code, Identifier, Length
OVERHEAD: Final = 5  # the same and the Type of a Request or Response

_EXPANDED_HEADER: Final = 8  # Type, Vendor-Id, Vendor-Type
_HEADER: Final = Struct(">BBH")
_NO_ALTERNATIVE: Final = 0  # RFC 3748 section 5.3.1: a Nak for type 0 wants no other method

# What devices ask for, in the words of https://www.iana.org/assignments/eap-numbers
_NAMES = {
    1: "identity",
    2: "notification",
    3: "nak",
    4: "md5",
    5: "otp",
    6: "gtc",
    13: "tls",
    17: "leap",
    18: "sim",
    21: "ttls",
    23: "aka",
    25: "peap",
    26: "mschapv2",
    33: "extensions",
    43: "fast",
    47: "psk",
    50: "aka-prime",
    52: "pwd",
    53: "eke",
    55: "teap",
    254: "an expanded type",
}


class MalformedEap(PeerError):  # noqa: N818 - the standard's word
    """Octets that are no EAP packet. The only exception that `decode` and `wanted_types` raise."""


class EapCode(IntEnum):
    """RFC 3748 section 4."""

    REQUEST = 1
    RESPONSE = 2
    SUCCESS = 3
    FAILURE = 4


# On every packet's way: the number itself in a final name is no look-up, a member of an enumeration is two (ADR 0006).
_REQUEST: Final = int(EapCode.REQUEST)
_RESPONSE: Final = int(EapCode.RESPONSE)
_SUCCESS: Final = int(EapCode.SUCCESS)
_FAILURE: Final = int(EapCode.FAILURE)
_EXPANDED: Final = int(EapType.EXPANDED)


class EapPacket(Value):
    """One packet. `type` (see the module) is 0 and `data` empty for Success and Failure, which have neither."""

    __slots__ = ("code", "data", "identifier", "type")

    def __init__(self, code: int, identifier: int, kind: int, data: bytes) -> None:
        self.code: Final = code
        self.identifier: Final = identifier
        self.type: Final = kind
        self.data: Final = data


def decode(octets: bytes) -> EapPacket:
    """Read one packet; octets behind its Length field are padding, to be ignored (RFC 3748 section 4.1).

    Raises MalformedEap, and nothing else, on any octets whatever.
    """
    size = len(octets)
    if size < HEADER:
        raise MalformedEap(f"{size} octets are no EAP header")
    code, length = octets[0], octets[2] << 8 | octets[3]
    if not HEADER <= length <= size:
        raise MalformedEap(f"a Length of {length} in {size} octets")
    if length > MAX_EAP_PACKET:
        raise MalformedEap(f"an EAP packet of {length} octets; {MAX_EAP_PACKET} are the most")
    if code in (_SUCCESS, _FAILURE):
        if length != HEADER:
            raise MalformedEap(f"a Success or Failure of {length} octets")  # RFC 3748 section 4.2
        return EapPacket(code, octets[1], 0, b"")
    if code not in (_RESPONSE, _REQUEST):
        raise MalformedEap(f"no EAP code {code}")
    if length < OVERHEAD:
        raise MalformedEap("a Request or Response without a type")
    if octets[4] == _EXPANDED:
        return EapPacket(code, octets[1], *_expanded(octets[4:length]))
    return EapPacket(code, octets[1], octets[4], octets[OVERHEAD:length])


def _expanded(octets: bytes) -> tuple[int, bytes]:
    """The type and the type-data of an expanded type (RFC 3748 section 5.7), from its Type octet on."""
    if len(octets) < _EXPANDED_HEADER:
        raise MalformedEap("an expanded type cut short")
    return int.from_bytes(octets[1:_EXPANDED_HEADER], "big"), octets[_EXPANDED_HEADER:]


def encode(code: int, identifier: int, kind: int, data: bytes) -> bytes:
    """A Request or Response of the type `kind`, which is spelt as an expanded type only if it has a vendor or is above 253.

    Raises ValueError for what would be longer than `MAX_EAP_PACKET`.
    """
    spelt = kind.to_bytes(1, "big") if kind < _EXPANDED else (_EXPANDED << 56 | kind).to_bytes(8, "big")
    length = HEADER + len(spelt) + len(data)
    if length > MAX_EAP_PACKET:
        raise ValueError(f"an EAP packet of {length} octets; {MAX_EAP_PACKET} are the most")
    return _HEADER.pack(code, identifier, length) + spelt + data


def encode_result(code: int, identifier: int) -> bytes:
    """An EAP-Success or EAP-Failure; `identifier` is that of the Response which it answers (RFC 3748 section 4.2)."""
    return _HEADER.pack(code, identifier, HEADER)


def identity_request(identifier: int) -> bytes:
    """The EAP-Request/Identity: what an EAP-Start (RFC 3579 section 2.1, an empty EAP-Message) is answered with."""
    return encode(_REQUEST, identifier, EapType.IDENTITY, b"")


def wanted_types(octets: bytes, data: bytes) -> tuple[int, ...]:
    """The types that a Nak asks for, in its order; () when the device wants no other method (it says 0).

    `octets` is the whole packet, which tells a legacy Nak (RFC 3748 section 5.3.1: one octet a type) from an expanded one
    (section 5.3.2: eight octets a type); `data` is the type-data of either. Raises MalformedEap.
    """
    if octets[4] != _EXPANDED:
        types = tuple(data)
    elif len(data) % _EXPANDED_HEADER:
        raise MalformedEap("an expanded Nak cut short")
    else:
        entries = [data[at : at + _EXPANDED_HEADER] for at in range(0, len(data), _EXPANDED_HEADER)]
        if any(entry[0] != _EXPANDED for entry in entries):
            raise MalformedEap("an expanded Nak with a legacy type in it")
        types = tuple(_expanded(entry)[0] for entry in entries)
    if not types:
        raise MalformedEap("a Nak that says nothing")
    return tuple(kind for kind in types if kind != _NO_ALTERNATIVE)


def name_of_type(kind: int) -> str:
    """A type's name for people: "peap", "pwd"; "type 99" for others and "type 20 of vendor 311" for vendors' types."""
    vendor, number = kind >> 32, kind & 0xFFFFFFFF
    if vendor:
        return f"type {number} of vendor {vendor}"
    return _NAMES.get(number, f"type {number}")
