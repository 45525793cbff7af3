"""`account`: what an Accounting-Request says, by the RFCs and in each family's own words; nothing makes it fail."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radius.vendors import FAMILIES
from radius.vendors.accounting import MOST_ADDRESSES, Account
from radius.wire.attributes import encode_attribute, encode_vendor
from radius.wire.packet import Packet, decode
from tests.fakes.accounting import number

PREFIX = bytes.fromhex("004020010db800010002")
FIRST, SECOND = (bytes.fromhex("20010db8") + bytes(11) + bytes((last,)) for last in (1, 2))
CISCO, MIKROTIK, ARUBA, RUCKUS = 9, 14988, 14823, 25053


def packet(*attributes: bytes) -> Packet:
    body = b"".join(attributes)
    return decode(bytes((4, 7)) + (20 + len(body)).to_bytes(2, "big") + bytes(16) + body)


def account(*attributes: bytes, family: str = "generic", status: int = 3) -> Account:
    said = FAMILIES[family].account(packet(encode_attribute(40, number(status)), encode_attribute(44, b"S1"), *attributes))
    assert said is not None
    return said


@pytest.mark.parametrize(
    ("status", "word"),
    [
        (1, "start"),
        (2, "stop"),
        (3, "interim"),
        (7, "on"),
        (8, "off"),
        (9, "tunnel-start"),
        (10, "tunnel-stop"),
        (11, "tunnel-reject"),
        (12, "tunnel-link-start"),
        (13, "tunnel-link-stop"),
        (14, "tunnel-link-reject"),
        (15, "failed"),
        (200, "type-200"),
        (0xFFFFFFFF, "type-4294967295"),
    ],
)
def test_every_status_has_a_word(status: int, word: str) -> None:
    assert account(status=status).status == word


def test_gigawords_make_64_bits_and_never_more_than_sql_holds() -> None:
    said = account(*(encode_attribute(kind, number(value)) for kind, value in ((42, 1), (52, 3), (43, 2), (53, 0))))
    assert (said.input_octets, said.output_octets) == ((3 << 32) + 1, 2)
    most = account(encode_attribute(42, number(0xFFFFFFFF)), encode_attribute(52, number(0xFFFFFFFF)))
    assert most.input_octets == (1 << 63) - 1


def test_what_is_not_said_is_told_from_nothing() -> None:
    said = account()
    assert (said.session_time, said.delay, said.nas_port, said.event_timestamp) == (-1, -1, -1, 0)
    zero = account(*(encode_attribute(kind, number(0)) for kind in (46, 41, 5)))
    assert (zero.session_time, zero.delay, zero.nas_port) == (0, 0, 0)


@pytest.mark.parametrize(
    ("attributes", "addresses"),
    [
        (((8, bytes((10, 20, 3, 4))),), ("10.20.3.4",)),
        (((8, bytes(4)),), ()),
        (((8, b"\xff\xff\xff\xff"),), ()),
        (((8, b"\x0a"),), ()),
        (((168, bytes.fromhex("20010db8000100000000000000000005")),), ("2001:db8:1::5",)),
        (((97, PREFIX),), ("2001:db8:1:2::/64",)),
        (((97, bytes.fromhex("004020010db8000100020000000000000001")),), ("2001:db8:1:2::/64",)),
        (
            ((97, bytes.fromhex("004020010db800010002")), (96, bytes.fromhex("0211aafffe000005"))),
            ("2001:db8:1:2:211:aaff:fe00:5",),
        ),
        (((97, bytes.fromhex("008020010db8000100020000000000000009")),), ("2001:db8:1:2::9",)),
        (((97, b"\0\x81" + bytes(16)),), ()),
        (((97, b"\0"),), ()),
        (((123, bytes.fromhex("003820010db80001ff00")),), ("2001:db8:1:ff00::/56",)),
        (
            (
                (8, bytes((10, 0, 0, 1))),
                (168, bytes.fromhex("20010db8" + "0" * 23 + "1")),
                (168, bytes.fromhex("20010db8" + "0" * 23 + "2")),
            ),
            ("10.0.0.1", "2001:db8::1", "2001:db8::2"),
        ),
    ],
)
def test_framed_addresses_are_text_of_one_spelling(
    attributes: tuple[tuple[int, bytes], ...], addresses: tuple[str, ...]
) -> None:
    assert account(*(encode_attribute(kind, value) for kind, value in attributes)).addresses == addresses


def test_a_device_with_a_hundred_addresses_has_sixteen() -> None:
    many = [encode_attribute(168, bytes(15) + bytes((at,))) for at in range(1, 101)]
    assert len(account(*many).addresses) == MOST_ADDRESSES


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_says_who_and_where(family: str) -> None:
    said = account(
        encode_attribute(1, b"ana"),
        encode_attribute(30, b"02-00-00-00-0A-01:skola"),
        encode_attribute(31, b"0200.0000.0501"),
        encode_attribute(4, bytes((192, 0, 2, 7))),
        encode_attribute(32, b"ap-12"),
        family=family,
    )
    assert (said.arrival.user_name, said.arrival.mac) == ("ana", "02-00-00-00-05-01")
    assert (said.arrival.ssid, said.arrival.access_point) == ("skola", "02-00-00-00-0A-01")
    assert (said.nas_address, said.nas_identifier) == ("192.0.2.7", "ap-12")


@pytest.mark.parametrize("family", ["cisco", "meraki"])
def test_ciscos_own_session_number(family: str) -> None:
    pairs = [
        encode_vendor(CISCO, 1, pair)
        for pair in (b"service-type=Framed", b"audit-session-id=0A0101FE00000012", b"method=dot1x")
    ]
    assert account(*pairs, family=family).own.audit_session_id == "0A0101FE00000012"
    assert account(*pairs, family="generic").own.audit_session_id == ""
    assert account(encode_vendor(CISCO, 1, b"audit-session-id=\xff\0"), family=family).own.audit_session_id == ""


def test_mikrotiks_hotspot_tells_the_address_before_translation_too() -> None:
    own = encode_vendor(MIKROTIK, 10, bytes((192, 168, 88, 9)))
    framed = encode_attribute(8, bytes((10, 5, 50, 9)))
    assert account(framed, own, family="mikrotik").addresses == ("10.5.50.9", "192.168.88.9")
    assert account(framed, encode_vendor(MIKROTIK, 10, b"\0"), family="mikrotik").addresses == ("10.5.50.9",)


@pytest.mark.parametrize(("family", "vendor", "kind"), [("aruba", ARUBA, 5), ("ruckus", RUCKUS, 3)])
def test_a_vendors_ssid(family: str, vendor: int, kind: int) -> None:
    assert (
        account(encode_attribute(30, b"02-00-00-00-0A-01"), encode_vendor(vendor, kind, b"Ucenici"), family=family).arrival.ssid
        == "Ucenici"
    )


@given(st.sampled_from(sorted(FAMILIES)), st.lists(st.tuples(st.integers(1, 255), st.binary(max_size=40)), max_size=12))
def test_no_attributes_whatever_make_it_fail(family: str, attributes: list[tuple[int, bytes]]) -> None:
    fit = [encode_attribute(kind, value) for kind, value in attributes if kind not in (26, 80)]
    FAMILIES[family].account(packet(*fit))
    said = account(*fit, family=family) if not {40, 44} & {kind for kind, _ in attributes} else None
    if said is not None:
        for text in (said.session_id, said.nas_identifier, said.nas_port_id, said.cui, *said.addresses):
            assert text.isprintable()
