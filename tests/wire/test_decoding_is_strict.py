"""Malformed packets: every one is a MalformedPacket, and no octets whatever raise anything else."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from radius.errors import MalformedPacket
from radius.wire.attributes import (
    EAP_MESSAGE,
    MESSAGE_AUTHENTICATOR,
    MICROSOFT,
    PROXY_STATE,
    STATE,
    USER_NAME,
    encode_attribute,
    encode_vendor,
)
from radius.wire.packet import MAX_ATTRIBUTES, decode, sub_attributes

AUTHENTICATOR = bytes(range(16))


def packet(attributes: bytes = b"", *, length: int | None = None, code: int = 1) -> bytes:
    size = 20 + len(attributes) if length is None else length
    return bytes((code, 7)) + size.to_bytes(2, "big") + AUTHENTICATOR + attributes


def test_a_packet_decodes_with_its_attributes_in_order():
    decoded = decode(packet(b"\x01\x05ana" + b"\x18\x03a" + b"\x18\x03b" + b"\x50\x12" + bytes(16) + b"\x1f\x02"))
    assert (decoded.code, decoded.identifier, decoded.authenticator) == (1, 7, AUTHENTICATOR)
    assert decoded.attributes() == [(1, b"ana"), (24, b"a"), (24, b"b"), (80, bytes(16)), (31, b"")]
    assert decoded.first == {1: b"ana", 24: b"a", 80: bytes(16), 31: b""}
    assert decoded.all(STATE) == [b"a", b"b"]
    assert decoded.all(PROXY_STATE) == []
    at = decoded.message_authenticator_at
    assert decoded.octets[at - 2 : at] == b"\x50\x12"


def test_a_packet_may_have_no_attributes():
    assert decode(packet()).attributes() == []


@pytest.mark.parametrize("size", range(20))
def test_fewer_octets_than_a_header_are_malformed(size):
    with pytest.raises(MalformedPacket):
        decode(packet()[:size])


@pytest.mark.parametrize("length", [0, 1, 19, 21, 26, 4096, 65535])
def test_a_length_field_that_is_not_true_is_malformed(length):
    with pytest.raises(MalformedPacket):
        decode(packet(length=length))


@pytest.mark.parametrize("padding", [b"\0", b"\1", bytes(300), b"\x50\x12" + bytes(16)])
def test_what_is_behind_the_length_field_is_padding(padding):
    whole = packet(b"\x01\x05ana")
    assert decode(whole + padding) == decode(whole)
    assert decode(whole + padding).octets == whole


def filled_to(size: int) -> bytes:
    """A packet of exactly `size` octets: whole attributes of 255 and one that takes the rest."""
    attributes = b""
    while (room := size - 20 - len(attributes)) > 0:
        part = room if room <= 255 else min(255, room - 2)
        attributes += bytes((PROXY_STATE, part)) + bytes(part - 2)
    return packet(attributes)


def test_4096_octets_are_a_packet_and_4097_are_not():
    assert len(decode(filled_to(4096)).octets) == 4096
    with pytest.raises(MalformedPacket, match="4096"):
        decode(filled_to(4097))


def test_a_datagram_of_4097_octets_may_hold_a_packet_of_4096():
    assert len(decode(filled_to(4096) + b"\0").octets) == 4096


@pytest.mark.parametrize("kind", [1, 2, 3, 24, 26, 33, 79, 80, 241, 245, 255])
@pytest.mark.parametrize("size", [0, 1])
@pytest.mark.parametrize("before", [b"", b"\x01\x05ana"])
@pytest.mark.parametrize("after", [b"", b"\x01\x05ana"])
def test_an_attribute_of_length_0_or_1_is_malformed(kind, size, before, after):
    with pytest.raises(MalformedPacket):
        decode(packet(before + bytes((kind, size)) + after))


@pytest.mark.parametrize("size", [2, 3, 253, 255])
def test_an_attribute_may_have_every_length_from_2_to_255(size):
    decoded = decode(packet(bytes((USER_NAME, size)) + b"a" * (size - 2)))
    assert decoded.first == {USER_NAME: b"a" * (size - 2)}


@pytest.mark.parametrize("kind", [1, 24, 26, 79, 80, 241, 245])
@pytest.mark.parametrize(("size", "there"), [(3, 2), (4, 2), (18, 17), (253, 252), (255, 254), (255, 2)])
def test_an_attribute_past_the_end_is_malformed(kind, size, there):
    with pytest.raises(MalformedPacket):
        decode(packet(bytes((kind, size)) + bytes(there - 2)))


def test_an_attribute_that_reaches_into_the_padding_is_malformed():
    with pytest.raises(MalformedPacket):
        decode(packet(b"\x01\x06ana", length=25) + b"x")


def test_one_octet_left_over_is_malformed():
    with pytest.raises(MalformedPacket):
        decode(packet(b"\x01\x05ana\x01"))


def test_every_truncation_of_a_packet_is_malformed():
    whole = packet(b"\x01\x05ana" + encode_vendor(MICROSOFT, 11, bytes(16)) + b"\x50\x12" + bytes(16))
    boundaries = {20, 25, 49}
    for size in range(len(whole)):
        with pytest.raises(MalformedPacket):
            decode(whole[:size])  # the Length field says more than came
        shortened = whole[:2] + size.to_bytes(2, "big") + whole[4:size]
        if size in boundaries:
            assert len(decode(shortened).octets) == size
        else:
            with pytest.raises(MalformedPacket):
                decode(shortened)


def test_200_attributes_are_allowed_and_201_are_not():
    assert len(decode(packet(b"\x21\x03x" * MAX_ATTRIBUTES)).attributes()) == MAX_ATTRIBUTES
    with pytest.raises(MalformedPacket, match="201"):
        decode(packet(b"\x21\x03x" * (MAX_ATTRIBUTES + 1)))


@pytest.mark.parametrize("size", [0, 1, 15, 17, 253])
@pytest.mark.parametrize("after", [b"", b"\x01\x05ana"])
def test_a_message_authenticator_of_another_length_is_malformed(size, after):
    with pytest.raises(MalformedPacket, match="Message-Authenticator"):
        decode(packet(encode_attribute(MESSAGE_AUTHENTICATOR, bytes(size)) + after))


@pytest.mark.parametrize("between", [b"", b"\x01\x05ana"])
def test_two_message_authenticators_are_malformed(between):
    one = encode_attribute(MESSAGE_AUTHENTICATOR, bytes(16))
    with pytest.raises(MalformedPacket, match="twice"):
        decode(packet(one + between + one))


@pytest.mark.parametrize("before", [b"", b"\x01\x05ana", b"\x01\x05ana" + b"\x21\x02"])
@pytest.mark.parametrize("after", [b"", b"\x01\x05ana", b"\x21\x02"])
def test_the_place_of_the_message_authenticator_is_found(before, after):
    decoded = decode(packet(before + b"\x50\x12" + b"M" * 16 + after))
    at = decoded.message_authenticator_at
    assert decoded.octets[at - 2 : at + 16] == b"\x50\x12" + b"M" * 16


@pytest.mark.parametrize("code", [0, 3, 12, 40, 45, 99, 255])
def test_every_code_decodes_and_the_server_decides(code):
    assert decode(packet(code=code)).code == code


def test_an_eap_message_without_data_is_kept():
    assert decode(packet(encode_attribute(EAP_MESSAGE, b""))).all(EAP_MESSAGE) == [b""]


# --- Vendor-Specific ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [b"", b"\0", b"\0\0\1", b"\0\0\1\x37", b"\1\0\1\x37\x0b\3x", b"\xff\xff\xff\xff\1\3x"])
@pytest.mark.parametrize("before", [b"", b"\x01\x05ana", encode_vendor(MICROSOFT, 1, b"x")])
def test_a_vendor_specific_without_vendor_or_value_is_malformed(value, before):
    with pytest.raises(MalformedPacket, match="Vendor-Specific"):
        decode(packet(before + encode_attribute(26, value)))


MS = (311).to_bytes(4, "big")


@pytest.mark.parametrize(
    "inner",
    [
        b"\x0b",  # no length
        b"\x0b\0",  # zero: older readers loop for ever
        b"\x0b\0rest",
        b"\x0b\1rest",
        b"\x0b\5xy",  # past the end
        b"\x0b\xffxy",
    ],
)
def test_a_broken_sub_attribute_ends_its_vendor_specific_and_nothing_else(inner):
    decoded = decode(packet(encode_attribute(26, MS + inner) + encode_vendor(311, 25, b"answer")))
    assert decoded.vendor(311, 11) is None
    assert decoded.vendor_all(311, 11) == []
    assert decoded.vendor(311, 25) == b"answer"


def test_what_comes_before_a_broken_sub_attribute_is_read():
    decoded = decode(packet(encode_attribute(26, MS + b"\x0b\3x" + b"\x19\0")))
    assert decoded.vendor(311, 11) == b"x"
    assert decoded.vendor(311, 25) is None


def test_several_sub_attributes_in_one_vendor_specific_are_read():
    decoded = decode(packet(encode_attribute(26, MS + b"\x0b\3x" + b"\x19\4yz" + b"\x19\2")))
    assert decoded.vendor(311, 11) == b"x"
    assert decoded.vendor(311, 25) == b"yz"
    assert decoded.vendor_all(311, 25) == [b"yz", b""]


def test_a_vendor_is_never_taken_for_another():
    decoded = decode(
        packet(encode_vendor(9, 1, b"cisco") + encode_vendor(311, 1, b"microsoft") + encode_vendor(9, 1, b"again"))
    )
    assert decoded.vendor(9, 1) == b"cisco"
    assert decoded.vendor(311, 1) == b"microsoft"
    assert decoded.vendor_all(9, 1) == [b"cisco", b"again"]
    assert decoded.vendor(14823, 1) is None
    assert decode(packet()).vendor(9, 1) is None
    assert decode(packet()).vendor_all(9, 1) == []


@given(st.binary(max_size=300))
def test_sub_attributes_of_any_octets_end(value):
    found = sub_attributes(value)
    assert (
        b"".join(bytes((kind, len(content) + 2)) + content for kind, content in found)
        == value[4:][: sum(len(c) + 2 for _, c in found)]
    )


# --- any octets --------------------------------------------------------------------------------------------------------


@given(st.binary(max_size=600))
@example(b"")
def test_random_octets_are_malformed_or_a_packet(octets):
    try:
        decoded = decode(octets)
    except MalformedPacket:
        return
    rebuilt = b"".join(bytes((kind, len(value) + 2)) + value for kind, value in decoded.attributes())
    assert decoded.octets == octets[:20] + rebuilt


@given(st.binary(max_size=300), st.integers(0, 255))
def test_random_attributes_behind_a_true_header_are_malformed_or_a_packet(attributes, code):
    octets = packet(attributes, code=code)
    try:
        decoded = decode(octets)
    except MalformedPacket:
        return
    assert b"".join(bytes((kind, len(value) + 2)) + value for kind, value in decoded.attributes()) == attributes
    for vendor, kind in ((311, 25), (9, 1), (0, 0)):
        everything = decoded.vendor_all(vendor, kind)
        assert decoded.vendor(vendor, kind) == (everything[0] if everything else None)


@given(st.data())
def test_one_flipped_octet_never_raises_anything_else(data):
    whole = bytearray(
        packet(b"\x01\x05ana" + encode_vendor(MICROSOFT, 11, bytes(16)) + b"\x50\x12" + bytes(16) + b"\xf5\x06\1\0xy")
    )
    whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        decode(bytes(whole))
    except MalformedPacket as error:
        assert str(error)  # says what was wrong


def test_every_refusal_of_encoding_names_its_limit():
    for build in (
        lambda: encode_attribute(1, bytes(254)),
        lambda: encode_attribute(0, b""),
        lambda: encode_attribute(256, b""),
        lambda: encode_vendor(311, 1, bytes(248)),
        lambda: encode_vendor(1 << 24, 1, b""),
        lambda: encode_vendor(311, 256, b""),
    ):
        with pytest.raises(ValueError, match=r"\d"):
            build()


def test_the_longest_values_fit():
    assert len(encode_attribute(1, bytes(253))) == 255
    assert len(encode_vendor(311, 1, bytes(247))) == 255
