"""Names become filters, and nothing in a name becomes a part of one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ldap3.operation.search import parse_filter

from radius.directory.active_directory.names import Domain, certificate_filter_for, filter_for, meant
from radius.directory.ldap.entry import Entry

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
    assert filter_for(name, DOMAIN, TEMPLATE) == filter_


def test_a_dns_name_in_a_certificate_is_a_computers() -> None:
    told = certificate_filter_for("pc1.skola.test", DOMAIN, TEMPLATE)
    assert told is not None
    assert "dNSHostName=pc1.skola.test" in told
    for name in ("ana", "ana@skola.test", "SKOLA\\ana.j", "Ana Jović St."):
        assert certificate_filter_for(name, DOMAIN, TEMPLATE) == filter_for(name, DOMAIN, TEMPLATE)


@given(st.text(max_size=80))
def test_a_name_never_changes_the_filters_shape(name: str) -> None:
    for make in (filter_for, certificate_filter_for):
        told = make(name, DOMAIN, TEMPLATE)
        if told is None:
            continue
        assert told.count("(") == told.count(")")
        assert told.count("=") in (2, 3, 5)
        assert "*" not in told
        parse_filter(told, None, False, False, None, False)  # raises for what is no filter


def test_a_upn_goes_before_an_account_name() -> None:
    by_name = Entry("CN=1", {"sAMAccountName": [b"ana"], "userPrincipalName": [b"ana.m@skola.test"]})
    by_upn = Entry("CN=2", {"sAMAccountName": [b"a.nikolic"], "userPrincipalName": [b"Ana@ucenici.example"]})
    assert meant([by_name, by_upn], "ana@ucenici.example") == [by_upn]
    assert meant([by_name], "ana@ucenici.example") == [by_name]
    assert meant([], "ana") == []
    assert meant([by_name, by_upn], "ana") == [by_name, by_upn]  # two: nobody is guessed
