"""An entry that a search found."""

from collections.abc import Mapping
from typing import Final


class Entry:
    """Its DN and its attributes; names are looked up without regard to case (RFC 4512 section 2.5)."""

    __slots__ = ("dn", "values")

    def __init__(self, dn: str, raw: Mapping[str, list[bytes] | None]) -> None:
        self.dn: Final = dn
        self.values: Final[dict[str, list[bytes]]] = {name.lower(): list(values or ()) for name, values in raw.items()}

    def octets(self, name: str) -> list[bytes]:
        """The values of an attribute as they came; none if the entry does not have it, or does not show it."""
        return self.values.get(name.lower(), [])

    def texts(self, name: str) -> list[str]:
        """The values that are UTF-8, as most syntaxes are (RFC 4517 section 3.3)."""
        return [text for value in self.octets(name) if (text := _text(value)) is not None]

    def all_texts(self) -> dict[str, list[str]]:
        """`texts` of every attribute, by its name in small letters."""
        return {name: self.texts(name) for name in self.values}

    def __repr__(self) -> str:
        return f"Entry({self.dn!r})"  # never its attributes: there may be hashes of passwords among them


def _text(value: bytes) -> str | None:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return None
