"""Usernames and passwords in the one form in which they are stored and compared (RFC 8265, a PRECIS profile each).

A username is compared without regard to case, width and composition, in every script: Ана and ана are one person. The
realm of a network access identifier (RFC 7542) stays part of the name: ana@os-vuk.example is not ana.
"""

import re
from functools import lru_cache
from typing import Final

from precis_i18n import get_profile

MAX_NAME_OCTETS = 253  # RFC 2865 section 5: the value of one attribute
NAMES_REMEMBERED = 16_384

# For these the profile is lower case and nothing else: ASCII without space and controls (RFC 8264 section 9.11), and the
# letters of Serbian's two alphabets (all of U+0400-045F, which is composed already); a test compares both ways. Two octets
# each at most, so 126 of them fit an attribute.
_PLAIN_NAME: Final = re.compile("[!-~]{1,253}|[!-~\u0400-\u045fČčĆćĐđŠšŽž]{1,126}").fullmatch
_PLAIN_PASSWORD = re.compile(r"[ -~]+").fullmatch
_username = get_profile("UsernameCaseMapped")  # RFC 8265 section 3.3
_password = get_profile("OpaqueString")  # RFC 8265 section 4.2

_WHY = {
    "spaces": "has a space",
    "empty": "is empty",
    "controls": "has a control character",
    "precis_ignorable_properties": "has an invisible character",
    "bidi_rule": "mixes writing directions",
    "unassigned": "has a character that Unicode does not define",
    "symbols": "has a symbol that is neither a letter nor a digit",
    "punctuation": "has a punctuation mark other than those of ASCII",
    "not_idempotent": "has no stable spelling",
}


def canonical_username(text: str) -> str:
    """`text` by the profile UsernameCaseMapped (RFC 8265 section 3.3), the form in which names are stored and looked up.

    Names of ASCII and Serbian letters cost 0.5 us; others cost about 80 us the first time and are then remembered.
    Raises ValueError with words that can follow the name.
    """
    if _PLAIN_NAME(text):
        return text.lower()
    return _prepared_name(text)


@lru_cache(maxsize=NAMES_REMEMBERED)
def _prepared_name(text: str) -> str:
    if len(text) > MAX_NAME_OCTETS:
        raise ValueError(f"is longer than {MAX_NAME_OCTETS} octets")
    try:
        name: str = _username.enforce(text)
    except UnicodeEncodeError as error:
        raise ValueError(_words(error)) from None
    if len(name.encode()) > MAX_NAME_OCTETS:
        raise ValueError(f"is longer than {MAX_NAME_OCTETS} octets")
    return name


def canonical_password(text: str) -> str:
    """`text` by the profile OpaqueString (RFC 8265 section 4.2): case is kept, a space of any kind is a space, composed.

    Printable ASCII comes back as it is. Raises ValueError with words that can follow 'the password'; they tell nothing of
    the password itself.
    """
    if _PLAIN_PASSWORD(text):
        return text
    try:
        password: str = _password.enforce(text)
    except UnicodeEncodeError as error:
        raise ValueError(_words(error)) from None
    return password


def account_key(name: str) -> str:
    """The form in which names of other directories are compared here: the canonical one, or small letters for a name that this
    installation could not give (theirs may have spaces)."""
    try:
        return canonical_username(name)
    except ValueError:
        return name.lower()


def without_domain(name: str) -> str:
    """The account's name in Windows' DOMAIN\\user."""
    return name.rpartition("\\")[2]


def _words(error: UnicodeEncodeError) -> str:
    """The profile's complaint for people, without the text: precis-i18n says 'DISALLOWED/spaces'."""
    code = error.reason.rpartition("/")[2]
    return _WHY.get(code, f"has a character that is not allowed there (RFC 8265: {code})")
