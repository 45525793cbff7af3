"""HPE Aruba Networking: Instant and AOS access points, AOS-CX switches.

Sources: 'Vendor-Specific Attributes supported in session authorization',
https://techhub.hpe.com/eginfolib/Aruba/OS-CX_10.04/5200-6715/GUID-AD38E5A0-E42A-42E9-810F-C4D9449FC39C.html; MPSK,
https://arubanetworking.hpe.com/techdocs/central/2.5.1/content/access-points/cfg/security/wpa2_mpsk.htm; 'Configuring an
RFC-3576 RADIUS Server' in the AOS 6.4 user guide, page 259 (what names a session).

Everything hangs on the user role: its rules, its bandwidth contract. So the filter profile (or, without one, the ACL's name)
is the role; a bandwidth of its own cannot be sent. Rules and the voice class are understood by AOS-CX alone.
"""

from policies.access import Arrival
from policies.grant import Terms
from radius.secret import Secret
from radius.vendors import reading
from radius.vendors.base import Attribute, Expression, Family, SessionFacts
from radius.vendors.writing import Reply, identify, of_nas, wpa_key
from radius.wire.packet import Packet

ARUBA, ESSID_NAME = 14823, 5
VOICE = 1  # Aruba-Device-Traffic-Class


def read(packet: Packet) -> Arrival:
    """RFC 3580; the SSID from Aruba-Essid-Name, because Called-Station-Id has it only when it is configured so."""
    arrival = reading.read(packet)
    return arrival if arrival.ssid else reading.with_ssid(arrival, packet.vendor(ARUBA, ESSID_NAME))


def express(terms: Terms) -> Expression:
    """VLAN, role, rules, portal and voice."""
    reply = Reply(terms)
    reply.standard()
    reply.one_name("Aruba-User-Role")
    reply.rules("Aruba-NAS-Filter-Rule", from_to=True)
    reply.text("redirect", "Aruba-Captive-Portal-URL")
    if terms.voice:
        reply.add("voice", "Aruba-Device-Traffic-Class", VOICE)
    return reply.done()


def express_psk(psk: Secret, ssid: str) -> tuple[Attribute, ...]:
    """MPSK: the passphrase, salt-encrypted as Tunnel-Password is."""
    wpa_key(psk)
    return (Attribute("Aruba-MPSK-Passphrase", psk),)


def name_session(session: SessionFacts) -> tuple[Attribute, ...]:
    """The four attributes that AOS knows a user by (it ignores others), with the port and the switch's own name, which
    AOS-CX insists on together with User-Name."""
    names = ("Acct-Session-Id", "Calling-Station-Id", "User-Name", "Framed-IP-Address", "NAS-Port-Id")
    return (*identify(session, names), *of_nas(session))


FAMILY = Family(
    name="aruba",
    title="HPE Aruba Networking",
    source="https://techhub.hpe.com/eginfolib/Aruba/OS-CX_10.04/5200-6715/GUID-AD38E5A0-E42A-42E9-810F-C4D9449FC39C.html",
    read=read,
    express=express,
    identify=name_session,
    psk=express_psk,
    changes=frozenset({"filter_id"}),  # 'Only entire role can be changed'
)
