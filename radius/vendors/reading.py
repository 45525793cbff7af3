"""An Access-Request becomes an Arrival in the way of RFC 2865 and RFC 3580; the families add what they say elsewhere.

This is on the way of every packet: 1.2 us when the access point was seen before (run
tests/vendors/test_reading_requests.py as a program to measure). What has to be parsed and comes again and again (access
points, MAC addresses in other spellings) is kept in bounded caches; names are not kept.
"""

import re
from functools import lru_cache
from typing import Final

from policies.access import Arrival
from policies.mac import CANONICAL, canonical_mac
from radius.vendors.base import UnreadableName
from radius.vendors.texts import printable
from radius.wire.attributes import (
    CALLED_STATION_ID,
    CALLING_STATION_ID,
    MAX_VALUE,
    NAS_PORT_TYPE,
    USER_NAME,
)
from radius.wire.packet import Packet

_CANONICAL: Final = CANONICAL.fullmatch
ETHERNET: Final = (15).to_bytes(4, "big")  # NAS-Port-Type, RFC 2865 section 5.41

# An access point's MAC in the spellings in use, and after a colon the SSID (RFC 3580 section 3.20)
_AP_AND_SSID = re.compile(
    r"((?:[0-9a-f]{2}[-:]){5}[0-9a-f]{2}|(?:[0-9a-f]{4}[-.:]){2}[0-9a-f]{4}|[0-9a-f]{6}-[0-9a-f]{6}|[0-9a-f]{12})(?::(.*))?",
    re.IGNORECASE,
)


def read(packet: Packet) -> Arrival:
    """The Arrival in an Access-Request (or Accounting-Request). Raises UnreadableName.

    A User-Name that is not there is "". Every other text that is not printable is "", as if it had not been sent.
    """
    first = packet.first
    get = first.get
    name = get(USER_NAME, b"")
    try:
        user_name = name.decode()
    except UnicodeDecodeError:
        raise UnreadableName("the User-Name is not UTF-8") from None
    if not user_name.isprintable() or len(name) > MAX_VALUE:
        raise UnreadableName("the User-Name has control characters or is too long")
    access_point, ssid = called_station(get(CALLED_STATION_ID, b""))
    wired = get(NAS_PORT_TYPE) == ETHERNET
    return Arrival(user_name, station(get(CALLING_STATION_ID, b"")), "" if wired else ssid, access_point, wired)


def station(value: bytes) -> str:
    """A Calling-Station-Id in the canonical spelling, "" when it is no MAC address (a telephone number, an IP address).

    The canonical spelling is looked at, not looked up: there are as many stations as pupils.
    """
    text = printable(value)
    return text if _CANONICAL(text) else _respelt(text)


@lru_cache(maxsize=16384)  # about 4 MB when full: the stations of a large school many times over
def _respelt(text: str) -> str:
    return canonical_mac(text) or ""


def _called_station(value: bytes) -> tuple[str, str]:
    text = printable(value)
    match = _AP_AND_SSID.fullmatch(text)
    if match is None:
        return "", text.partition(":")[2]
    return canonical_mac(match[1]) or "", match[2] or ""


called_station: Final = lru_cache(maxsize=8192)(_called_station)
"""The access point's MAC and the SSID in a Called-Station-Id (RFC 3580 section 3.20).

Some controllers may be set to send the access point's name instead of its MAC; then only the SSID is taken.
"""


def with_ssid(arrival: Arrival, ssid: bytes | None) -> Arrival:
    """`arrival` with the SSID from a vendor's own attribute, when the request told none and came by radio."""
    if ssid is None or arrival.ssid or arrival.wired:
        return arrival
    return Arrival(arrival.user_name, arrival.mac, printable(ssid), arrival.access_point, arrival.wired)


def with_access_point(arrival: Arrival, mac: bytes | None) -> Arrival:
    """`arrival` with the access point's MAC from a vendor's own attribute, when Called-Station-Id did not tell it."""
    if mac is None or arrival.access_point:
        return arrival
    return Arrival(arrival.user_name, arrival.mac, arrival.ssid, station(mac), arrival.wired)
