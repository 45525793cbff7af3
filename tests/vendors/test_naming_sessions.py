"""`identify`: how a session is named to each family in a Disconnect- or CoA-Request (RFC 5176 section 3)."""

import pytest

from policies.grant import Terms
from radius.errors import OperatorError
from radius.vendors import FAMILIES
from radius.vendors.base import SessionFacts
from radius.wire import dictionary

DICTIONARY = dictionary.load()
ALL = SessionFacts(
    user_name="ana@os-vuk.example",
    mac="02-00-00-00-05-01",
    acct_session_id="5F3A-01",
    nas_address="192.0.2.12",
    nas_identifier="ap-hall",
    nas_port=3,
    nas_port_id="ge-0/0/3",
    framed_address="198.51.100.7",
    audit_session_id="0A0B0C0D00000001",
)
ACCT, MAC, USER = "Acct-Session-Id=5F3A-01", "Calling-Station-Id=02-00-00-00-05-01", "User-Name=ana@os-vuk.example"
NAS = "NAS-IP-Address=192.0.2.12"
ADDRESS, AUDIT = "Framed-IP-Address=198.51.100.7", "Cisco-AVPair=audit-session-id=0A0B0C0D00000001"


def named(family: str, session: SessionFacts) -> list[str]:
    return [f"{attribute.name}={attribute.value}" for attribute in FAMILIES[family].identify(session)]


@pytest.mark.parametrize(
    ("family", "expected"),
    [
        ("generic", [ACCT, MAC, USER, "NAS-Port=3", "NAS-Port-Id=ge-0/0/3", NAS]),
        ("hostapd", [ACCT, MAC]),
        ("cisco", [ACCT, MAC, AUDIT]),
        ("aruba", [ACCT, MAC, USER, ADDRESS, "NAS-Port-Id=ge-0/0/3", NAS]),
        ("ruckus", [ACCT, MAC, USER, NAS]),
        ("mikrotik", [ACCT, USER, ADDRESS, MAC]),
        ("unifi", [ACCT, MAC]),
        ("meraki", [ACCT, MAC, AUDIT, NAS]),
        ("huawei", [ACCT]),
        ("extreme", [MAC, "NAS-Port=3", NAS]),
        ("fortinet", [USER, MAC, ACCT]),
    ],
)
def test_a_session_is_named_as_the_family_wants_it(family: str, expected: list[str]) -> None:
    assert named(family, ALL) == expected


@pytest.mark.parametrize("family", FAMILIES)
def test_every_name_of_a_session_can_be_encoded(family: str) -> None:
    for attribute in FAMILIES[family].identify(ALL):
        assert DICTIONARY.check(attribute.name, attribute.value) is None


@pytest.mark.parametrize("family", FAMILIES)
def test_a_station_alone_is_enough(family: str) -> None:
    assert named(family, SessionFacts(mac="02-00-00-00-05-01")) == [MAC]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_user_alone_is_enough_where_the_family_knows_users(family: str) -> None:
    session = SessionFacts(user_name="ana@os-vuk.example")
    if family in {"cisco", "meraki"}:
        with pytest.raises(OperatorError):
            named(family, session)
    else:
        assert named(family, session) == [USER]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_session_of_which_nothing_is_known_is_never_named(family: str) -> None:
    with pytest.raises(OperatorError, match="accounting"):
        FAMILIES[family].identify(SessionFacts(nas_address="192.0.2.12"))


def test_hostapd_is_not_given_what_it_refuses_beyond_a_name() -> None:
    assert named("hostapd", SessionFacts(user_name="ana", mac="02-00-00-00-05-01", nas_port=3)) == [MAC]


def test_huawei_falls_back_to_the_station_and_the_user() -> None:
    assert named("huawei", SessionFacts(user_name="ana", mac="02-00-00-00-05-01")) == [MAC, "User-Name=ana"]


def test_port_zero_is_a_port() -> None:
    assert "NAS-Port=0" in named("generic", SessionFacts(mac="02-00-00-00-05-01", nas_port=0))


def test_ipv6_addresses_go_where_they_fit() -> None:
    session = SessionFacts(mac="02-00-00-00-05-01", nas_address="2001:db8::12", framed_address="2001:db8::7")
    assert named("ruckus", session) == [MAC, "NAS-IPv6-Address=2001:db8::12"]
    assert named("mikrotik", session) == [MAC]


def test_a_nas_without_an_address_is_called_by_its_identifier() -> None:
    session = SessionFacts(mac="02-00-00-00-05-01", nas_identifier="ap-hall")
    assert named("ruckus", session) == [MAC, "NAS-Identifier=ap-hall"]
    assert named("hostapd", session) == [MAC]


@pytest.mark.parametrize("family", FAMILIES)
def test_what_a_family_says_to_have_a_session_asked_again_can_be_encoded(family: str) -> None:
    for attribute in FAMILIES[family].ask_again:
        assert DICTIONARY.check(attribute.name, attribute.value) is None


@pytest.mark.parametrize("family", FAMILIES)
def test_what_a_family_can_change_is_a_field_of_terms_that_it_says(family: str) -> None:
    """A field that `express` leaves out would be promised here and never sent."""
    values = {"filter_id": "young", "acl": "pupils", "bandwidth_down": 1000, "bandwidth_up": 500, "idle_timeout": 600}
    for field in FAMILIES[family].changes:
        terms = Terms(**{field: values[field]})  # type: ignore[arg-type]  # each of its own type
        assert field not in FAMILIES[family].express(terms).lost
