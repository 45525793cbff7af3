"""Requests as an access point sends them to the SchoolHouse, and its reply with every signature proved."""

import os

from radius.audit.events import AccessDecided
from radius.crypto.chap import chap_response
from radius.crypto.mschap import challenge_hash, challenge_response, nt_password_hash
from radius.wire.attributes import (
    CALLING_STATION_ID,
    CHAP_PASSWORD,
    MESSAGE_AUTHENTICATOR,
    MICROSOFT,
    MS_CHAP2_RESPONSE,
    MS_CHAP_CHALLENGE,
    USER_NAME,
    USER_PASSWORD,
    encode_attribute,
    encode_vendor,
)
from radius.wire.codes import Code
from radius.wire.packet import Packet, decode
from radius.wire.shared_secret import SharedSecret
from tests.fakes.school_house import SchoolHouse

PHONE = "02-00-00-00-00-01"
AUTHENTICATOR = bytes(range(16))


def pap(
    house: SchoolHouse,
    name: str = "nastavnik.primer",
    password: str = "staff password 1",
    *,
    identifier: int = 7,
    signed: bool = True,
    more: bytes = b"",
    secret: SharedSecret | None = None,
    mac: str = PHONE,
    authenticator: bytes = AUTHENTICATOR,
) -> bytes:
    """An Access-Request with a User-Password."""
    secret = secret or house.secret
    attributes = (
        encode_attribute(USER_NAME, name.encode())
        + encode_attribute(USER_PASSWORD, secret.hide_password(password.encode(), authenticator))
        + encode_attribute(CALLING_STATION_ID, mac.encode())
        + more
    )
    if signed:
        return secret.request(Code.ACCESS_REQUEST, identifier, authenticator, attributes)
    return bytes((1, identifier)) + (20 + len(attributes)).to_bytes(2, "big") + authenticator + attributes


def the_reply(house: SchoolHouse, replies: list[bytes]) -> Packet:
    """The one reply, its Response Authenticator and Message-Authenticator proved, Message-Authenticator first."""
    assert len(replies) == 1
    packet = decode(replies[0])
    assert house.secret.response_valid(packet, AUTHENTICATOR)
    assert packet.attributes()[0][0] == MESSAGE_AUTHENTICATOR
    assert house.secret.verify_message_authenticator(packet, AUTHENTICATOR)
    return packet


def event(house: SchoolHouse) -> AccessDecided:
    """The one decision noted."""
    (noted,) = [each for each in house.events if isinstance(each, AccessDecided)]
    return noted


def chap(house: SchoolHouse, name: str, password: str, mac: str = PHONE, more: bytes = b"") -> bytes:
    response = bytes((9,)) + chap_response(9, password.encode(), AUTHENTICATOR)
    attributes = encode_attribute(USER_NAME, name.encode()) + encode_attribute(CHAP_PASSWORD, response)
    attributes += encode_attribute(CALLING_STATION_ID, mac.encode()) + more
    return house.secret.request(Code.ACCESS_REQUEST, 7, AUTHENTICATOR, attributes)


def mschap2(house: SchoolHouse, name: str, password: str, *, identifier: int = 7, mac: str = PHONE) -> bytes:
    """A request with MS-CHAP2-Response (RFC 2548 section 2.3.2), each with challenges of its own."""
    authenticator, ours, theirs = os.urandom(16), os.urandom(16), os.urandom(16)
    answer = challenge_response(challenge_hash(theirs, ours, name.encode()), nt_password_hash(password))
    attributes = (
        encode_attribute(USER_NAME, name.encode())
        + encode_vendor(MICROSOFT, MS_CHAP_CHALLENGE, ours)
        + encode_vendor(MICROSOFT, MS_CHAP2_RESPONSE, bytes((1, 0)) + theirs + bytes(8) + answer)
        + encode_attribute(CALLING_STATION_ID, mac.encode())
    )
    return house.secret.request(Code.ACCESS_REQUEST, identifier, authenticator, attributes)
