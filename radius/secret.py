"""A secret is a type: it prints as ***, compares in constant time, and leaves through one door, reveal()."""

from hmac import compare_digest
from typing import NoReturn


class Secret:
    """Octets that must never be printed, logged or pickled.

    Strings are taken as UTF-8, which is what RADIUS passwords are on the wire (RFC 2865 section 5.2).
    """

    __slots__ = ("_octets",)

    def __init__(self, value: bytes | str) -> None:
        self._octets = value.encode() if isinstance(value, str) else value

    def reveal(self) -> bytes:
        """The octets themselves. Search for this name to find every place where a secret is used."""
        return self._octets

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and compare_digest(self._octets, other._octets)

    __hash__ = None  # type: ignore[assignment]  # a set of secrets would compare them by hash first

    def __bool__(self) -> bool:
        return bool(self._octets)

    def __repr__(self) -> str:
        return "Secret(***)"

    def __str__(self) -> str:
        return "***"

    def __format__(self, spec: str) -> str:
        return "***"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret cannot be pickled")
