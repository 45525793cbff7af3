"""Distinguished names (RFC 4514) compared: the same name is written in many ways, and servers give back another than was sent.

Values are compared without regard to case and to runs of spaces, as the attributes that name entries are (RFC 4519: cn, ou,
uid and dc are caseIgnore); an attribute named by its number is not the same as by its name here.
"""

import re
from functools import lru_cache
from typing import Final

DnKey = tuple[frozenset[tuple[str, str]], ...]

_PAIR: Final = re.compile(r'\\([0-9A-Fa-f]{2})|\\([ "#+,;<=>\\])')  # RFC 4514 section 3
_RDNS: Final = ",;"  # RFC 2253 section 4 still had the semicolon
_PAIRS: Final = "+"


@lru_cache(maxsize=8_192)  # groups' names come again with every person
def dn_key(dn: str) -> DnKey:
    """The name for comparisons, its last component (the root) last; () for "" and for what is no DN."""
    components = []
    for text in _split(dn, _RDNS):
        pairs = [_pair(piece) for piece in _split(text, _PAIRS)]
        known = frozenset(pair for pair in pairs if pair)
        if len(known) < len(pairs):
            return ()
        components.append(known)
    return tuple(components)


def first_value(dn: str) -> str:
    """The value of the first component, as people write it: 'nastavnici' of cn=nastavnici,ou=grupe,dc=skola; "" for no DN."""
    _, equals, value = _split(dn, _RDNS)[0].partition("=")
    return _unescape(_trimmed(value)) if equals else ""


def _split(text: str, separators: str) -> list[str]:
    """The pieces between separators that no backslash stands before."""
    pieces, start, escaped = [], 0, False
    for at, mark in enumerate(text):
        if mark in separators and not escaped:
            pieces.append(text[start:at])
            start = at + 1
        escaped = mark == "\\" and not escaped
    return [*pieces, text[start:]]


def _pair(text: str) -> tuple[str, str] | None:
    kind, equals, value = text.partition("=")
    if not equals or not kind.strip():
        return None
    return kind.strip().lower(), " ".join(_unescape(_trimmed(value)).casefold().split())


def _trimmed(value: str) -> str:
    """Without the spaces around it, keeping an escaped one at the end."""
    value = value.lstrip(" ")
    stripped = value.rstrip(" ")
    backslashes = len(stripped) - len(stripped.rstrip("\\"))
    return stripped + " " if backslashes % 2 and stripped != value else stripped


def _unescape(value: str) -> str:
    octets = bytearray()
    end = 0
    for found in _PAIR.finditer(value):
        octets += value[end : found.start()].encode(errors="replace")
        octets += bytes.fromhex(found[1]) if found[1] else found[2].encode()
        end = found.end()
    return (octets + value[end:].encode(errors="replace")).decode(errors="replace")
