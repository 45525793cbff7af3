"""What a person types never becomes a part of the filter (RFC 4515)."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from ldap3.operation.search import compile_filter, parse_filter

from radius.directory.ldap.filters import escape, fill


@given(st.text(min_size=1))
@example("*")
@example("ana)(uid=*")
@example("\\2a")
@example("\0")
@example(" ana ")
@example("\\")
def test_whatever_stands_for_a_name_is_one_value_of_one_comparison(name: str) -> None:
    parsed = parse_filter(fill("(&(objectClass=person)(uid={name}))", {"name": name}), None, False, False, None, False)
    compiled = compile_filter(parsed.elements[0])["and"][1]
    assert compiled.getName() == "equalityMatch"
    assert bytes(compiled.getComponent()["assertionValue"]) == name.encode()


@given(st.binary(min_size=1))
def test_octets_are_one_value_too(octets: bytes) -> None:
    parsed = parse_filter(f"(objectGUID={escape(octets)})", None, False, False, None, False)
    assert bytes(compile_filter(parsed.elements[0]).getComponent()["assertionValue"]) == octets


@pytest.mark.parametrize(
    ("value", "escaped"),
    [  # RFC 4515 section 4
        (
            "Parens R Us (for all your parenthetical needs)",
            "Parens\\20R\\20Us\\20\\28for\\20all\\20your\\20parenthetical\\20needs\\29",
        ),
        ("*", "\\2a"),
        ("C:\\MyFile", "C\\3a\\5cMyFile"),
        (b"\x00\x00\x00\x04", "\\00\\00\\00\\04"),
        ("Lučić", "Lu\\c4\\8di\\c4\\87"),
    ],
)
def test_the_examples_of_the_rfc(value: str | bytes, escaped: str) -> None:
    assert escape(value) == escaped


def test_a_name_that_looks_like_a_placeholder_is_not_replaced_again() -> None:
    assert fill("(|(uid={name})(mail={full}))", {"name": "{full}", "full": "ana@x"}) == "(|(uid=\\7bfull\\7d)(mail=ana@x))"
