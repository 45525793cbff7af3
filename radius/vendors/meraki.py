"""Cisco Meraki: MR access points and MS switches.

Sources: 'MR Meraki RADIUS 2.0', https://documentation.meraki.com/MR/Access_Control/MR_Meraki_RADIUS_2.0; redirect and CoA,
https://www.arbiter.ie/guides/network-devices/cisco-meraki/ and 'Change of Authorization with RADIUS on MR Access Points',
https://documentation.meraki.com/MR/Encryption_and_Authentication/Change_of_Authorization_with_RADIUS_(CoA)_on_MR_Access_Points

A group policy carries everything: firewall rules, content filter, bandwidth. Its name is in the attribute chosen in the
dashboard; choose Filter-Id. The redirect and the voice domain are Cisco's own pairs.
"""

from policies.grant import Terms
from radius.vendors.base import Attribute, Expression, Family, SessionFacts
from radius.vendors.cisco import ASK_AGAIN, own
from radius.vendors.reading import read
from radius.vendors.writing import Reply, identify, of_nas, tunnel_password


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
    """The station, and audit-session-id where the device sent one; the access point's own address, as it is one of many."""
    return (*identify(session, ("Acct-Session-Id", "Calling-Station-Id", "Cisco-AVPair")), *of_nas(session))


FAMILY = Family(
    name="meraki",
    title="Cisco Meraki",
    source="https://documentation.meraki.com/MR/Access_Control/MR_Meraki_RADIUS_2.0",
    read=read,
    express=express,
    identify=name_session,
    psk=tunnel_password,
    coa_port=1700,
    ask_again=ASK_AGAIN,
    own=own,
)
