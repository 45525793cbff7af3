"""Distinguished names (RFC 4514) compared: the same name is written in many ways, and servers give back another than was sent.

Values are compared without regard to case and to runs of spaces, as the attributes that name entries are (RFC 4519: cn, ou,
uid and dc are caseIgnore); an attribute named by its number is not the same as by its name here.
"""

import re
from functools import lru_cache
from typing import Final

DnKey = tuple[frozenset[tuple[str, str]], ...]

_PAIR: Final = re.compile(r'\\([0-9A-Fa-f]{2})|\\([ "#+,;<=>\\])')  # RFC 4514 section 3
_SPLIT_RDNS: Final = re.compile(r"((?:[^,;\\]|\\.)*)(?:[,;]|$)", re.DOTALL)
_SPLIT_PAIRS: Final = re.compile(r"((?:[^+\\]|\\.)*)(?:\+|$)", re.DOTALL)


@lru_cache(maxsize=8_192)  # groups' names come again with every person
def dn_key(dn: str) -> DnKey:
    """The name for comparisons, its last component (the root) last; () for "" and for what is no DN."""
    components = []
    for text in _pieces(_SPLIT_RDNS, dn):
        pairs = [_pair(piece) for piece in _pieces(_SPLIT_PAIRS, text)]
        if not all(pairs):
            return ()
        components.append(frozenset(pair for pair in pairs if pair))
    return tuple(components)


def first_value(dn: str) -> str:
    """The value of the first component, as people write it: 'nastavnici' of cn=nastavnici,ou=grupe,dc=skola; "" for no DN."""
    first = next(iter(_pieces(_SPLIT_RDNS, dn)), "")
    _, equals, value = first.partition("=")
    return _unescape(_trimmed(value)) if equals else ""


def _pieces(split: re.Pattern[str], text: str) -> list[str]:
    pieces, end = [], 0
    while end < len(text):
        found = split.match(text, end)
        if found is None or (found.end() == end):
            return [""]  # a lone backslash at the end
        pieces.append(found[1])
        end = found.end()
    if text and text[-1] in ",;+" and not text.endswith(("\\,", "\\;", "\\+")):
        pieces.append("")
    return pieces


def _pair(text: str) -> tuple[str, str] | None:
    kind, equals, value = text.partition("=")
    if not equals or not kind.strip():
        return None
    return kind.strip().lower(), " ".join(_unescape(_trimmed(value)).casefold().split())


def _trimmed(value: str) -> str:
    """Without the spaces around it, keeping an escaped one at the end."""
    value = value.lstrip()
    stripped = value.rstrip()
    return stripped + " " if stripped.endswith("\\") and not stripped.endswith("\\\\") and stripped != value else stripped


def _unescape(value: str) -> str:
    octets = bytearray()
    end = 0
    for found in _PAIR.finditer(value):
        octets += value[end : found.start()].encode() + (bytes.fromhex(found[1]) if found[1] else found[2].encode())
        end = found.end()
    return (octets + value[end:].encode()).decode(errors="replace")
