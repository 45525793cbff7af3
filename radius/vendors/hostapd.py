"""hostapd and OpenWrt.

Source: hostapd.conf (`dynamic_vlan`, `wpa_psk_radius`, `radius_das_*`), https://w1.fi/cgit/hostap/plain/hostapd/hostapd.conf

hostapd looks at the VLAN, Session-Timeout, Termination-Action, Acct-Interim-Interval and Tunnel-Password of an
Access-Accept and at nothing else: no Filter-Id, no Idle-Timeout, no bandwidth. As a dynamic authorization server it
refuses a request that has an attribute beyond those that name a session (NAK 401, tried with hostapd 2.10).
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
    """Acct-Session-Id and Calling-Station-Id; both must fit the same session. The outer User-Name when neither is known."""
    if session.acct_session_id or session.mac:
        return identify(session, ("Acct-Session-Id", "Calling-Station-Id"))
    return identify(session, ("User-Name",))


FAMILY = Family(
    name="hostapd",
    title="hostapd / OpenWrt",
    source="https://w1.fi/cgit/hostap/plain/hostapd/hostapd.conf",
    read=read,
    express=express,
    identify=name_session,
    psk=tunnel_password,
)
