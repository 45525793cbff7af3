"""Extreme Networks: ExtremeXOS / Switch Engine switches and ExtremeCloud access points.

Sources: 'Extreme Networks VSAs',
https://documentation.extremenetworks.com/exos_32.2/GUID-14557641-C5EE-4E54-B6B2-F26D0C411DCD.shtml; roles and Filter-Id,
https://documentation.extremenetworks.com/extremecloud/information_center/GUID-407FE9C6-5D4F-4F03-9791-3BBF732C1A55.shtml

What names a session: 'Change of Authorization (Dynamic Authorization)' in the release notes of ExtremeXOS 31.3.1,
https://documentation.extremenetworks.com/release_notes/ExtremeXOS/31.3.1-Patch2-4/GUID-4F7F94A2-E9D4-4378-8CC4-1B70DDA589AE.shtml

Filter-Id is the role (policy profile) with its rules and bandwidth. A telephone gets its VLAN tagged, which only
Extreme-Netlogin-Extended-Vlan can say: `T200`. Extreme-Netlogin-Url is a page after web log-in, no redirect before it.
"""

from policies.grant import Terms
from radius.vendors.base import Attribute, Expression, Family, SessionFacts
from radius.vendors.reading import read
from radius.vendors.writing import Reply, identify, of_nas


def express(terms: Terms) -> Expression:
    """VLAN (tagged for a telephone) and role."""
    reply = Reply(terms)
    reply.standard()
    if terms.voice and terms.vlan is not None:  # VSA 211 goes before the standard's VLAN
        reply.vendor_vlan("Extreme-Netlogin-Extended-Vlan", f"T{terms.vlan}")
        reply.said("voice")
    reply.one_name("Filter-Id")
    return reply.done()


def name_session(session: SessionFacts) -> tuple[Attribute, ...]:
    """The station and its port, and the switch's own address, which EXOS compares with its primary one: it knows sessions by
    nothing else. Without a station what RFC 5176 section 3 has."""
    names = ("Calling-Station-Id", "NAS-Port") if session.mac else ("Acct-Session-Id", "User-Name")
    return (*identify(session, names), *of_nas(session))


FAMILY = Family(
    name="extreme",
    title="Extreme Networks",
    source="https://documentation.extremenetworks.com/exos_32.2/GUID-14557641-C5EE-4E54-B6B2-F26D0C411DCD.shtml",
    read=read,
    express=express,
    identify=name_session,
)
