"""Two spellings of one DN are one DN, and two DNs are two."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radius.directory.distinguished_names import dn_key, first_value


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("cn=8-2,ou=Grupe,dc=skola", "CN=8-2, OU=grupe, DC=Skola"),
        ("cn=a\\2cb,dc=c", "cn=a\\,b,dc=c"),  # RFC 4514 section 4 has both
        ("cn=Lu\\C4\\8Di\\C4\\87", "cn=Lučić"),
        ("ou=Sales+cn=J.  Smith,dc=x", "cn=J. Smith+ou=Sales,dc=x"),
        ("cn=a;dc=b", "cn=a,dc=b"),  # RFC 2253 section 4: the old separator
        ("cn=\\ a\\ ,dc=b", "cn=a,dc=b"),  # spaces around a value do not count in caseIgnoreMatch
    ],
)
def test_the_same_name(one: str, other: str) -> None:
    assert dn_key(one) == dn_key(other) != ()


@pytest.mark.parametrize(("one", "other"), [("cn=a,dc=b", "cn=a,dc=c"), ("cn=a\\,dc=b", "cn=a,dc=b"), ("cn=a", "ou=a")])
def test_another_name(one: str, other: str) -> None:
    assert dn_key(one) != dn_key(other)


@pytest.mark.parametrize("text", ["", "nastavnici", "cn=a,", "cn=a,,dc=b", "=a", ",", "cn=a+"])
def test_no_name(text: str) -> None:
    assert dn_key(text) == ()


@given(st.text())
def test_any_text_is_a_name_or_none(text: str) -> None:
    assert isinstance(dn_key(text), tuple)
    assert isinstance(first_value(text), str)


@given(st.text(min_size=1).filter(lambda text: text == text.strip() and "\0" not in text))
def test_a_value_comes_back_as_it_was_escaped(value: str) -> None:
    escaped = "".join(f"\\{octet:02x}" for octet in value.encode())
    assert first_value(f"cn={escaped},dc=skola") == value


@pytest.mark.parametrize(("dn", "name"), [("cn=8-2,ou=x", "8-2"), ("cn=a\\,b,dc=c", "a,b"), ("no dn", "")])
def test_the_first_value_names_a_group(dn: str, name: str) -> None:
    assert first_value(dn) == name
