"""RFC 6929: extended attributes, their fragments, vendors and nested TLVs; broken ones are skipped."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radius.wire.extended import Extended, extended, nested, tlvs

MORE, LAST = b"\x80", b"\0"


def test_an_extended_attribute_has_its_second_type():
    assert extended([(1, b"ana"), (241, b"\1value"), (244, b"\xffx")]) == [
        Extended((241, 1), b"value"),
        Extended((244, 255), b"x"),
    ]


@pytest.mark.parametrize("value", [b"", b"\1"])
def test_an_extended_attribute_without_a_value_is_skipped(value):
    assert extended([(241, value), (242, b"\1x")]) == [Extended((242, 1), b"x")]


@pytest.mark.parametrize("value", [b"", b"\1", b"\1\0"])
def test_a_long_extended_attribute_without_a_value_is_skipped(value):
    assert extended([(245, value), (245, b"\1\0x")]) == [Extended((245, 1), b"x")]


def test_the_fragments_of_a_long_attribute_are_put_together():
    attributes = [(245, b"\1" + MORE + b"a" * 251), (245, b"\1" + MORE + b"b" * 251), (245, b"\1" + LAST + b"c")]
    assert extended(attributes) == [Extended((245, 1), b"a" * 251 + b"b" * 251 + b"c")]


def test_reserved_flags_do_not_matter():
    assert extended([(246, b"\1\x7fx")]) == [Extended((246, 1), b"x")]


@pytest.mark.parametrize(
    "interruption",
    [(1, b"ana"), (246, b"\1\0y"), (245, b"\2\0y"), (241, b"\1y"), (245, b"\1\0"), (245, b"")],
    ids=["another attribute", "another long type", "another second type", "an extended one", "an empty one", "a broken one"],
)
def test_a_long_attribute_that_is_interrupted_is_skipped(interruption):
    found = extended([(245, b"\1" + MORE + b"lost"), interruption, (245, b"\1" + LAST + b"found")])
    assert Extended((245, 1), b"found") in found
    assert not any(b"lost" in value for _, value in found)


def test_a_long_attribute_that_never_ends_is_skipped():
    assert extended([(245, b"\1" + MORE + b"lost")] * 200) == []


def test_a_vendor_inside_an_extended_attribute_is_named():
    assert extended([(241, b"\x1a\0\0\0\x09\1cisco"), (245, b"\x1a\0\0\0\0\x09\2cisco")]) == [
        Extended((241, 26, 9, 1), b"cisco"),
        Extended((245, 26, 9, 2), b"cisco"),
    ]


@pytest.mark.parametrize("value", [b"\x1a\0", b"\x1a\0\0\0\x09", b"\x1a\0\0\0\x09\1", b"\x1a\1\0\0\x09\1x"])
def test_a_vendor_inside_that_is_broken_is_skipped(value):
    assert extended([(241, value)]) == []


def test_nested_tlvs_are_found_by_their_path():
    innermost = b"\3\5abc"
    middle = b"\x07\3x" + b"\2\7" + innermost
    outer = b"\1" + bytes((len(middle) + 2,)) + middle
    assert nested(outer, (1, 2, 3)) == b"abc"
    assert nested(outer, (1, 7)) == b"x"
    assert nested(outer, (1, 2, 4)) is None
    assert nested(outer, (1, 2, 3, 1)) is None
    assert nested(outer, ()) == outer


def test_tlvs_nested_as_deep_as_an_attribute_allows_are_followed():
    value = b"\1\3x"
    depth = 1
    while len(value) + 2 <= 253:
        value = bytes((1, len(value) + 2)) + value
        depth += 1
    assert depth == 126
    assert nested(value, [1] * depth) == b"x"
    assert nested(value, [1] * 100_000) is None


@pytest.mark.parametrize("value", [b"\1", b"\1\0", b"\1\1", b"\1\2", b"\1\4x", b"\1\3x\2", b"\1\3x\2\0", b"\1\xffx"])
def test_a_broken_tlv_spoils_its_neighbours(value):
    assert tlvs(value) == []


def test_tlvs_side_by_side_are_read():
    assert tlvs(b"\1\3x\2\4yz") == [(1, b"x"), (2, b"yz")]
    assert tlvs(b"") == []


@given(
    st.lists(st.tuples(st.integers(240, 247), st.binary(max_size=253)), max_size=20), st.lists(st.integers(0, 255), max_size=5)
)
def test_any_octets_are_read_or_skipped(attributes, path):
    for found in extended(attributes):
        assert found.value
        nested(found.value, path)
        assert sum(len(value) + 2 for _, value in tlvs(found.value)) in (0, len(found.value))
