"""Which proof a request carries: PAP, CHAP, MS-CHAP, MS-CHAPv2, or only a MAC address (MAC authentication bypass).

Octets are turned into the directory's words here, so that no directory knows of RADIUS.
"""

from msgspec import Struct

from policies.access import Arrival, Method
from policies.mac import canonical_mac
from radius.audit.causes import Cause
from radius.crypto.chap import chap_response
from radius.directory.question import (
    ChapResponse,
    Credential,
    KnownMac,
    MsChap2Response,
    MsChapResponse,
    PlainPassword,
)
from radius.secret import Secret
from radius.wire.attributes import (
    CHAP_CHALLENGE,
    CHAP_PASSWORD,
    EAP_MESSAGE,
    MICROSOFT,
    MS_CHAP2_RESPONSE,
    MS_CHAP_CHALLENGE,
    MS_CHAP_RESPONSE,
    SERVICE_TYPE,
    USER_PASSWORD,
)
from radius.wire.packet import Packet
from radius.wire.shared_secret import SharedSecret

_CALL_CHECK = (10).to_bytes(4, "big")  # Service-Type Call-Check, RFC 2865 section 5.6


class Proof(Struct, frozen=True, gc=False):
    """The method and its credential. `identifier` is the octet that an MS-CHAP reply repeats (RFC 2548 section 2.3.3)."""

    method: Method
    credential: Credential
    identifier: int = 0


class Ended(Struct, frozen=True, gc=False):
    """Where other methods have a Proof: what the audit log is told of an EAP conversation at its end (AccessDecided has the
    same fields). `method` is "" before one was under way."""

    method: str = ""
    user: str = ""
    outer: str = ""
    inner: str = ""
    tls: str = ""
    resumed: bool = False
    detail: str = ""
    rounds: int = 0


def read_proof(packet: Packet, arrival: Arrival, secret: SharedSecret) -> Proof | Cause:
    """What the request proves, or the Cause for which it proves nothing. Never raises on what a peer sends."""
    first = packet.first
    hidden = first.get(USER_PASSWORD)
    if hidden is not None:
        password = secret.reveal_password(hidden, packet.authenticator)
        if password is None:
            return Cause.NO_CREDENTIAL
        if first.get(SERVICE_TYPE) == _CALL_CHECK or _is_mac_of(arrival.user_name, password):
            return _mac_proof(arrival)
        return Proof(Method.PAP, PlainPassword(Secret(password)))
    if EAP_MESSAGE in first:
        return Cause.METHOD_NOT_SUPPORTED
    chap = first.get(CHAP_PASSWORD)
    if chap is not None:
        return _chap_proof(packet, arrival, chap)
    challenge = packet.vendor(MICROSOFT, MS_CHAP_CHALLENGE)
    if challenge is not None:
        return _mschap_proof(packet, arrival, challenge)
    if first.get(SERVICE_TYPE) == _CALL_CHECK:
        return _mac_proof(arrival)
    return Cause.NO_CREDENTIAL


def _is_mac_of(user_name: str, password: bytes) -> bool:
    """User-Name and password are the same MAC address, in any usual spelling: how most switches ask for MAB."""
    if len(user_name) < 12 or len(user_name) > 17:
        return False
    mac = canonical_mac(user_name)
    return mac is not None and (password == user_name.encode() or canonical_mac(password.decode("ascii", "replace")) == mac)


def _mac_proof(arrival: Arrival) -> Proof | Cause:
    mac = canonical_mac(arrival.user_name)
    if mac is None or (arrival.mac and arrival.mac != mac):
        return Cause.NO_CREDENTIAL  # a device may not be asked for under another one's address
    return Proof(Method.MAB, KnownMac(mac))


def _chap_proof(packet: Packet, arrival: Arrival, chap: bytes) -> Proof | Cause:
    if len(chap) != 17:
        return Cause.NO_CREDENTIAL
    challenge = packet.first.get(CHAP_CHALLENGE, packet.authenticator)  # RFC 2865 section 5.40
    identifier, response = chap[0], chap[1:]
    if 12 <= len(arrival.user_name) <= 17 and canonical_mac(arrival.user_name) is not None:
        password = arrival.user_name.encode()
        if packet.first.get(SERVICE_TYPE) == _CALL_CHECK or chap_response(identifier, password, challenge) == response:
            return _mac_proof(arrival)
    return Proof(Method.CHAP, ChapResponse(identifier, challenge, response))


def _mschap_proof(packet: Packet, arrival: Arrival, challenge: bytes) -> Proof | Cause:
    response = packet.vendor(MICROSOFT, MS_CHAP2_RESPONSE)
    if response is not None:  # RFC 2548 section 2.3.2: ident, flags, peer challenge 16, reserved 8, response 24
        if len(response) != 50 or len(challenge) != 16:
            return Cause.NO_CREDENTIAL
        name = arrival.user_name.rpartition("\\")[2].encode()  # RFC 2759 section 4: hashed without the domain
        credential = MsChap2Response(challenge, response[2:18], name, response[26:50])
        return Proof(Method.MSCHAPV2, credential, response[0])
    response = packet.vendor(MICROSOFT, MS_CHAP_RESPONSE)
    if response is None or len(response) != 50 or len(challenge) != 8:
        return Cause.NO_CREDENTIAL
    if response[1] != 1:  # RFC 2548 section 2.1.3: flags 1 says that the NT response is to be used; LM is not spoken here
        return Cause.METHOD_NOT_SUPPORTED
    return Proof(Method.MSCHAP, MsChapResponse(challenge, response[26:50]), response[0])
