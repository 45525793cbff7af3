"""An access point's side of RFC 5176, as each family documents it, with pyrad as an independent reader and verifier.

What a family takes and refuses is in RULES, each with its source. Beside that an access point may be told to be deaf for the
first requests, slow, to repeat itself, to answer under another secret, or to refuse with an Error-Cause.
"""

import socket
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache

from pyrad import packet as pyrad_packet
from pyrad.dictionary import Dictionary

from radius.wire.dictionary import FOLDER

ACK, UNSUPPORTED, MISSING, MISMATCH, INVALID, NO_SESSION, SEVERAL = 0, 401, 402, 403, 407, 503, 508
WINDOW = 300.0  # seconds, RFC 5176 section 2.3 and hostapd's radius_das_time_window

FACTS = {  # attribute -> field of Session
    "Acct-Session-Id": "acct_session_id",
    "Calling-Station-Id": "mac",
    "User-Name": "user",
    "NAS-Port": "nas_port",
    "NAS-Port-Id": "nas_port_id",
    "Framed-IP-Address": "address",
}
OF_NAS = ("NAS-IP-Address", "NAS-Identifier", "NAS-IPv6-Address")
ALWAYS = {"Event-Timestamp", "Message-Authenticator"}


@dataclass
class Session:
    """One session at the access point, and what has been done to it."""

    mac: str
    acct_session_id: str = ""
    user: str = ""
    nas_port: int = 0
    nas_port_id: str = ""
    address: str = ""
    audit_session_id: str = ""
    asked_again: int = 0
    changed: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Rules:
    """How a family deals with requests. `names` are the attributes by which it knows sessions; `strict` refuses what it does
    not know, else that is ignored; `insists` on these; `misfit` is its Error-Cause when no session has all that was said;
    `asks_again` is the vendor's pair for a new authentication; `takes` what a CoA-Request may change."""

    names: tuple[str, ...]
    strict: bool = True
    insists: tuple[tuple[str, ...], ...] = ()
    misfit: int = NO_SESSION
    asks_again: tuple[str, str] | None = None
    takes: tuple[str, ...] = ()


RULES = {
    # RFC 5176 section 3, a NAS that does the least: it ends sessions
    "generic": Rules(("Acct-Session-Id", "Calling-Station-Id", "User-Name", "NAS-Port", "NAS-Port-Id", "Framed-IP-Address")),
    # tried with hostapd 2.10
    "hostapd": Rules(("Acct-Session-Id", "Calling-Station-Id", "User-Name")),
    "unifi": Rules(("Acct-Session-Id", "Calling-Station-Id", "User-Name")),
    # Consolidated Platform Configuration Guide, IOS 15.2(4)E: 'all of the attributes must match the session'
    "cisco": Rules(
        ("Acct-Session-Id", "Calling-Station-Id", "audit-session-id", "Framed-IP-Address"),
        misfit=INVALID,
        asks_again=("Cisco-AVPair", "subscriber:command=reauthenticate"),
    ),
    # Change of Authorization with RADIUS (CoA) on MR Access Points
    "meraki": Rules(
        ("Acct-Session-Id", "Calling-Station-Id", "audit-session-id"),
        asks_again=("Cisco-AVPair", "subscriber:command=reauthenticate"),
    ),
    # AOS-CX 10.04, 'Attributes supported in dynamic authorization'
    "aruba": Rules(
        ("Acct-Session-Id", "Calling-Station-Id", "User-Name", "NAS-Port", "NAS-Port-Id", "Framed-IP-Address"),
        strict=False,
        insists=(OF_NAS, ("User-Name",), ("Acct-Session-Id", "NAS-Port", "NAS-Port-Id")),
        takes=("Aruba-User-Role",),
    ),
    # FastIron 08.0.80 wants a station and its own address; SmartZone ends sessions for its access points
    "ruckus": Rules(("Acct-Session-Id", "Calling-Station-Id", "User-Name"), insists=(OF_NAS, ("Calling-Station-Id",))),
    # Manual:RADIUS_Client, 'Change of Authorization'
    "mikrotik": Rules(
        ("Acct-Session-Id", "User-Name", "Framed-IP-Address", "Calling-Station-Id"),
        takes=("Mikrotik-Rate-Limit", "Filter-Id", "Session-Timeout", "Idle-Timeout"),
    ),
    "huawei": Rules(
        ("Acct-Session-Id", "Calling-Station-Id", "User-Name"), asks_again=("Huawei-Ext-Specific", "user-command=1")
    ),
    # ExtremeXOS 31.3.1: nothing but Calling-Station-Id and NAS-Port, and its own address
    "extreme": Rules(("Calling-Station-Id", "NAS-Port"), insists=(("NAS-IP-Address",), ("Calling-Station-Id",))),
    # FortiSwitchOS 7.2.7
    "fortinet": Rules(
        ("User-Name", "Calling-Station-Id", "Acct-Session-Id"),
        asks_again=("Fortinet-Host-Port-AVPair", "action=reauth-port"),
        takes=("Session-Timeout",),
    ),
}


class Nas:
    """An access point that listens on a free port of the loopback. Use as a context manager."""

    def __init__(
        self, family: str, secret: bytes, sessions: Iterable[Session], nas_ip: str = "127.0.0.1", nas_id: str = "ap-1"
    ) -> None:
        self.rules = RULES[family]
        self.secret = secret
        self.sessions = list(sessions)
        self.own = {"NAS-IP-Address": nas_ip, "NAS-Identifier": nas_id}
        self.received: list[bytes] = []  # every datagram, also those that were dropped
        self.done: list[str] = []  # "disconnect", "coa": what was carried out, once each
        self.ended: list[Session] = []
        self.deaf = 0  # how many of the next datagrams are not heard
        self.delay = 0.0  # seconds before an answer leaves
        self.copies = 1  # how often an answer is sent
        self.answer_secret: bytes | None = None  # another one than requests are verified with
        self.error_cause: int | None = None  # refuse everything with this one; 0: with none
        self._answers: dict[tuple[object, bytes], bytes] = {}
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sock.bind(("127.0.0.1", 0))
        self._sock.settimeout(0.05)
        self.port: int = self._sock.getsockname()[1]
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> "Nas":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join()
        self._sock.close()

    def _serve(self) -> None:
        while not self._ending.is_set():
            try:
                octets, source = self._sock.recvfrom(4096)
            except TimeoutError:
                continue
            self.received.append(octets)
            if self.deaf:
                self.deaf -= 1
                continue
            answer = self._answer(octets, source)
            if answer is not None:
                time.sleep(self.delay)
                for _ in range(self.copies):
                    self._sock.sendto(answer, source)

    def _answer(self, octets: bytes, source: object) -> bytes | None:
        """The answer; the same one again for the same request (RFC 5176 section 2.3); None for what is dropped unread."""
        known = self._answers.get((source, octets))
        if known is not None:
            return known
        request = pyrad_packet.CoAPacket(packet=octets, secret=self.secret, dict=_dictionary())
        if not request.VerifyCoARequest():
            return None
        if request.message_authenticator is None or not request.verify_message_authenticator():
            return None
        if abs(time.time() - request["Event-Timestamp"][0]) > WINDOW:
            return None
        cause = self.error_cause if self.error_cause is not None else self._do(request)
        reply = request.CreateReply()
        if cause or self.error_cause is not None:
            reply.code += 1  # Disconnect-NAK, CoA-NAK
            if cause:
                reply["Error-Cause"] = cause
        if self.answer_secret is not None:
            reply.secret = self.answer_secret
        reply.add_message_authenticator()
        answer: bytes = reply.ReplyPacket()
        self._answers[source, octets] = answer
        return answer

    def _do(self, request: pyrad_packet.CoAPacket) -> int:
        """Carry the request out; its Error-Cause, 0 when it is done."""
        said = _attributes(request)
        for alternatives in self.rules.insists:
            if not any(name in said for name in alternatives):
                return MISSING
        if any(name in said and said[name] != own for name, own in self.own.items()):
            return MISMATCH
        naming = {name: value for name, value in said.items() if name in self.rules.names}
        rest = {name: value for name, value in said.items() if name not in naming and name not in ALWAYS and name not in OF_NAS}
        pair = self.rules.asks_again
        asked_again = pair is not None and rest.get(pair[0]) == pair[1]
        if asked_again and pair is not None:
            del rest[pair[0]]
        changes = {name: rest.pop(name) for name in self.rules.takes if name in rest}
        if rest and self.rules.strict:
            return UNSUPPORTED
        if not naming:
            return MISSING
        fitting = [session for session in self.sessions if _fits(session, naming)]
        if len(fitting) != 1:
            return SEVERAL if fitting else self.rules.misfit
        return self._carry_out(request.code, fitting[0], asked_again, changes)

    def _carry_out(self, code: int, session: Session, asked_again: bool, changes: dict[str, object]) -> int:
        if code == pyrad_packet.DisconnectRequest:
            if asked_again or changes:
                return UNSUPPORTED
            self.sessions.remove(session)
            self.ended.append(session)
            self.done.append("disconnect")
            return ACK
        if not asked_again and not changes:
            return MISSING if self.rules.takes or self.rules.asks_again else UNSUPPORTED
        session.asked_again += asked_again
        session.changed.update(changes)
        self.done.append("coa")
        return ACK


def _fits(session: Session, naming: dict[str, object]) -> bool:
    for name, value in naming.items():
        own = session.audit_session_id if name == "audit-session-id" else getattr(session, FACTS[name])
        if own != value:
            return False
    return True


def _attributes(request: pyrad_packet.CoAPacket) -> dict[str, object]:
    """Name -> value; Cisco's pair audit-session-id is a name of its own."""
    said: dict[str, object] = {}
    for name in request.keys():  # noqa: SIM118 - pyrad's keys are names, its iterator gives numbers
        for value in request[name]:
            if name == "Cisco-AVPair" and str(value).startswith("audit-session-id="):
                said["audit-session-id"] = str(value).partition("=")[2]
            else:
                said[name] = value
    return said


@cache
def _dictionary() -> Dictionary:
    files = sorted(FOLDER.glob("*.dict"), key=lambda file: (not file.name.startswith("rfc"), file.name))
    return Dictionary(*(str(file) for file in files))
