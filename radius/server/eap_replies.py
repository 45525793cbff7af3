"""What EAP adds to RADIUS replies: the challenge's attributes, and in the Accept the keys and the identities.

EAP-Message is split at 253 octets (RFC 3579 section 3.1). The Master Session Key becomes the two MS-MPPE keys (RFC 2548
sections 2.4.2 and 2.4.3): its first 32 octets are what the NAS receives with, the next 32 what it sends with, as RFC 5216
section 2.3 and every NAS has it.
"""

from collections.abc import Callable
from typing import Final

from policies.value import Value
from radius.directory.question import Principal
from radius.eap.method import Success
from radius.secret import Secret
from radius.wire.attributes import (
    CHARGEABLE_USER_IDENTITY,
    EAP_KEY_NAME,
    EAP_MESSAGE,
    MAX_VALUE,
    MICROSOFT,
    MS_MPPE_RECV_KEY,
    MS_MPPE_SEND_KEY,
    OPERATOR_NAME,
    STATE,
    USER_NAME,
    encode_attribute,
    encode_vendor,
)
from radius.wire.packet import Packet
from radius.wire.shared_secret import SharedSecret

_HALF: Final = 32  # octets of the MSK for each direction

Pseudonym = Callable[[str, str], bytes]
"""(kind, text) -> 16 octets by which equal texts of one kind are equal, and from which nobody reads them."""


class Told(Value):
    """What an Accept tells of the person: `name` for User-Name ("" for nothing), `client` who asks (its network)."""

    __slots__ = ("client", "name")

    def __init__(self, name: str, client: str) -> None:
        self.name: Final = name
        self.client: Final = client


def eap_message(octets: bytes) -> bytes:
    """An EAP packet as EAP-Message attributes, in order."""
    if len(octets) <= MAX_VALUE:
        return encode_attribute(EAP_MESSAGE, octets)
    pieces = [octets[start : start + MAX_VALUE] for start in range(0, len(octets), MAX_VALUE)]
    return b"".join([encode_attribute(EAP_MESSAGE, piece) for piece in pieces])


def challenge(octets: bytes, state: bytes) -> bytes:
    """The attributes of an Access-Challenge; `state` is b"" for one that keeps nothing (the Identity request)."""
    return (encode_attribute(STATE, state) if state else b"") + eap_message(octets)


def acceptance(
    octets: bytes,
    success: Success,
    told: Told,
    secret: SharedSecret,
    packet: Packet,
    urandom: Callable[[int], bytes],
    pseudonym: Pseudonym,
) -> bytes:
    """What EAP adds to an Access-Accept. `octets` is the EAP-Success."""
    attributes = eap_message(octets)
    if success.msk is not None:
        attributes += mppe_keys(success.msk, secret, packet, urandom)
    if EAP_KEY_NAME in packet.first and success.session_id:
        attributes += encode_attribute(EAP_KEY_NAME, success.session_id[:MAX_VALUE])
    if told.name:
        attributes += encode_attribute(USER_NAME, told.name.encode())
    if CHARGEABLE_USER_IDENTITY in packet.first:
        attributes += _chargeable(success.proved.principal, told, packet, pseudonym)
    return attributes


def mppe_keys(msk: Secret, secret: SharedSecret, packet: Packet, urandom: Callable[[int], bytes]) -> bytes:
    """MS-MPPE-Recv-Key and MS-MPPE-Send-Key, each hidden under a salt of its own (RFC 2548 section 2.4.2)."""
    key = msk.reveal()
    salt = bytearray(urandom(2))
    salt[0] |= 0x80
    other = bytes((salt[0], salt[1] ^ 1))
    encrypt = secret.encrypt_salted
    receive = encrypt(key[:_HALF], packet.authenticator, bytes(salt))
    send = encrypt(key[_HALF : 2 * _HALF], packet.authenticator, other)
    return encode_vendor(MICROSOFT, MS_MPPE_RECV_KEY, receive) + encode_vendor(MICROSOFT, MS_MPPE_SEND_KEY, send)


def _chargeable(principal: Principal, told: Told, packet: Packet, pseudonym: Pseudonym) -> bytes:
    """Chargeable-User-Identity (RFC 4372), for a NAS that asks for it: the same for a person at one operator always, another
    at each, and never the name."""
    operator = packet.first.get(OPERATOR_NAME)
    where = operator.hex() if operator is not None else told.client
    handle = pseudonym("chargeable", f"{where}\n{principal.subject}").hex()
    return encode_attribute(CHARGEABLE_USER_IDENTITY, handle.encode())
