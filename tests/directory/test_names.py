"""Names and passwords by RFC 8265."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from precis_i18n import get_profile

from radius.directory.names import MAX_NAME_OCTETS, canonical_password, canonical_username, without_domain

printable = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=MAX_NAME_OCTETS)


@given(printable.filter(lambda text: " " not in text))
def test_the_short_way_for_ascii_agrees_with_the_profile(text: str) -> None:
    assert canonical_username(text) == get_profile("UsernameCaseMapped").enforce(text)


serbian = st.text(
    st.one_of(st.characters(min_codepoint=0x0400, max_codepoint=0x045F), st.sampled_from("ČčĆćĐđŠšŽž.-_@aZ09")),
    min_size=1,
    max_size=126,
)


@given(serbian)
def test_the_short_way_for_serbian_letters_agrees_with_the_profile(text: str) -> None:
    assert canonical_username(text) == get_profile("UsernameCaseMapped").enforce(text)


def test_every_letter_of_the_short_way_agrees_alone_and_in_pairs_with_its_neighbours() -> None:
    enforce = get_profile("UsernameCaseMapped").enforce
    letters = [chr(code) for code in range(0x0400, 0x0460)] + list("ČčĆćĐđŠšŽž")
    for first, second in zip(letters, [*letters[1:], "a"], strict=True):
        assert canonical_username(first) == enforce(first)
        assert canonical_username(first + second) == enforce(first + second)


@given(printable)
def test_the_short_way_for_ascii_passwords_agrees_with_the_profile(text: str) -> None:
    assert canonical_password(text) == get_profile("OpaqueString").enforce(text)


@given(st.text(max_size=300))
def test_any_text_gives_a_stable_bounded_name_or_a_value_error(text: str) -> None:
    try:
        name = canonical_username(text)
    except ValueError:
        return
    assert canonical_username(name) == name
    assert 0 < len(name.encode()) <= MAX_NAME_OCTETS


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ана.Петровић", "ана.петровић"),
        ("ЉУБИЦА", "љубица"),
        ("ana.petrović", "ANA.PETROVIĆ"),
        ("pero.c\u0301iric\u0301", "pero.ćirić"),
        ("ＡＮＡ", "ana"),
    ],
)
def test_case_width_and_composition_do_not_tell_people_apart(one: str, other: str) -> None:
    assert canonical_username(one) == canonical_username(other)


def test_the_realm_is_part_of_the_name() -> None:
    assert canonical_username("Ana@OS-Vuk.example") == "ana@os-vuk.example"
    assert canonical_username("ana@os-vuk.example") != canonical_username("ana")


def test_cyrillic_and_latin_letters_that_look_alike_stay_apart() -> None:
    assert canonical_username("аna") != canonical_username("ana")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("ana petrovic", "space"),
        ("ana\x00", "control"),
        ("ana\n", "control"),
        ("ana\u200b", "invisible"),
        ("a" * 254, "longer than 253"),
        ("ж" * 127, "longer than 253"),
        ("ana\u2603", "symbol"),
    ],
)
def test_a_bad_name_is_refused_with_words(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        canonical_username(text)


def test_a_password_keeps_its_case_and_its_plain_spaces() -> None:
    assert canonical_password("Dobar Dan\u00a0svima") == "Dobar Dan svima"


def test_a_bad_password_is_refused_without_telling_it() -> None:
    with pytest.raises(ValueError) as error:
        canonical_password("tajna\tlozinka")
    assert "tajna" not in str(error.value)
    assert error.value.__cause__ is None


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("ana", "ana"),
        ("OS-VUK\\ana", "ana"),
        ("OS-VUK\\ana@os-vuk.example", "ana@os-vuk.example"),
        ("ana@os-vuk.example", "ana@os-vuk.example"),
    ],
)
def test_an_account_has_no_windows_domain(text: str, name: str) -> None:
    assert without_domain(text) == name
