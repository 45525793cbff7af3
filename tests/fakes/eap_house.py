"""The SchoolHouse with 802.1X, and an access point that carries EAP between a device and it."""

import hashlib
import os
from collections.abc import Sequence

from policies.access import Method
from radius.eap.gtc import gtc
from radius.eap.md5 import md5
from radius.eap.method import EapType
from radius.eap.mschapv2 import mschapv2
from radius.eap.steps import Offer, Offered
from radius.server.conversations import LIMITS, Conversations, Limits
from radius.server.eap_server import EapServer
from radius.server.state import States
from radius.settings import EapSettings
from radius.wire.attributes import (
    CALLING_STATION_ID,
    EAP_MESSAGE,
    MAX_VALUE,
    MESSAGE_AUTHENTICATOR,
    STATE,
    USER_NAME,
    encode_attribute,
)
from radius.wire.codes import Code
from radius.wire.packet import Packet, decode
from tests.fakes import eap_peer
from tests.fakes.eap_peer import Peer
from tests.fakes.school_house import SchoolHouse

KEY = b"state key of this installation.."
BARE = (
    Offer(EapType.MSCHAPV2, Method.EAP_MSCHAPV2, mschapv2),
    Offer(EapType.GTC, Method.EAP_GTC, gtc),
    Offer(EapType.MD5, Method.EAP_MD5, md5),
)
SETTINGS = EapSettings()
PHONE = "02-00-00-00-00-01"


class Offering:
    """The same for all."""

    def __init__(self, offers: Sequence[Offer], withheld: str = "") -> None:
        self.offers = offers
        self.withheld = withheld
        self.asked: list[tuple[str, str, str, str]] = []

    def choose(self, identity: str, ssid: str, address: str, school: str) -> Offered:
        self.asked.append((identity, ssid, address, school))
        return Offered(self.offers, self.withheld)


def pseudonym(kind: str, text: str) -> bytes:
    """Sixteen octets that are equal for equal texts."""
    return hashlib.blake2b(text.encode(), digest_size=16, key=b"blind", person=kind.encode()).digest()


def with_eap(
    house: SchoolHouse,
    *,
    offers: Sequence[Offer] = BARE,
    settings: EapSettings = SETTINGS,
    limits: Limits = LIMITS,
    worker: int = 0,
    workers: int = 1,
    incarnation: int = 1,
    node: str = "node1",
    withheld: str = "",
) -> EapServer:
    """Give the house's gate an EAP server."""
    conversations = Conversations(os.urandom, house.counters, limits)
    gate = house.gate
    eap = EapServer(
        gate,
        States(KEY, node, worker, incarnation),
        conversations,
        Offering(offers, withheld),
        settings,
        house.schools,
        gate._directory,
        house.later,
        house.events.append,
        house.counters,
        os.urandom,
        pseudonym,
        workers,
    )
    gate.eap = eap
    return eap


class AccessPoint:
    """Sends a device's EAP packets to the house, each with a Request Authenticator and an identifier of its own."""

    def __init__(self, house: SchoolHouse, mac: str = PHONE, more: bytes = b"") -> None:
        self.house = house
        self.mac = mac
        self.more = more
        self.state: bytes | None = None
        self.user_name = "anonymous"
        self.sent = b""
        self.authenticator = b""
        self._identifier = 0

    def request(self, eap: bytes | None, *, state: bytes | None = None, more: bytes = b"") -> bytes:
        """An Access-Request with EAP-Message (None: without one; b"": EAP-Start) and the State, if there is one."""
        self._identifier = (self._identifier + 1) & 0xFF
        self.authenticator = os.urandom(16)
        attributes = encode_attribute(USER_NAME, self.user_name.encode())
        attributes += encode_attribute(CALLING_STATION_ID, self.mac.encode())
        state = self.state if state is None else state
        if state:
            attributes += encode_attribute(STATE, state)
        if eap is not None:
            for start in range(0, len(eap) or 1, MAX_VALUE):
                attributes += encode_attribute(EAP_MESSAGE, eap[start : start + MAX_VALUE])
        secret = self.house.secret
        self.sent = secret.request(Code.ACCESS_REQUEST, self._identifier, self.authenticator, attributes + self.more + more)
        return self.sent

    def send(self, eap: bytes | None, **options: bytes) -> Packet | None:
        """The reply to an EAP packet, None for silence."""
        return self.read(self.house.receive(self.request(eap, **options)))

    def repeat(self) -> Packet | None:
        """The same datagram once more."""
        return self.read(self.house.receive(self.sent))

    def wait(self) -> Packet | None:
        """The reply that was delayed."""
        before = len(self.house.port.sent)
        self.house.later.let_time_pass()
        return self.read([octets for octets, _ in self.house.port.sent[before:]])

    def read(self, replies: list[bytes]) -> Packet | None:
        """The one reply with its signatures proved, and the State in it kept for the next request."""
        if not replies:
            return None
        (octets,) = replies
        packet = decode(octets)
        assert self.house.secret.response_valid(packet, self.authenticator)
        assert packet.attributes()[0][0] == MESSAGE_AUTHENTICATOR
        assert self.house.secret.verify_message_authenticator(packet, self.authenticator)
        if packet.code == Code.ACCESS_CHALLENGE:
            self.state = packet.first.get(STATE)
        return packet

    def log_in(self, peer: Peer) -> Packet | None:
        """Carry the conversation to its end; the last reply, None for silence (a delayed reject is waited for)."""
        self.state, self.user_name = None, peer.name
        reply = self.send(eap_peer.identity(peer.name))
        while reply is not None and reply.code == Code.ACCESS_CHALLENGE:
            reply = self.send(peer.answer(eap_of(reply)))
        return reply if reply is not None else self.wait()


def eap_of(packet: Packet) -> bytes:
    """The EAP packet in a reply."""
    return b"".join(packet.all(EAP_MESSAGE))
