"""Octets of a server are read within their bounds, or refused with the one error; never anything else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyasn1.codec.ber.decoder import decode
from pyasn1.codec.ber.encoder import encode
from pyasn1.type.univ import Integer, OctetString

from radius.directory.ldap.ber import INTEGER, OCTET_STRING, SEQUENCE, MalformedBer, Reader, element, integer, size_of_first


def read(octets: bytes) -> Reader:
    return Reader(octets, 0, len(octets))


@given(st.binary(max_size=70_000))
def test_an_element_is_what_pyasn1_makes_of_it(content: bytes) -> None:
    octets = element(OCTET_STRING, content)
    assert octets == encode(OctetString(content))
    reader = read(octets)
    assert reader.octets(OCTET_STRING) == content
    reader.end()
    assert size_of_first(octets, OCTET_STRING, len(octets)) == len(octets)


@given(st.integers(0, 2**31 - 1))
def test_a_number_is_what_pyasn1_makes_of_it(value: int) -> None:
    assert integer(value) == encode(Integer(value))
    assert read(integer(value)).number(INTEGER) == value


@given(st.binary(max_size=50), st.integers(1, 4))
def test_a_length_may_have_more_octets_than_it_needs(content: bytes, count: int) -> None:
    """Active Directory always writes four."""
    octets = bytes((SEQUENCE, 0x80 | count)) + len(content).to_bytes(count, "big") + content
    assert read(octets).octets(SEQUENCE) == content
    assert size_of_first(octets, SEQUENCE, 100) == len(octets)


@given(st.binary(max_size=40), st.binary(max_size=5), st.data())
def test_every_truncation_is_refused_and_not_yet_a_whole_element(content: bytes, behind: bytes, data: st.DataObject) -> None:
    octets = element(SEQUENCE, content)
    cut = octets[: data.draw(st.integers(0, len(octets) - 1))]
    with pytest.raises(MalformedBer):
        read(cut).octets(SEQUENCE)
    assert not 0 < size_of_first(cut, SEQUENCE, 1_000) <= len(cut)
    with pytest.raises(MalformedBer):  # not even with octets behind the end that the reader has
        Reader(octets + behind, 0, len(octets) - 1).octets(SEQUENCE)


@pytest.mark.parametrize(
    "octets",
    [
        b"\x30\x80\x00\x00",  # indefinite
        b"\x30\xff",
        b"\x30\x85\x00\x00\x00\x00\x00",
        b"\x30\x84\xff\xff\xff\xff",
        b"\x31\x00",
        b"HTTP/1.1 400 Bad Request",
    ],
)
def test_what_can_be_no_message_is_refused_at_its_beginning(octets: bytes) -> None:
    with pytest.raises(MalformedBer):
        size_of_first(octets, SEQUENCE, 8 * 1024 * 1024)


@given(st.binary(max_size=6), st.integers(0, 300))
def test_the_beginning_of_a_message_is_told_or_refused(octets: bytes, at_most: int) -> None:
    try:
        size = size_of_first(octets, SEQUENCE, at_most)
    except MalformedBer:
        return
    assert size <= max(at_most, 0x81)


@pytest.mark.parametrize("content", [b"", b"\xff", b"\x80\x00", b"\x00\x80\x00\x00\x00"])
def test_numbers_out_of_range_are_refused(content: bytes) -> None:
    with pytest.raises(MalformedBer):
        read(element(INTEGER, content)).number(INTEGER)


@given(st.integers(0, 255), st.binary(max_size=80))
def test_random_octets_raise_nothing_but_the_one_error(tag: int, octets: bytes) -> None:
    for use in (
        lambda reader: reader.octets(tag),
        lambda reader: reader.inside(tag).octets(tag),
        lambda reader: reader.number(tag),
        lambda reader: reader.boolean(),
        lambda reader: reader.text(tag),
        lambda reader: reader.skip(),
        lambda reader: reader.end(),
    ):
        try:
            use(read(octets))
        except MalformedBer as error:
            assert len(str(error)) < 80


@given(st.binary(min_size=2, max_size=60))
def test_what_is_read_as_octets_pyasn1_reads_so_too(octets: bytes) -> None:
    try:
        content = read(b"\x04" + octets).octets(OCTET_STRING)
    except MalformedBer:
        return
    assert bytes(decode(b"\x04" + octets, asn1Spec=OctetString())[0]) == content
