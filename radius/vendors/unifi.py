"""Ubiquiti UniFi: access points (which run hostapd) and switches.

Sources: VLAN by RADIUS, https://www.arbiter.ie/guides/network-devices/ubiquiti-unifi/ (Network 8.x); a key for each device,
https://github.com/MisterErwin/UniFiPPSK, which shows that the network has to be set up for it beyond the usual screens.

UniFi takes the VLAN, the times and, so set up, the device's own key; profiles for bandwidth and content are bound to networks
in UniFi itself, so a filter profile is best a VLAN of its own.
"""

from policies.grant import Terms
from radius.vendors.base import Attribute, Expression, Family, SessionFacts
from radius.vendors.reading import read
from radius.vendors.writing import Reply, identify, tunnel_password


def express(terms: Terms) -> Expression:
    """VLAN and Reply-Message."""
    reply = Reply(terms)
    reply.standard(idle=False)
    return reply.done()


def name_session(session: SessionFacts) -> tuple[Attribute, ...]:
    """As hostapd: every attribute must fit the session, and none may be more than a name of it."""
    if session.acct_session_id or session.mac:
        return identify(session, ("Acct-Session-Id", "Calling-Station-Id"))
    return identify(session, ("User-Name",))


FAMILY = Family(
    name="unifi",
    title="Ubiquiti UniFi",
    source="https://www.arbiter.ie/guides/network-devices/ubiquiti-unifi/",
    read=read,
    express=express,
    identify=name_session,
    psk=tunnel_password,
)
