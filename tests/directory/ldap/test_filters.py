"""What a person types never becomes a part of the filter (RFC 4515), and the octets are those that ldap3 would send."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from ldap3.operation.search import compile_filter, parse_filter
from pyasn1.codec.ber.encoder import encode

from radius.directory.ldap.filters import any_of, fill
from radius.directory.profiles import PROFILES
from radius.errors import OperatorError

TEMPLATES = [
    "(uid={name})",
    "(&(objectClass=person)(|(uid={name})(mail={full})))",
    "(!(uid={name}))",
    "(cn=a{name}b)",
    "(cn={name}*x*{full})",
    "(cn~={name})",
    "(shadowExpire>={name})",
    "(shadowExpire<={name})",
    "(member:1.2.840.113556.1.4.1941:={name})",
    "(member:dn:caseExactMatch:={full})",
    "(&(objectClass=*)(!(|(a={name})(b=\\28x\\29)))(uid={name}))",
]


def by_ldap3(text: str) -> bytes:
    """The oracle: the whole filter with its values escaped, parsed and encoded by ldap3."""
    octets: bytes = encode(compile_filter(parse_filter(text, None, False, False, None, False).elements[0]))
    return octets


def escaped(value: str | bytes) -> str:
    octets = value.encode() if isinstance(value, str) else value
    return "".join(f"\\{octet:02x}" for octet in octets)


@given(st.sampled_from(TEMPLATES), st.text(min_size=1), st.text(min_size=1, max_size=400))
@example("(uid={name})", "*", "ana)(uid=*")
@example("(&(objectClass=person)(|(uid={name})(mail={full})))", "\\2a", "\0")
@example("(cn=a{name}b)", " ana ", "\\")
@example("(&(objectClass=person)(|(uid={name})(mail={full})))", "{full}", "{name}")
def test_a_filled_template_is_what_ldap3_makes_of_escaped_values(template: str, name: str, full: str) -> None:
    text = template.replace("{name}", escaped(name)).replace("{full}", escaped(full))
    assert fill(template, {"name": name, "full": full}) == by_ldap3(text)


@given(st.text(min_size=1))
def test_whatever_stands_for_a_name_is_one_value_of_one_comparison(name: str) -> None:
    parsed = parse_filter(f"(uid={escaped(name)})", None, False, False, None, False)
    assert bytes(compile_filter(parsed.elements[0]).getComponent()["assertionValue"]) == name.encode()
    assert fill("(uid={name})", {"name": name}).endswith(name.encode())


@given(st.lists(st.binary(min_size=1), min_size=2, max_size=60))
def test_octets_are_values_too_and_many_filters_make_one(sids: list[bytes]) -> None:
    text = "".join(f"(objectSid={escaped(sid)})" for sid in sids)
    assert any_of([fill("(objectSid={sid})", {"sid": sid}) for sid in sids]) == by_ldap3(f"(|{text})")


def test_one_filter_of_one_is_itself() -> None:
    assert any_of([fill("(uid=ana)", {})]) == by_ldap3("(uid=ana)")


@pytest.mark.parametrize("profile", PROFILES)
def test_the_filters_of_the_profiles_are_filters(profile: str) -> None:
    values = {"name": "ana", "full": "ana@skola.example", "dn": "uid=ana,dc=skola"}
    for section in ("people", "groups"):
        table = PROFILES[profile].get(section, {})
        assert isinstance(table, dict)
        for key in ("filter", "above"):
            template = table.get(key)
            if template:
                assert fill(template, values) == by_ldap3(template.format(**{k: escaped(v) for k, v in values.items()}))


@pytest.mark.parametrize("text", ["", "uid=ana", "(uid=ana", "(uid)", "()", "(&)", "((uid=ana))", "(=ana)x"])
def test_what_is_no_filter_is_the_operators_mistake(text: str) -> None:
    with pytest.raises(OperatorError, match="RFC 4515"):
        fill(text, {})


@pytest.mark.parametrize("text", ["({name}=ana)", "(uid:{name}:=x)", "(uid;{name}=x)"])
def test_a_placeholder_stands_for_a_value_alone(text: str) -> None:
    with pytest.raises(OperatorError, match=r"placeholder|RFC 4515"):
        fill(text, {"name": "x"})
