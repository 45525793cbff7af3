"""MAC addresses: every usual spelling comes to RFC 3580's, and nothing else is taken for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.mac import canonical_mac, mac_prefix

OCTETS = st.binary(min_size=6, max_size=6)


@given(OCTETS)
def test_every_usual_spelling_comes_to_the_one_of_rfc_3580(octets):
    plain = octets.hex()
    canonical = octets.hex("-").upper()
    spellings = [plain, octets.hex(":"), octets.hex("-"), octets.hex("."), octets.hex(" ")]
    spellings += [f"{mark}".join((plain[:4], plain[4:8], plain[8:])) for mark in ".-:"]
    spellings += [f"{plain[:6]}-{plain[6:]}", f"{plain[:6]}:{plain[6:]}"]
    for spelling in spellings:
        assert canonical_mac(spelling) == canonical_mac(spelling.upper()) == canonical
    assert canonical_mac(canonical) is canonical


@pytest.mark.parametrize(
    "text",
    [
        "", "ana", "02-00-00-00-05", "02-00-00-00-05-01-02", "02-00-00-00-05-0", "02-00:00-00-05-01", "02-00-00-00-05-01\n",
        " 02-00-00-00-05-01", "02-00-00-00-05-0g", "0200000005011", "0x0200000501", "02-00-00-00-05-01:Ucenici",
        "０２０００００００５０１",
        "0200.0000-0501", "02--00-00-00-0501",
    ],
)  # fmt: skip
def test_what_is_no_mac_address_is_none(text):
    assert canonical_mac(text) is None


@given(st.text(max_size=24))
def test_any_text_gives_a_canonical_address_or_none(text):
    mac = canonical_mac(text)
    assert mac is None or (len(mac) == 17 and canonical_mac(mac) == mac)


@given(OCTETS, st.integers(6, 12))
def test_a_prefix_begins_exactly_the_addresses_that_have_its_digits(octets, digits):
    prefix = mac_prefix(octets.hex()[:digits])
    assert octets.hex("-").upper().startswith(prefix)
    other = bytes([octets[0] ^ 0x10]) + octets[1:]
    assert not other.hex("-").upper().startswith(prefix)


@pytest.mark.parametrize("text", ["", "02", "02-00", "02-00-0", "ap-hall", "02-00-00-*", "02-00-00-00-05-01-02", "-02-00-00"])
def test_what_is_too_short_or_no_address_is_no_prefix(text):
    assert mac_prefix(text) is None
