"""Search filters (RFC 4515) from an administrator's template, in the octets in which they are sent (RFC 4511 section 4.5.1.7).

The template is parsed once, by ldap3, with a mark in each place; what comes from a person is put there as octets, when the
template has long been an element inside elements. So there is nothing to escape, and no name can change a filter's shape.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

from ldap3.core.exceptions import LDAPExceptionError
from ldap3.operation.search import compile_filter, parse_filter
from pyasn1.codec.ber.encoder import encode
from pyasn1.error import PyAsn1Error

from radius.directory.ldap.ber import CONSTRUCTED, Reader, element
from radius.errors import OperatorError

OR: Final = 0xA1
TEMPLATES: Final = 512  # that are remembered; a description has three

_BEFORE: Final = b"\xff\x00kapija:"  # no UTF-8, so no text that somebody wrote
_BEHIND: Final = b"\x00\xff"

_PLACEHOLDER: Final = re.compile(r"\{(\w+)\}")

Piece = bytes | str  # octets as they are, or the name of a value


class Template:
    """An element of a filter: `pieces` of a primitive one, or the elements `inside` a constructed one."""

    __slots__ = ("_inside", "_pieces", "_ready", "_tag")

    def __init__(self, tag: int, pieces: Sequence[Piece], inside: Sequence["Template"]) -> None:
        self._tag: Final = tag
        self._pieces: Final = tuple(pieces)
        self._inside: Final = tuple(inside)
        self._ready: bytes | None = None if self.names() else self._made({})

    def names(self) -> list[str]:
        """The names of the values, each as often as it stands there."""
        found = [piece for piece in self._pieces if isinstance(piece, str)]
        for one in self._inside:
            found += one.names()
        return found

    def filled(self, values: Mapping[str, bytes]) -> bytes:
        """The filter's octets with these values."""
        return self._made(values) if self._ready is None else self._ready

    def _made(self, values: Mapping[str, bytes]) -> bytes:
        parts = [one.filled(values) for one in self._inside]
        for piece in self._pieces:
            parts.append(values[piece] if isinstance(piece, str) else piece)
        return element(self._tag, b"".join(parts))


def fill(template: str, values: Mapping[str, str | bytes]) -> bytes:
    """The filter `template` with each {name} replaced by the value of that name. Raises OperatorError for what is no filter."""
    octets = {name: value.encode() if isinstance(value, str) else value for name, value in values.items()}
    return template_of(template).filled(octets)


def any_of(filters: Sequence[bytes]) -> bytes:
    """What one of them finds; at least one."""
    return filters[0] if len(filters) == 1 else element(OR, b"".join(filters))


@lru_cache(TEMPLATES)
def template_of(text: str) -> Template:
    """The template, parsed. Raises OperatorError."""
    marked = _PLACEHOLDER.sub(lambda found: _escaped(_BEFORE + found[1].encode() + _BEHIND), text)
    try:
        octets = encode(compile_filter(parse_filter(marked, None, False, False, None, False).elements[0]))
    except (LDAPExceptionError, PyAsn1Error, LookupError, TypeError, ValueError, AttributeError):
        raise OperatorError(f"{text!r} is no filter of RFC 4515, which is like (uid={{name}})") from None
    template = _parsed(Reader(octets, 0, len(octets)))
    if sorted(template.names()) != sorted(_PLACEHOLDER.findall(text)):
        raise OperatorError(f"{text!r}: a placeholder can stand for a value alone, as in (uid={{name}})")
    return template


def _parsed(reader: Reader) -> Template:
    tag = reader.next_tag()
    if not tag & CONSTRUCTED:
        return Template(tag, _pieces(reader.octets(tag)), ())
    inside = reader.inside(tag)
    elements = []
    while inside.more:
        elements.append(_parsed(inside))
    return Template(tag, (), elements)


def _pieces(content: bytes) -> list[Piece]:
    first, *rest = content.split(_BEFORE)
    pieces: list[Piece] = [first]
    for part in rest:
        name, _, more = part.partition(_BEHIND)
        pieces += [name.decode(), more]
    return [piece for piece in pieces if piece]


def _escaped(octets: bytes) -> str:
    return "".join(f"\\{octet:02x}" for octet in octets)


ANYTHING: Final = fill("(objectClass=*)", {})  # every entry has that attribute (RFC 4512 section 2.4.1)
