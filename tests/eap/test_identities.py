"""Identities: network access identifiers, DOMAIN\\user, anonymous ones, and which may go with which."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radius.directory.names import without_domain
from radius.eap.identity import Identity, may_go_together, parse, read_identity, same_realm


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("ana", ("ana", "", "")),
        ("ana@os-vuk.example", ("ana", "os-vuk.example", "")),
        ("@os-vuk.example", ("", "os-vuk.example", "")),
        ("ana@", ("ana", "", "")),
        ("", ("", "", "")),
        ("@", ("", "", "")),
        ("OS-VUK\\ana", ("ana", "", "OS-VUK")),
        ("OS-VUK\\ana@os-vuk.example", ("ana", "os-vuk.example", "OS-VUK")),
        ("a\\b\\ana", ("ana", "", "a\\b")),
        ("\\ana", ("ana", "", "")),
        ("ana@home@os-vuk.example", ("ana@home", "os-vuk.example", "")),
        ("host/pc7.os-vuk.example", ("host/pc7.os-vuk.example", "", "")),
        ("ђорђе@ош-вук.срб", ("ђорђе", "ош-вук.срб", "")),
        ("ana@os-vuk.example\\boss", ("ana", "os-vuk.example\\boss", "")),
    ],
)
def test_an_identity_has_a_user_a_realm_and_a_domain(text, parts):
    assert parse(text) == Identity(*parts)


@pytest.mark.parametrize("data", [b"ana", b"", "ђорђе@ош-вук.срб".encode(), b"OS-VUK\\ana", b"a b", b"x" * 253])
def test_an_identity_is_read(data):
    assert read_identity(data) == data.decode()


@pytest.mark.parametrize(
    "data", [b"\xe4\xf6", b"ana\0", b"\0", b"ana\n", b"\x1b[2J", "ana\u202e".encode(), b"x" * 254, b"\xed\xa0\x80"]
)
def test_an_identity_that_nobody_could_read_is_none(data):
    assert read_identity(data) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [("os-vuk.example", "OS-Vuk.Example"), ("ош-вук.срб", "ОШ-Вук.срб"), ("ćć.example", "c\u0301C\u0301.example")],
)
def test_realms_are_the_same_without_regard_to_case(one, other):
    assert same_realm(one, other)


@pytest.mark.parametrize(
    ("one", "other"), [("os-vuk.example", "vuk.example"), ("straße.example", "strasse.example"), ("a.example", "а.example")]
)
def test_realms_that_look_alike_are_not_the_same(one, other):
    assert not same_realm(one, other)


TOGETHER = [
    ("anonymous@os-vuk.example", "ana@os-vuk.example"),
    ("anonymous@os-vuk.example", "ana@OS-VUK.EXAMPLE"),
    ("@os-vuk.example", "ana"),
    ("anonymous@os-vuk.example", "OS-VUK\\ana"),
    ("anonymous", "ana@os-vuk.example"),
    ("", "ana@os-vuk.example"),
    ("OS-VUK\\ana", "os-vuk\\ana"),
    ("ana@os-vuk.example", "ana@os-vuk.example"),
]
APART = [
    ("anonymous@os-vuk.example", "ana@os-dositej.example"),
    ("@os-vuk.example", "ana@sub.os-vuk.example"),
    ("OS-VUK\\ana", "OS-DOSITEJ\\ana"),
    ("@os-vuk.example", "OS-VUK\\ana@os-dositej.example"),
    ("@os-vuk.example", "ana@os-vuk.example\\boss"),
    ("@os-vuk.example", "ana@os-vuk.example@os-dositej.example"),
]


@pytest.mark.parametrize(("outer", "inner"), TOGETHER)
def test_identities_of_one_realm_go_together(outer, inner):
    assert may_go_together(outer, inner)
    assert may_go_together(inner, outer)


@pytest.mark.parametrize(("outer", "inner"), APART)
def test_identities_of_two_realms_do_not(outer, inner):
    assert not may_go_together(outer, inner)
    assert not may_go_together(inner, outer)


NAMES = st.text(st.sampled_from("aB@\\.š "), max_size=12)


@given(NAMES)
def test_every_text_is_some_identity_that_goes_with_itself(text):
    assert may_go_together(text, text)


@given(NAMES)
def test_the_account_is_of_the_realm_that_was_compared(text):
    realm = parse(text).realm
    if "\\" not in realm:
        assert parse(without_domain(text)).realm == realm
    else:  # such a realm is nobody's
        assert not may_go_together("@os-vuk.example", text)


@given(st.binary(max_size=300))
def test_no_octets_raise(data):
    identity = read_identity(data)
    assert identity is None or identity.encode() == data
