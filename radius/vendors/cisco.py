"""Cisco: Catalyst 9800 and AireOS wireless controllers (Airespace attributes) and Catalyst switches (Cisco-AVPair).

Sources: Identity PSK Feature Deployment Guide,
https://www.cisco.com/c/en/us/td/docs/wireless/controller/technotes/8-5/b_Identity_PSK_Feature_Deployment_Guide.html;
Bi-Directional Rate Limiting,
https://www.cisco.com/c/en/us/support/docs/wireless/5500-series-wireless-controllers/113682-bdr-limit-guide-00.html;
IEEE 802.1X configuration guide of IOS XE (Filter-Id, ip:inacl, url-redirect, device-traffic-class); 'RADIUS Change of
Authorization' in the Consolidated Platform Configuration Guide, IOS 15.2(4)E (session identification, reauthenticate).

An ACL that is a name goes to the controller in Airespace-ACL-Name; together with a redirect it is the redirect's ACL, which
says what is sent to the portal. A switch takes the name of its ACL in Filter-Id, with the direction: `PUPILS.in`.
"""

from policies.access import Arrival
from policies.grant import Terms
from radius.secret import Secret
from radius.vendors import reading
from radius.vendors.accounting import Own
from radius.vendors.base import Attribute, Expression, Family, SessionFacts
from radius.vendors.texts import printable
from radius.vendors.writing import Reply, identify, wpa_key
from radius.wire.packet import Packet

CISCO, AV_PAIR = 9, 1
_AUDIT_PAIR = b"audit-session-id="
_SSID_PAIRS = (b"cisco-wlan-ssid=", b"ssid=")  # Catalyst 9800; Aironet access points of their own

# Cisco counts in kbit/s, and limits TCP ('data') and UDP ('real time') apart; 'Upstream' is from the client
DOWN = ("Airespace-Data-Bandwidth-Average-Contract", "Airespace-Real-Time-Bandwidth-Average-Contract")
UP = ("Airespace-Data-Bandwidth-Average-Contract-Upstream", "Airespace-Real-Time-Bandwidth-Average-Contract-Upstream")


def read(packet: Packet) -> Arrival:
    """RFC 3580; the SSID also from Cisco-AVPair, for controllers set to another Called-Station-Id."""
    arrival = reading.read(packet)
    if not arrival.ssid and not arrival.wired:
        for pair in packet.vendor_all(CISCO, AV_PAIR):
            for prefix in _SSID_PAIRS:
                if pair.startswith(prefix):
                    return reading.with_ssid(arrival, pair[len(prefix) :])
    return arrival


def own(packet: Packet) -> Own:
    """Cisco's own session number, by which the switch or controller wants to be asked for a change."""
    return Own(audit_session_id(packet))


def audit_session_id(packet: Packet) -> str:
    """What stands in the pair `audit-session-id`; "" when there is none."""
    for pair in packet.vendor_all(CISCO, AV_PAIR):
        if pair.startswith(_AUDIT_PAIR):
            return printable(pair[len(_AUDIT_PAIR) :])
    return ""


def express(terms: Terms) -> Expression:
    """Airespace attributes for the controllers, Cisco-AVPair for the rest; each ignores what is not its own."""
    reply = Reply(terms)
    reply.standard()
    reply.text("filter_id", "Filter-Id")
    if terms.redirect:
        reply.add("redirect", "Cisco-AVPair", f"url-redirect={terms.redirect}")
        reply.acl_name("Cisco-AVPair", "url-redirect-acl={acl}")
    reply.rules("Cisco-AVPair", "ip:inacl#{number}={rule}", from_to=False)
    reply.acl_name("Airespace-ACL-Name")
    reply.rate("bandwidth_down", *DOWN, unit=1000)
    reply.rate("bandwidth_up", *UP, unit=1000)
    if terms.voice:
        reply.add("voice", "Cisco-AVPair", "device-traffic-class=voice")
    return reply.done()


def express_psk(psk: Secret, ssid: str) -> tuple[Attribute, ...]:
    """Identity PSK. Cisco takes the key in an attribute that RADIUS does not encrypt: keep the way to it trusted."""
    key, hexadecimal = wpa_key(psk)
    mode = "psk-mode=hex" if hexadecimal else "psk-mode=ascii"
    return (Attribute("Cisco-AVPair", mode), Attribute("Cisco-AVPair", Secret(b"psk=" + key)))


def name_session(session: SessionFacts) -> tuple[Attribute, ...]:
    """Acct-Session-Id, Calling-Station-Id and Cisco's own session number, audit-session-id; all that are sent must fit."""
    return identify(session, ("Acct-Session-Id", "Calling-Station-Id", "Cisco-AVPair"))


ASK_AGAIN = (Attribute("Cisco-AVPair", "subscriber:command=reauthenticate"),)  # by the method that held last

FAMILY = Family(
    name="cisco",
    title="Cisco (Catalyst, AireOS)",
    source="https://www.cisco.com/c/en/us/td/docs/wireless/controller/technotes/8-5/b_Identity_PSK_Feature_Deployment_Guide.html",
    read=read,
    express=express,
    identify=name_session,
    psk=express_psk,
    coa_port=1700,  # `aaa server radius dynamic-author` listens there unless it has another `port`
    ask_again=ASK_AGAIN,
    own=own,
)
