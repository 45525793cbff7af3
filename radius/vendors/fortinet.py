"""Fortinet: FortiAP behind a FortiGate, FortiSwitch.

Sources: 'Dynamic access control lists', https://docs.fortinet.com/document/fortiswitch/7.0.2/administration-guide/922505;
'RADIUS change of authorization', https://docs.fortinet.com/document/fortiswitch/7.0.1/administration-guide/110309; 'MPSK
returned through RADIUS' (from FortiOS 7.0.2), https://docs.fortinet.com/document/fortigate/7.0.0/new-features/139640

The filter profile is the FortiGate user group, on which firewall policies with their web filter hang. Filter-Id is an ACL
that FortiSwitchOS knows by that name.
"""

from policies.access import Arrival
from policies.grant import Terms
from radius.vendors import reading
from radius.vendors.base import Attribute, Expression, Family, SessionFacts
from radius.vendors.writing import Reply, identify, tunnel_password
from radius.wire.packet import Packet

FORTINET, SSID = 12356, 7


def read(packet: Packet) -> Arrival:
    """RFC 3580; the SSID also from Fortinet-SSID."""
    arrival = reading.read(packet)
    return arrival if arrival.ssid else reading.with_ssid(arrival, packet.vendor(FORTINET, SSID))


def express(terms: Terms) -> Expression:
    """VLAN, user group and ACL."""
    reply = Reply(terms)
    reply.standard()
    reply.text("filter_id", "Fortinet-Group-Name")
    reply.acl_name("Filter-Id")
    return reply.done()


def name_session(session: SessionFacts) -> tuple[Attribute, ...]:
    """User-Name and Calling-Station-Id, as FortiSwitch wants them, with Acct-Session-Id."""
    return identify(session, ("User-Name", "Calling-Station-Id", "Acct-Session-Id"))


FAMILY = Family(
    name="fortinet",
    title="Fortinet",
    source="https://docs.fortinet.com/document/fortiswitch/7.0.2/administration-guide/922505",
    read=read,
    express=express,
    identify=name_session,
    psk=tunnel_password,
    ask_again=(Attribute("Fortinet-Host-Port-AVPair", "action=reauth-port"),),  # FortiSwitch; a FortiGate only disconnects
)
