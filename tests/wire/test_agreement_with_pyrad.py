"""pyrad as the independent oracle: both read every valid packet alike, and each verifies what the other signed."""

import io

from hypothesis import given
from hypothesis import strategies as st
from pyrad import packet as pyrad_packet
from pyrad.dictionary import Dictionary

from radius.secret import Secret
from radius.wire.attributes import VENDOR_SPECIFIC, encode_attribute, encode_vendor
from radius.wire.codes import Code
from radius.wire.packet import decode
from radius.wire.shared_secret import SharedSecret

EMPTY = Dictionary(io.StringIO(""))
NAMED = Dictionary(
    io.StringIO(
        """ATTRIBUTE User-Name 1 string
        ATTRIBUTE User-Password 2 string
        ATTRIBUTE Message-Authenticator 80 octets
        ATTRIBUTE Tunnel-Password 69 octets has_tag,encrypt=2
        VENDOR Microsoft 311
        BEGIN-VENDOR Microsoft
        ATTRIBUTE MS-MPPE-Send-Key 16 octets encrypt=2
        END-VENDOR Microsoft
        """
    )
)

secrets = st.binary(min_size=1, max_size=100)
authenticators = st.binary(min_size=16, max_size=16)


def attributes_without(*kinds):
    numbers = st.integers(1, 255).filter(lambda kind: kind not in kinds)
    return st.builds(encode_attribute, numbers, st.binary(max_size=253))


vendor_attributes = st.builds(encode_vendor, st.integers(1, 65535), st.integers(1, 255), st.binary(max_size=247))
attribute_lists = st.lists(attributes_without(26, 80) | vendor_attributes, max_size=14).map(b"".join)
# pyrad rightly refuses a Proxy-State (33) that its request did not have
reply_lists = st.lists(attributes_without(26, 33, 80) | vendor_attributes, max_size=14).map(b"".join)


def by_type(packet):
    """Our reading as pyrad arranges it: values by type in order, vendors' by (vendor, type)."""
    arranged = {}
    for kind, value in packet.attributes():
        if kind == VENDOR_SPECIFIC:
            vendor = int.from_bytes(value[:4], "big")
            arranged.setdefault((vendor, value[4]), []).append(value[6:])
        else:
            arranged.setdefault(kind, []).append(value)
    return arranged


@given(secrets, authenticators, attribute_lists, st.integers(0, 255), st.booleans())
def test_both_read_the_same_attributes_in_the_same_order(secret, authenticator, attributes, identifier, padded):
    octets = SharedSecret(Secret(secret)).request(Code.ACCESS_REQUEST, identifier, authenticator, attributes)
    octets += b"padding" if padded else b""
    ours = decode(octets)
    theirs = pyrad_packet.Packet(packet=octets, dict=EMPTY, secret=secret)
    assert (theirs.code, theirs.id, theirs.authenticator) == (ours.code, ours.identifier, ours.authenticator)
    assert {key: list(values) for key, values in dict.items(theirs)} == by_type(ours)
    for key, values in dict.items(theirs):
        if isinstance(key, tuple):
            assert ours.vendor(*key) == values[0]
            assert ours.vendor_all(*key) == values
        else:
            assert ours.all(key) == values


@given(secrets, authenticators, attribute_lists, st.integers(0, 255))
def test_pyrad_verifies_our_requests(secret, authenticator, attributes, identifier):
    octets = SharedSecret(Secret(secret)).request(Code.ACCESS_REQUEST, identifier, authenticator, attributes)
    request = pyrad_packet.AuthPacket(packet=octets, dict=EMPTY, secret=secret)
    assert request.verify_message_authenticator()


@given(secrets, st.text(max_size=40), st.integers(0, 255))
def test_we_verify_requests_that_pyrad_signed(secret, name, identifier):
    request = pyrad_packet.AuthPacket(id=identifier, secret=secret, dict=NAMED, message_authenticator=True)
    request["User-Name"] = name
    decoded = decode(request.RequestPacket())
    assert SharedSecret(Secret(secret)).verify_message_authenticator(decoded)
    assert not SharedSecret(Secret(secret + b"x")).verify_message_authenticator(decoded)
    assert decoded.first[1] == name.encode()


@given(secrets, reply_lists, st.sampled_from([Code.ACCESS_ACCEPT, Code.ACCESS_REJECT, Code.ACCESS_CHALLENGE]))
def test_pyrads_client_verifies_our_replies_and_requires_the_message_authenticator(secret, attributes, code):
    request = pyrad_packet.AuthPacket(secret=secret, dict=NAMED, message_authenticator=True)
    request["User-Name"] = "ana"
    ours = SharedSecret(Secret(secret))
    raw = ours.reply(code, decode(request.RequestPacket()), attributes)
    reply = request.CreateReply(packet=raw)
    assert request.VerifyReply(reply, raw, enforce_ma=True)
    forged = raw[:-1] + bytes((raw[-1] ^ 1,))
    assert not request.VerifyReply(request.CreateReply(packet=raw), forged, enforce_ma=True)


@given(secrets, st.binary(max_size=128).filter(lambda password: not password.endswith(b"\0")))
def test_passwords_travel_both_ways(secret, password):
    request = pyrad_packet.AuthPacket(secret=secret, dict=NAMED)
    hidden = request.PwCrypt(password)
    ours = SharedSecret(Secret(secret))
    assert ours.reveal_password(hidden, request.authenticator) == password
    assert ours.hide_password(password, request.authenticator) == hidden


@given(secrets, st.binary(max_size=200), st.binary(min_size=2, max_size=2))
def test_salted_values_travel_both_ways(secret, value, salt):
    salt = bytes((salt[0] | 0x80, salt[1]))
    request = pyrad_packet.AuthPacket(secret=secret, dict=NAMED)
    request.authenticator = request.CreateAuthenticator()
    ours = SharedSecret(Secret(secret))
    hidden = ours.encrypt_salted(value, request.authenticator, salt)
    assert request.SaltDecrypt(hidden) == value
    assert ours.decrypt_salted(request.SaltCrypt(value), request.authenticator) == value


@given(secrets, st.text(max_size=40))
def test_we_verify_pyrads_accounting_requests_and_pyrad_ours(secret, name):
    request = pyrad_packet.AcctPacket(secret=secret, dict=NAMED)
    request["User-Name"] = name
    raw = request.RequestPacket()
    ours = SharedSecret(Secret(secret))
    assert ours.accounting_authenticator_valid(decode(raw))
    assert not SharedSecret(Secret(secret + b"x")).accounting_authenticator_valid(decode(raw))
    again = ours.digest_request(Code.ACCOUNTING_REQUEST, request.id, raw[20:])
    assert again == raw
    reply = ours.plain_reply(Code.ACCOUNTING_RESPONSE, decode(raw), b"")
    assert request.VerifyReply(request.CreateReply(packet=reply), reply)


@given(secrets, st.sampled_from([Code.COA_REQUEST, Code.DISCONNECT_REQUEST]))
def test_we_verify_pyrads_dynamic_authorization_requests(secret, code):
    request = pyrad_packet.CoAPacket(code=int(code), secret=secret, dict=NAMED, message_authenticator=True)
    request["User-Name"] = "ana"
    decoded = decode(request.RequestPacket())
    ours = SharedSecret(Secret(secret))
    assert ours.accounting_authenticator_valid(decoded)
    assert ours.verify_message_authenticator(decoded)
