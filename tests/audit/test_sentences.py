"""Every cause can be told to everybody, in proper letters."""

import re
from collections.abc import Iterator

import pytest

from radius.audit.causes import Cause
from radius.audit.cyrillic import NAMES, to_latin
from radius.audit.findings import Finding, explain_finding
from radius.audit.sentences import Audience, Explanation, Language, explain

SERBIAN = (Language.SERBIAN_CYRILLIC, Language.SERBIAN_LATIN)

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


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("finding", list(Finding))
def test_every_finding_has_one_sentence_of_cause_and_one_of_cure(finding: Finding, language: str) -> None:
    told = explain_finding(finding, language)
    for sentence in (told.cause, told.cure):
        assert ONE_SENTENCE.fullmatch(sentence), sentence
        assert sentence[0].isupper()
        assert "  " not in sentence
    assert told.cause != told.cure


def test_a_finding_has_no_code_that_a_cause_has() -> None:
    assert {finding.value for finding in Finding}.isdisjoint(cause.value for cause in Cause)


def without_names(sentence: str) -> str:
    """The sentence without what is called so on the screen, in whichever alphabet."""
    return re.sub(r"(?<![\w-])(" + "|".join(NAMES) + r")(?![\w-])", "", sentence)


def in_both_alphabets() -> Iterator[tuple[str, str]]:
    """Every Serbian sentence, in Cyrillic and in Latin."""
    for cause in Cause:
        for audience in Audience:
            cyrillic, latin = (explain(cause, audience, language) for language in SERBIAN)
            yield from ((cyrillic.cause, latin.cause), (cyrillic.cure, latin.cure))
    for finding in Finding:
        cyrillic, latin = (explain_finding(finding, language) for language in SERBIAN)
        yield from ((cyrillic.cause, latin.cause), (cyrillic.cure, latin.cure))


@pytest.mark.parametrize(("cyrillic", "latin"), list(in_both_alphabets()))
def test_serbian_is_in_one_alphabet(cyrillic: str, latin: str) -> None:
    assert not re.search("[a-zA-Zčćžšđ]", without_names(cyrillic)), cyrillic
    assert not re.search("[йыэюяёщъь]", cyrillic), cyrillic
    assert not re.search("[Ѐ-ӿ]", latin), latin


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("cause", list(Cause))
def test_what_a_pupil_is_told_fits_into_a_reply_message(cause: Cause, language: str) -> None:
    assert len(explain(cause, "pupil", language).cause.encode()) <= 253  # RFC 2865 section 5.18


def test_names_in_latin_letters_are_the_same_in_both_alphabets_and_each_is_used() -> None:
    used = set()
    for cyrillic, latin in in_both_alphabets():
        here = {name for name in NAMES if name in cyrillic}
        assert all(name in latin for name in here)
        used |= here
    assert used == set(NAMES)


def test_a_pupil_is_not_told_which_names_exist() -> None:
    for language in Language:
        wrong = explain(Cause.WRONG_PASSWORD, "pupil", language)
        assert explain(Cause.UNKNOWN_ACCOUNT, "pupil", language) == wrong
        # Active Directory tells these without a proof: who hears of a lock or of Protected Users has heard of an account.
        assert explain(Cause.ACCOUNT_LOCKED, "pupil", language) == wrong
        assert explain(Cause.LOCKOUT_GUARD, "pupil", language) == wrong
        assert explain(Cause.ACCOUNT_RESTRICTED, "pupil", language) == wrong
        assert explain(Cause.AMBIGUOUS_ACCOUNT, "pupil", language) == wrong  # told without a proof


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
