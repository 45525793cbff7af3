"""Every cause can be told to everybody, in proper letters."""

import re

import pytest

from radius.audit.causes import Cause
from radius.audit.cyrillic import to_latin
from radius.audit.sentences import Audience, Explanation, Language, explain
from radius.audit.sentences_sr import NAMES

ONE_SENTENCE = re.compile(r"[^\W\d_]([^.!?]|(?<=\d)\.(?=\d))*\.")  # 'TLS 1.0' may be in it


@pytest.mark.parametrize("audience", list(Audience))
@pytest.mark.parametrize("language", list(Language))
def test_every_cause_has_one_sentence_of_cause_and_one_of_cure(audience: str, language: str) -> None:
    for cause in Cause:
        told = explain(cause, audience, language)
        for sentence in (told.cause, told.cure):
            assert ONE_SENTENCE.fullmatch(sentence), sentence
            assert sentence[0].isupper()
            assert "  " not in sentence
        assert told.cause != told.cure


def without_names(sentence: str) -> str:
    """The sentence without what is called so on the screen, in whichever alphabet."""
    return re.sub(r"(?<![\w-])(" + "|".join(NAMES) + r")(?![\w-])", "", sentence)


@pytest.mark.parametrize("audience", list(Audience))
@pytest.mark.parametrize("cause", list(Cause))
def test_serbian_is_in_one_alphabet(cause: Cause, audience: str) -> None:
    cyrillic = explain(cause, audience, "sr-Cyrl")
    latin = explain(cause, audience, "sr-Latn")
    for sentence in (cyrillic.cause, cyrillic.cure):
        assert not re.search("[a-zA-Zčćžšđ]", without_names(sentence)), sentence
        assert not re.search("[йыэюяёщъь]", sentence), sentence
    for sentence in (latin.cause, latin.cure):
        assert not re.search("[Ѐ-ӿ]", sentence), sentence


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("cause", list(Cause))
def test_what_a_pupil_is_told_fits_into_a_reply_message(cause: Cause, language: str) -> None:
    assert len(explain(cause, "pupil", language).cause.encode()) <= 253  # RFC 2865 section 5.18


def test_names_in_latin_letters_are_the_same_in_both_alphabets_and_each_is_used() -> None:
    used = set()
    for cause in Cause:
        for audience in Audience:
            cyrillic, latin = (explain(cause, audience, language) for language in ("sr-Cyrl", "sr-Latn"))
            for one, other in ((cyrillic.cause, latin.cause), (cyrillic.cure, latin.cure)):
                here = {name for name in NAMES if name in one}
                assert here == {name for name in here if name in other}
                used |= here
    assert used == set(NAMES)


def test_a_pupil_is_not_told_which_names_exist() -> None:
    for language in Language:
        assert explain(Cause.UNKNOWN_ACCOUNT, "pupil", language) == explain(Cause.WRONG_PASSWORD, "pupil", language)


def test_a_stranger_to_the_vocabulary_is_answered_too() -> None:
    assert explain(Cause.NO_RULE, "parent", "de") == explain(Cause.NO_RULE, "pupil", "en")


def test_latin_is_made_from_cyrillic() -> None:
    told = explain(Cause.ACCOUNT_EXPIRED, "pupil", "sr-Latn")
    assert told == Explanation("Tvoj nalog je istekao.", "Zamoli školskog koordinatora da ga produži.")


@pytest.mark.parametrize(
    ("cyrillic", "latin"),
    [
        ("Љубав, њива, џеп", "Ljubav, njiva, džep"),
        ("ЉУБАВ ЊИВА ЏЕП", "LJUBAV NJIVA DŽEP"),
        ("НАДЉ Џ", "NADLJ Dž"),
        ("Ђорђе Ћосић, Жаба 802.1X", "Đorđe Ćosić, Žaba 802.1X"),
        ("абвгдђежзијклљмнњопрстћуфхцчџш", "abvgdđežzijklljmnnjoprstćufhcčdžš"),
    ],
)
def test_digraphs_keep_their_capitals(cyrillic: str, latin: str) -> None:
    assert to_latin(cyrillic) == latin
