"""The Basic Encoding Rules as far as LDAP uses them (RFC 4511 section 5.1): definite lengths alone, tags of one octet.

What comes from a server is read within bounds that are checked first. MalformedBer is all that reading raises, on any octets.
"""

from typing import Final

from radius.errors import ServiceError

BOOLEAN: Final = 0x01
INTEGER: Final = 0x02
OCTET_STRING: Final = 0x04
ENUMERATED: Final = 0x0A
SEQUENCE: Final = 0x30
SET: Final = 0x31

CONSTRUCTED: Final = 0x20  # the bit of a tag whose element has elements inside
MANY_OCTETS: Final = 0x1F  # a tag number that would go on in the next octet; LDAP has none
MAX_LENGTH_OCTETS: Final = 4  # Active Directory always writes a length of four
MAX_INTEGER_OCTETS: Final = 4  # maxInt is 2 ** 31 - 1 (RFC 4511 section 4.1.1)


class MalformedBer(ServiceError):  # noqa: N818 - what the octets are
    """The octets are not what the rules, or the grammar, allow there. The words have nothing of the octets in them."""


def element(tag: int, content: bytes) -> bytes:
    """An element with the shortest length."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def integer(value: int, tag: int = INTEGER) -> bytes:
    """A number that is not negative, in the fewest octets."""
    return element(tag, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def size_of_first(octets: bytes | bytearray, tag: int, at_most: int) -> int:
    """How many octets the element at the beginning has, its tag and length with it; 0 while too few came to tell.

    Raises MalformedBer for another tag, and for more than `at_most` octets.
    """
    have = len(octets)
    if have and octets[0] != tag:
        raise MalformedBer("an unexpected tag")
    if have < 2:
        return 0
    first = octets[1]
    if first < 0x80:
        return 2 + first
    count = first & 0x7F
    if not 0 < count <= MAX_LENGTH_OCTETS:
        raise MalformedBer("a length that is indefinite or too long")
    if have < 2 + count:
        return 0
    size = 2 + count + int.from_bytes(octets[2 : 2 + count], "big")
    if size > at_most:
        raise MalformedBer("an element that is too large")
    return size


class Reader:
    """Reads elements one after the other from octets[at:end]."""

    __slots__ = ("_at", "_end", "_octets")

    def __init__(self, octets: bytes, at: int, end: int) -> None:
        self._octets: Final = octets
        self._at = at
        self._end: Final = end

    @property
    def more(self) -> bool:
        """Whether something is left."""
        return self._at < self._end

    def next_tag(self) -> int:
        """The tag of the next element, -1 at the end."""
        return self._octets[self._at] if self._at < self._end else -1

    def octets(self, tag: int) -> bytes:
        """The content of the next element, which has this tag."""
        start = self._enter(tag)
        return self._octets[start : self._at]

    def inside(self, tag: int) -> "Reader":
        """A reader of what is inside the next element, which has this tag."""
        start = self._enter(tag)
        return Reader(self._octets, start, self._at)

    def number(self, tag: int) -> int:
        """The next element as a number that is not negative."""
        content = self.octets(tag)
        if not 0 < len(content) <= MAX_INTEGER_OCTETS or content[0] >= 0x80:
            raise MalformedBer("a number out of range")
        return int.from_bytes(content, "big")

    def boolean(self) -> bool:
        """The next element as a truth value."""
        content = self.octets(BOOLEAN)
        if len(content) != 1:
            raise MalformedBer("a truth value of another size than one")
        return content[0] != 0

    def text(self, tag: int) -> str:
        """The next element as UTF-8."""
        try:
            return self.octets(tag).decode()
        except UnicodeDecodeError:
            raise MalformedBer("a text that is not UTF-8") from None

    def end(self) -> None:
        """Nothing may be left."""
        if self._at != self._end:
            raise MalformedBer("octets behind the last element")

    def skip(self) -> None:
        """Pass the next element, whatever it is."""
        self._enter(self.next_tag())

    def _enter(self, tag: int) -> int:
        """Where the content of the next element starts; it ends where the reader then stands."""
        octets = self._octets
        at = self._at
        end = self._end
        if end - at < 2:
            raise MalformedBer("an element that ends too early")
        if octets[at] != tag or tag & MANY_OCTETS == MANY_OCTETS:
            raise MalformedBer("an unexpected tag")
        size = octets[at + 1]
        at += 2
        if size >= 0x80:
            count = size & 0x7F
            if not 0 < count <= MAX_LENGTH_OCTETS or end - at < count:
                raise MalformedBer("a length that is indefinite or too long")
            size = int.from_bytes(octets[at : at + count], "big")
            at += count
        if end - at < size:
            raise MalformedBer("an element that is longer than what it is in")
        self._at = at + size
        return at
