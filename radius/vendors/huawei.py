"""Huawei: AirEngine and AC wireless, CloudEngine and S series switches.

Source: 'S1720, S2700, S5700, and S6720 Series Configuration Guide - User Access and Authentication', section 2 'AAA', tables
'Standard RADIUS attributes' and 'Huawei proprietary RADIUS attributes', https://scribd.com/document/579575945/Radius-Attributes

Filter-Id is a user group's name or an ACL's number (3000-3999 on wires, 3000-3031 by radio), never both in one reply. With a
redirect, the ACL says what is redirected. 'Input' is from the user to the device (upload), rates are bit/s. Rules in
HW-Data-Filter have a language of their own: they can be given as raw attributes. HW-Ext-Specific in a CoA-Request has a
command: 1 authenticates anew, 2 and 3 shut the port ('radius-server authorization hw-ext-specific command').
"""

from policies.access import Arrival
from policies.grant import Terms
from radius.vendors import reading
from radius.vendors.base import Attribute, Expression, Family, SessionFacts
from radius.vendors.writing import Reply, identify
from radius.wire.packet import Packet

HUAWEI, AP_INFORMATION = 2011, 141


def read(packet: Packet) -> Arrival:
    """RFC 3580; the access point also from HW-AP-Information, `0200-0000-0501`."""
    arrival = reading.read(packet)
    return arrival if arrival.access_point else reading.with_access_point(arrival, packet.vendor(HUAWEI, AP_INFORMATION))


def express(terms: Terms) -> Expression:
    """VLAN, group or ACL, rates, portal and voice VLAN."""
    reply = Reply(terms)
    reply.standard()
    if terms.redirect:
        reply.add("redirect", "Huawei-Portal-URL", terms.redirect)
        reply.acl_name("Huawei-Redirect-ACL")
    reply.one_name("Filter-Id")
    reply.rate("bandwidth_down", "Huawei-Output-Average-Rate")
    reply.rate("bandwidth_up", "Huawei-Input-Average-Rate")
    if terms.voice and terms.vlan is not None:  # it marks the VLAN that the same reply gives
        reply.add("voice", "Huawei-Voice-Vlan", 1)
    return reply.done()


def name_session(session: SessionFacts) -> tuple[Attribute, ...]:
    """Acct-Session-Id alone when it is known: Calling-Station-Id has the spelling that the device was configured for."""
    if session.acct_session_id:
        return identify(session, ("Acct-Session-Id",))
    return identify(session, ("Calling-Station-Id", "User-Name"))


FAMILY = Family(
    name="huawei",
    title="Huawei",
    source="https://scribd.com/document/579575945/Radius-Attributes",
    read=read,
    express=express,
    identify=name_session,
    ask_again=(Attribute("Huawei-Ext-Specific", "user-command=1"),),
)
