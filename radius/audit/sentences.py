"""Why somebody did not get in and what to do about it, in a sentence each: for the school's coordinator and for a pupil.

The texts are in radius.audit.sentences_en and radius.audit.sentences_sr (Serbian Cyrillic; Latin is made from it). A pupil
is never told what helps a stranger, such as which names exist; a coordinator is told where to look.
"""

from enum import StrEnum

from msgspec import Struct

from radius.audit.causes import Cause
from radius.audit.cyrillic import to_latin
from radius.audit.sentences_en import ENGLISH
from radius.audit.sentences_sr import SERBIAN


class Audience(StrEnum):
    """Who reads the sentences."""

    COORDINATOR = "coordinator"
    PUPIL = "pupil"


class Language(StrEnum):
    """BCP 47 tags of the languages that the sentences are in; a school's `language` is one of them."""

    ENGLISH = "en"
    SERBIAN_CYRILLIC = "sr-Cyrl"
    SERBIAN_LATIN = "sr-Latn"


class Explanation(Struct, frozen=True):
    """One sentence of what happened, one of what to do."""

    cause: str
    cure: str


def explain(cause: Cause, audience: str, language: str) -> Explanation:
    """The sentences for `cause`, to an Audience, in a Language. Every cause has them for every audience and language.

    Total, because it is on a packet's way: who is not the coordinator is told what a pupil is told, and a language
    that is not here is answered in English.
    """
    serbian = language in (Language.SERBIAN_CYRILLIC, Language.SERBIAN_LATIN)
    to_coordinator, cure_to_coordinator, to_pupil, cure_to_pupil = (SERBIAN if serbian else ENGLISH)[cause]
    if audience == Audience.COORDINATOR:
        told = Explanation(to_coordinator, cure_to_coordinator)
    else:
        told = Explanation(to_pupil, cure_to_pupil)
    if language == Language.SERBIAN_LATIN:
        return Explanation(to_latin(told.cause), to_latin(told.cure))
    return told
