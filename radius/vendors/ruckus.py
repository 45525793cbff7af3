"""RUCKUS: SmartZone, Unleashed, ZoneDirector.

Source: 'SmartZone AAA (RADIUS) Interface Reference Guide' (Ruckus part 800-71561-001),
https://usermanual.wiki/Ruckus/SZ100VSZE36AaaInterfaceGuideRevA20171110.597762641/html

The filter profile is the user group that SmartZone maps to a user role, with its traffic profile. WISPr attributes carry the
bandwidth in bit/s. SmartZone has its portal in the WLAN's own settings; RADIUS cannot send one before log-in.
"""

import hashlib

from policies.access import Arrival
from policies.grant import Terms
from radius.secret import Secret
from radius.vendors import reading
from radius.vendors.base import Attribute, Expression, Family, SessionFacts
from radius.vendors.writing import Reply, identify, of_nas, wpa_key
from radius.wire.packet import Packet

RUCKUS, SSID = 25053, 3
PMK_ITERATIONS, PMK_OCTETS = 4096, 32  # IEEE 802.11 annex J.4.1: PBKDF2 with HMAC-SHA1


def read(packet: Packet) -> Arrival:
    """RFC 3580; the SSID also from Ruckus-SSID."""
    arrival = reading.read(packet)
    return arrival if arrival.ssid else reading.with_ssid(arrival, packet.vendor(RUCKUS, SSID))


def express(terms: Terms) -> Expression:
    """VLAN, user group, Filter-Id and bandwidth; 'Up' is from the client (WISPr 1.0 annex C)."""
    reply = Reply(terms)
    reply.standard()
    reply.text("filter_id", "Ruckus-User-Groups")
    reply.acl_name("Filter-Id")
    reply.rate("bandwidth_down", "WISPr-Bandwidth-Max-Down")
    reply.rate("bandwidth_up", "WISPr-Bandwidth-Max-Up")
    return reply.done()


def express_psk(psk: Secret, ssid: str) -> tuple[Attribute, ...] | None:
    """External DPSK: an octet 0 and the pairwise master key. That key is made of the passphrase and the SSID (1.5 ms of
    work), so the SSID must be known. RADIUS does not encrypt the attribute: keep the way to it trusted."""
    key, hexadecimal = wpa_key(psk)
    if hexadecimal:
        return (Attribute("Ruckus-Dpsk", Secret(b"\0" + bytes.fromhex(key.decode()))),)
    if not ssid:
        return None
    master = hashlib.pbkdf2_hmac("sha1", key, ssid.encode(), PMK_ITERATIONS, PMK_OCTETS)
    return (Attribute("Ruckus-Dpsk", Secret(b"\0" + master)),)


def name_session(session: SessionFacts) -> tuple[Attribute, ...]:
    """The station and the user; the NAS's own address, because a SmartZone relays for its access points."""
    return (*identify(session, ("Acct-Session-Id", "Calling-Station-Id", "User-Name")), *of_nas(session))


FAMILY = Family(
    name="ruckus",
    title="RUCKUS",
    source="https://usermanual.wiki/Ruckus/SZ100VSZE36AaaInterfaceGuideRevA20171110.597762641/html",
    read=read,
    express=express,
    identify=name_session,
    psk=express_psk,
)
