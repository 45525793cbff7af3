"""Names become filters, and nothing in a name becomes a part of one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radius.directory.active_directory.names import Domain, certificate_filter_for, filter_for, meant
from radius.directory.ldap.ber import CONSTRUCTED, OCTET_STRING, Reader
from radius.directory.ldap.entry import Entry
from radius.directory.ldap.filters import fill

DOMAIN = Domain("SKOLA", "skola.test", ["ucenici.example"])
TEMPLATE = "(|(sAMAccountName={name})(userPrincipalName={full}))"


def either(name: str, full: str) -> str:
    return f"(|(sAMAccountName={name})(userPrincipalName={full}))"


@pytest.mark.parametrize(
    ("name", "filter_"),
    [
        ("ana", either("ana", "ana")),
        ("SKOLA\\ana", either("ana", "ana")),
        ("skola.TEST\\ana", either("ana", "ana")),
        ("ana@skola.test", either("ana", "ana@skola.test")),
        ("ana@Skola", either("ana", "ana@Skola")),
        ("ana@ucenici.example", either("ana", "ana@ucenici.example")),
        ("ana@elsewhere.example", either("ana@elsewhere.example", "ana@elsewhere.example")),
        ("a@b@skola.test", either("a@b", "a@b@skola.test")),
        ("pc1$", either("pc1\\24", "pc1\\24")),
        ("DRUGA\\ana", None),
        ("\\ana", None),
        ("SKOLA\\DRUGA\\ana", None),
        ("SKOLA\\", None),
        ("", None),
        ("@skola.test", None),
        ("host/", None),
        ("ana\0", None),
        ("ana\r\n", None),
        (
            "host/pc1.skola.test",
            "(&(objectCategory=computer)(|(servicePrincipalName=HOST/pc1.skola.test)(dNSHostName=pc1.skola.test)))",
        ),
        ("HOST/pc1", "(&(objectCategory=computer)(sAMAccountName=pc1\\24))"),
    ],
)
def test_each_form_has_its_filter(name: str, filter_: str | None) -> None:
    assert filter_for(name, DOMAIN, TEMPLATE) == (None if filter_ is None else fill(filter_, {}))


def test_a_dns_name_in_a_certificate_is_a_computers() -> None:
    told = certificate_filter_for("pc1.skola.test", DOMAIN, TEMPLATE)
    assert told is not None
    assert told.count(b"dNSHostName") == 1
    for name in ("ana", "ana@skola.test", "SKOLA\\ana.j", "Ana Jović St."):
        assert certificate_filter_for(name, DOMAIN, TEMPLATE) == filter_for(name, DOMAIN, TEMPLATE)


EQUALITY = 0xA3  # RFC 4511 section 4.5.1
KNOWN = [filter_for(name, DOMAIN, TEMPLATE) for name in ("ana", "host/pc1.skola.test", "host/pc1")]
KNOWN += [certificate_filter_for(name, DOMAIN, TEMPLATE) for name in ("pc1.skola.test", "host/pc1.skola.test")]


@given(st.text(max_size=80))
def test_a_name_never_changes_the_filters_shape(name: str) -> None:
    for make in (filter_for, certificate_filter_for):
        told = make(name, DOMAIN, TEMPLATE)
        if told is None:
            continue
        shape = shape_of(Reader(told, 0, len(told)))
        assert shape in [shape_of(Reader(known, 0, len(known))) for known in KNOWN if known is not None]


def shape_of(reader: Reader) -> list[object]:
    """The tags of a filter, and which attributes it asks for."""
    tag = reader.next_tag()
    if tag == EQUALITY:
        return [tag, reader.inside(tag).text(OCTET_STRING)]
    assert tag & CONSTRUCTED
    inside = reader.inside(tag)
    shape: list[object] = [tag]
    while inside.more:
        shape.append(shape_of(inside))
    return shape


def test_a_upn_goes_before_an_account_name() -> None:
    by_name = Entry("CN=1", {"sAMAccountName": [b"ana"], "userPrincipalName": [b"ana.m@skola.test"]})
    by_upn = Entry("CN=2", {"sAMAccountName": [b"a.nikolic"], "userPrincipalName": [b"Ana@ucenici.example"]})
    assert meant([by_name, by_upn], "ana@ucenici.example") == [by_upn]
    assert meant([by_name], "ana@ucenici.example") == [by_name]
    assert meant([], "ana") == []
    assert meant([by_name, by_upn], "ana") == [by_name, by_upn]  # two: nobody is guessed
