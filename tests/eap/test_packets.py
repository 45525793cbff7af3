"""EAP packets of RFC 3748: what is one, what is none, and what a Nak asks for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radius.eap.method import EapType
from radius.eap.packet import (
    MAX_EAP_PACKET,
    EapCode,
    EapPacket,
    MalformedEap,
    decode,
    encode,
    encode_result,
    identity_request,
    name_of_type,
    wanted_types,
)
from tests.fakes.eap_peer import expanded, expanded_nak, identity, nak

WIFI_ALLIANCE = 0x00372A


def wanted(octets: bytes) -> tuple[int, ...]:
    packet = decode(octets)
    assert packet.type == EapType.NAK
    return wanted_types(octets, packet.data)


def test_a_response_decodes():
    assert decode(b"\x02\x07\x00\x08\x01ana") == EapPacket(EapCode.RESPONSE, 7, EapType.IDENTITY, b"ana")


def test_an_identity_may_be_empty():
    assert decode(b"\x02\x07\x00\x05\x01") == EapPacket(EapCode.RESPONSE, 7, EapType.IDENTITY, b"")


@pytest.mark.parametrize("code", [EapCode.SUCCESS, EapCode.FAILURE])
def test_a_result_has_four_octets_and_no_type(code):
    assert encode_result(code, 9) == bytes((code, 9, 0, 4))
    assert decode(encode_result(code, 9)) == EapPacket(code, 9, 0, b"")
    with pytest.raises(MalformedEap):
        decode(bytes((code, 9, 0, 5, 1)))


def test_the_request_for_the_identity():
    assert identity_request(3) == b"\x01\x03\x00\x05\x01"


@pytest.mark.parametrize("size", range(8))
def test_every_truncation_is_malformed(size):
    with pytest.raises(MalformedEap):
        decode(b"\x02\x07\x00\x08\x01ana"[:size])


@pytest.mark.parametrize("length", [0, 1, 3, 4, 9, 4096, 65535])
def test_a_length_that_is_not_true_is_malformed(length):
    with pytest.raises(MalformedEap):
        decode(b"\x02\x07" + length.to_bytes(2, "big") + b"\x01ana")


@pytest.mark.parametrize("padding", [b"\0", bytes(40), b"\x02\x07\x00\x08\x01bor"])
def test_what_is_behind_the_length_is_padding(padding):
    assert decode(b"\x02\x07\x00\x08\x01ana" + padding).data == b"ana"
    assert decode(encode_result(EapCode.SUCCESS, 1) + padding).data == b""


@pytest.mark.parametrize("code", [0, 5, 6, 255])
def test_other_codes_are_malformed(code):  # 5 and 6 are RFC 6696's, which is not spoken here
    with pytest.raises(MalformedEap):
        decode(bytes((code, 7, 0, 8)) + b"\x01ana")


def test_4096_octets_are_a_packet_and_4097_are_not():
    assert len(encode(EapCode.REQUEST, 1, EapType.TLS, bytes(MAX_EAP_PACKET - 5))) == MAX_EAP_PACKET
    assert len(decode(b"\x02\x01\x10\x00\x0d" + bytes(4091)).data) == 4091
    with pytest.raises(MalformedEap, match="4096"):
        decode(b"\x02\x01\x10\x01\x0d" + bytes(4092))
    with pytest.raises(ValueError, match="4096"):
        encode(EapCode.REQUEST, 1, EapType.TLS, bytes(MAX_EAP_PACKET - 4))


@pytest.mark.parametrize("size", range(8))
def test_an_expanded_type_cut_short_is_malformed(size):
    whole = expanded(0, 13)
    with pytest.raises(MalformedEap):
        decode(b"\x02\x01" + (4 + size).to_bytes(2, "big") + whole[:size])


def test_a_type_below_256_is_the_same_in_either_spelling():  # RFC 3748 section 5.7
    spelt = expanded(0, EapType.PEAP)
    assert decode(b"\x02\x01\x00\x0e" + spelt + b"hi") == decode(b"\x02\x01\x00\x07\x19hi")


def test_a_vendors_type_is_not_the_type_of_that_number():
    packet = decode(b"\x02\x01\x00\x0c" + expanded(311, EapType.PEAP))
    assert packet.type == 311 << 32 | EapType.PEAP
    assert packet.type != EapType.PEAP


@pytest.mark.parametrize(
    ("octets", "types"),
    [
        (nak(1, 25), (25,)),
        (nak(1, 52, 25, 21), (52, 25, 21)),
        (nak(1, 0), ()),
        (nak(1, 0, 25), (25,)),
        (nak(1, 254), (254,)),
        (expanded_nak(1, (0, 25)), (25,)),
        (expanded_nak(1, (0, 25), (WIFI_ALLIANCE, 1)), (25, WIFI_ALLIANCE << 32 | 1)),
        (expanded_nak(1, (0, 0)), ()),
        (b"\x02\x01\x00\x0e" + expanded(0, 3) + b"\x19\x15", None),
    ],
)
def test_what_a_nak_asks_for(octets, types):
    if types is None:
        with pytest.raises(MalformedEap):
            wanted(octets)
    else:
        assert wanted(octets) == types


@pytest.mark.parametrize("octets", [nak(1), expanded_nak(1)])
def test_a_nak_that_says_nothing_is_malformed(octets):
    with pytest.raises(MalformedEap):
        wanted(octets)


@pytest.mark.parametrize("extra", [b"\x19", expanded(0, 25)[:7], b"\x19" + bytes(7)])
def test_an_expanded_nak_holds_whole_expanded_types(extra):
    whole = expanded(0, 3) + expanded(0, 21) + extra
    with pytest.raises(MalformedEap):
        wanted(b"\x02\x01" + (4 + len(whole)).to_bytes(2, "big") + whole)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (25, "peap"),
        (52, "pwd"),
        (55, "teap"),
        (99, "type 99"),
        (311 << 32 | 20, "type 20 of vendor 311"),
        (4_000_000_000, "type 4000000000"),
    ],
)
def test_types_have_names_for_people(kind, name):
    assert name_of_type(kind) == name


@given(
    st.binary(max_size=64) | st.builds(lambda head, tail: head + tail, st.sampled_from([identity("a"), nak(1, 5)]), st.binary())
)
def test_no_octets_raise_anything_but_malformed(octets):
    try:
        packet = decode(octets)
        if packet.type == EapType.NAK:
            wanted_types(octets, packet.data)
    except MalformedEap:
        return
    assert octets[2] << 8 | octets[3] <= len(octets)


KINDS = st.integers(1, 253) | st.builds(
    lambda vendor, kind: vendor << 32 | kind, st.integers(1, 2**24 - 1), st.integers(0, 2**32 - 1)
)


@given(st.sampled_from([EapCode.REQUEST, EapCode.RESPONSE]), st.integers(0, 255), KINDS, st.binary(max_size=300))
def test_what_is_encoded_decodes_to_itself(code, identifier, kind, data):
    assert decode(encode(code, identifier, kind, data)) == EapPacket(code, identifier, kind, data)
