"""`read`: what a request says of who is at the door, in every family's dialect, and what it may not say.

How fast `read` is: run this file as a program (PYTHONPATH=.).
"""

import timeit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.access import Arrival
from radius.errors import PeerError
from radius.vendors import FAMILIES
from radius.vendors.base import UnreadableName
from radius.vendors.reading import called_station, station
from radius.wire.attributes import encode_attribute, encode_vendor
from radius.wire.packet import Packet, decode

WIRELESS, ETHERNET = bytes((0, 0, 0, 19)), bytes((0, 0, 0, 15))


def request(*attributes: bytes) -> Packet:
    body = b"".join(attributes)
    return decode(bytes((1, 7)) + (20 + len(body)).to_bytes(2, "big") + bytes(16) + body)


def usual(called: bytes = b"02-00-00-00-0A-01:skola", kind: bytes = WIRELESS, *more: bytes) -> Packet:
    return request(
        encode_attribute(1, "Ђурђа.Пробић@os-vuk.example".encode()),
        encode_attribute(30, called),
        encode_attribute(31, b"02-00-00-00-05-01"),
        encode_attribute(32, b"ap-12"),
        encode_attribute(61, kind),
        encode_attribute(87, b"phy0"),
        *more,
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_reads_a_request_of_rfc_3580(family: str) -> None:
    assert FAMILIES[family].read(usual()) == Arrival(
        user_name="Ђурђа.Пробић@os-vuk.example",
        mac="02-00-00-00-05-01",
        ssid="skola",
        access_point="02-00-00-00-0A-01",
        wired=False,
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_a_request_that_says_nothing_is_an_empty_arrival(family: str) -> None:
    assert FAMILIES[family].read(request()) == Arrival(user_name="")


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("name", [b"\xff\xfeana", b"ana\x00", b"ana\n", "ana\u202ecod".encode(), b"\x7f", b"\xed\xa0\x80"])
def test_an_unreadable_name_is_the_peers_fault(family: str, name: bytes) -> None:
    with pytest.raises(UnreadableName) as caught:
        FAMILIES[family].read(request(encode_attribute(1, name)))
    assert isinstance(caught.value, PeerError)
    assert "ana" not in str(caught.value)


def test_a_name_longer_than_an_attribute_can_be_is_refused() -> None:
    packet = request()
    packet.first[1] = b"a" * 254
    with pytest.raises(UnreadableName):
        FAMILIES["generic"].read(packet)


@pytest.mark.parametrize(
    ("called", "access_point", "ssid"),
    [
        (b"02-00-00-00-0a-01", "02-00-00-00-0A-01", ""),
        (b"02:00:00:00:0a:01:skola", "02-00-00-00-0A-01", "skola"),
        (b"0200.0000.0A01:skola", "02-00-00-00-0A-01", "skola"),
        (b"02000000 0a01:skola", "", "skola"),
        (b"020000000A01:skola:5g", "02-00-00-00-0A-01", "skola:5g"),
        (b"0200-0000-0a01:Osnovna \xc5\xa1kola", "02-00-00-00-0A-01", "Osnovna škola"),
        (b"020000-000A01:", "02-00-00-00-0A-01", ""),
        (b"library-ap:skola", "", "skola"),
        (b"library-ap", "", ""),
        (b"02-00-00-00-0A-01:sk\xffola", "", ""),
        (b"02-00-00-00-0A-01:sk\x1bola", "", ""),
        (b"", "", ""),
    ],
)
def test_the_access_point_and_the_ssid_are_told_apart_in_every_spelling(called: bytes, access_point: str, ssid: str) -> None:
    assert called_station(called) == (access_point, ssid)


@pytest.mark.parametrize(
    "spelling", [b"02-00-00-00-05-01", b"02:00:00:00:05:01", b"020000000501", b"0200.0000.0501", b"0200-0000-0501"]
)
def test_a_station_has_one_spelling(spelling: bytes) -> None:
    assert station(spelling) == "02-00-00-00-05-01"


@pytest.mark.parametrize("value", [b"", b"192.0.2.7", b"+381 11 000", b"02-00-00-00-05", b"\xff" * 6, b"02-00-00-00-05-01\n"])
def test_a_station_that_is_no_mac_address_is_not_there(value: bytes) -> None:
    assert station(value) == ""


def test_a_wire_has_no_ssid_even_if_the_switch_sends_one() -> None:
    arrival = FAMILIES["generic"].read(usual(kind=ETHERNET))
    assert arrival.wired
    assert arrival.ssid == ""


@pytest.mark.parametrize("family", FAMILIES)
def test_on_a_wire_no_vendors_attribute_makes_an_ssid(family: str) -> None:
    sneaky = [encode_vendor(14823, 5, b"skola"), encode_vendor(25053, 3, b"skola"), encode_vendor(12356, 7, b"skola")]
    sneaky += [encode_vendor(9, 1, b"cisco-wlan-ssid=skola")]
    assert FAMILIES[family].read(usual(b"no-mac", ETHERNET, *sneaky)).ssid == ""


def test_an_unprintable_text_of_the_nas_is_as_if_not_sent() -> None:
    unprintable = encode_attribute(30, b"02-00-00-00-0A-01:sk\x00la"), encode_attribute(31, b"\xff")
    arrival = FAMILIES["generic"].read(request(*unprintable))
    assert (arrival.ssid, arrival.access_point, arrival.mac) == ("", "", "")


@pytest.mark.parametrize(
    ("family", "attribute"),
    [
        ("cisco", encode_vendor(9, 1, b"method=dot1x") + encode_vendor(9, 1, b"cisco-wlan-ssid=skola")),
        ("cisco", encode_vendor(9, 1, b"ssid=skola")),
        ("aruba", encode_vendor(14823, 5, b"skola")),
        ("ruckus", encode_vendor(25053, 3, b"skola")),
        ("fortinet", encode_vendor(12356, 7, b"skola")),
    ],
)
def test_the_vendors_own_ssid_is_taken_when_called_station_id_has_none(family: str, attribute: bytes) -> None:
    assert FAMILIES[family].read(usual(b"02-00-00-00-0A-01", WIRELESS, attribute)).ssid == "skola"
    assert FAMILIES["generic"].read(usual(b"02-00-00-00-0A-01", WIRELESS, attribute)).ssid == ""
    assert FAMILIES[family].read(usual(b"02-00-00-00-0A-01:druga", WIRELESS, attribute)).ssid == "druga"


def test_mikrotik_may_send_the_bare_ssid() -> None:
    assert FAMILIES["mikrotik"].read(usual(b"skola")).ssid == "skola"
    assert FAMILIES["mikrotik"].read(usual(b"02-00-00-00-0A-01")).ssid == ""


def test_huawei_names_the_access_point_in_its_own_attribute() -> None:
    arrival = FAMILIES["huawei"].read(usual(b"skola", WIRELESS, encode_vendor(2011, 141, b"0200-0000-0a02")))
    assert arrival.access_point == "02-00-00-00-0A-02"


@given(st.lists(st.tuples(st.sampled_from([1, 5, 26, 30, 31, 32, 61, 87]), st.binary(min_size=5, max_size=60)), max_size=12))
def test_any_octets_become_an_arrival_or_an_unreadable_name(attributes: list[tuple[int, bytes]]) -> None:
    values = [encode_attribute(kind, b"\0" + value if kind == 26 else value) for kind, value in attributes]
    packet = request(*values)
    for family in FAMILIES.values():
        try:
            arrival = family.read(packet)
        except UnreadableName:
            continue
        texts = (arrival.user_name, arrival.ssid)
        assert all(text.isprintable() for text in texts)
        assert len(arrival.mac) in {0, 17}
        assert len(arrival.access_point) in {0, 17}


if __name__ == "__main__":
    for title in ("generic", "cisco", "aruba"):
        packet, read = usual(), FAMILIES[title].read
        micros = min(timeit.repeat(lambda: read(packet), number=100_000, repeat=5)) * 10  # noqa: B023 - called at once
        print(f"{title}: {micros:.2f} us a request")
