"""Any access point or switch that follows RFC 3580 and says nothing more.

Source: RFC 3580 section 3 (IEEE 802.1X RADIUS usage guidelines), https://www.rfc-editor.org/rfc/rfc3580

Filter-Id (RFC 2865 section 5.11) is the one name there is, so a filter profile and an ACL cannot both be said.
"""

from policies.grant import Terms
from radius.vendors.base import Attribute, Expression, Family, SessionFacts
from radius.vendors.reading import read
from radius.vendors.writing import Reply, identify, of_nas

IDENTITY = ("Acct-Session-Id", "Calling-Station-Id", "User-Name")  # RFC 5176 section 3, what most NASes look at


def express(terms: Terms) -> Expression:
    """VLAN, Filter-Id, Idle-Timeout and Reply-Message."""
    reply = Reply(terms)
    reply.standard()
    reply.one_name("Filter-Id")
    return reply.done()


def name_session(session: SessionFacts) -> tuple[Attribute, ...]:
    """RFC 5176 section 3, with the NAS's own name; a port helps a switch that keeps no Acct-Session-Id."""
    return (*identify(session, (*IDENTITY, "NAS-Port", "NAS-Port-Id")), *of_nas(session))


FAMILY = Family(
    name="generic",
    title="Generic (RFC 3580)",
    source="https://www.rfc-editor.org/rfc/rfc3580",
    read=read,
    express=express,
    identify=name_session,
)
