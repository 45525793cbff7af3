"""AVPs of EAP-TTLS: what is written is read, and nothing that is not one is (RFC 5281 section 10.1)."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radius.audit.causes import Cause
from radius.eap import avp
from radius.eap.method import PeerFault


def fault(octets: bytes) -> str:
    with pytest.raises(PeerFault) as found:
        avp.decode(octets)
    assert found.value.cause is Cause.EAP_BROKEN
    return found.value.detail.removesuffix(" inside EAP-TTLS")


def test_a_user_name_as_rfc_5281_draws_it() -> None:
    octets = bytes.fromhex("00000001 40 00000b 616e61 00")
    assert avp.encode(avp.USER_NAME, b"ana") == octets
    assert avp.decode(octets) == [avp.Avp((1, 0), True, b"ana")]


def test_a_vendors_avp_has_its_vendor() -> None:
    octets = bytes.fromhex("0000001a c0 00000e 00000137 0141 0000")
    assert avp.encode(avp.MS_CHAP2_SUCCESS, b"\1A") == octets
    assert avp.decode(octets) == [avp.Avp((26, 311), True, b"\1A")]


@given(st.lists(st.tuples(st.integers(1, 2**32 - 1), st.sampled_from([0, 311, 9]), st.binary(max_size=300)), max_size=12))
def test_what_is_written_is_read(avps: list[tuple[int, int, bytes]]) -> None:
    octets = b"".join(avp.encode((code, vendor), data) for code, vendor, data in avps)
    assert [(*found.code, found.data) for found in avp.decode(octets)] == avps
    assert all(found.mandatory for found in avp.decode(octets))


def test_an_avp_that_need_not_be_understood_is_marked() -> None:
    assert avp.decode(bytes.fromhex("00000001 00 00000a 6162 0000")) == [avp.Avp((1, 0), False, b"ab")]


def test_the_last_padding_may_be_left_out_and_no_other() -> None:
    one, two = avp.encode((1, 0), b"a"), avp.encode((2, 0), b"bcd")
    assert len(avp.decode(one + two[:-1])) == 2
    fault(one[:-3] + two)


def test_padding_is_zero() -> None:
    assert fault(avp.encode((1, 0), b"a")[:-1] + b"x") == "an AVP padded with something else than zeros"
    assert fault(avp.encode((1, 0), b"a")[:-1] + b"x" + avp.encode((2, 0), b"b")).startswith("an AVP padded")


@pytest.mark.parametrize("length", [0, 7, 12, 0xFFFFFF])
def test_a_length_that_cannot_be(length: int) -> None:
    assert fault(b"\0\0\0\1\x40" + length.to_bytes(3, "big") + b"abc") == f"an AVP with a length of {length}"


def test_a_vendors_avp_is_long_enough_for_its_vendor() -> None:
    assert fault(bytes.fromhex("0000001a c0 000008 00000137")) == "an AVP with a length of 8"


@pytest.mark.parametrize("flag", [0x01, 0x20])
def test_reserved_flags_are_not_set(flag: int) -> None:
    assert fault(b"\0\0\0\1" + bytes((flag,)) + b"\0\0\x08") == "an AVP with reserved flags"


def test_there_is_a_bound() -> None:
    assert len(avp.decode(avp.encode((1, 0), b"") * 64)) == 64
    assert fault(avp.encode((1, 0), b"") * 65) == "more than 64 AVPs"


def test_every_truncation_is_a_fault_or_whole_avps() -> None:
    octets = avp.encode((1, 0), b"ana") + avp.encode((26, 311), b"lozinka")
    for end in range(len(octets)):
        try:
            found = avp.decode(octets[:end])
        except PeerFault:
            continue
        assert end == 0 or [one.data for one in found] in ([b"ana"], [b"ana", b"lozinka"])


@given(st.binary(max_size=200))
def test_no_octets_raise_anything_but_a_peer_fault(octets: bytes) -> None:
    with suppress(PeerFault):
        avp.decode(octets)
