"""Attribute-value pairs inside EAP-TTLS, in Diameter's form (RFC 5281 section 10.1): decoded strictly, encoded in one way."""

from typing import NamedTuple

from radius.audit.causes import Cause
from radius.eap.method import PeerFault

VENDOR_MICROSOFT = 311

USER_NAME = (1, 0)
USER_PASSWORD = (2, 0)
CHAP_PASSWORD = (3, 0)
CHAP_CHALLENGE = (60, 0)
EAP_MESSAGE = (79, 0)
MS_CHAP_RESPONSE = (1, VENDOR_MICROSOFT)  # RFC 2548 section 2
MS_CHAP_CHALLENGE = (11, VENDOR_MICROSOFT)
MS_CHAP2_RESPONSE = (25, VENDOR_MICROSOFT)
MS_CHAP2_SUCCESS = (26, VENDOR_MICROSOFT)

_VENDOR = 0x80
_MANDATORY = 0x40
_HEADER = 8
_MOST = 64  # AVPs in a message; real ones have two to four


class Avp(NamedTuple):
    """One AVP: its code and Vendor-Id (0 for none), whether the receiver must understand it, and its data."""

    code: tuple[int, int]
    mandatory: bool
    data: bytes


def decode(octets: bytes) -> list[Avp]:
    """All AVPs of a message. Raises PeerFault, and nothing else, for octets that are not AVPs from the first to the last.

    The padding of the last AVP may be left out, as some peers do; elsewhere it must be there, and it must be zero.
    """
    found: list[Avp] = []
    at, size = 0, len(octets)
    while at < size:
        if size - at < _HEADER:
            raise _fault("an AVP cut short")
        number = int.from_bytes(octets[at : at + 4], "big")
        flags = octets[at + 4]
        length = int.from_bytes(octets[at + 5 : at + 8], "big")
        vendor, begin = 0, at + _HEADER
        if flags & _VENDOR:
            vendor, begin = int.from_bytes(octets[begin : begin + 4], "big"), begin + 4
        end = at + length
        if not begin <= end <= size:
            raise _fault(f"an AVP with a length of {length}")
        if flags & ~(_VENDOR | _MANDATORY):
            raise _fault("an AVP with reserved flags")
        if len(found) == _MOST:
            raise _fault(f"more than {_MOST} AVPs")
        found.append(Avp((number, vendor), bool(flags & _MANDATORY), octets[begin:end]))
        at = end + -length % 4
        if any(octets[end:at]):
            raise _fault("an AVP padded with something else than zeros")
    return found


def encode(code: tuple[int, int], data: bytes) -> bytes:
    """One mandatory AVP, padded."""
    number, vendor = code
    flags, middle = (_MANDATORY | _VENDOR, vendor.to_bytes(4, "big")) if vendor else (_MANDATORY, b"")
    length = _HEADER + len(middle) + len(data)
    return number.to_bytes(4, "big") + bytes((flags,)) + length.to_bytes(3, "big") + middle + data + bytes(-length % 4)


def _fault(what: str) -> PeerFault:
    return PeerFault(Cause.EAP_BROKEN, f"{what} inside EAP-TTLS")
