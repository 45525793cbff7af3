"""MikroTik RouterOS: wireless, HotSpot, and the 802.1X server on wires.

Source: 'RADIUS Client', https://wiki.mikrotik.com/wiki/Manual:RADIUS_Client, and Dot1X,
https://help.mikrotik.com/docs/x/EoB5

Wireless takes the VLAN in its own attributes, the 802.1X server in RFC 3580's; both are sent. Mikrotik-Rate-Limit is seen
from the router, 'rx/tx': first what the client uploads, then what it downloads, and 0 is no limit. Termination-Action is not
in RouterOS's list: a session ends at Session-Timeout and the device has to come again.
"""

from policies.access import Arrival
from policies.grant import Terms
from radius.secret import Secret
from radius.vendors import reading
from radius.vendors.accounting import NOTHING, Own, ipv4
from radius.vendors.base import Attribute, Expression, Family, SessionFacts
from radius.vendors.texts import printable
from radius.vendors.writing import Reply, identify, wpa_key
from radius.wire.attributes import CALLED_STATION_ID
from radius.wire.packet import Packet

MIKROTIK, HOST_IP = 14988, 10
TAG_8021Q = 0  # Mikrotik-Wireless-VLANID-Type; 1 is 802.1ad


def read(packet: Packet) -> Arrival:
    """RFC 3580; a Called-Station-Id without a MAC address is the SSID or the HotSpot server's name."""
    arrival = reading.read(packet)
    if not arrival.ssid and not arrival.wired and not arrival.access_point:
        called = printable(packet.first.get(CALLED_STATION_ID, b""))
        return reading.with_ssid(arrival, called.encode())
    return arrival


def own(packet: Packet) -> Own:
    """The address that a HotSpot client has of its own, which the router translates into Framed-IP-Address."""
    address = packet.vendor(MIKROTIK, HOST_IP)
    return Own(addresses=(ipv4(address),)) if address is not None and len(address) == 4 else NOTHING


def express(terms: Terms) -> Expression:
    """VLAN, address list (the filter profile), firewall chain (the ACL) and rate limit."""
    reply = Reply(terms)
    reply.standard(reauthenticates=False)
    if terms.vlan is not None:
        reply.vendor_vlan("Mikrotik-Wireless-VLANID", terms.vlan)
        reply.vendor_vlan("Mikrotik-Wireless-VLANID-Type", TAG_8021Q)
    reply.text("filter_id", "Mikrotik-Address-List")
    reply.acl_name("Filter-Id")
    limits = [field for field in ("bandwidth_up", "bandwidth_down") if reply.wants(field)]
    if limits:
        # both directions always, because one number alone would hold for both
        up, down = (f"{rate}k" if rate else "0" for rate in (terms.bandwidth_up, terms.bandwidth_down))
        reply.add(limits.pop(), "Mikrotik-Rate-Limit", f"{up}/{down}")
        reply.said(*limits)
    return reply.done()


def express_psk(psk: Secret, ssid: str) -> tuple[Attribute, ...]:
    """The passphrase of the station. RADIUS does not encrypt the attribute: keep the way to it trusted."""
    wpa_key(psk)
    return (Attribute("Mikrotik-Wireless-PSK", psk),)


def name_session(session: SessionFacts) -> tuple[Attribute, ...]:
    """What RouterOS compares; HotSpot wants the client's address with the name."""
    return identify(session, ("Acct-Session-Id", "User-Name", "Framed-IP-Address", "Calling-Station-Id"))


FAMILY = Family(
    name="mikrotik",
    title="MikroTik RouterOS",
    source="https://wiki.mikrotik.com/wiki/Manual:RADIUS_Client",
    read=read,
    express=express,
    identify=name_session,
    psk=express_psk,
    own=own,
    reauthenticates=False,
    changes=frozenset({"acl", "bandwidth_down", "bandwidth_up", "idle_timeout"}),  # no VLAN, no address list
)
