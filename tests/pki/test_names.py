"""The names in a certificate: which, in which order, and none that could fool somebody."""

import pytest
from cryptography import x509

from radius.pki.facts import MAX_NAMES, UPN, _utf8_string, names_of
from tests.fakes.certificates import upn, utf8


def test_the_most_telling_name_comes_first(root) -> None:
    leaf = root.issue(
        "Ana Anić",
        alternatives=[
            x509.DNSName("tablet.skola.example"),
            x509.RFC822Name("ana.mail@skola.example"),
            upn("ana@skola.example"),
        ],
    )
    assert names_of(leaf) == ("ana@skola.example", "ana.mail@skola.example", "tablet.skola.example", "Ana Anić")


def test_a_common_name_alone_is_a_name(root) -> None:
    assert names_of(root.issue("ana")) == ("ana",)


def test_a_name_that_comes_twice_is_told_once(root) -> None:
    assert names_of(root.issue("ana@skola.example", alternatives=[upn("ana@skola.example")])) == ("ana@skola.example",)


def test_a_name_in_cyrillic_is_read(root) -> None:
    assert names_of(root.issue("", alternatives=[upn("ана@школа")])) == ("ана@школа",)


@pytest.mark.parametrize(
    "value",
    [
        b"\x16\x03ana",  # an IA5String
        b"\x0c\x03a\x00a",
        b"\x0c\x03a\na",
        b"\x0c\x02\xff\xfe",
        b"\x0c\x81\xfe" + b"a" * 254,
        utf8("a\u202eb"),
    ],
)
def test_a_upn_that_is_not_what_it_should_be_is_no_name(root, value) -> None:
    assert names_of(root.issue("", alternatives=[x509.OtherName(UPN, value)])) == ()


@pytest.mark.parametrize("value", [b"", b"\x0c", b"\x0c\x81", b"\x0c\x05ana", b"\x0c\x02ana", b"\x0c\x82\x00\x03ana"])
def test_a_upn_that_is_no_der_is_no_name(value) -> None:
    assert _utf8_string(value) == ""


def test_another_other_name_is_no_name_of_a_person(root) -> None:
    other = x509.OtherName(x509.ObjectIdentifier("1.3.6.1.5.2.2"), utf8("principal"))
    assert names_of(root.issue("", alternatives=[other])) == ()


def test_a_long_upn_is_read_in_the_long_form(root) -> None:
    long = "a" * 253
    octets = b"\x0c\x81" + bytes([len(long)]) + long.encode()
    assert names_of(root.issue("", alternatives=[x509.OtherName(UPN, octets)])) == (long,)


def test_a_certificate_of_a_thousand_names_gives_eight(root) -> None:
    many = [x509.DNSName(f"host-{number}.skola.example") for number in range(1000)]
    assert len(names_of(root.issue(alternatives=many))) == MAX_NAMES
