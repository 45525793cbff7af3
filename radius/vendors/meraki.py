"""Cisco Meraki: MR access points and MS switches.

Sources: 'MR Meraki RADIUS 2.0', https://documentation.meraki.com/MR/Access_Control/MR_Meraki_RADIUS_2.0; redirect and CoA,
https://www.arbiter.ie/guides/network-devices/cisco-meraki/

A group policy carries everything: firewall rules, content filter, bandwidth. Its name is in the attribute chosen in the
dashboard; choose Filter-Id. The redirect and the voice domain are Cisco's own pairs.
"""

from policies.grant import Terms
from radius.vendors.base import Attribute, Expression, Family, SessionFacts
from radius.vendors.cisco import own
from radius.vendors.reading import read
from radius.vendors.writing import Reply, identify, tunnel_password


def express(terms: Terms) -> Expression:
    """VLAN, group policy, redirect and voice."""
    reply = Reply(terms)
    reply.standard(idle=False)
    reply.one_name("Filter-Id")
    if terms.redirect:
        reply.add("redirect", "Cisco-AVPair", f"url-redirect={terms.redirect}")
    if terms.voice:
        reply.add("voice", "Cisco-AVPair", "device-traffic-class=voice")
    return reply.done()


def name_session(session: SessionFacts) -> tuple[Attribute, ...]:
    """The station, and audit-session-id where the device sent one."""
    return identify(session, ("Acct-Session-Id", "Calling-Station-Id", "Cisco-AVPair"))


FAMILY = Family(
    name="meraki",
    title="Cisco Meraki",
    source="https://documentation.meraki.com/MR/Access_Control/MR_Meraki_RADIUS_2.0",
    read=read,
    express=express,
    identify=name_session,
    psk=tunnel_password,
    own=own,
)
